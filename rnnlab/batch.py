"""One batch of sequences, as tasks and tables give it and as the training loop takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Batch:
    """Sequences and their targets; sequences of different lengths are padded to the longest.

    Attributes
    ----------
    x : array (T, B, I)
    targets : array
        In the form that the loss takes.
    lengths : int array (B,), optional
        Time steps of each sequence; all have T steps if left out.
    weights : array (B,), optional
        Weight of each sequence in the loss.
    noise : numpy.random.Generator, optional
        Source of the regularisers' masks for this batch.

    Examples
    --------
    >>> Batch(np.zeros((20, 4, 3)), np.zeros((20, 4), int))
    <rnnlab.Batch of 4 sequences: x (20, 4, 3) float64, targets (20, 4) int64>
    """

    x: NDArray[Any]
    targets: NDArray[Any]
    lengths: NDArray[Any] | None = None
    weights: NDArray[Any] | None = None
    noise: np.random.Generator | None = None

    def __repr__(self) -> str:
        arrays = ", ".join(
            f"{name} {array.shape} {array.dtype}"
            for name, array in (("x", self.x), ("targets", self.targets))
        )
        more = "".join(
            f", {name}" for name in ("lengths", "weights") if getattr(self, name) is not None
        )
        return f"<rnnlab.Batch of {self.x.shape[1]} sequences: {arrays}{more}>"
