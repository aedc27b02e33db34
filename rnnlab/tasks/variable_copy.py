"""Copy memory with a random delay per sequence, so that counting steps cannot replace the cue."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.tasks.copy_memory import CopyMemory
from rnnlab.tasks.scoring import IGNORED, class_answers


@dataclass(frozen=True)
class VariableCopy(CopyMemory):
    """Recall a few symbols when the marker comes, after a random delay.

    The delay of each sequence is uniform from 1 to `delay`. The layout is that of copy memory; the
    rest of the T steps is padding.

    Parameters
    ----------
    delay : int
        The longest delay, in steps from the end of the payload to the first symbol recalled; at
        least 1.
    payload : int
        Number of symbols to recall; at least 1.
    alphabet : int
        Number of different symbols; at least 2.

    Examples
    --------
    >>> task = VariableCopy(delay=4, payload=1, alphabet=8)
    >>> inputs, targets = task.sample(2, np.random.default_rng(0))
    >>> inputs.T.tolist()  # 8 is the blank, 9 the marker, -1 padding; delays 3 and 2
    [[6, 8, 8, 9, 8, -1], [5, 8, 9, 8, -1, -1]]
    >>> targets.T.tolist()
    [[8, 8, 8, 8, 6, -1], [8, 8, 8, 5, -1, -1]]
    """

    differs = "the delay of each sequence is drawn from 1 to `delay`"

    @property
    def baseline_loss(self) -> float:
        """Cross-entropy, in nats, of the best model that forgets the payload.

        It answers blanks until the marker and guesses then: payload * ln(alphabet) over the mean
        length, 2 * payload + (delay + 1) / 2.
        """
        mean_length = 2 * self.payload + (self.delay + 1) / 2
        return self.payload * math.log(self.alphabet) / mean_length

    def sample(
        self, batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw the symbols, then the delays."""
        symbols = rng.integers(self.alphabet, size=(self.payload, batch))
        delays = rng.integers(1, self.delay + 1, size=batch)

        blank, marker = self.alphabet, self.alphabet + 1
        steps = np.arange(self.length)[:, None]  # (T, 1)
        recall = self.payload + delays  # (B,): first step of the recall
        inputs = np.where(steps < recall + self.payload, blank, IGNORED)
        targets = inputs.copy()
        sequences = np.arange(batch)
        inputs[: self.payload] = symbols
        inputs[recall - 1, sequences] = marker
        targets[recall + np.arange(self.payload)[:, None], sequences] = symbols
        return inputs, targets

    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]:
        """Return the metrics of copy memory; the recall region is where a symbol is due."""
        answers = class_answers(outputs, targets)
        recall = answers.at((targets != IGNORED) & (targets < self.alphabet))
        return {
            "loss": answers.loss(),
            "recall_loss": recall.loss(),
            "recall_accuracy": recall.accuracy(),
            "sequence_accuracy": recall.sequence_accuracy(),
        }
