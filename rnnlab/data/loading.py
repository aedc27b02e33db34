"""Loading of datasets: from a CSV file or a DataFrame to encoded parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rnnlab.data.answers import collect_answers, infer_answers, keep_answers, last_known
from rnnlab.data.cautions import doubtful_names, doubtful_numbers, doubtful_words
from rnnlab.data.dataset import Dataset
from rnnlab.data.encoding import Encoding
from rnnlab.data.leaks import copies_of_targets, require_causal, shared_rows
from rnnlab.data.learning import learn_encoding, text_features
from rnnlab.data.missing_values import close_gaps
from rnnlab.data.roles import assign_roles
from rnnlab.data.sequences import Sequences, group
from rnnlab.data.splits import Split
from rnnlab.data.splitting import assign_parts
from rnnlab.data.table import Table, read_table
from rnnlab.engine.protocol import Array

SHOWN = 5  # classes in a message


def load_dataset(
    source: str | Path | pd.DataFrame,
    *,
    sequence: str | None = None,
    time: str | None = None,
    features: Sequence[str] = (),
    target: str | Sequence[str] = (),
    ignore: Sequence[str] = (),
    text: Sequence[str] = (),
    task: str | None = None,
    read: str | None = None,
    horizon: int = 0,
    bidirectional: bool = False,
    split: str | Sequence[float] | None = None,
    split_seed: int | None = None,
    weight: str | None = None,
    missing: str = "error",
) -> Dataset:
    """Read a table, split it by sequences and encode it by the values of the training part.

    Parameters
    ----------
    source : path or DataFrame
        A CSV file with a row for each time step.
    sequence, time, features, target, weight : str or sequence of str
        Columns; see `rnnlab.data.roles.assign_roles` for those that are not named.
    ignore : sequence of str
        Columns that are no features.
    text : sequence of str
        Features to take as words although they are numbers.
    task, read : str, optional
        See `rnnlab.data.answers.infer_answers`.
    horizon : int
        Number of steps ahead that the targets are predicted; 0 for the step itself, or the
        sequence.
    bidirectional : bool
        Whether the model will read sequences from their ends too. No forecast can.
    split : str or three floats, optional
        Column that assigns sequences to "train", "validation" and "test", or their shares. If left
        out, a column called "split" assigns them, else the shares of `rnnlab.data.splitting`.
    split_seed : int, optional
        Seed of the shuffling into shares.
    missing : "error", "drop" or "ffill"
        Rule for a row in which a feature is missing; see `rnnlab.data.missing_values.close_gaps`.

    Raises
    ------
    ValueError
        If the settings or the data are invalid; with the line and the column of an invalid value.

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
    column, shares = (split, None) if isinstance(split, str) else (None, split)
    roles = assign_roles(
        table,
        sequence=None if sequence is None else str(sequence),
        time=None if time is None else str(time),
        features=tuple(map(str, features)),
        targets=(target,) if isinstance(target, str) else tuple(map(str, target)),
        ignore=tuple(map(str, ignore)),
        split=column,
        weight=weight,
        horizon=horizon,
        find_split=shares is None,
    )
    words = text_features(table, roles, tuple(map(str, text)))
    whole = group(table, roles)
    wanted = infer_answers(whole, roles, task, read)
    sequences, kept = close_gaps(whole.as_kinds(words), roles, missing)
    known = keep_answers(collect_answers(whole, roles, wanted), whole, sequences, kept, wanted)
    past = last_known(whole, roles, wanted)
    chosen = assign_parts(sequences, roles, shares, split_seed)
    trained = np.concatenate([known[s] for s in chosen["train"]])
    encoding = learn_encoding(sequences, roles, wanted, chosen["train"], trained)
    _check_classes(sequences, encoding, chosen, known, roles.split)
    weights = None if weight is None else _weights(sequences, weight, chosen["train"])
    encoding.require_finite_targets(whole.table)
    inputs = sequences.cut(encoding.inputs(sequences.table))
    ends = np.cumsum([len(one) for one in known])
    targets = np.split(encoding.encode_answers(np.concatenate(known)), ends[:-1])
    last = None
    if past is not None:
        last = sequences.cut(encoding.encode_answers(np.concatenate(past)[kept]))
    parts = {
        name: Split(
            [sequences.names[s] for s in positions],
            [inputs[s] for s in positions],
            [targets[s] for s in positions],
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
    return Dataset(encoding, parts, (*roles.found, *wanted.found), roles.split, cautions)


def load_inputs(
    table: Table, encoding: Encoding, missing: str = "error"
) -> tuple[Sequences, list[Array]]:
    """Return the sequences of a table and their inputs (T, I) for an existing encoding."""
    roles = encoding.roles
    needed = "the model needs it, add it or rename the column that holds it"
    table.require([roles.sequence], "sequence column", needed)
    table.require([] if roles.time is None else [roles.time], "time column", needed)
    table.require(roles.features, "feature column", needed)
    numbers = set(roles.features) - encoding.text
    grouped = group(table, roles).as_kinds(encoding.text, numbers)
    sequences, _ = close_gaps(grouped, roles, missing)
    remedy = 'correct it, or leave the field empty and choose a rule such as missing="drop"'
    return sequences, sequences.cut(encoding.inputs(sequences.table, remedy))


def _check_classes(
    sequences: Sequences,
    encoding: Encoding,
    chosen: dict[str, Array],
    known: list[Array],
    split: str | None,
) -> None:
    """Refuse a class that is not in the training part."""
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
            remedy = "split in another way with split_seed="
            if split is not None:
                remedy = "put one of its sequences there"
            remedy += ", or collect more sequences of it"
            if sequences.table[encoding.targets[0]].is_number:
                remedy += ', or predict it as a number with task="regression"'
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
