"""Datasets: tables as problems, encoded and split into parts of whole sequences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnnlab.batch import Batch
from rnnlab.data.baselines import Baseline, baselines_of, better
from rnnlab.data.encoding import Encoding
from rnnlab.data.scoring import evaluate
from rnnlab.data.splits import Split
from rnnlab.training import SequenceModel


@dataclass(frozen=True)
class Dataset:
    """A table as a problem: encoded, split into parts of whole sequences, ready for training.

    It meets `rnnlab.training.Problem`, as the tasks of `rnnlab.tasks` do.

    Attributes
    ----------
    encoding : Encoding
    parts : dict of str to Split
        "train", "validation" and "test".
    found : tuple of str
        What was inferred, as sentences.
    split : str or None
        The column that assigns sequences to parts; None if the parts are shares.
    cautions : tuple of str
        Doubts about the table, as sentences: see `rnnlab.data.cautions` and `rnnlab.data.leaks`.
    """

    encoding: Encoding
    parts: dict[str, Split]
    found: tuple[str, ...]
    split: str | None = None
    cautions: tuple[str, ...] = ()

    def __repr__(self) -> str:
        encoding = self.encoding
        sizes = ", ".join(f"{len(part)} {name}" for name, part in self.parts.items())
        return (
            f"<rnnlab.Dataset {encoding.task} of {', '.join(encoding.targets)} from "
            f"{encoding.input_size} inputs, sequences: {sizes}>"
        )

    @property
    def input_size(self) -> int:
        """I, the width of the inputs."""
        return self.encoding.input_size

    @property
    def output_size(self) -> int:
        """O, the width of the outputs."""
        return self.encoding.output_size

    @property
    def length(self) -> int:
        """Time steps of the longest sequence."""
        return max(len(inputs) for part in self.parts.values() for inputs in part.inputs)

    @property
    def read(self) -> Literal["every", "last"]:
        """Whether every time step has an answer, or each sequence one."""
        return self.encoding.read

    @property
    def loss(self) -> str:
        """Name of the training loss in `rnnlab.training.LOSSES`."""
        return self.encoding.loss

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the scores, "loss" first, then the headline."""
        return self.encoding.metrics

    @property
    def headline(self) -> str:
        """The score that comparisons show."""
        return self.encoding.headline

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger headline is a better one."""
        return self.encoding.higher_is_better

    @property
    def worst(self) -> dict[str, float]:
        """Scores of a diverged run: 0 for accuracies, NaN for errors."""
        return self.encoding.worst

    @property
    def solved_at(self) -> float:
        """NaN: no score of a table counts as solved."""
        return math.nan

    @property
    def chance(self) -> float:
        """Headline of the better baseline on the test part."""
        return self.baseline.scores[self.headline]

    def solved(self, value: float) -> bool:
        """Return False: no score of a table counts as solved."""
        return False

    def updates_per_epoch(self, size: int) -> int:
        """Return the number of batches of `size` in an epoch; long padding may add some."""
        return math.ceil(len(self.parts["train"]) / size)

    def batches(
        self, size: int, seed: int | np.random.Generator
    ) -> Callable[[int], Iterator[Batch]]:
        """Return a function from the number of an epoch to its batches, a pure one for an int seed.

        Each epoch has the sequences of the training part in another order.
        """
        if isinstance(seed, np.random.Generator):
            seed = int(seed.integers(2**63))
        return lambda epoch: self.parts["train"].shuffled(size, self.read, [seed, epoch])

    def evaluation(
        self,
        model: SequenceModel,
        size: int | None = None,
        seed: int | np.random.Generator | None = None,
        part: str = "validation",
    ) -> dict[str, float]:
        """Return the scores of a model on all sequences of a part; size and seed are ignored."""
        return evaluate(model, self.encoding, self.parts[part])

    @property
    def baseline(self) -> Baseline:
        """The baseline with the better headline on the test part."""
        return better(self.baselines(), self.encoding)

    def baselines(self, part: str = "test") -> list[Baseline]:
        """Return the scores of answers that need no model: see `rnnlab.data.baselines`."""
        return baselines_of(self.encoding, self.parts["train"], self.parts[part])
