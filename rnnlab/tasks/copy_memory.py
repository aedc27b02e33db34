"""Copy memory: recall a few symbols after a long delay (Arjovsky et al. 2016, section 5.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rnnlab.registry import tasks
from rnnlab.tasks._checks import generator, whole_number

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
class CopyMemory:
    """The copy-memory task at one setting: batches, baselines and scores.

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

    delay: int
    payload: int
    alphabet: int

    def __post_init__(self) -> None:
        sizes = _sizes(self.delay, self.payload, self.alphabet)
        # NumPy's integers become Python's, so that equal tasks print and serialise alike
        for name, size in zip(("delay", "payload", "alphabet"), sizes, strict=True):
            object.__setattr__(self, name, size)

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

    def draw(
        self, batch: int, rng: np.random.Generator, dtype: DTypeLike = "float32"
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Draw a batch with one-hot inputs.

        Parameters
        ----------
        batch : int
            Sequences; at least 1.
        rng : numpy.random.Generator
            The source of the symbols; the dtype does not change what is drawn.
        dtype : dtype
            Of the inputs: float32 or float64.

        Returns
        -------
        inputs : float (T, B, I)
        targets : int64 (T, B)

        Raises
        ------
        ValueError
            If `batch` < 1 or `dtype` is another one.
        TypeError
            If `batch` is not an integer or `rng` is not a generator.
        """
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(
                f"dtype must be float32 or float64, got {np.dtype(dtype)}: "
                "train in float32, analyse in float64"
            )
        symbols, targets = copy_memory(self.delay, self.payload, self.alphabet, batch, rng)
        return np.eye(self.input_size, dtype=dtype)[symbols], targets

    def score(
        self, logits: NDArray[np.floating[Any]], targets: NDArray[np.integer[Any]]
    ) -> dict[str, float]:
        """Score a model's answers, in float64 whatever the dtype of the logits.

        The answer at a step is the class with the largest logit, the blank included. Where a logit
        is NaN or infinite the answer counts as wrong and the losses are NaN.

        Parameters
        ----------
        logits : float (T, B, O)
        targets : int (T, B)
            As drawn; neither array is modified.

        Returns
        -------
        dict of float
            `loss`, the cross-entropy over all steps in nats; `recall_loss`, the same over the
            recall region, the last `payload` steps; `recall_accuracy`, the share of recalled
            symbols that are right; `sequence_accuracy`, the share of sequences recalled without
            a mistake.

        Raises
        ------
        ValueError
            If the shapes are not those of this task or a target is not one of its classes.

        Examples
        --------
        >>> task = CopyMemory(delay=3, payload=2, alphabet=4)
        >>> _, targets = task.draw(5, np.random.default_rng(0))
        >>> task.score(100 * np.eye(task.output_size)[targets], targets)["recall_accuracy"]
        1.0
        """
        logits, targets = np.asarray(logits), np.asarray(targets)
        self._check_answers(logits, targets)
        values = logits.astype(np.float64)  # a copy
        finite = np.asarray(np.isfinite(values).all(axis=-1))  # (T, B)
        values[~finite] = np.nan  # inf - inf below would warn

        # log softmax = x - max - log(sum(exp(x - max))): no exponential overflows
        values -= values.max(axis=-1, keepdims=True)
        at_target = np.take_along_axis(values, targets[..., None], axis=-1)[..., 0]
        nats = np.log(np.exp(values).sum(axis=-1)) - at_target  # (T, B)

        recall = slice(self.delay + self.payload, None)
        answers = values[recall].argmax(axis=-1)
        right = (answers == targets[recall]) & finite[recall]  # (payload, B)
        return {
            "loss": float(nats.mean()),
            "recall_loss": float(nats[recall].mean()),
            "recall_accuracy": float(right.mean()),
            "sequence_accuracy": float(right.all(axis=0).mean()),
        }

    def solved(self, recall_accuracy: float) -> bool:
        """Say whether a run with this recall accuracy has solved the task: .99 or more."""
        return bool(recall_accuracy >= SOLVED_AT)

    def _check_answers(self, logits: NDArray[Any], targets: NDArray[Any]) -> None:
        length, classes = self.length, self.output_size
        if logits.ndim != 3 or logits.shape[0] != length or logits.shape[2] != classes:
            raise ValueError(
                f"logits must have shape (T={length}, B, O={classes}), got {logits.shape}: "
                "time comes first; score the model on a batch of this very task"
            )
        if logits.shape[1] == 0:
            raise ValueError(
                f"logits must hold at least one sequence, got {logits.shape}: "
                "draw a batch of 1 or more"
            )
        if targets.shape != logits.shape[:2] or not np.issubdtype(targets.dtype, np.integer):
            raise ValueError(
                f"targets must be integers of shape (T, B) = {logits.shape[:2]}, "
                f"got {targets.dtype} {targets.shape}: pass them as drawn"
            )
        if targets.min() < 0 or targets.max() >= classes:
            raise ValueError(
                f"targets must be classes 0 to {classes - 1}, got {targets.min()} to "
                f"{targets.max()}: pass the targets, not the inputs"
            )


def _sizes(delay: int, payload: int, alphabet: int) -> tuple[int, int, int]:
    """Check the three settings of a task and return them as Python ints."""
    return (
        whole_number("delay", delay, 1, "the marker is the last step of the delay"),
        whole_number("payload", payload, 1, "there must be a symbol to recall"),
        whole_number("alphabet", alphabet, 2, "one symbol alone carries no information"),
    )


tasks.register("copy-memory", CopyMemory)
