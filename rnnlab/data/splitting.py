"""Which sequences are learned from, chosen by, and tested on: whole sequences, never rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rnnlab.data.roles import Roles
from rnnlab.data.sequences import Sequences
from rnnlab.engine.protocol import Array

#: Where nothing is said: shares of the sequences, and the seed of their shuffling.
SHARES, SEED = (0.7, 0.15, 0.15), 0
PARTS = ("train", "validation", "test")
_OTHER_NAMES = {
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
}


def split(
    sequences: Sequences,
    roles: Roles,
    fractions: Sequence[float] | None = None,
    seed: int | None = None,
) -> dict[str, Array]:
    """Assign every sequence to a part.

    Parameters
    ----------
    sequences : Sequences
    roles : Roles
        If they name a split column, it decides.
    fractions : three floats, optional
        Of the sequences, in the order train, validation, test; they add up to 1. No part is empty.
        `SHARES` unless given.
    seed : int, optional
        Of the shuffling; `SEED` unless given.

    Returns
    -------
    dict of str to int array
        Part to positions of sequences, increasing.

    Raises
    ------
    ValueError
        If a part is empty, there are fewer than three sequences, or a column decides and shares or
        a seed are given beside it.
    """
    if roles.split is not None:
        _refuse_beside(roles.split, fractions, seed)
        return _by_column(sequences, roles.split)
    shares = [float(share) for share in (SHARES if fractions is None else fractions)]
    if len(shares) != 3 or min(shares) <= 0 or not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise ValueError(
            "split must be three shares above 0 that add up to 1, got "
            f"{', '.join(f'{share:g}' for share in shares)}: for example .7,.15,.15"
        )
    count = len(sequences)
    if count < 3:
        raise ValueError(
            f"{sequences.table.name} must hold at least 3 sequences to split into train, "
            f"validation and test, got {count}"
            + (f" ({sequences.names[0]})" if count == 1 else "")
            + f': cut long ones into several, each with a value of its own in "{roles.sequence}"'
        )
    order = np.random.default_rng(SEED if seed is None else seed).permutation(count)
    tested = max(1, round(shares[2] * count))
    validated = max(1, round(shares[1] * count))
    trained = max(1, count - tested - validated)
    cuts = [trained, min(trained + validated, count - 1)]
    return {
        part: np.sort(chosen) for part, chosen in zip(PARTS, np.split(order, cuts), strict=True)
    }


def _refuse_beside(column: str, fractions: Sequence[float] | None, seed: int | None) -> None:
    """Refuse what would have no effect."""
    if fractions is not None:
        raise ValueError(
            f'split must be shares or a column, got shares and the column "{column}": '
            "leave out one of them"
        )
    if seed is not None:
        raise ValueError(
            f'split_seed must go with shares, got {seed} beside the column "{column}", which says '
            "the parts: leave the seed out, or give shares such as --split .7,.15,.15"
        )


def _by_column(sequences: Sequences, column: str) -> dict[str, Array]:
    words = sequences.constant(column, "the part")
    parts: dict[str, list[int]] = {part: [] for part in PARTS}
    for position, word in enumerate(words):
        part = _OTHER_NAMES.get(word.lower(), word.lower())
        if part not in parts:
            raise ValueError(
                f"{sequences.table.place(int(sequences.starts[position]), column)}: must be train, "
                f"validation or test, got {word!r}: correct it"
            )
        parts[part].append(position)
    for part, chosen in parts.items():
        if not chosen:
            raise ValueError(
                f'{sequences.table.name}, column "{column}": every part must have a sequence, got '
                f"none for {part}: assign one to it"
            )
    return {part: np.array(chosen) for part, chosen in parts.items()}
