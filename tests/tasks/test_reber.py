"""The embedded Reber grammar against strings that were worked by hand and a machine in words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnnlab.tasks import EmbeddedReber
from rnnlab.tasks.reber import SYMBOLS

# Strings of teaching material for Reber's grammar, those that are in it and those that are not.
REBER = ["BTSSXXTVVE", "BPVVE", "BTXXVPSE", "BPVPXVPXVPXVVE", "BTSXXVPSE", "BTXSE", "BPTVPSE"]
NOT_REBER = ["BTSSPXSE", "BPTVVB", "BTXXVVSE", "BPVSPSE", "BTSSSE"]

# One string with what may follow each symbol, read off the diagram.
WORKED = [
    ("B", "TP"),
    ("P", "B"),
    ("B", "TP"),
    ("T", "SX"),
    ("S", "SX"),
    ("X", "XS"),
    ("X", "TV"),
    ("T", "TV"),
    ("V", "PV"),
    ("P", "XS"),
    ("S", "E"),
    ("E", "P"),
    ("P", "E"),
]

DIAGRAM = {
    "start": {"B": "0"},
    "0": {"T": "1", "P": "2"},
    "1": {"S": "1", "X": "3"},
    "2": {"T": "2", "V": "4"},
    "3": {"X": "2", "S": "5"},
    "4": {"P": "3", "V": "5"},
    "5": {"E": "end"},
    "end": {},
}


def accepts(word: str) -> bool:
    node = "start"
    for symbol in word:
        if symbol not in DIAGRAM[node]:
            return False
        node = DIAGRAM[node][symbol]
    return node == "end"


def drawn(task: EmbeddedReber, batch: int, seed: int) -> list[tuple[str, list[set[str]]]]:
    """Return each string without its last symbol, and what may follow."""
    inputs, targets = task.sample(batch, np.random.default_rng(seed))
    strings = []
    for b in range(batch):
        word = "".join(SYMBOLS[code] for code in inputs[:, b] if code >= 0)
        rows = targets[: len(word), b]
        assert np.isnan(targets[len(word) :, b]).all()
        assert set(np.unique(rows)) <= {0.0, 1.0}
        strings.append((word, [{SYMBOLS[k] for k in np.flatnonzero(row)} for row in rows]))
    return strings


def test_the_machine_of_this_test_knows_the_strings() -> None:
    assert all(accepts(word) for word in REBER)
    assert not any(accepts(word) for word in NOT_REBER)


def test_strings_are_of_the_grammar_and_targets_are_what_may_follow() -> None:
    words = set()
    for word, legal in drawn(EmbeddedReber(30), 500, 0):
        outer, inner = word[1], word[2:-1]
        assert word[0] == "B"
        assert word[-1] == outer
        assert outer in "TP"
        assert accepts(inner), inner
        node, expected = "start", [{"T", "P"}, {"B"}]
        for symbol in inner:
            node = DIAGRAM[node][symbol]
            expected.append(set(DIAGRAM[node]) or {outer})
        assert legal == [*expected, {"E"}]
        words.add(inner)
    assert set(REBER[1:3]) <= words


def test_a_string_worked_by_hand() -> None:
    word = "".join(symbol for symbol, _ in WORKED)
    legal = dict(drawn(EmbeddedReber(13), 20_000, 1))[word]
    assert legal == [set(following) for _, following in WORKED]


def test_both_ways_of_a_node_and_both_frames_are_equally_likely() -> None:
    words = [word for word, _ in drawn(EmbeddedReber(60), 8000, 2)]
    for position, symbol in ((1, "T"), (3, "T")):
        share = sum(word[position] == symbol for word in words) / len(words)
        assert share == pytest.approx(0.5, abs=0.028)  # five standard deviations
    # B T X S E and B P V V E: three choices each
    for inner in ("BTXSE", "BPVVE"):
        share = sum(word[2:-1] == inner for word in words) / len(words)
        assert share == pytest.approx(1 / 8, abs=0.0185)


def test_the_shortest_length_has_two_inner_strings() -> None:
    strings = {word for word, _ in drawn(EmbeddedReber(8), 100, 3)}
    assert strings == {"BTBTXSET", "BPBTXSEP", "BTBPVVET", "BPBPVVEP"}
    # T and P, of 8 predictions with 7 labels each
    assert EmbeddedReber(8).baseline_loss == pytest.approx(2 * math.log(2) / 56, rel=1e-12)


def test_long_strings_are_dropped_and_none_becomes_more_likely_for_it() -> None:
    # up to 9 predictions: TXS, PVV (1/8 each), TSXS, PTVV, PVPS (1/16 each); 7/16 in all
    words = [word[2:-1] for word, _ in drawn(EmbeddedReber(9), 6000, 4)]
    shares = {word: words.count(word) / 6000 for word in set(words)}
    assert set(shares) == {"BTXSE", "BPVVE", "BTSXSE", "BPTVVE", "BPVPSE"}
    assert shares["BTXSE"] == pytest.approx(2 / 7, abs=0.03)
    assert shares["BPTVVE"] == pytest.approx(1 / 7, abs=0.023)


def test_the_score_means_what_may_come_is_more_active_than_the_rest() -> None:
    task = EmbeddedReber(8)
    word = "BTBPVVET"
    follow = ["TP", "B", "TP", "TV", "PV", "E", "T", "E"]
    targets = np.array([[[float(s in f) for s in SYMBOLS]] for f in follow])
    outputs = np.full((8, 1, 7), -3.0)
    outputs[targets == 1] = [-2.9 - 0.001 * k for k in range(int(targets.sum()))]  # all below 0
    assert len(word) == 8
    scores = task.score(outputs, targets)
    assert [scores[name] for name in task.metrics[1:]] == [1.0, 1.0, 1.0]

    outputs[6, 0, SYMBOLS.index("P")] = 5  # the other frame: the one mistake of a short memory
    scores = task.score(outputs, targets)
    assert [scores[name] for name in task.metrics[1:]] == [7 / 8, 0.0, 0.0]

    outputs[6, 0, SYMBOLS.index("P")] = -3
    outputs[3, 0, SYMBOLS.index("V")] = -3  # a tie with what may not come is a mistake
    scores = task.score(outputs, targets)
    assert [scores[name] for name in task.metrics[1:]] == [7 / 8, 1.0, 0.0]


def test_solved_means_every_string() -> None:
    assert EmbeddedReber(8).solved(1.0)
    assert not EmbeddedReber(8).solved(0.999)
