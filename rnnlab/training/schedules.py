"""Learning-rate schedules: from the epochs done, and the losses they came to, to the next rate.

A schedule is a frozen description. Its rate is a pure function of the validation losses so far, so
that a resumed fit goes on with the rate that an undisturbed one has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rnnlab.layers.validation import check_size
from rnnlab.limits import check_number
from rnnlab.registry import unknown_name

SCHEDULE_NAMES = ("constant", "cosine", "step", "plateau")


@dataclass(frozen=True)
class Schedule:
    """The learning rate of each epoch, as a factor of the one that was asked for.

    Parameters
    ----------
    name : str
        - "constant": 1
        - "cosine": (1 + cos(pi t / epochs)) / 2 in epoch t = 0, 1, ... (Loshchilov & Hutter 2017,
          without restarts; PyTorch's CosineAnnealingLR)
        - "step": `factor` ** (t // every) (StepLR)
        - "plateau": times `factor` whenever the validation loss has not fallen for more than
          `patience` epochs (ReduceLROnPlateau with threshold 0)
    epochs : int
        All that there may be, those of the warm-up included.
    warmup : int
        Epochs at the start in which the rate rises evenly, (t + 1) / (warmup + 1), before the
        schedule begins with its own t = 0; 0 for none.
    factor : float
        Between 0 and 1.
    every : int
        Epochs.
    patience : int
        Epochs.

    Raises
    ------
    ValueError
        If there is no such schedule or a number is out of its range.

    Examples
    --------
    >>> schedule = Schedule("cosine", epochs=4)
    >>> [round(schedule.factor_at([1.0] * epoch), 3) for epoch in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    >>> schedule = Schedule("step", epochs=6, warmup=1, factor=0.1, every=2)
    >>> [round(schedule.factor_at([1.0] * epoch), 3) for epoch in range(6)]
    [0.5, 1.0, 1.0, 0.1, 0.1, 0.01]
    """

    name: str = "constant"
    epochs: int = 100
    warmup: int = 0
    factor: float = 0.1
    every: int = 30
    patience: int = 5

    def __post_init__(self) -> None:
        if self.name not in SCHEDULE_NAMES:
            raise ValueError(unknown_name("schedule", self.name, SCHEDULE_NAMES))
        check_size("epochs", self.epochs)
        check_size("every", self.every)
        for name, value in (("warmup", self.warmup), ("patience", self.patience)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(
                    f"{name} must be a whole number of epochs, got {value!r}: give 0 or more"
                )
        check_number("factor", self.factor, above=0, below=1, remedy="try 0.5, which halves")
        if self.warmup >= self.epochs:
            raise ValueError(
                f"warmup must end before the last of the {self.epochs} epochs, got "
                f"{self.warmup}: give fewer epochs of it, or more of all"
            )

    def factor_at(self, losses: Sequence[float]) -> float:
        """Return the factor of the next epoch.

        Parameters
        ----------
        losses : sequence of float
            The validation loss after each epoch so far.
        """
        epoch = len(losses)
        if epoch < self.warmup:
            return (epoch + 1) / (self.warmup + 1)
        epoch -= self.warmup
        if self.name == "cosine":
            return (1 + math.cos(math.pi * epoch / (self.epochs - self.warmup))) / 2
        if self.name == "step":
            return float(self.factor ** (epoch // self.every))
        if self.name == "plateau":
            return float(self.factor ** self._plateaus(losses[self.warmup :]))
        return 1.0

    def _plateaus(self, losses: Sequence[float]) -> int:
        """Count how often the loss has failed to fall for more than `patience` epochs."""
        best, waited, count = math.inf, 0, 0
        for loss in losses:
            if loss < best:
                best, waited = loss, 0
            else:
                waited += 1
            if waited > self.patience:
                waited, count = 0, count + 1
        return count
