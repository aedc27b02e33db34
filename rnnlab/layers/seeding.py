"""Seeds: what a user passes, and the random numbers that follow from it for one role."""

from __future__ import annotations

import secrets
from typing import TypeAlias

import numpy as np

Seed: TypeAlias = int | np.random.Generator | None

#: The role whose numbers are those of `numpy.random.default_rng(seed)`.
INITIALISATION = "initialisation"


def random_numbers(
    seed: Seed, role: str, name: str = "seed"
) -> tuple[np.random.Generator, int | None]:
    """Return the random numbers of one role, and the int that repeats them.

    One int gives each role numbers of its own, which are independent of those of the other roles:
    they come from children of one `numpy.random.SeedSequence`.

    Parameters
    ----------
    seed : int, numpy.random.Generator or None
        None draws fresh entropy from the operating system. A generator is used as it is, and
        advances.
    role : str
        What is drawn, such as "readout".
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
        If `seed` is none of these, or is negative.

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
    # The bytes of the role's name: no child of `SeedSequence.spawn` has a key of that length.
    key = () if role == INITIALISATION else tuple(role.encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key)), seed


def fresh_entropy() -> int:
    """Return 128 random bits of the operating system."""
    return secrets.randbits(128)
