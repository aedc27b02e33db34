"""Rows in which a feature is missing: an error, left out, or filled with the last value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnnlab.data.roles import Roles
from rnnlab.data.sequences import Sequences
from rnnlab.engine.protocol import Array
from rnnlab.registry import unknown_name

MISSING_RULES = ("error", "drop", "ffill")


def close_gaps(
    sequences: Sequences, roles: Roles, missing: str = "error"
) -> tuple[Sequences, Array]:
    """Return sequences in which every feature has a value, and the rows that they keep.

    In a forecast the targets are features too, so answers are taken from the sequences as they were
    read: a repeated value is no measurement to be scored on, and if rows were left out before, an
    answer would be further ahead than the horizon.

    Parameters
    ----------
    sequences : Sequences
    roles : Roles
    missing : "error", "drop" or "ffill"
        Rule for a row in which a feature is missing: it is an error, the row is left out, or the
        last value of the sequence is repeated.

    Returns
    -------
    closed : Sequences
        Without the sequences that keep no row.
    kept : int array (M,)
        Positions in the rows of `sequences`, increasing.

    Raises
    ------
    ValueError
        At a feature that is missing, with its line.
    """
    if missing not in MISSING_RULES:
        raise ValueError(unknown_name("missing", missing, MISSING_RULES))
    if missing == "ffill":
        sequences = _filled(sequences, roles)
    table, owners = sequences.table, sequences.owners
    gaps = np.zeros(len(table), bool)
    for column in roles.features:
        absent = table[column].missing
        if missing != "drop" and absent.any():
            place = table.place(int(np.flatnonzero(absent)[0]), column)
            remedy = 'fill it in, or leave such rows out with missing="drop"'
            if missing == "error":
                remedy += ', or repeat the last value with missing="ffill"'
            before = ", and none comes before it" if missing == "ffill" else ""
            raise ValueError(f"{place}: a feature must have a value{before}: {remedy}")
        gaps |= absent
    kept = np.flatnonzero(~gaps)
    if not kept.size:
        raise ValueError(f"{table.name} must have a row without a missing feature: fill them in")
    left, starts = np.unique(owners[kept], return_index=True)
    names = [sequences.names[s] for s in left]
    return Sequences(table.take(kept), names, np.append(starts, len(kept))), kept


def _filled(sequences: Sequences, roles: Roles) -> Sequences:
    """Repeat the last value of each feature within its sequence."""
    table = sequences.table
    rows, first = np.arange(len(table)), sequences.starts[sequences.owners]
    filled = {}
    for name in roles.features:
        column = table[name]
        last = np.maximum.accumulate(np.where(column.missing, -1, rows))
        filled[name] = column.take(np.where(last < first, rows, last))
    return replace(sequences, table=table.with_columns(filled))
