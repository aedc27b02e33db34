"""What happens to rows in which a feature is missing; what is asked there does not change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnnlab.data.roles import Roles
from rnnlab.data.sequences import Sequences
from rnnlab.engine.protocol import Array
from rnnlab.registry import unknown_name

MISSING_RULES = ("error", "drop", "ffill")


def close_gaps(
    sequences: Sequences, roles: Roles, text: frozenset[str], missing: str = "error"
) -> tuple[Sequences, Array]:
    """Return sequences in which every feature has a value, and which rows they have kept.

    In a forecast the targets are features too, so answers are taken from the sequences as they were
    read: what is repeated here is no measurement to be scored on, and across rows that are left out
    an answer would be further ahead than it says.

    Parameters
    ----------
    sequences : Sequences
    roles : Roles
    text : set of str
        The features that are of text.
    missing : "error", "drop" or "ffill"
        What happens to a row in which a feature is missing: it is an error, it is left out, or the
        last value of its sequence takes the place.

    Returns
    -------
    closed : Sequences
        A sequence without a row that is kept is not among them.
    kept : int array (M,)
        Positions in the rows of `sequences`, increasing.

    Raises
    ------
    ValueError
        At a feature that is missing, with its line.
    """
    if missing not in MISSING_RULES:
        raise ValueError(unknown_name("missing", missing, MISSING_RULES))
    table, owners = sequences.table, sequences.owners
    if missing == "ffill":
        there = {c: ~table.is_missing(c, number=c not in text) for c in roles.features}
        filled = {
            column: table.frame[column].where(held).groupby(owners).ffill().fillna("")
            for column, held in there.items()
            if not held.all()
        }
        table = replace(table, frame=table.frame.assign(**filled))
    gaps = np.zeros(len(table), bool)
    for column in roles.features:
        absent = table.is_missing(column, number=column not in text)
        if missing != "drop" and absent.any():
            place = table.place(int(np.flatnonzero(absent)[0]), column)
            remedy = "fill it in, or leave such rows out with --missing drop"
            if missing == "error":
                remedy += ", or repeat the last value with --missing ffill"
            came = "no value before it either" if missing == "ffill" else "nothing"
            raise ValueError(f"{place}: a feature must have a value, got {came}: {remedy}")
        gaps |= absent
    kept = np.flatnonzero(~gaps)
    if not kept.size:
        raise ValueError(f"{table.name} must hold a row without a gap, got none: fill them in")
    left, starts = np.unique(owners[kept], return_index=True)
    names = [sequences.names[s] for s in left]
    return Sequences(table.take(kept), names, np.append(starts, len(kept))), kept
