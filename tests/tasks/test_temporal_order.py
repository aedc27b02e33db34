"""Temporal order against the paper's description, symbol by symbol."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnnlab.tasks import TemporalOrder, TemporalOrder3

# length of the level: shortest, windows
LEVELS: list[Any] = [
    (TemporalOrder, 40, 30, [(2, 5), (20, 27)]),
    (TemporalOrder, 80, 60, [(10, 20), (45, 54)]),
    (TemporalOrder, 110, 100, [(10, 20), (50, 60)]),
    (TemporalOrder3, 110, 100, [(10, 20), (33, 43), (66, 76)]),
]
CLASSES = {
    2: {"XX": 0, "XY": 1, "YX": 2, "YY": 3},  # the paper's Q, R, S, U
    3: {"XXX": 0, "XXY": 1, "XYX": 2, "XYY": 3, "YXX": 4, "YXY": 5, "YYX": 6, "YYY": 7},
}


@pytest.mark.parametrize(("kind", "length", "shortest", "windows"), LEVELS)
def test_every_sequence_is_as_the_paper_says(
    kind: Any, length: int, shortest: int, windows: list[tuple[int, int]]
) -> None:
    task = kind(length)
    inputs, targets = task.sample(400, np.random.default_rng(length))
    assert task.length == length
    lengths, classes = set(), set()
    places: list[set[int]] = [set() for _ in windows]
    for codes, answers in zip(inputs.T.tolist(), targets.T.tolist(), strict=True):
        word = "".join(task.input_names[code] if code >= 0 else "-" for code in codes)
        inside = word.rstrip("-")
        lengths.add(len(inside))
        assert inside[0] == "E"
        assert inside[-1] == "B"
        order = "".join(symbol for symbol in inside if symbol in "XY")
        assert set(inside[1:-1]) <= set("abcdXY")
        where = [t for t, symbol in enumerate(inside) if symbol in "XY"]
        assert len(where) == len(windows)
        for place, (first, last), seen in zip(where, windows, places, strict=True):
            assert first <= place <= last
            seen.add(place)
        answer = CLASSES[len(windows)][order]
        classes.add(answer)
        assert task.output_names[answer] == order
        assert answers == [-1] * (len(inside) - 1) + [answer] + [-1] * (length - len(inside))
    assert lengths == set(range(shortest, length + 1))
    assert [sorted(seen) for seen in places] == [list(range(a, b + 1)) for a, b in windows]
    assert len(classes) == 2 ** len(windows)


def test_distractors_and_orders_are_uniform() -> None:
    inputs, targets = TemporalOrder(40).sample(8000, np.random.default_rng(0))
    counts = np.bincount(inputs[10])  # outside the windows: a to d
    assert np.abs(counts - 2000).max() < 195  # five standard deviations
    assert np.abs(np.bincount(targets[targets >= 0]) - 2000).max() < 195


@pytest.mark.parametrize("length", [41, 100, 1000])
def test_other_lengths_are_refused_with_the_levels(length: int) -> None:
    with pytest.raises(ValueError, match=f"that of a level, 40, 80, 110, got {length}: choose one"):
        TemporalOrder(length)
