"""What a cell is said to be, against its plan, its layers and formulas by hand."""

from __future__ import annotations

import math
import re
import types

import pytest

from rnnlab.cells import cell, find_cell, gru, lstm, peephole_lstm
from rnnlab.cells.description import (
    about,
    direct_path_texts,
    initial_text,
    parameter_rows,
    recurrent_products,
)
from rnnlab.cells.layout import ParameterArray, count_formula
from rnnlab.engine.plan import make_plan
from rnnlab.equations import linear, sigmoid, tanh, vector
from rnnlab.equations.expression import reachable
from rnnlab.layers import Recurrent
from rnnlab.registry import cells


@cell
def two_products(x, h):
    """A second product a step, on a gated state."""
    r = sigmoid(linear("r", x, h))
    return tanh(linear("n", x, r * h))


@cell
def diagonal(x, h):
    return tanh(linear("n", x, bias=None) + vector("u") * h)


@cell
def constant_rows(x, h):
    """What is learned of x is one value, so that a product on it waits for nobody."""
    z = tanh(linear("z", x))
    return h * sigmoid(linear("v", z))


@pytest.mark.parametrize(
    ("definition", "formula"),
    [
        (lstm, "4H(I+H+1)"),
        (peephole_lstm, "H(4I+4H+7)"),
        (gru, "H(3I+3H+4)"),
        (find_cell("rnn"), "H(I+H+1)"),
        (two_products, "2H(I+H+1)"),
        (diagonal, "H(I+1)"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_formulas_by_hand(definition, formula):
    assert definition.parameter_formula == formula


@pytest.mark.parametrize("name", cells.names())
@pytest.mark.parametrize(("inputs", "units"), [(1, 1), (3, 5), (7, 2)])
def test_the_formula_counts_what_a_layer_learns(name, inputs, units):
    formula = cells[name].parameter_formula
    python = re.sub(r"(?<=[\dH])(?=[IH(])", "*", formula)
    count = eval(python, {"I": inputs, "H": units})
    assert count == Recurrent(name, inputs, units).parameter_count


def test_numbers_that_do_not_grow_with_the_layer_stand_apart():
    """A learned number per layer has the shape () or (1,)."""
    single = ParameterArray("tau", "scalar")
    assert count_formula([*lstm.arrays.values(), single]) == "4H(I+H+1)+1"
    assert single.shape_text == "(1,)"


@pytest.mark.parametrize(
    ("definition", "products"),
    [(lstm, 1), (gru, 1), (two_products, 2), (diagonal, 0), (constant_rows, 0)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_products_by_hand(definition, products):
    assert recurrent_products(definition) == products


@pytest.mark.parametrize(
    "definition",
    [*(cells[name] for name in cells), two_products, constant_rows],
    ids=lambda c: c.name,
)
def test_products_are_those_of_the_plan(definition):
    """Of the plan's products, those that wait for the step before."""
    states = {node.index for node in definition.equations.states.values()}
    waiting = 0
    for product in make_plan(definition).products:
        if product.source == "operand":
            operand = definition.derivation.operands[product.index]
            waiting += any(node.index in states for node in reachable([operand]))
        else:
            waiting += product.source == "state"
    assert recurrent_products(definition) == waiting


def test_shapes_and_initial_values():
    assert parameter_rows(peephole_lstm) == [
        ("weight_ih_l0", "(4H, I)", "Glorot uniform, a block each for i f g o"),
        ("weight_hh_l0", "(4H, H)", "orthogonal, a block each for i f g o"),
        ("bias_l0", "(4H,)", "i 0, f 1, g 0, o 0"),
        ("p_i_l0", "(H,)", "0"),
        ("p_f_l0", "(H,)", "0"),
        ("p_o_l0", "(H,)", "0"),
    ]


@pytest.mark.parametrize("name", cells.names())
def test_every_parameter_of_a_layer_is_listed_with_its_shape(name):
    layer = Recurrent(name, 3, 5)
    rows = {row[0]: row[1] for row in parameter_rows(cells[name])}
    assert list(rows) == list(layer.parameters)
    for key, array in layer.parameters.items():
        shape = eval(re.sub(r"(?<=\d)(?=H)", "*", rows[key]), {"I": 3, "H": 5})
        assert shape == array.shape
        assert math.prod(shape) == array.size


def test_what_a_vector_starts_at_may_be_text():
    """An initialiser that is no number is named."""
    named = types.SimpleNamespace(kind="vector", maps=(), init="uniform")
    assert initial_text(lstm, named) == "uniform"  # type: ignore[arg-type]


def test_direct_paths_as_papers_say_them():
    assert direct_path_texts(gru) == ["dh_t/dh_{t-1} = z"]
    assert "dc_t/dc_{t-1} = f" in direct_path_texts(lstm)
    assert direct_path_texts(find_cell("rnn")) == []
    h_to_c, _ = direct_path_texts(peephole_lstm)
    assert h_to_c.startswith("dh_t/dc_{t-1} = t0 * f + t0 * c_prev * f * (1 - f) * p_f + ")
    assert h_to_c.endswith(", with t0 = o * (1 - tanh_c * tanh_c) + tanh_c * o * (1 - o) * p_o")


def test_the_paper_is_named_where_the_summary_names_none():
    def described(summary, paper):
        return about(types.SimpleNamespace(summary=summary, paper=paper))  # type: ignore[arg-type]

    assert about(lstm) == lstm.summary
    assert described("A cell.", "Acme 2020, A cell") == "A cell. [Acme 2020, A cell]"
    assert described("A cell (Acme 2020).", "Acme 2020, A cell") == "A cell (Acme 2020)."
    assert described("", "Acme 2020") == "[Acme 2020]"


def test_a_recommended_initialisation_is_named():
    """A layer of such a cell does not start at Glorot and orthogonal matrices."""
    fake = types.SimpleNamespace(init="irnn", maps=lstm.maps, equations=lstm.equations)
    said = initial_text(fake, lstm.arrays["weight_hh"])  # type: ignore[arg-type]
    assert said == "by init='irnn', a block each for i f g o"


def test_source_is_as_it_was_written(awkward):
    assert two_products.source.startswith("@cell\ndef two_products(x, h):\n")
    assert 'where(h_new > part, h_new, 0.5 * part) - vector("p_i", init=-0.2)' in awkward.source
    scope: dict[str, object] = {"cell": cell, "linear": linear, "tanh": tanh}
    exec("@cell\ndef typed(x, h):\n    return tanh(linear('g', x, h))\n", scope)
    assert scope["typed"].source == ""  # type: ignore[attr-defined]
