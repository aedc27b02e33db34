"""A study small enough to run in a test."""

from __future__ import annotations

from typing import Any

import pytest

TINY = {
    "cells": ["rnn", "gru"],
    "payload": 2,
    "alphabet": 3,
    "hidden": 5,
    "batch": 7,
    "updates": 6,
    "seeds": 2,
    "evaluation_batch": 9,
}


@pytest.fixture
def tiny() -> dict[str, Any]:
    """Return options of a copy task: 2 cells, 2 delays, 2 seeds, 3 evaluations."""
    return {**TINY, "delays": [3, 6], "evaluate_every": 2}


@pytest.fixture
def tiny_flow() -> dict[str, Any]:
    """Return options of a gradient flow: 2 cells, 1 delay, 2 seeds, gradients by lag alone."""
    return {**TINY, "delays": [4], "measure": ["decay"]}


@pytest.fixture
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw with few dots: the tests of plotting look at the pictures."""
    monkeypatch.setattr("rnnlab.plotting.saving.DOTS_PER_INCH", 20)
