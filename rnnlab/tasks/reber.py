"""Embedded Reber grammar: the last symbol but one repeats the second."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.tasks.scoring import IGNORED, label_answers
from rnnlab.tasks.task import Task

SYMBOLS = "BTPSXVE"
B, T, P, S, X, V, E = range(7)

# Transitions of the inner grammar from each node, after its B: two equally likely pairs (symbol,
# next node). At the last node, END, the symbol is E, and the walk stays there.
GRAMMAR = (
    ((T, 1), (P, 2)),
    ((S, 1), (X, 3)),
    ((T, 2), (V, 4)),
    ((X, 2), (S, 5)),
    ((P, 3), (V, 5)),
    ((E, 5), (E, 5)),
)
END = 5

_SYMBOL, _NEXT = np.moveaxis(np.array(GRAMMAR), -1, 0)  # (node, way) each
_ONE = np.eye(len(SYMBOLS))
_LEGAL = _ONE[_SYMBOL].max(axis=1)  # (node, symbol): symbols that may follow

# B, then T or P, around the inner string; its own B and E; then the same T or P, and E
FRAME = 6
SHORTEST = 3  # least transitions from the first node to END: T X S or P V V


@dataclass(frozen=True)
class EmbeddedReber(Task):
    """Predict at each symbol of a string which symbols may come next.

    A string is B, T or P, a string of Reber's grammar, the same T or P as before, E. The grammar
    has two equally likely transitions at each node:

        B, then  0: T to 1, P to 2    1: S to 1, X to 3    2: T to 2, V to 4
                 3: X to 2, S to 5    4: P to 3, V to 5    5: E

    Targets are all symbols that may follow: two inside the grammar, one elsewhere. Only the last
    symbol but one requires a memory of the whole inner string.

    Parameters
    ----------
    length : int
        T, the predictions of the longest string, one fewer than its symbols; at least 8. Longer
        strings are drawn again: one of 24,000 at 40.

    Examples
    --------
    >>> inputs, _ = EmbeddedReber(length=10).sample(1, np.random.default_rng(0))
    >>> "".join(SYMBOLS[symbol] for symbol in inputs[:, 0] if symbol != IGNORED)
    'BPBTSSXSEP'
    """

    loss = "binary-cross-entropy"
    metrics = ("loss", "step_accuracy", "recall_accuracy", "sequence_accuracy")
    headline = "sequence_accuracy"
    solved_at = 1.0
    span = "length"
    paper = (
        "Hochreiter & Schmidhuber 1997, Long short-term memory, Neural Computation 9(8), "
        "experiment 1; the grammar is Reber's (1967)"
    )
    differs = (
        "trained on all symbols that may follow, not on the one that did; fresh strings of bounded "
        "length instead of fixed sets"
    )
    input_size = output_size = len(SYMBOLS)
    input_names = output_names = tuple(SYMBOLS)

    length: int = 40

    def __post_init__(self) -> None:
        self._settle_size("length", SHORTEST + FRAME - 1, "the shortest string has 9 symbols")

    @property
    def chance(self) -> float:
        """Sequence accuracy of guessing the second symbol, the grammar being known: 1/2."""
        return 0.5

    @property
    def baseline_loss(self) -> float:
        """Binary cross-entropy of that model, in nats over all labels.

        It gives T and P a probability of 1/2 where one of them is due:
        2 ln(2) / (7 * mean predictions).
        """
        walks = np.arange(len(self._walk_lengths))
        predictions = float(self._walk_lengths @ (walks + FRAME - 1) / self._walk_lengths.sum())
        return 2 * math.log(2) / (self.output_size * predictions)

    @cached_property
    def _walk_lengths(self) -> NDArray[np.float64]:
        """The probability that the walk from node 0 to END has n steps, for each n that fits."""
        ended = np.zeros(self.length - FRAME + 2)
        at = np.zeros(END + 1)
        at[0] = 1
        for steps in range(1, len(ended)):
            moved = np.zeros_like(at)
            for node, ways in enumerate(GRAMMAR[:END]):
                for _, following in ways:
                    moved[following] += at[node] / 2
            ended[steps], moved[END] = moved[END], 0
            at = moved
        return ended

    def sample(
        self, batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Draw the second symbols, then walk through the grammar."""
        outer = rng.choice([T, P], size=batch)
        symbols, nodes = self._walks(batch, rng)
        steps, sequences = np.arange(self.length)[:, None], np.arange(batch)
        last = (nodes != END).sum(axis=0) + FRAME - 2  # (B,): step of the second T or P

        inputs = np.full((self.length, batch), B)
        inputs[1] = outer
        inputs[3:-1] = symbols
        inputs[last, sequences] = outer
        inputs[steps > last] = IGNORED

        targets = np.empty((self.length, batch, len(SYMBOLS)))
        targets[0] = _LEGAL[0]
        targets[1] = _ONE[B]
        targets[2:-2] = _LEGAL[nodes]
        targets[last - 1, sequences] = _ONE[outer]
        targets[last, sequences] = _ONE[E]
        targets[steps > last] = np.nan
        return inputs, targets

    def _walks(
        self, batch: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw walks from node 0 that reach END in time, and drop the others.

        Returns
        -------
        symbols, nodes : int (longest + 1, B)
            The symbols and the node before each; E and END after the end.
        """
        longest = self.length - FRAME + 1
        kept: list[NDArray[np.int64]] = []
        while sum(walks.shape[-1] for walks in kept) < batch:
            ways = rng.integers(2, size=(longest, batch))
            symbols, nodes = np.zeros((2, longest + 1, batch), dtype=np.int64)
            for step in range(longest):
                symbols[step] = _SYMBOL[nodes[step], ways[step]]
                nodes[step + 1] = _NEXT[nodes[step], ways[step]]
            symbols[longest] = E
            kept.append(np.stack([symbols, nodes])[..., nodes[longest] == END])
        symbols, nodes = np.concatenate(kept, axis=-1)[..., :batch]
        return symbols, nodes

    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]:
        """Return the metrics.

        A prediction is right if each symbol that may come has a larger output than each that may
        not, as in the paper.

        Returns
        -------
        dict of str to float
            `loss`, the binary cross-entropy over all labels in nats; `step_accuracy`, the share of
            right predictions; `recall_accuracy`, the same where the last symbol but one is due;
            `sequence_accuracy`, the share of strings that are predicted without a mistake.
        """
        answers = label_answers(outputs, targets)
        legal = np.where(targets == 1, outputs, np.inf).min(axis=-1)
        other = np.where(targets == 0, outputs, -np.inf).max(axis=-1)
        finite = np.isfinite(outputs).all(axis=-1)
        answers = replace(answers, right=(legal > other) & finite & answers.required)

        # the last symbol but one is due at the last prediction but one
        steps, sequences = answers.required.sum(axis=0), np.arange(targets.shape[1])
        before_last = np.zeros_like(answers.required)
        before_last[np.maximum(steps - 2, 0), sequences] = True
        return {
            "loss": answers.loss(),
            "step_accuracy": answers.accuracy(),
            "recall_accuracy": answers.at(before_last).accuracy(),
            "sequence_accuracy": answers.sequence_accuracy(),
        }
