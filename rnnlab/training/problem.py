"""Problems: what a model can be trained on and scored by, whether synthetic task or table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from rnnlab.batch import Batch
from rnnlab.training.loss_contract import Loss
from rnnlab.training.losses import LOSSES
from rnnlab.training.sequence_weights import per_answer


@runtime_checkable
class Problem(Protocol):
    """Source of batches and judge of answers; `rnnlab.tasks.Task` and `rnnlab.data.Dataset` are.

    Attributes
    ----------
    input_size, output_size : int
        I and O, the widths of inputs and answers.
    length : int
        T, the time steps of the longest sequence.
    read : "every" or "last"
        Whether every time step has an answer, or each sequence one.
    loss : str
        Name of the training loss in `rnnlab.training.LOSSES`.
    metrics : tuple of str
        Names of the scores, "loss" first.
    headline : str
        The score that comparisons show.
    higher_is_better : bool
        Whether a larger headline is a better one.
    solved_at : float
        Headline from which on a run has solved the problem; NaN if there is no such criterion.
    chance : float
        Headline of an answer that needs no model.
    worst : mapping of str to float
        Scores of a diverged run: 0 for accuracies, NaN for errors.
    """

    @property
    def input_size(self) -> int: ...  # noqa: D102
    @property
    def output_size(self) -> int: ...  # noqa: D102
    @property
    def length(self) -> int: ...  # noqa: D102
    @property
    def read(self) -> Literal["every", "last"]: ...  # noqa: D102
    @property
    def loss(self) -> str: ...  # noqa: D102
    @property
    def metrics(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def headline(self) -> str: ...  # noqa: D102
    @property
    def higher_is_better(self) -> bool: ...  # noqa: D102
    @property
    def solved_at(self) -> float: ...  # noqa: D102
    @property
    def chance(self) -> float: ...  # noqa: D102
    @property
    def worst(self) -> Mapping[str, float]: ...  # noqa: D102

    def solved(self, value: float) -> bool:
        """Return whether a run with the headline `value` has solved the problem."""
        ...

    def updates_per_epoch(self, size: int) -> int | None:
        """Return the number of batches of `size` in an epoch; None if there is no end."""
        ...

    def batches(
        self, size: int, seed: int | np.random.Generator
    ) -> Iterator[Batch] | Callable[[int], Iterable[Batch]]:
        """Return batches of `size` sequences for `train`.

        They are a stream if they are drawn without end, otherwise a function from the number of an
        epoch to its batches.
        """
        ...

    def evaluation(
        self, model: Any, size: int, seed: int | np.random.Generator
    ) -> dict[str, float]:
        """Return the scores of a model on data that it is not trained on.

        A task draws `size` fresh sequences; a table has a validation part and ignores both.
        """
        ...


def loss_of(problem: Problem) -> Loss:
    """Return the training loss of a problem: weights count against all answers of a batch."""
    return per_answer(LOSSES[problem.loss])
