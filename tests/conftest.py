"""Fixtures for every test."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

#: States that are outputs and no more, by cell: no equation reads them, so dL/ds_0 is 0.
OUTPUT_ONLY = {
    "memory-controller-lstm": "h",
    "intersection-rnn": "y",
    "sru": "h",
    "qrnn": "h",
    "t-lstm": "h",
}


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator that starts the same for every test."""
    return np.random.default_rng(20260101)


@pytest.fixture(autouse=True)
def _fresh_entropy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give what is made without a seed other numbers each, but the same ones in every session."""
    numbers = itertools.count(20260101)
    monkeypatch.setattr("rnnlab.layers.seeding.fresh_entropy", lambda: next(numbers))
