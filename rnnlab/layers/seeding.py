"""Seeds, and the random generator of each role derived from one."""

from __future__ import annotations

import secrets
from typing import TypeAlias

import numpy as np

Seed: TypeAlias = int | np.random.Generator | None

#: The role with the numbers of `numpy.random.default_rng(seed)`.
INITIALISATION = "initialisation"


def random_numbers(
    seed: Seed, role: str, name: str = "seed"
) -> tuple[np.random.Generator, int | None]:
    """Return the random generator of one role, and the int that repeats its numbers.

    With one int each role has its own child of a `numpy.random.SeedSequence`, so that its numbers
    are independent of those of the other roles.

    Parameters
    ----------
    seed : int, numpy.random.Generator or None
        None draws fresh entropy from the operating system. A generator is used as it is and
        advances.
    role : str
        Name of what is drawn, such as "readout".
    name : str
        Name of the argument in messages.

    Returns
    -------
    generator : numpy.random.Generator
    seed : int or None
        None where a generator was given.

    Raises
    ------
    TypeError, ValueError
        If `seed` is of another type, or negative.

    Examples
    --------
    >>> generator, seed = random_numbers(None, "readout")
    >>> again, _ = random_numbers(seed, "readout")
    >>> bool(generator.random() == again.random())
    True
    >>> other, _ = random_numbers(seed, "noise")
    >>> bool(again.random() == other.random())
    False
    """
    if isinstance(seed, np.random.Generator):
        return seed, None
    if seed is None:
        seed = fresh_entropy()
    elif isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(
            f"{name} must be an int or a numpy.random.Generator, got {type(seed).__name__}: "
            "pass a whole number of at least 0, or leave it out"
        )
    if seed < 0:
        raise ValueError(f"{name} must be at least 0, got {seed}: pass a number without a sign")
    seed = int(seed)
    # The bytes of the role's name: a child of `SeedSequence.spawn` has a key of one number.
    key = () if role == INITIALISATION else tuple(role.encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key)), seed


def fresh_entropy() -> int:
    """Return 128 random bits of the operating system."""
    return secrets.randbits(128)


def seed_text(seed: int) -> str:
    """Return a seed for a `repr`; fresh entropy, which has up to 39 digits, is shortened.

    Examples
    --------
    >>> seed_text(7), seed_text(2**100)
    ('7', '126765...')
    """
    text = str(seed)
    return text if len(text) <= 12 else f"{text[:6]}..."
