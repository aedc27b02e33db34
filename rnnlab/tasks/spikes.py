"""Timed spikes: measure the time between spikes, or reproduce it (Gers et al. 2002)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.tasks.scoring import IGNORED, label_answers
from rnnlab.tasks.task import Classification, Task

PAPER = (
    "Gers, Schraudolph & Schmidhuber 2002, Learning precise timing with LSTM recurrent networks, "
    "JMLR 3"
)


@dataclass(frozen=True)
class SpikeDelays(Classification):
    """Classify at each spike but the first whether the spacing is `interval` steps or one less.

    The first spike comes after 0 to interval - 1 silent steps, so that time must be counted between
    spikes.

    Parameters
    ----------
    interval : int
        Steps from a spike to the next in the slower trains; at least 2. The paper's is 50.
    spikes : int
        Number of spikes of a train; at least 2.

    Examples
    --------
    >>> inputs, targets = SpikeDelays(interval=4, spikes=3).draw(1, np.random.default_rng(0))
    >>> inputs[:, 0, 0].astype(int).tolist()
    [0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0]
    >>> targets[:, 0].tolist()  # 1: one step less
    [-1, -1, -1, -1, -1, -1, 1, -1, -1, 1, -1, -1]
    """

    span = "interval"
    paper = PAPER
    differs = "a choice between two spacings, asked at each spike, after a random silence"
    input_size = 1
    output_size = 2

    interval: int = 10
    spikes: int = 3

    def __post_init__(self) -> None:
        self._settle_size("interval", 2, "the faster trains have a spike every interval - 1 steps")
        self._settle_size("spikes", 2, "there is no spacing between fewer")

    @property
    def length(self) -> int:
        """T, the steps of a sequence: interval * spikes."""
        return self.interval * self.spikes

    @property
    def output_names(self) -> tuple[str, ...]:
        """The two spacings."""
        return (f"every {self.interval}", f"every {self.interval - 1}")

    @property
    def chance(self) -> float:
        """Accuracy of a guess: 1/2."""
        return 0.5

    @property
    def baseline_loss(self) -> float:
        """Cross-entropy of a guess, in nats: ln(2)."""
        return math.log(2)

    def sample(
        self, batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw the silence before the first spike, then the spacing."""
        start = rng.integers(self.interval, size=batch)
        sooner = rng.integers(2, size=batch)
        sequences = np.arange(batch)
        spikes = start + np.arange(self.spikes)[:, None] * (self.interval - sooner)  # (spikes, B)

        inputs = np.zeros((self.length, batch, 1))
        inputs[spikes, sequences, 0] = 1
        targets = np.full((self.length, batch), IGNORED)
        targets[spikes[1:], sequences] = sooner
        return inputs, targets


@dataclass(frozen=True)
class TimedSpikes(Task):
    """After one spike in the input, output a spike every `interval` steps, and none between.

    The spike in the input comes after 0 to interval - 1 silent steps. The input is silent after it:
    each spike must be timed from the previous output.

    Parameters
    ----------
    interval : int
        Steps from a spike to the next; at least 2.
    spikes : int
        Number of spikes to output; at least 1.

    Examples
    --------
    >>> inputs, targets = TimedSpikes(interval=3, spikes=2).draw(1, np.random.default_rng(0))
    >>> inputs[:, 0, 0].astype(int).tolist()
    [0, 0, 1, 0, 0, 0, 0, 0, 0]
    >>> targets[:, 0, 0].astype(int).tolist()
    [0, 0, 0, 0, 0, 1, 0, 0, 1]
    """

    loss = "binary-cross-entropy"
    metrics = ("loss", "spike_accuracy", "sequence_accuracy")
    headline = "sequence_accuracy"
    solved_at = 0.99
    span = "interval"
    paper = PAPER
    differs = "a spike in the input starts a train of `spikes` spikes; binary cross-entropy"
    input_size = 1
    output_size = 1
    output_names = ("spike",)

    interval: int = 10
    spikes: int = 3

    def __post_init__(self) -> None:
        self._settle_size("interval", 2, "a spike at every step needs no timing")
        self._settle_size("spikes", 1, "there must be a spike to output")

    @property
    def length(self) -> int:
        """T, the steps of a sequence: interval * (spikes + 1)."""
        return self.interval * (self.spikes + 1)

    @property
    def chance(self) -> float:
        """Sequence accuracy of the same answer at all silent steps: 0."""
        return 0.0

    @property
    def baseline_loss(self) -> float:
        """Binary cross-entropy, in nats, of the best model of the present input alone.

        No spike is due at the step of the input spike. Of the other T - 1 steps a share r has a
        spike: the loss there is the entropy of r.
        """
        others = self.length - 1
        r = self.spikes / others
        entropy = -r * math.log(r) - (1 - r) * math.log(1 - r)
        return entropy * others / self.length

    def sample(
        self, batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Draw the silence before the spike in the input."""
        start = rng.integers(self.interval, size=batch)
        sequences = np.arange(batch)
        inputs = np.zeros((self.length, batch, 1))
        targets = np.zeros_like(inputs)
        inputs[start, sequences, 0] = 1
        for number in range(1, self.spikes + 1):
            targets[start + number * self.interval, sequences, 0] = 1
        return inputs, targets

    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]:
        """Return the metrics; a spike is given where the output is above 0, probability 1/2.

        Returns
        -------
        dict of str to float
            `loss`, the binary cross-entropy in nats; `spike_accuracy`, the share of spikes that
            are output when due; `sequence_accuracy`, the share of sequences with a spike at each
            step where one is due and at no other.
        """
        answers = label_answers(outputs, targets)
        due = answers.at(targets[..., 0] == 1)
        return {
            "loss": answers.loss(),
            "spike_accuracy": due.accuracy(),
            "sequence_accuracy": answers.sequence_accuracy(),
        }
