"""Fixtures for every test."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator that starts the same for every test."""
    return np.random.default_rng(20260101)
