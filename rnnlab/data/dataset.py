"""Datasets: a user's table as arrays, split into parts of whole sequences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from rnnlab.batch import Batch
from rnnlab.data.answers import answers, answers_left, infer_task, last_known
from rnnlab.data.baselines import Baseline, baselines_of, better
from rnnlab.data.cautions import doubtful_names, doubtful_numbers, doubtful_words
from rnnlab.data.encoding import Encoding
from rnnlab.data.leaks import copies_of_targets, require_causal, shared_rows
from rnnlab.data.learning import learn_encoding, text_features
from rnnlab.data.missing_values import close_gaps
from rnnlab.data.roles import assign_roles
from rnnlab.data.scoring import evaluate
from rnnlab.data.sequences import Sequences, group
from rnnlab.data.splits import Split
from rnnlab.data.splitting import split
from rnnlab.data.table import Table, read_table
from rnnlab.engine.protocol import Array
from rnnlab.training import SequenceModel

SHOWN = 5  # classes in a message


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


def load_dataset(
    source: str | Path | pd.DataFrame,
    *,
    sequence: str | None = None,
    time: str | None = None,
    features: Sequence[str] = (),
    targets: Sequence[str] = (),
    ignore: Sequence[str] = (),
    text: Sequence[str] = (),
    task: str | None = None,
    read: str | None = None,
    horizon: int = 0,
    bidirectional: bool = False,
    split_column: str | None = None,
    split_shares: Sequence[float] | None = None,
    split_seed: int | None = None,
    weight: str | None = None,
    missing: str = "error",
) -> Dataset:
    """Read a table, split it by sequences and encode it by the values of the training part.

    Parameters
    ----------
    source : path or DataFrame
        A CSV file with a row for each time step.
    sequence, time, features, targets, split_column, weight : str or sequence of str
        Columns; see `rnnlab.data.roles.assign_roles` for what is left out.
    ignore : sequence of str
        Columns that are no features.
    text : sequence of str
        Features to take as words although they are numbers.
    task, read : str, optional
        See `rnnlab.data.answers.infer_task`.
    horizon : int
        Predict the targets so many steps ahead; 0: at the step itself, or of the sequence.
    bidirectional : bool
        Whether the model will read sequences from their ends too. No forecast can.
    split_shares, split_seed : optional
        See `rnnlab.data.splitting.split`. A column called "split" says the parts unless there are
        shares.
    missing : "error", "drop" or "ffill"
        See `rnnlab.data.missing_values.close_gaps`.

    Raises
    ------
    ValueError
        With the line and the column wherever a value is at fault.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {"id": [1, 1, 2, 2, 3, 3, 4], "a": [0, 1, 5, 2, 3, 1, 2], "label": list("xxyyxxy")}
    ... )
    >>> frame["split"] = ["train"] * 4 + ["validation"] * 2 + ["test"]
    >>> data = load_dataset(frame)
    >>> data.encoding.task, data.encoding.read, data.encoding.classes
    ('classification', 'last', ('x', 'y'))
    >>> [part.names for part in data.parts.values()]
    [['1', '2'], ['3'], ['4']]
    """
    if isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 0:
        raise ValueError(
            f"horizon must be a whole number of steps, got {horizon!r}: give 1 or more"
        )
    require_causal(horizon, bidirectional)
    table = read_table(source)
    roles = assign_roles(
        table,
        sequence=None if sequence is None else str(sequence),
        time=None if time is None else str(time),
        features=tuple(map(str, features)),
        targets=tuple(map(str, targets)),
        ignore=tuple(map(str, ignore)),
        split=split_column,
        weight=weight,
        horizon=horizon,
        find_split=split_shares is None,
    )
    words = text_features(table, roles, tuple(map(str, text)))
    whole = group(table, roles)
    kind = infer_task(whole, roles, task, read)
    sequences, kept = close_gaps(whole, roles, words, missing)
    known = answers_left(answers(whole, roles, kind), whole, sequences, kept, kind)
    past = last_known(whole, roles, kind)
    chosen = split(sequences, roles, split_shares, split_seed)
    trained = np.concatenate([known[s] for s in chosen["train"]])
    encoding = learn_encoding(sequences, roles, kind, words, chosen["train"], trained)
    _check_classes(sequences, encoding, chosen, known, roles.split)
    weights = None if weight is None else _weights(sequences, weight, chosen["train"])
    encoding.require_finite_targets(whole.table)
    inputs = np.split(encoding.inputs(sequences.table), sequences.starts[1:-1])
    encoded = _encoded(encoding, known)
    last = None
    if past is not None:
        rows = encoding.encode_answers(np.concatenate(past)[kept])
        last = np.split(rows, sequences.starts[1:-1])
    parts = {
        name: Split(
            [sequences.names[s] for s in positions],
            [inputs[s] for s in positions],
            [encoded[s] for s in positions],
            None if weights is None else weights[positions],
            None if last is None else [last[s] for s in positions],
        )
        for name, positions in chosen.items()
    }
    cautions = (
        *doubtful_numbers(whole.table, encoding),
        *doubtful_names(whole, encoding),
        *doubtful_words(parts, encoding),
        *copies_of_targets(parts["train"], encoding, bidirectional),
        *shared_rows(parts),
    )
    return Dataset(encoding, parts, (*roles.found, *kind.found), roles.split, cautions)


def _encoded(encoding: Encoding, known: list[Array]) -> list[Array]:
    ends = np.cumsum([len(one) for one in known])
    return np.split(encoding.encode_answers(np.concatenate(known)), ends[:-1])


def load_inputs(
    table: Table, encoding: Encoding, missing: str = "error"
) -> tuple[Sequences, list[Array]]:
    """Return the sequences of a table and their inputs (T, I) for a model that is there."""
    roles = encoding.roles
    needed = "the model needs it, add it or rename the column that holds it"
    table.require([roles.sequence], "sequence column", needed)
    table.require([] if roles.time is None else [roles.time], "time column", needed)
    table.require(roles.features, "feature column", needed)
    sequences, _ = close_gaps(group(table, roles), roles, encoding.text, missing)
    remedy = "correct it, or leave the field empty and say what to do with --missing (missing=)"
    inputs = encoding.inputs(sequences.table, remedy)
    return sequences, np.split(inputs, sequences.starts[1:-1])


def _check_classes(
    sequences: Sequences,
    encoding: Encoding,
    chosen: dict[str, Array],
    known: list[Array],
    split: str | None,
) -> None:
    """Refuse a class that the training part does not have."""
    if encoding.task != "classification":
        return
    learned = {"", *encoding.classes}
    for part, positions in chosen.items():
        for s in positions:
            new = [word for word in known[s] if word not in learned]
            if not new:
                continue
            rest = len(encoding.classes) - SHOWN
            there = ", ".join(encoding.classes[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
            remedy = "put one of its sequences there" if split else "split otherwise (--split-seed)"
            remedy += ", or collect more sequences of it"
            if sequences.table.holds_numbers(encoding.targets[0]):
                remedy += ", or predict it as a number (--task regression)"
            raise ValueError(
                f"{sequences.place(s)} of the {part} part has the class {new[0]!r}, which must be "
                f"in the training part too, got {there} there: {remedy}"
            )


def _weights(sequences: Sequences, column: str, train: Array) -> Array:
    """Return the weight of each sequence, 1 on average over the training part."""
    sequences.constant(column, "the weight")
    weights = sequences.table.numbers(column, missing="give every sequence its weight")
    if weights.max() > np.finfo(np.float64).max / len(weights):
        place = sequences.table.place(int(weights.argmax()), column)
        raise ValueError(
            f"{place}: weights must have a finite sum, got {weights.max():g}: divide them"
        )
    wrong = np.flatnonzero(weights <= 0)
    if wrong.size:
        row = int(wrong[0])
        raise ValueError(
            f"{sequences.table.place(row, column)}: a weight must be more than 0, got "
            f"{weights[row]:g}: leave the sequence out instead"
        )
    weights = weights[sequences.starts[:-1]]
    weights /= weights[train].mean()
    return weights
