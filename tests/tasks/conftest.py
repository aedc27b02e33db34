"""A text for the task that needs one, and what a model would have to say to be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="session")
def text_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of 20,000 characters: a Markov chain over four, alike in all its parts."""
    rng = np.random.default_rng(7)
    following = {"a": "bbbc", "b": "aacc", "c": "ad\u00e9\u00e9", "d": "aaab", "\u00e9": "abcd"}
    characters = ["a"]
    for choice in rng.integers(4, size=19_999):
        characters.append(following[characters[-1]][choice])
    path = tmp_path_factory.mktemp("text") / "chain.txt"
    path.write_bytes("".join(characters).encode())
    return path


def perfect(task: Any, targets: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return outputs that are right wherever an answer is asked, and 0 elsewhere."""
    if task.loss == "cross-entropy":
        rows = np.vstack([50 * np.eye(task.output_size), np.zeros(task.output_size)])
        answers: np.ndarray[Any, Any] = rows[targets]  # -1 takes the last row
        return answers
    if task.loss == "binary-cross-entropy":
        return np.where(np.isnan(targets), 0, 100 * (targets == 1) - 50.0)
    return np.asarray(np.nan_to_num(targets.astype("float64")))


@pytest.fixture(name="perfect")
def perfect_answers() -> Any:
    """Return `perfect`."""
    return perfect
