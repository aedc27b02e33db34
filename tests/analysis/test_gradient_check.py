"""The gradient check passes what is right, finds what is wrong, leaves out what is a corner."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from rnnlab.analysis import check_gradients
from rnnlab.cells import CellDefinition, cell
from rnnlab.equations import exp, linear, relu, tanh, vector
from rnnlab.equations.operation import OPERATIONS
from rnnlab.registry import cells
from tests.conftest import OUTPUT_ONLY


@pytest.mark.parametrize("name", cells.names())
def test_every_cell_agrees(name):
    table = check_gradients(name)
    assert (table["error"] < 1e-6).all()
    layer_names = [f"{array}_l0" for array in cells[name].arrays]
    assert table["name"].tolist() == [*layer_names, "x", *cells[name].states]
    assert table["kind"].tolist() == (
        ["parameter"] * len(layer_names) + ["input"] + ["state"] * len(cells[name].states)
    )
    # there was something to compare: no gradient is 0 throughout, but of a state no equation reads
    zero = table["name"] == OUTPUT_ONLY.get(name)
    assert (table["analytic"][~zero].abs() > 0).all()
    assert (table["analytic"][zero] == 0).all()


def test_sizes_and_seed():
    table = check_gradients("gru", steps=2, batch=4, inputs=1, hidden=2, seed=5)
    shapes = dict(zip(table["name"], table["shape"], strict=True))
    assert shapes["weight_ih_l0"] == (6, 1)
    assert shapes["x"] == (2, 4, 1)
    assert shapes["h"] == (4, 2)
    again = check_gradients("gru", steps=2, batch=4, inputs=1, hidden=2, seed=5)
    assert table.equals(again)
    other = check_gradients("gru", steps=2, batch=4, inputs=1, hidden=2, seed=6)
    assert table["analytic"].tolist() != other["analytic"].tolist()


@pytest.fixture
def wrong_tanh(monkeypatch: pytest.MonkeyPatch) -> CellDefinition:
    """Return a cell derived while the derivative of tanh is off by a part in 10,000."""
    right = OPERATIONS["tanh"]
    wrong = dataclasses.replace(right, gradient=lambda d, y, _: (d * (1 - y * y) * 1.0001,))
    monkeypatch.setitem(OPERATIONS, "tanh", wrong)

    @cell
    def wrong_cell(x, h):
        return tanh(linear("g", x, h) + vector("p") * h)

    assert wrong_cell.derivation  # derived here and now
    return wrong_cell


def test_a_wrong_derivative_is_found_where_it_is(wrong_tanh):
    table = check_gradients(wrong_tanh, steps=1)
    assert (table["error"] > 1e-5).all()
    assert table["error"].max() == pytest.approx(1e-4, rel=0.01)
    for row in table.to_dict("records"):
        assert row["analytic"] / row["numeric"] == pytest.approx(1.0001, rel=1e-6)
        assert len(row["index"]) == len(row["shape"])


def test_a_corner_is_left_out_and_counted():
    """relu(0): the loss has a slope to the left and one to the right."""

    @cell
    def cornered(x, h):
        return relu(h - h) + relu(vector("p") * 0.0 * h) + tanh(linear("g", x, h))

    @cell
    def at_zero(x, h):
        # relu of (p - p's own value) is at its corner in every unit
        return relu(tanh(linear("g", x, h)) * 0.5 - tanh(linear("k", x, h)) * 0.5)

    assert (check_gradients(cornered)["kinks"] == 0).all()  # constant: no corner

    from rnnlab.analysis import gradient_check

    draw = gradient_check._draw

    def twins(*arguments):
        case = draw(*arguments)
        for name, array in case.layer.parameters.items():
            if name != "bias_l0":
                half = array.shape[0] // 2
                array[half:] = array[:half]
        case.layer.parameters["bias_l0"][:] = 0.1
        return case

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradient_check, "_draw", twins)
        table = check_gradients(at_zero, steps=1, seed=0)
    assert (table["kinks"] > 0).any()
    assert (table["error"] < 1e-6).all()


def test_a_corner_near_by_is_measured_past(monkeypatch):
    """Within 1e-5 of the corner the wide difference is wrong, the short one right."""

    @cell
    def bent(x, h):
        return relu(vector("p")) + 0.1 * tanh(linear("g", x, h))

    from rnnlab.analysis import gradient_check

    draw = gradient_check._draw

    def near(*arguments):
        case = draw(*arguments)
        case.layer.parameters["p_l0"][:] = [3e-6, -3e-6, 1.0, -1.0]
        return case

    monkeypatch.setattr(gradient_check, "_draw", near)
    table = check_gradients(bent)
    row = next(row for row in table.to_dict("records") if row["name"] == "p_l0")
    assert row["kinks"] == 0
    assert row["error"] < 1e-6


def test_a_loss_that_is_not_finite_is_said():
    @cell
    def explosive(x, h):
        return exp(exp(h * 3.0 + 4.0)) + linear("g", x)

    with (
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match=r"loss of explosive must be finite, got .*: use fewer"),
    ):
        check_gradients(explosive)
