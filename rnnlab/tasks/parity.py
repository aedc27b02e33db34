"""Parity of a stream of bits: one bit of memory, flipped by every 1 (Bengio et al. 1994)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rnnlab.registry import unknown_name
from rnnlab.tasks.scoring import IGNORED
from rnnlab.tasks.task import Classification

ASKED = ("last", "every")


@dataclass(frozen=True)
class Parity(Classification):
    """Classify the number of 1s so far as even or odd.

    Parameters
    ----------
    length : int
        T, the bits of a sequence; at least 2.
    asked : "last" or "every"
        Steps at which an answer is required. "every" is much easier to learn: each answer is the
        previous one, flipped if the bit is 1.

    Examples
    --------
    >>> inputs, targets = Parity(length=5, asked="every").draw(1, np.random.default_rng(0))
    >>> inputs[:, 0, 0].tolist(), targets[:, 0].tolist()
    ([1.0, 1.0, 1.0, 0.0, 0.0], [1, 0, 1, 1, 1])
    """

    span = "length"
    paper = (
        "Bengio, Simard & Frasconi 1994, Learning long-term dependencies with gradient descent is "
        "difficult, IEEE Transactions on Neural Networks 5(2)"
    )
    differs = "bits are 0 and 1; softmax and cross-entropy"
    input_size = 1
    output_size = 2
    output_names = ("even", "odd")

    length: int = 10
    asked: Literal["last", "every"] = "last"

    def __post_init__(self) -> None:
        self._settle_size("length", 2, "one bit is its own parity")
        if self.asked not in ASKED:
            raise ValueError(unknown_name("asked", self.asked, ASKED))

    @property
    def chance(self) -> float:
        """Accuracy of the best guess from the present bit: 1/2, or (T + 1) / (2 T) at every step.

        The first bit is its own parity.
        """
        return 0.5 if self.asked == "last" else (self.length + 1) / (2 * self.length)

    @property
    def baseline_loss(self) -> float:
        """Cross-entropy of the best guess from the present bit: the entropy of `chance` in nats."""
        right = self.chance
        return -right * math.log(right) - (1 - right) * math.log(1 - right)

    def sample(
        self, batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw uniform bits."""
        bits = rng.integers(2, size=(self.length, batch))
        targets = bits.cumsum(axis=0) % 2
        if self.asked == "last":
            targets[:-1] = IGNORED
        return bits[..., None].astype(np.float64), targets
