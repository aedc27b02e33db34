"""Learning-rate schedules: the factor of the learning rate at each step of a training.

A step is an update where batches are drawn without end, and an epoch where they are finite. The
factor is a pure function of the steps done and the validation losses so far, so that a resumed
training has the rates of an uninterrupted one.

A further schedule is one function from `Progress` to a factor, registered in
`rnnlab.registry.schedules` or offered by a package as an entry point of "rnnlab.schedules".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rnnlab.layers.validation import check_size
from rnnlab.limits import check_number
from rnnlab.registry import schedules


@dataclass(frozen=True)
class Schedule:
    """A learning-rate schedule and its settings.

    Parameters
    ----------
    name : str
        - "constant": 1
        - "cosine": (1 + cos(pi t / steps)) / 2 at step t = 0, 1, ... (Loshchilov & Hutter 2017,
          without restarts; PyTorch's CosineAnnealingLR)
        - "step": `factor` ** (t // every) (StepLR)
        - "plateau": times `factor` whenever the validation loss has not fallen for more than
          `patience` evaluations (ReduceLROnPlateau with threshold 0)

        or another one of `rnnlab.registry.schedules`.
    steps : int
        All steps of the training, warm-up included: updates where batches are drawn without end,
        otherwise epochs.
    warmup : int
        Steps at the start in which the rate rises linearly, (t + 1) / (warmup + 1), before the
        schedule begins with its own t = 0; 0 for none.
    factor : float
        Factor of "step" and "plateau", between 0 and 1.
    every : int
        Steps between two reductions of "step".
    patience : int
        Evaluations without a lower validation loss before "plateau" reduces the rate.

    Raises
    ------
    ValueError
        If the schedule is unknown or a number is out of range.

    Examples
    --------
    >>> schedule = Schedule("cosine", steps=4)
    >>> [round(schedule.factor_at(step), 3) for step in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    >>> schedule = Schedule("step", steps=6, warmup=1, factor=0.1, every=2)
    >>> [round(schedule.factor_at(step), 3) for step in range(6)]
    [0.5, 1.0, 1.0, 0.1, 0.1, 0.01]
    """

    name: str = "constant"
    steps: int = 100
    warmup: int = 0
    factor: float = 0.1
    every: int = 30
    patience: int = 5

    def __post_init__(self) -> None:
        schedules[self.name]  # an error with the nearest name if there is no such schedule
        check_size("steps", self.steps)
        check_size("every", self.every)
        for name, value in (("warmup", self.warmup), ("patience", self.patience)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(
                    f"{name} must be a whole number of at least 0, got {value!r}: try 5"
                )
        check_number("factor", self.factor, above=0, below=1, remedy="try 0.5, which halves")
        if self.warmup >= self.steps:
            raise ValueError(
                f"warmup must end before the last of the {self.steps} steps, got {self.warmup}: "
                "give a shorter warmup or a longer training"
            )

    def factor_at(self, done: int, losses: Mapping[int, float] | None = None) -> float:
        """Return the factor of the next step.

        Parameters
        ----------
        done : int
            Steps done.
        losses : mapping of int to float, optional
            Validation losses by the number of steps done at each evaluation.
        """
        if done < self.warmup:
            return (done + 1) / (self.warmup + 1)
        later = [loss for step, loss in (losses or {}).items() if step > self.warmup]
        return float(schedules[self.name](Progress(self, done - self.warmup, later)))


@dataclass(frozen=True)
class Progress:
    """The point of a training at which a schedule gives a factor, counted after the warm-up.

    Attributes
    ----------
    schedule : Schedule
        The settings.
    done : int
        Steps done.
    losses : sequence of float
        Validation losses so far.
    """

    schedule: Schedule
    done: int
    losses: Sequence[float]


def constant(_: Progress) -> float:
    """Return 1."""
    return 1.0


def cosine(now: Progress) -> float:
    """Return half a period of a cosine, from 1 to 0."""
    steps = now.schedule.steps - now.schedule.warmup
    return (1 + math.cos(math.pi * now.done / steps)) / 2


def step(now: Progress) -> float:
    """Return a power of `factor` that grows by one every `every` steps."""
    return float(now.schedule.factor ** (now.done // now.schedule.every))


def plateau(now: Progress) -> float:
    """Return `factor` to the number of plateaus: losses that did not fall for too long."""
    best, waited, plateaus = math.inf, 0, 0
    for loss in now.losses:
        if loss < best:
            best, waited = loss, 0
        else:
            waited += 1
        if waited > now.schedule.patience:
            waited, plateaus = 0, plateaus + 1
    return float(now.schedule.factor**plateaus)


def check_offer(_: str, function: object) -> object:
    """Return a schedule that a package offers."""
    if not callable(function):
        raise TypeError(f"a schedule must be a function of Progress, got {function!r}: write one")
    return function
