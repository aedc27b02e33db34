"""Checks of an engine's inputs: kernels read memory by address, so every array is checked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rnnlab.engine import PassInputs, ReferenceEngine, engine_for
from rnnlab.engine.readout_matmul import matmul
from rnnlab.registry import cells

T, B, I, H = 5, 3, 4, 6  # noqa: E741
ENGINES: list[Any] = [engine_for, ReferenceEngine]


def draw(*shape: int, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def arguments(cell: Any) -> dict[str, Any]:
    shapes = {name: array.shape(inputs=I, units=H) for name, array in cell.arrays.items()}
    return {
        "parameters": {name: draw(*shape) for name, shape in shapes.items()},
        "x": draw(T, B, I),
        "states": [draw(B, H) for _ in cell.states],
        "lengths": np.array([5, 2, 3]),
    }


def put(place: str, value: Any) -> Any:
    """Return what changes the arguments at a place such as "parameters.bias"."""

    def change(given: dict[str, Any]) -> None:
        key, _, inner = place.partition(".")
        if not inner:
            given[key] = value
        elif key == "parameters":
            given[key][inner] = value
        else:
            given[key][int(inner)] = value

    return change


WRONG = [
    put("x", draw(T, B, I, dtype=float)),
    put("x", draw(T, B, I, dtype=">f4")),
    put("x", draw(T, B, I).astype(int)),
    put("x", np.ma.array(draw(T, B, I))),
    put("x", draw(T, B, I + 1)),
    put("x", draw(B, I)),
    put("x", draw(0, B, I)),
    put("x", draw(T, B, I).tolist()),
    put("states.0", draw(B, H, dtype=float)),
    put("states.1", draw(B, H + 1)),
    put("states.1", draw(1, H)),
    put("states", [draw(B, H)]),
    put("states", []),
    put("lengths", np.array([5, 2])),
    put("lengths", np.array([5, 2, 3], np.int32)),
    put("parameters.weight_hh", draw(4 * H, H, dtype=float)),
    put("parameters.weight_hh", draw(H, 4 * H)),
    put("parameters.bias", draw(1)),
    put("parameters.bias", 0.0),
    put("parameters.more", draw(1)),
    put("parameters", {}),
    put("given", [draw(T, B, H)]),
]


@pytest.mark.parametrize("make", ENGINES)
@pytest.mark.parametrize("method", ["infer", "forward", "checkpoint"])
@pytest.mark.parametrize("change", WRONG)
def test_forward(make, method, change):
    engine, given = make(cells["lstm"], "float32"), arguments(cells["lstm"])
    more = {"every": 2} if method == "checkpoint" else {}
    getattr(engine, method)(PassInputs(**given), **more)
    change(given)
    with pytest.raises((TypeError, ValueError), match=r"must (be|have|hold) .*got "):
        getattr(engine, method)(PassInputs(**given), **more)


@pytest.mark.parametrize("make", ENGINES)
@pytest.mark.parametrize(
    ("d_output", "d_states"),
    [
        (draw(T, B, H, dtype=float), None),
        (draw(T + 1, B, H), None),
        (draw(T, B, 1), None),
        (draw(T, B, H).tolist(), None),
        (None, [draw(B, H)]),
        (None, [draw(B, H), draw(1, H)]),
        (None, [draw(B, H), draw(B, H, dtype=float)]),
    ],
)
def test_backward(make, d_output, d_states):
    engine = make(cells["lstm"], "float32")
    record = engine.forward(PassInputs(**arguments(cells["lstm"])))
    right = draw(T, B, H), [draw(B, H), draw(B, H)]
    engine.backward(record, *right)
    with pytest.raises((TypeError, ValueError), match=r"must (be|hold) .*got "):
        engine.backward(
            record,
            right[0] if d_output is None else d_output,
            right[1] if d_states is None else d_states,
        )


@pytest.mark.parametrize("make", ENGINES)
def test_records_of_other_cells_and_engines(make):
    """A GRU's record is smaller than an LSTM's: the kernels would read beyond its end."""
    given = {**arguments(cells["gru"]), "states": [draw(B, H)]}
    right = draw(T, B, H), [draw(B, H), draw(B, H)]
    engine = make(cells["lstm"], "float32")
    with pytest.raises(TypeError, match="the record must be of the cell lstm, got one of gru"):
        engine.backward(make(cells["gru"], "float32").forward(PassInputs(**given)), *right)
    other = next(one for one in ENGINES if one is not make)(cells["lstm"], "float32")
    with pytest.raises(TypeError, match=r"the record must be of the .* engine, got "):
        engine.backward(other.forward(PassInputs(**arguments(cells["lstm"]))), *right)


@pytest.mark.parametrize(
    "change",
    [
        {"x": draw(T, B, I + 1)},
        {"x": draw(T - 1, B, I)},
        {"x": draw(T, B, I, dtype=float)},
        {"lengths": np.array([5])},
        {"state_buffer": draw(T * B * H)},
        {"lanes": draw(7)},
        {"lanes": draw(7, dtype=float)},
        {"values": draw(1)},
        {"parameters": {}},
    ],
)
def test_a_record_that_was_changed(change):
    engine: Any = engine_for(cells["lstm"], "float32")
    record = engine.forward(PassInputs(**arguments(cells["lstm"])))
    with pytest.raises((TypeError, ValueError), match=r"must (be|have) .*got "):
        engine.backward(replace(record, **change), draw(T, B, H), [draw(B, H), draw(B, H)])


class TestMatmul:
    @pytest.mark.parametrize(
        ("a", "b", "match"),
        [
            (draw(2, 3), draw(4, 5), r"shapes \(M, K\) and \(K, N\), got \(2, 3\) and \(4, 5\)"),
            (draw(3), draw(3, 2), r"got \(3,\) and \(3, 2\)"),
            (draw(2, 3), draw(3), r"got \(2, 3\) and \(3,\)"),
            (draw(2, 3), draw(3, 2, dtype=float), "two arrays of float32 or two of float64"),
            (draw(2, 3, dtype=">f4"), draw(3, 2, dtype=">f4"), "got >f4 and >f4"),
            (draw(2, 3).astype(int), draw(3, 2).astype(int), "two arrays of float32 or two of"),
        ],
    )
    def test_wrong(self, a, b, match):
        with pytest.raises(ValueError, match=match):
            matmul(a, b)

    def test_layouts(self):
        a, b = draw(7, 5), draw(5, 9)
        expected = matmul(a, b)
        np.testing.assert_allclose(expected, a @ b, rtol=1e-5)
        frozen = a.copy()
        frozen.flags.writeable = False
        wide = np.zeros((14, 10), np.float32)
        wide[::2, ::2] = a
        for one in (frozen, np.asfortranarray(a), wide[::2, ::2]):
            np.testing.assert_array_equal(matmul(one, np.asfortranarray(b)), expected)
