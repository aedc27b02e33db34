"""Copy memory: recall a few symbols after a long delay (Arjovsky et al. 2016, section 5.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.tasks.checks import generator, whole_number
from rnnlab.tasks.scoring import class_answers
from rnnlab.tasks.task import Task

# A run counts as solved from this recall accuracy on, at any evaluation.
SOLVED_AT = 0.99


def copy_memory(
    delay: int, payload: int, alphabet: int, batch: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw one batch of the copy-memory task (Arjovsky et al. 2016, section 5.1).

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
        Steps from the end of the payload to the first symbol recalled, the marker being the last
        of them; at least 1.
    payload : int
        Symbols to recall; at least 1.
    alphabet : int
        Different symbols; at least 2.
    batch : int
        Sequences; at least 1.
    rng : numpy.random.Generator
        The source of the symbols; the same state gives the same batch.

    Returns
    -------
    inputs : int64 (T, B)
        With T = delay + 2 * payload.
    targets : int64 (T, B)

    Raises
    ------
    ValueError
        If a size is too small.
    TypeError
        If a size is not an integer or `rng` is not a generator.

    Examples
    --------
    >>> inputs, targets = copy_memory(4, 2, 8, batch=1, rng=np.random.default_rng(0))
    >>> inputs[:, 0].tolist()  # 8 is the blank, 9 the marker
    [6, 5, 8, 8, 8, 9, 8, 8]
    >>> targets[:, 0].tolist()
    [8, 8, 8, 8, 8, 8, 6, 5]
    """
    delay, payload, alphabet = _sizes(delay, payload, alphabet)
    batch = whole_number("batch", batch, 1, "a batch holds one sequence or more")
    symbols = generator(rng).integers(alphabet, size=(payload, batch))

    blank, marker = alphabet, alphabet + 1
    inputs = np.full((delay + 2 * payload, batch), blank, dtype=np.int64)
    targets = inputs.copy()
    inputs[:payload] = symbols
    inputs[payload + delay - 1] = marker
    targets[payload + delay :] = symbols
    return inputs, targets


@dataclass(frozen=True)
class CopyMemory(Task):
    """Recall a few symbols after a long delay, in their order.

    Parameters
    ----------
    delay : int
        Steps from the end of the payload to the first symbol recalled; at least 1.
    payload : int
        Symbols to recall; at least 1.
    alphabet : int
        Different symbols; at least 2.

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
    >>> inputs, targets = task.draw(32, np.random.default_rng(0))
    >>> inputs.shape, targets.shape
    ((120, 32, 10), (120, 32))
    """

    loss = "cross-entropy"
    metrics = ("loss", "recall_loss", "recall_accuracy", "sequence_accuracy")
    headline = "recall_accuracy"
    solved_at = SOLVED_AT
    span = "delay"
    paper = "Arjovsky, Shah & Bengio 2016, Unitary evolution recurrent neural networks, section 5.1"

    delay: int = 10
    payload: int = 3
    alphabet: int = 8

    def __post_init__(self) -> None:
        sizes = _sizes(self.delay, self.payload, self.alphabet)
        # NumPy's integers become Python's, so that equal tasks print and serialise alike
        for name, size in zip(("delay", "payload", "alphabet"), sizes, strict=True):
            self._settle(name, size)

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

        It knows when to be silent and guesses the payload: payload * ln(alphabet) / length. On the
        recall region alone it has ln(alphabet).
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
        """Draw a batch with `copy_memory`."""
        return copy_memory(self.delay, self.payload, self.alphabet, batch, rng)

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


def _sizes(delay: int, payload: int, alphabet: int) -> tuple[int, int, int]:
    """Check the three settings of a task and return them as Python ints."""
    return (
        whole_number("delay", delay, 1, "the marker is the last step of the delay"),
        whole_number("payload", payload, 1, "there must be a symbol to recall"),
        whole_number("alphabet", alphabet, 2, "one symbol alone carries no information"),
    )
