"""The convention that every task of rnnlab, and of a user, keeps.

A task is a frozen dataclass of its settings that derives from `Task`. It says how long and how wide
its sequences are, what a model without memory reaches, how a batch is drawn and how answers are
measured; `draw` and `score`, which check what comes in, are made of that.

Where no answer is asked, a target is `IGNORED` (-1) if targets are classes, NaN if they are
numbers. Losses and scores skip such positions and average over the others. A sequence shorter than
T ends with inputs of 0 and such targets.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rnnlab.batch import Batch
from rnnlab.tasks.checks import check_answers, check_sample, generator, one_hot, whole_number
from rnnlab.tasks.contract import check_once, check_scores, check_size
from rnnlab.tasks.scoring import IGNORED, class_answers
from rnnlab.tasks.user_errors import blaming

__all__ = ["IGNORED", "LOSSES", "Classification", "Task"]

#: What a task can be trained on; `rnnlab.training` has them.
LOSSES = ("cross-entropy", "binary-cross-entropy", "mean-squared-error")

V = TypeVar("V")


class _OfClass(Generic[V]):
    """An attribute that follows from the class, and is there without an instance."""

    def __init__(self, value: Callable[[Any], V]) -> None:
        self._value = value

    def __get__(self, instance: object, owner: type) -> V:
        return self._value(owner)


class Task(ABC):
    """A task at one setting: batches, baselines and scores.

    A frozen dataclass derives from it, states the attributes below as class attributes or
    properties, and defines `sample` and `measure`. `Classification` has those that tasks with
    classes for answers share.

    Attributes
    ----------
    loss : str
        What is trained on: "cross-entropy" (targets: classes), "binary-cross-entropy" (targets:
        0 and 1 for each output) or "mean-squared-error" (targets: numbers).
    metrics : tuple of str
        The names of what `measure` returns, "loss" first; the columns of a table.
    headline : str
        The metric that figures show and `solved` reads.
    higher_is_better : bool
        Of the headline.
    solved_at : float
        The value of the headline from which on a run has solved the task.
    read : "every"
        A task may ask for an answer at every time step.
    span : str
        The setting that says how far the memory has to reach: the x axis of memory figures.
    paper : str
        Where the task comes from.
    differs : str
        What is not as in the paper.
    files : tuple of str
        The settings that are paths of files. In a study they are relative to its TOML file, and
        what they hold is kept in mind by its digest.
    settings : tuple of str
        The names of the dataclass's fields; follows from them.
    worst : dict of str to float
        What a diverged run gets: 0 for each metric called an accuracy, NaN for the others; follows
        from `metrics` unless stated.
    length : int
        T, the steps of the longest sequence.
    input_size, output_size : int
        I and O, the widths of inputs and answers.
    chance : float
        The headline of a model without memory.
    baseline_loss : float
        The loss of such a model, over the positions that are asked.

    Examples
    --------
    >>> from rnnlab.tasks import CopyMemory
    >>> CopyMemory.settings, CopyMemory.span, CopyMemory.headline
    (('delay', 'payload', 'alphabet'), 'delay', 'recall_accuracy')
    """

    loss: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]
    headline: ClassVar[str]
    read: ClassVar[Literal["every", "last"]] = "every"
    higher_is_better: ClassVar[bool] = True
    span: ClassVar[str]
    paper: ClassVar[str]
    differs: ClassVar[str] = ""
    files: ClassVar[tuple[str, ...]] = ()

    settings = _OfClass(lambda task: tuple(field.name for field in dataclasses.fields(task)))
    worst = _OfClass(
        lambda task: {
            metric: 0.0 if metric.endswith("accuracy") else math.nan for metric in task.metrics
        }
    )

    if TYPE_CHECKING:  # a property, a class attribute or a field, as suits the task

        @property
        def length(self) -> int: ...  # noqa: D102
        @property
        def input_size(self) -> int: ...  # noqa: D102
        @property
        def output_size(self) -> int: ...  # noqa: D102
        @property
        def chance(self) -> float: ...  # noqa: D102
        @property
        def baseline_loss(self) -> float: ...  # noqa: D102
        @property
        def solved_at(self) -> float: ...  # noqa: D102

    @abstractmethod
    def sample(self, batch: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
        """Draw a batch; `draw` has checked the arguments and casts the result.

        Returns
        -------
        inputs : int (T, B) or float (T, B, I)
            Integers are classes 0 .. I-1, to be made one-hot; -1 stands for an input of zeros.
        targets : int (T, B) or float (T, B, O)
            As the loss asks for.
        """

    @abstractmethod
    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]:
        """Return the metrics of checked answers.

        Parameters
        ----------
        outputs : float64 (T, B, O)
            What the readout gives, before any softmax or sigmoid; not to be modified.
        targets : int (T, B) or float64 (T, B, O)
        """

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the I input classes, for people who look at a sample; numbers by default."""
        return tuple(map(str, range(self.input_size)))

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the O classes or labels, for people who look at a sample."""
        return tuple(map(str, range(self.output_size)))

    def held_out(self) -> Task:
        """Return the task that a model is to be scored on: this one, if its data never end."""
        return self

    def draw(
        self, batch: int, rng: np.random.Generator, dtype: DTypeLike = "float32"
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Draw a batch of sequences.

        Parameters
        ----------
        batch : int
            Sequences; at least 1.
        rng : numpy.random.Generator
            The source of all that is random; it decides the batch and is advanced.
        dtype : dtype
            Of the inputs, and of targets that are numbers: float32 or float64. It does not change
            what is drawn.

        Returns
        -------
        inputs : float (T, B, I)
        targets : int64 (T, B) or float (T, B, O)
            Fresh arrays.

        Raises
        ------
        ValueError
            If `batch` < 1, `dtype` is another one or the batch is larger than memory. Of a task of
            your own, with the line of its file, if it is not as the convention says, which is
            checked at its first batch.
        TypeError
            If `batch` is not an integer or `rng` is not a generator.
        """
        batch = whole_number("batch", batch, 1, "a batch holds one sequence or more")
        generator(rng)
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(
                f"dtype must be float32 or float64, got {np.dtype(dtype)}: "
                "train in float32, analyse in float64"
            )
        check_once(self)
        check_size(self, batch)
        with blaming(self, "sample"):
            drawn = self.sample(batch, rng)
        inputs, targets = check_sample(self, batch, drawn)
        if inputs.ndim == 2:
            inputs = one_hot(inputs, self.input_size, dtype)
        numbers = self.loss != "cross-entropy"
        return inputs.astype(dtype, copy=False), targets.astype(
            dtype if numbers else np.int64, copy=False
        )

    def updates_per_epoch(self, size: int) -> int | None:
        """Return None: batches are drawn without end."""
        return None

    def batches(self, size: int, seed: int | np.random.Generator) -> Iterator[Batch]:
        """Draw batches of `size` sequences without end.

        Examples
        --------
        >>> from rnnlab.tasks import CopyMemory
        >>> next(CopyMemory(delay=5).batches(32, seed=0)).x.shape
        (11, 32, 10)
        """
        rng = np.random.default_rng(seed)
        while True:
            yield Batch(*self.draw(size, rng))

    def evaluation(
        self, model: Any, size: int, seed: int | np.random.Generator
    ) -> dict[str, float]:
        """Return the scores of a model on `size` fresh sequences of the held-out task."""
        task = self.held_out()
        inputs, targets = task.draw(size, np.random.default_rng(seed))
        return task.score(model.predict(inputs), targets)

    def score(self, outputs: NDArray[Any], targets: NDArray[Any]) -> dict[str, float]:
        """Score a model's answers, in float64 whatever the dtype they come in.

        Where an output is NaN or infinite the answer counts as wrong and the loss is NaN.

        Parameters
        ----------
        outputs : float (T, B, O)
            What the readout gives, before any softmax or sigmoid.
        targets : int (T, B) or float (T, B, O)
            As drawn; neither array is modified.

        Returns
        -------
        dict of str to float
            By the names in `metrics`.

        Raises
        ------
        ValueError
            If the shapes are not those of this task, a target is impossible or none is asked.
        """
        outputs, targets = check_answers(self, outputs, targets)
        with blaming(self, "measure"):
            found = self.measure(outputs, targets)
        return check_scores(self, found)

    def solved(self, value: float) -> bool:
        """Say whether a run whose headline is `value` has solved the task; NaN has not."""
        return bool(value >= self.solved_at if self.higher_is_better else value <= self.solved_at)

    def _settle(self, name: str, value: Any) -> None:
        """Replace a setting by its checked value: NumPy's integers become Python's."""
        object.__setattr__(self, name, value)

    def _settle_size(self, name: str, least: int, reason: str) -> None:
        self._settle(name, whole_number(name, getattr(self, name), least, reason))


class Classification(Task):
    """A task whose answers are classes and whose headline is the share of right ones.

    `loss` is the cross-entropy in nats and `accuracy` the share of right answers, both over the
    positions that are asked. The answer is the class with the largest output.
    """

    loss = "cross-entropy"
    metrics = ("loss", "accuracy")
    headline = "accuracy"
    solved_at = 0.99

    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]:
        """Return loss and accuracy."""
        answers = class_answers(outputs, targets)
        return {"loss": answers.loss(), "accuracy": answers.accuracy()}
