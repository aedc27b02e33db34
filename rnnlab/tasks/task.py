"""Base classes of tasks: `Task`, and `Classification` for tasks whose answers are classes.

A task is a frozen dataclass of its settings that derives from `Task`. It states the length and
width of its sequences and the scores of a model without memory, draws batches (`sample`) and scores
answers (`measure`). `draw` and `score` call these two and check what goes in and comes out.

Where no answer is required, a target is `IGNORED` (-1) if targets are classes and NaN if they are
numbers. Losses and scores skip such positions and average over the others. A sequence shorter than
T ends with inputs of 0 and such targets.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rnnlab.batch import Batch
from rnnlab.diverged import worst_scores
from rnnlab.tasks.checks import check_answers, check_sample, generator, one_hot, whole_number
from rnnlab.tasks.contract import check_once, check_scores, check_size
from rnnlab.tasks.interface import TaskInterface
from rnnlab.tasks.scoring import IGNORED, class_answers
from rnnlab.tasks.user_errors import errors_of_task

__all__ = ["IGNORED", "LOSSES", "Classification", "Task"]

#: Names of the losses that a task can be trained on; `rnnlab.training` has the functions.
LOSSES = ("cross-entropy", "binary-cross-entropy", "mean-squared-error")

if TYPE_CHECKING:
    _Members = TaskInterface
else:
    # A property inherited at run time would be the default of a dataclass field of that name.
    _Members = object


class Task(ABC, _Members):
    """A task at one setting: batches, baselines and scores.

    A frozen dataclass derives from it, states the attributes below as class attributes, fields or
    properties, and defines `sample` and `measure`. `Classification` has the attributes that tasks
    with classes for answers share.

    Attributes
    ----------
    loss : str
        Training loss: "cross-entropy" (targets: classes), "binary-cross-entropy" (targets: 0 and 1
        for each output) or "mean-squared-error" (targets: numbers).
    metrics : tuple of str
        Names of the scores that `measure` returns, "loss" first; columns of the result's table.
    headline : str
        Metric that figures show and `solved` reads.
    higher_is_better : bool
        Direction of the headline.
    solved_at : float
        Value of the headline at which a run has solved the task.
    span : str
        Name of the setting that determines how far the memory must reach: the x axis of figures.
    paper : str
        Source of the task.
    differs : str
        Differences from the paper.
    read : "every"
        Time steps with an answer: a task may require one at every step.
    files : tuple of str
        Names of the settings that are paths of files. In a study they are relative to its TOML
        file, and the files are identified by a digest of their contents.
    worst : dict of str to float
        Scores of a diverged run (`rnnlab.diverged`); follows from `metrics` unless stated.
    length : int
        T, the steps of the longest sequence.
    input_size, output_size : int
        I and O, the widths of inputs and answers.
    input_names, output_names : tuple of str
        Names of the I inputs and the O classes or labels in a printed sample; numbers by default.
    chance : float
        Headline of a model without memory.
    baseline_loss : float
        Loss of such a model, over the positions with an answer.

    Examples
    --------
    >>> from rnnlab.tasks import CopyMemory
    >>> CopyMemory.setting_names(), CopyMemory.span, CopyMemory.headline
    (('delay', 'payload', 'alphabet'), 'delay', 'recall_accuracy')
    """

    loss: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]
    headline: ClassVar[str]
    higher_is_better: ClassVar[bool] = True
    span: ClassVar[str]
    paper: ClassVar[str]
    differs: ClassVar[str] = ""
    read: ClassVar[Literal["every", "last"]] = "every"
    files: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def setting_names(cls) -> tuple[str, ...]:
        """Return the names of the settings: the fields of the dataclass."""
        fields: Any = dataclasses.fields(cls)  # type: ignore[arg-type]  # every task is a dataclass
        return tuple(field.name for field in fields)

    @property
    def worst(self) -> dict[str, float]:
        """Scores of a diverged run."""
        return worst_scores(self.metrics)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the I inputs in a printed sample."""
        return tuple(map(str, range(self.input_size)))

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the O classes or labels in a printed sample."""
        return tuple(map(str, range(self.output_size)))

    @abstractmethod
    def sample(self, batch: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
        """Draw a batch; `draw` checks the arguments and casts the result.

        Returns
        -------
        inputs : int (T, B) or float (T, B, I)
            Integers are classes 0 .. I-1, which `draw` makes one-hot; -1 is an input of zeros.
        targets : int (T, B) or float (T, B, O)
            Classes or numbers, as the loss requires.
        """

    @abstractmethod
    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]:
        """Return the metrics of answers; `score` checks the arguments.

        Parameters
        ----------
        outputs : float64 (T, B, O)
            Outputs of the readout, before any softmax or sigmoid; not to be modified.
        targets : int (T, B) or float64 (T, B, O)
        """

    def held_out(self) -> Task:
        """Return the task that scores a model: this one, unless its data are finite."""
        return self

    def draw(
        self, batch: int, rng: np.random.Generator, dtype: DTypeLike = "float32"
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Draw a batch of sequences.

        Parameters
        ----------
        batch : int
            Number of sequences; at least 1.
        rng : numpy.random.Generator
            Random generator; determines the batch and is advanced.
        dtype : dtype
            float32 or float64: type of the inputs, and of targets that are numbers. It does not
            change the values that are drawn.

        Returns
        -------
        inputs : float (T, B, I)
        targets : int64 (T, B) or float (T, B, O)
            Fresh arrays.

        Raises
        ------
        ValueError
            If `batch` < 1, `dtype` is another one or the batch is larger than memory. If a task of
            your own breaks the convention, which is checked at its first batch; the message begins
            with the line of its file.
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
        with errors_of_task(self, "sample"):
            drawn = self.sample(batch, rng)
        inputs, targets = check_sample(self, batch, drawn)
        if inputs.ndim == 2:
            inputs = one_hot(inputs, self.input_size, dtype)
        numbers = self.loss != "cross-entropy"
        return inputs.astype(dtype, copy=False), targets.astype(
            dtype if numbers else np.int64, copy=False
        )

    def score(self, outputs: NDArray[Any], targets: NDArray[Any]) -> dict[str, float]:
        """Score a model's answers, in float64 whatever their dtype.

        An answer whose outputs are not all finite is wrong, and the loss is then NaN.

        Parameters
        ----------
        outputs : float (T, B, O)
            Outputs of the readout, before any softmax or sigmoid.
        targets : int (T, B) or float (T, B, O)
            As drawn; neither array is modified.

        Returns
        -------
        dict of str to float
            By the names in `metrics`.

        Raises
        ------
        ValueError
            If the shapes are not those of this task, a target is impossible, or every position is
            ignored.
        """
        outputs, targets = check_answers(self, outputs, targets)
        with errors_of_task(self, "measure"):
            found = self.measure(outputs, targets)
        return check_scores(self, found)

    def updates_per_epoch(self, size: int) -> int | None:
        """Return None: a task has no epochs, since its batches are drawn without end."""
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

    def solved(self, value: float) -> bool:
        """Return whether a run whose headline is `value` has solved the task; False for NaN."""
        return bool(value >= self.solved_at if self.higher_is_better else value <= self.solved_at)

    def _settle(self, name: str, value: Any) -> None:
        """Replace a setting by its checked value: NumPy's integers become Python's."""
        object.__setattr__(self, name, value)

    def _settle_size(self, name: str, least: int, reason: str) -> None:
        """Check that a setting is an integer of at least `least` and store it as Python's int."""
        self._settle(name, whole_number(name, getattr(self, name), least, reason))


class Classification(Task):
    """A task whose answers are classes and whose headline is the accuracy.

    `loss` is the cross-entropy in nats and `accuracy` the share of right answers, both over the
    positions with an answer. The answer is the class with the largest output.
    """

    loss = "cross-entropy"
    metrics = ("loss", "accuracy")
    headline = "accuracy"
    solved_at = 0.99

    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]:
        """Return the loss and the accuracy."""
        answers = class_answers(outputs, targets)
        return {"loss": answers.loss(), "accuracy": answers.accuracy()}
