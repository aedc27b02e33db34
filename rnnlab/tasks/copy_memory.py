"""Copy memory: recall a few symbols after a long delay (Arjovsky et al. 2016, section 5.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.tasks.scoring import class_answers
from rnnlab.tasks.task import Task


@dataclass(frozen=True)
class CopyMemory(Task):
    """Recall a few symbols after a long delay, in their order.

    ========  =========  ===========  ======  =========
    steps     payload    delay - 1    1       payload
    inputs    symbols    blanks       marker  blanks
    targets   blanks     blanks       blank   symbols
    ========  =========  ===========  ======  =========

    Symbols are 0 .. alphabet-1, uniform and independent; the blank is `alphabet` and the marker
    `alphabet + 1`, which is never a target.

    Parameters
    ----------
    delay : int
        Steps from the end of the payload to the first symbol recalled, the marker being the last of
        them; at least 1.
    payload : int
        Number of symbols to recall; at least 1.
    alphabet : int
        Number of different symbols; at least 2.

    Raises
    ------
    ValueError
        If a size is too small.
    TypeError
        If a size is not an integer.

    Examples
    --------
    >>> task = CopyMemory(delay=100, payload=10, alphabet=8)
    >>> task.length, task.input_size, task.output_size
    (120, 10, 9)
    >>> task.chance, round(task.baseline_loss, 4)
    (0.125, 0.1733)
    >>> inputs, targets = CopyMemory(4, 2, 8).sample(1, np.random.default_rng(0))
    >>> inputs[:, 0].tolist()  # 8 is the blank, 9 the marker
    [6, 5, 8, 8, 8, 9, 8, 8]
    >>> targets[:, 0].tolist()
    [8, 8, 8, 8, 8, 8, 6, 5]
    """

    loss = "cross-entropy"
    metrics = ("loss", "recall_loss", "recall_accuracy", "sequence_accuracy")
    headline = "recall_accuracy"
    solved_at = 0.99
    span = "delay"
    paper = "Arjovsky, Shah & Bengio 2016, Unitary evolution recurrent neural networks, section 5.1"

    delay: int = 10
    payload: int = 3
    alphabet: int = 8

    def __post_init__(self) -> None:
        self._settle_size("delay", 1, "the marker is the last step of the delay")
        self._settle_size("payload", 1, "there must be a symbol to recall")
        self._settle_size("alphabet", 2, "one symbol alone carries no information")

    @property
    def length(self) -> int:
        """T, the time steps of a sequence: delay + 2 * payload."""
        return self.delay + 2 * self.payload

    @property
    def input_size(self) -> int:
        """I, the width of a one-hot input: the symbols, the blank and the marker."""
        return self.alphabet + 2

    @property
    def output_size(self) -> int:
        """O, the number of classes: the symbols and the blank; the marker is never a target."""
        return self.alphabet + 1

    @property
    def chance(self) -> float:
        """Recall accuracy of a guess: 1 / alphabet."""
        return 1 / self.alphabet

    @property
    def baseline_loss(self) -> float:
        """Cross-entropy over all steps, in nats, of the best model without memory.

        It answers blanks until the marker and guesses the payload: payload * ln(alphabet) / length.
        Its loss on the recall region alone is ln(alphabet).
        """
        return self.payload * math.log(self.alphabet) / self.length

    @property
    def input_names(self) -> tuple[str, ...]:
        """The symbols by their numbers, then the blank and the marker."""
        return (*map(str, range(self.alphabet)), "blank", "marker")

    @property
    def output_names(self) -> tuple[str, ...]:
        """The symbols by their numbers, then the blank."""
        return self.input_names[:-1]

    def sample(
        self, batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw the symbols."""
        symbols = rng.integers(self.alphabet, size=(self.payload, batch))
        blank, marker = self.alphabet, self.alphabet + 1
        inputs = np.full((self.length, batch), blank, dtype=np.int64)
        targets = inputs.copy()
        inputs[: self.payload] = symbols
        inputs[self.payload + self.delay - 1] = marker
        targets[self.payload + self.delay :] = symbols
        return inputs, targets

    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]:
        """Return the metrics; the answer at a step is the class with the largest logit.

        Returns
        -------
        dict of str to float
            `loss`, the cross-entropy over all steps in nats; `recall_loss`, the same over the
            recall region, the last `payload` steps; `recall_accuracy`, the share of recalled
            symbols that are right, the blank being wrong; `sequence_accuracy`, the share of
            sequences recalled without a mistake.

        Examples
        --------
        >>> task = CopyMemory(delay=3, payload=2, alphabet=4)
        >>> _, targets = task.draw(5, np.random.default_rng(0))
        >>> task.score(100 * np.eye(task.output_size)[targets], targets)["recall_accuracy"]
        1.0
        """
        answers = class_answers(outputs, targets)
        recall = answers.at(slice(self.delay + self.payload, None))
        return {
            "loss": answers.loss(),
            "recall_loss": recall.loss(),
            "recall_accuracy": recall.accuracy(),
            "sequence_accuracy": recall.sequence_accuracy(),
        }
