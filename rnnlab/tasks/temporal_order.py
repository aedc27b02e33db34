"""Temporal order: classify the order of X and Y (Hochreiter & Schmidhuber 1997, experiment 6)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnlab.tasks.checks import whole_number
from rnnlab.tasks.scoring import IGNORED
from rnnlab.tasks.task import Classification

DISTRACTORS = "abcd"
SYMBOLS = (*DISTRACTORS, "X", "Y", "E", "B")
X, START, TRIGGER = (SYMBOLS.index(name) for name in "XEB")


class Level(NamedTuple):
    """Shortest length of a level and windows of X or Y; ranges include both ends."""

    shortest: int  # the longest is the level's name
    windows: tuple[tuple[int, int], ...]  # of steps, E being step 0


@dataclass(frozen=True)
class TemporalOrder(Classification):
    """Classify at the end the order of X and Y at two steps among distractors: XX, XY, YX or YY.

    A sequence starts with E and ends with B, the trigger, where the answer is required. All
    other steps are distractors a to d, except an X or a Y at one step of each window. The length is
    random, too.

    ======  =======  ======  ======  ==================
    length  drawn    first   second
    ======  =======  ======  ======  ==================
    40      30..40   2..5    20..27  not in the paper
    80      60..80   10..20  45..54  not in the paper
    110     100..110 10..20  50..60  the paper's task 6a
    ======  =======  ======  ======  ==================

    Parameters
    ----------
    length : int
        T, the longest sequence of the level: 40, 80 or 110.

    Examples
    --------
    >>> task = TemporalOrder(40)
    >>> task.output_names
    ('XX', 'XY', 'YX', 'YY')
    """

    span = "length"
    paper = (
        "Hochreiter & Schmidhuber 1997, Long short-term memory, Neural Computation 9(8), "
        "experiment 6a"
    )
    differs = "softmax and cross-entropy; the two shorter levels are not the paper's"
    input_size = len(SYMBOLS)
    input_names = SYMBOLS

    levels: ClassVar[dict[int, Level]] = {
        40: Level(30, ((2, 5), (20, 27))),
        80: Level(60, ((10, 20), (45, 54))),
        110: Level(100, ((10, 20), (50, 60))),
    }

    length: int = 40

    def __post_init__(self) -> None:
        least = min(self.levels)
        self._settle(
            "length", whole_number("length", self.length, least, "that is the shortest level")
        )
        if self.length not in self.levels:
            known = ", ".join(map(str, self.levels))
            raise ValueError(
                f"length must be that of a level, {known}, got {self.length}: choose one of them"
            )

    @property
    def level(self) -> Level:
        """The shortest length and the windows."""
        return self.levels[self.length]

    @property
    def output_names(self) -> tuple[str, ...]:
        """The symbols in the windows, in order."""
        return tuple(map("".join, product("XY", repeat=len(self.level.windows))))

    @property
    def output_size(self) -> int:
        """O, the number of orders: 4 with two windows, 8 with three."""
        return len(self.output_names)

    @property
    def chance(self) -> float:
        """Accuracy of a guess: 1 / number of orders."""
        return 1 / self.output_size

    @property
    def baseline_loss(self) -> float:
        """Cross-entropy of a guess, in nats: ln(number of orders)."""
        return math.log(self.output_size)

    def sample(
        self, batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw lengths, distractors, then the step and the symbol of each window."""
        sequences = np.arange(batch)
        ends = rng.integers(self.level.shortest, self.length + 1, size=batch) - 1
        inputs = rng.integers(len(DISTRACTORS), size=(self.length, batch))
        order = np.zeros(batch, dtype=np.int64)
        for first, last in self.level.windows:
            step = rng.integers(first, last + 1, size=batch)
            is_y = rng.integers(2, size=batch)
            inputs[step, sequences] = X + is_y
            order = 2 * order + is_y
        inputs[0] = START
        inputs[ends, sequences] = TRIGGER
        inputs[np.arange(self.length)[:, None] > ends] = IGNORED

        targets = np.full_like(inputs, IGNORED)
        targets[ends, sequences] = order
        return inputs, targets


@dataclass(frozen=True)
class TemporalOrder3(TemporalOrder):
    """Classify at the end the order of X and Y at three steps among distractors: eight orders.

    As temporal order, with lengths from 100 to 110 and windows 10..20, 33..43 and 66..76.

    Parameters
    ----------
    length : int
        T, the longest sequence: 110.
    """

    paper = (
        "Hochreiter & Schmidhuber 1997, Long short-term memory, Neural Computation 9(8), "
        "experiment 6b"
    )
    differs = "softmax and cross-entropy"

    levels: ClassVar[dict[int, Level]] = {110: Level(100, ((10, 20), (33, 43), (66, 76)))}

    length: int = 110
