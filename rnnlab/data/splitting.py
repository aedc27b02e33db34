"""Assignment of whole sequences to the parts train, validation and test."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rnnlab.data.roles import Roles
from rnnlab.data.sequences import Sequences
from rnnlab.engine.protocol import Array

#: Defaults: shares of the sequences, and the seed of their shuffling.
SHARES, SEED = (0.7, 0.15, 0.15), 0
PARTS = ("train", "validation", "test")
_OTHER_NAMES = {
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
}


def assign_parts(
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
        A split column, if they name one, assigns the parts.
    fractions : three floats, optional
        Shares of the sequences for train, validation and test; they add up to 1, and no part is
        empty. `SHARES` if left out.
    seed : int, optional
        Seed of the shuffling; `SEED` if left out.

    Returns
    -------
    dict of str to int array
        Part to positions of sequences, increasing.

    Raises
    ------
    ValueError
        If a part is empty, there are fewer than three sequences, or shares or a seed are given
        although a column assigns the parts.
    """
    if roles.split is not None:
        if seed is not None:
            raise ValueError(
                f'split_seed must go with shares, got {seed} and the column "{roles.split}", which '
                "assigns the parts: leave the seed out, or give shares with split=[0.7, 0.15, 0.15]"
            )
        return _by_column(sequences, roles.split)
    shares = [float(share) for share in (SHARES if fractions is None else fractions)]
    if len(shares) != 3 or min(shares) <= 0 or not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise ValueError(
            "split must be three shares above 0 that add up to 1, got "
            f"{', '.join(f'{share:g}' for share in shares)}: try split=[0.7, 0.15, 0.15]"
        )
    count = len(sequences)
    if count < 3:
        raise ValueError(
            f"{sequences.table.name} must hold at least 3 sequences to split into train, "
            f"validation and test, got {count}"
            + (f" ({sequences.names[0]})" if count == 1 else "")
            + f': cut long ones into several, each with another value in "{roles.sequence}"'
        )
    order = np.random.default_rng(SEED if seed is None else seed).permutation(count)
    tested = max(1, round(shares[2] * count))
    validated = max(1, round(shares[1] * count))
    trained = max(1, count - tested - validated)
    cuts = [trained, min(trained + validated, count - 1)]
    return {
        part: np.sort(chosen) for part, chosen in zip(PARTS, np.split(order, cuts), strict=True)
    }


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
                f'{sequences.table.name}, column "{column}": every part must have a sequence, but '
                f"{part} has none: assign one to it"
            )
    return {part: np.array(chosen) for part, chosen in parts.items()}
