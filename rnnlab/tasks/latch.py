"""One-symbol latch: the last symbol repeats the first (Hochreiter & Schmidhuber 1997, 2a)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.tasks.scoring import class_answers
from rnnlab.tasks.task import Task


@dataclass(frozen=True)
class Latch(Task):
    """Predict the next symbol of x, a1, ..., ap, x and y, a1, ..., ap, y.

    Only these two sequences exist, and they are equally likely. Every prediction but the last
    depends on the present symbol alone; the last one depends on the first, p + 1 steps back.

    Parameters
    ----------
    distractors : int
        p, the number of symbols between; at least 1.

    Examples
    --------
    >>> task = Latch(distractors=3)
    >>> inputs, targets = task.sample(1, np.random.default_rng(0))
    >>> [task.input_names[symbol] for symbol in inputs[:, 0]]
    ['y', 'a1', 'a2', 'a3']
    >>> [task.output_names[symbol] for symbol in targets[:, 0]]
    ['a1', 'a2', 'a3', 'y']
    """

    loss = "cross-entropy"
    metrics = ("loss", "latch_loss", "latch_accuracy")
    headline = "latch_accuracy"
    solved_at = 0.99
    span = "distractors"
    paper = (
        "Hochreiter & Schmidhuber 1997, Long short-term memory, Neural Computation 9(8), "
        "experiment 2a"
    )
    differs = "softmax and cross-entropy"

    distractors: int = 10

    def __post_init__(self) -> None:
        self._settle_size("distractors", 1, "there must be a symbol between the first and the last")

    @property
    def length(self) -> int:
        """T, the predictions of a sequence: distractors + 1."""
        return self.distractors + 1

    @property
    def input_size(self) -> int:
        """I, the number of symbols: the distractors, x and y."""
        return self.distractors + 2

    @property
    def output_size(self) -> int:
        """O, the same symbols."""
        return self.input_size

    @property
    def input_names(self) -> tuple[str, ...]:
        """The distractors a1, a2, ..., then x and y."""
        return (*(f"a{number + 1}" for number in range(self.distractors)), "x", "y")

    @property
    def output_names(self) -> tuple[str, ...]:
        """The same symbols."""
        return self.input_names

    @property
    def chance(self) -> float:
        """Accuracy of a guess at the last symbol: 1/2."""
        return 0.5

    @property
    def baseline_loss(self) -> float:
        """Cross-entropy over all steps, in nats, of the best guess between x and y: ln(2) / T."""
        return math.log(2) / self.length

    def sample(
        self, batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw x or y for each sequence."""
        first = self.distractors + rng.integers(2, size=(1, batch))
        between = np.tile(np.arange(self.distractors)[:, None], batch)
        return np.concatenate([first, between]), np.concatenate([between, first])

    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]:
        """Return the metrics.

        Returns
        -------
        dict of str to float
            `loss`, the cross-entropy over all steps in nats; `latch_loss` and `latch_accuracy`, the
            same and the share of right answers at the last step alone.
        """
        answers = class_answers(outputs, targets)
        last = answers.at(slice(-1, None))
        return {
            "loss": answers.loss(),
            "latch_loss": last.loss(),
            "latch_accuracy": last.accuracy(),
        }
