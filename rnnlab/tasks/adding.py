"""Adding: the sum of two marked numbers (Hochreiter & Schmidhuber 1997)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.tasks.scoring import squared_errors
from rnnlab.tasks.task import Task

# The paper counts an error below .04 as right, with targets scaled to 0..1; sums go up to 2.
TOLERANCE = 0.08


@dataclass(frozen=True)
class Adding(Task):
    """Output the sum of two marked numbers at the last step.

    Each step has a number, uniform between 0 and 1, and a mark, 1 at one random step of the first
    half and at one of the second, else 0.

    Parameters
    ----------
    length : int
        T, the steps of a sequence; at least 2. The first half has T // 2 steps.

    Examples
    --------
    >>> inputs, targets = Adding(length=4).draw(1, np.random.default_rng(0), "float64")
    >>> inputs[:, 0].round(2).tolist()  # number, mark
    [[0.64, 1.0], [0.27, 0.0], [0.04, 0.0], [0.02, 1.0]]
    >>> targets[:, 0, 0].round(2).tolist()
    [nan, nan, nan, 0.65]
    """

    loss = "mean-squared-error"
    metrics = ("loss", "mse", "accuracy")
    headline = "mse"
    higher_is_better = False
    solved_at = TOLERANCE**2
    span = "length"
    paper = (
        "Hochreiter & Schmidhuber 1997, Long short-term memory, Neural Computation 9(8), "
        "experiment 4; the form of Arjovsky, Shah & Bengio 2016"
    )
    differs = "numbers from 0 to 1, one mark in each half, a fixed length: as in the second paper"
    input_size = 2
    output_size = 1

    length: int = 50

    def __post_init__(self) -> None:
        self._settle_size("length", 2, "each half holds a marked number")

    @property
    def chance(self) -> float:
        """Mean squared error of the constant answer 1: 1/6, the variance of the sum."""
        return 1 / 6

    @property
    def baseline_loss(self) -> float:
        """The same: the mean squared error is the training loss."""
        return self.chance

    def sample(
        self, batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Draw the numbers, then the marked step of each half."""
        numbers = rng.random((self.length, batch))
        half, sequences = self.length // 2, np.arange(batch)
        first = rng.integers(half, size=batch)
        second = rng.integers(half, self.length, size=batch)

        marks = np.zeros_like(numbers)
        marks[first, sequences] = marks[second, sequences] = 1
        targets = np.full((self.length, batch, 1), np.nan)
        targets[-1, :, 0] = numbers[first, sequences] + numbers[second, sequences]
        return np.stack([numbers, marks], axis=-1), targets

    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]:
        """Return the metrics.

        Returns
        -------
        dict of str to float
            `loss` and `mse`, the mean squared error; `accuracy`, the share of sums that are off by
            less than .08.
        """
        errors = squared_errors(outputs, targets)
        mse = float(errors.mean())
        return {"loss": mse, "mse": mse, "accuracy": float((errors < TOLERANCE**2).mean())}
