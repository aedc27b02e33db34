"""What @cell records, and every definition that it refuses, with the line and the remedy."""

from __future__ import annotations

import inspect
import math
import re
import textwrap
from types import FunctionType

import numpy as np
import pytest

from rnnlab import (
    cell,
    hard_sigmoid,
    identity,
    linear,
    log,
    maximum,
    minimum,
    relu,
    scalar,
    sigmoid,
    softsign,
    sqrt,
    tanh,
    uniform,
    vector,
    where,
)
from rnnlab.cells import CellDefinition, gru, lstm, peephole_lstm, rnn, rnn_relu
from rnnlab.equations import EquationError, Uniform
from rnnlab.registry import cells

H, I = 5, 3  # noqa: E741


def shapes(definition):
    return {name: array.shape(inputs=I, units=H) for name, array in definition.arrays.items()}


class TestRecords:
    def test_registry_holds_the_cells_in_order(self):
        assert cells.names()[:5] == ["rnn", "rnn-relu", "lstm", "peephole-lstm", "gru"]
        assert cells["lstm"] is lstm
        assert all(cells[name].name == name for name in cells)

    def test_every_registered_cell_cites_its_source(self):
        for name in cells:
            assert re.search(r"\d{4}\)", cells[name].summary), name
            assert re.search(r" \d{4}, ", cells[name].paper), name

    def test_what_a_paper_says_beside_the_equations(self):
        @cell(
            paper="Nobody 1999, equation 1",
            differs="all of it",
            init="glorot",
            positive=("n",),
        )
        def mine(x, h, n):
            n = n + 1
            return tanh(linear("g", x, h)) / n, n

        assert (mine.paper, mine.differs) == ("Nobody 1999, equation 1", "all of it")
        assert (mine.init, mine.positive) == ("glorot", ("n",))

        @cell
        def plain(x, h):
            return tanh(linear("g", x, h))

        assert (plain.paper, plain.differs, plain.init, plain.positive) == ("", "", "default", ())

    def test_without_options(self):
        @cell
        def my_cell(x, h):
            """One line.

            More.
            """
            return tanh(linear("g", x, h))

        assert isinstance(my_cell, CellDefinition)
        assert (my_cell.name, my_cell.states, my_cell.maps) == ("my-cell", ("h",), ("g",))
        assert (my_cell.keep, my_cell.write) == (None, None)
        assert my_cell.summary == "One line."
        assert repr(my_cell) == "<cell my-cell(x, h), H(I+H+1) parameters>"

    def test_with_options(self):
        @cell(keep="f", write="i", name="other")
        def _mine(x, h, c):
            i = sigmoid(linear("i", x))
            f = sigmoid(linear("f", x))
            c = f * c + i * tanh(linear("g", x, h))
            return tanh(c), c

        assert (_mine.name, _mine.keep, _mine.write) == ("other", "f", "i")
        assert _mine.states == ("h", "c")
        assert _mine.summary == ""

    def test_an_underscore_in_front_is_not_part_of_the_name(self):
        @cell
        def _hidden(x, h):
            return tanh(linear("g", x, h))

        assert _hidden.name == "hidden"

    def test_calling_it_calls_the_function(self):
        @cell
        def add(x, h):
            return h + linear("g", x) if not isinstance(h, float) else h + x

        assert add(1.0, 2.0) == 3.0

    @pytest.mark.parametrize(
        ("definition", "keep", "write"),
        [
            (rnn, None, None),
            (rnn_relu, None, None),
            (lstm, "f", "i"),
            (peephole_lstm, "f", "i"),
            (gru, "z", None),
        ],
    )
    def test_gates_that_keep_and_write(self, definition, keep, write):
        assert (definition.keep, definition.write) == (keep, write)

    def test_the_order_of_the_maps(self):
        assert lstm.maps == ("i", "f", "g", "o")
        assert peephole_lstm.maps == ("i", "f", "g", "o")
        assert gru.maps == ("r", "z", "n", "n")
        assert rnn.maps == rnn_relu.maps == ("h",)


class TestArrays:
    """Names, shapes and order by the contract's rule."""

    def test_rnn(self):
        assert shapes(rnn) == {"weight_ih": (5, 3), "weight_hh": (5, 5), "bias": (5,)}

    def test_lstm(self):
        assert shapes(lstm) == {"weight_ih": (20, 3), "weight_hh": (20, 5), "bias": (20,)}
        assert all(array.maps == (0, 1, 2, 3) for array in lstm.arrays.values())

    def test_peephole_lstm(self):
        vectors = {"p_i": (5,), "p_f": (5,), "p_o": (5,)}
        assert shapes(peephole_lstm) == {**shapes(lstm), **vectors}
        assert list(peephole_lstm.arrays)[3:] == ["p_i", "p_f", "p_o"]

    def test_gru_has_the_bias_inside_the_reset_apart(self):
        assert shapes(gru) == {
            "weight_ih": (15, 3),
            "weight_hh": (15, 5),
            "bias": (15,),
            "bias_hn": (5,),
        }
        names = {n: [gru.maps[k] for k in array.maps] for n, array in gru.arrays.items()}
        assert names["weight_ih"] == names["weight_hh"] == names["bias"] == ["r", "z", "n"]
        assert names["bias_hn"] == ["n"]

    def test_maps_on_another_state_are_stacked_by_its_name(self):
        @cell
        def full(x, h, c):
            i = sigmoid(linear("i", x, h, c))
            g = tanh(linear("g", x, h))
            c = c * (1 - i) + i * g
            o = sigmoid(linear("o", x, h, c))  # the new c takes the old one's array
            return o * tanh(c), c

        assert shapes(full) == {
            "weight_ih": (15, 3),
            "weight_hh": (15, 5),
            "weight_ch": (10, 5),
            "bias": (15,),
        }
        assert [full.maps[k] for k in full.arrays["weight_ch"].maps] == ["i", "o"]

    def test_a_computed_operand_stands_in_for_h(self):
        @cell
        def before(x, h):
            r = sigmoid(linear("r", x, h))
            return tanh(linear("n", x, r * h))

        assert shapes(before) == {"weight_ih": (10, 3), "weight_hh": (10, 5), "bias": (10,)}

    def test_two_computed_operands_of_one_gate_have_arrays_of_their_own(self):
        @cell
        def crossed(x, h):
            a = tanh(linear("a", x, h))
            b = sigmoid(linear("b", x, h))
            return tanh(linear("c", a, b))

        weights = {"weight_ih": (10, 3), "weight_hh": (10, 5), "weight_ah": (5, 5)}
        biases = {"bias": (10,), "bias_hc": (5,)}
        assert shapes(crossed) == {**weights, "weight_bh": (5, 5), **biases}
        assert list(crossed.arrays) == [*weights, "weight_bh", *biases]

    def test_a_computed_operand_beside_h_has_an_array_of_its_own(self):
        @cell
        def beside(x, h):
            r = sigmoid(linear("r", x, h))
            return tanh(linear("n", x, h, r * h) + linear("m", r * h))

        names = {n: [beside.maps[k] for k in a.maps] for n, a in beside.arrays.items()}
        assert names["weight_hh"] == ["r", "n"]
        assert names["weight_n2h"] == ["n", "m"]
        # whatever holds its matrix, it stands in for the output, which analyses cut
        operands = [arg for node in beside.equations.maps for arg in node.args]
        assert [beside.stands_for(one) for one in operands] == ["x", "h", "x", "h", "h", "h"]
        assert [beside.source_of(one) for one in operands] == ["x", "h", "x", "h", "n2", "n2"]

    def test_names_of_arrays_that_are_taken_already(self):
        @cell
        def taken(x, h, c):
            before, i = c, sigmoid(linear("i", x, h))
            x = tanh(linear("g", x, h))
            c = i * c + x
            return tanh(linear("o", i, x, h) + linear("p", before, c)), c

        assert [a.name for a in taken.arrays.values() if a.kind == "weight"] == [
            *("weight_ih", "weight_hh", "weight_ch"),
            *("weight_i_h", "weight_x_h", "weight_new_ch"),
        ]

    def test_input_only_gates_and_maps_without_bias(self):
        @cell
        def only(x, h):
            z = tanh(linear("z", x, bias=None))
            u = sigmoid(linear("u", x, h, bias=2.0))
            return u * h + (1 - u) * z

        assert shapes(only) == {"weight_ih": (10, 3), "weight_hh": (5, 5), "bias": (5,)}
        assert [only.maps[k] for k in only.arrays["bias"].maps] == ["u"]

    def test_no_map_sees_x(self):
        @cell
        def deaf(x, h):
            return tanh(linear("g", h))

        assert shapes(deaf) == {"weight_hh": (5, 5), "bias_hg": (5,)}

    def test_vectors_keep_their_names_and_what_they_start_at(self):
        @cell
        def scaled(x, h):
            return tanh(vector("gain", init=1.5) * linear("g", x, h) + vector("shift"))

        found = {n: a.init for n, a in scaled.arrays.items() if a.kind == "vector"}
        assert found == {"gain": 1.5, "shift": 0.0}

    def test_a_scalar_is_one_number_for_all_units(self):
        @cell
        def scaled(x, h):
            return tanh(linear("g", x, h)) * scalar("zeta", init=0.5) + scalar("nu")

        assert shapes(scaled)["zeta"] == shapes(scaled)["nu"] == (1,)
        assert [a.kind for a in scaled.arrays.values()][-2:] == ["scalar", "scalar"]
        assert scaled.arrays["zeta"].init == 0.5

    def test_starts_that_are_drawn(self):
        @cell
        def drawn(x, h):
            u = vector("u", init=uniform(-1, 1))
            return relu(linear("g", x) + u * h) * scalar("s", init=uniform(0, 0.5))

        assert drawn.arrays["u"].init == Uniform(-1.0, 1.0)
        assert drawn.arrays["s"].init == uniform(0, 0.5)

    def test_one_vector_used_twice_is_one_array(self):
        @cell
        def twice(x, h):
            return tanh(linear("g", x) * vector("p") + h * vector("p"))

        assert list(twice.arrays) == ["weight_ih", "bias", "p"]


def refuse(function, *, on, match, **options):
    """Check that @cell refuses `function`, naming the line that holds the text `on`."""
    lines, first = inspect.getsourcelines(function)
    where_ = [first + k for k, line in enumerate(lines) if on in line]
    assert where_, f"no line with {on!r}"
    with pytest.raises(EquationError, match=match) as caught:
        cell(**options)(function)
    file, number, _ = str(caught.value).split(":", 2)
    assert file == __file__
    assert int(number) == where_[0], caught.value
    assert "\n" not in str(caught.value)


def other_values(x, h):
    leaked.append(h)
    return tanh(linear("g", x, h))


leaked: list[object] = []


class TestRefuses:
    def test_a_state_forgotten_in_the_return(self):
        def f(x, h, c):
            return tanh(linear("g", x, h))

        refuse(f, on="return", match=r"one value per state \(h, c\), got 1: .*`return h, c`")

    def test_a_value_too_many(self):
        def f(x, h):
            return h, h

        refuse(f, on="return", match=r"\(h\), got 2")

    def test_nothing_returned(self):
        def f(x, h):
            linear("g", x, h)

        refuse(f, on="linear(", match="must return its new states: end it with `return h`")

    def test_a_number_returned(self):
        def f(x, h, c):
            return tanh(linear("g", x, h)), 0.0

        refuse(f, on="return", match="a value for state c, got float: return the name")

    def test_x_returned(self):
        def f(x, h):
            linear("g", x, h)
            return x

        refuse(f, on="return", match=r"state h cannot be x itself.*linear\(name, x\)")

    def test_a_branch_on_a_value(self):
        def f(x, h):
            g = linear("g", x, h)
            if g > 0:
                g = -g
            return g

        refuse(f, on="if g > 0", match=r"cannot branch on a value: use where\(condition, a, b\)")

    def test_and_between_values(self):
        def f(x, h):
            g = linear("g", x, h)
            return g and h

        refuse(f, on="g and h", match="cannot branch")

    @pytest.mark.parametrize("choose", [max, min])
    def test_pythons_max_and_min(self, choose):
        def f(x, h):
            g = linear("g", x, h)
            return choose(g, h)

        remedy = r"minimum\(a, b\) or maximum\(a, b\) of rnnlab for Python's min and max"
        refuse(f, on="choose(g, h)", match=f"cannot branch.*{remedy}")

    def test_a_chain_of_comparisons(self):
        def f(x, h):
            g = linear("g", x, h)
            return where(0 < g < h, g, h)

        refuse(f, on="0 < g", match="cannot branch")

    def test_a_function_of_numpy(self):
        def f(x, h):
            g = linear("g", x, h)
            return np.tanh(g)

        refuse(f, on="np.tanh", match="NumPy's tanh .*from rnnlab import tanh")

    def test_a_function_of_math(self):
        def f(x, h):
            g = linear("g", x, h)
            return math.tanh(g)

        refuse(f, on="math.tanh", match="Python's tanh .*from rnnlab import tanh")

    @pytest.mark.parametrize(
        ("use", "remedy"),
        [
            (math.log, "Python's log .*from rnnlab import log"),
            (math.sqrt, "Python's sqrt .*from rnnlab import sqrt"),
            (math.fabs, r"Python's fabs .*write abs\(a\)"),
            (math.cos, "Python's cos .*rnnlab has no cos: write it with arithmetic, abs, exp"),
        ],
    )
    def test_more_of_math(self, use, remedy):
        def f(x, h):
            g = linear("g", x, h)
            return use(g)

        refuse(f, on="use(g)", match=remedy)

    @pytest.mark.parametrize(
        ("use", "remedy"),
        [
            (np.log, "NumPy's log does not take .*from rnnlab import log"),
            (np.abs, "NumPy's absolute does not take .*use Python's abs"),
            (lambda g: np.maximum(g, 0), "NumPy's maximum .*from rnnlab import maximum"),
            (lambda g: np.clip(g, 0, 1), r"no .clip: .*maximum\(low, minimum\(a, high\)\)"),
            (lambda g: np.cos(g), "NumPy's cos does not take .*: rnnlab has no cos"),
            (lambda g: np.where(g > 0, g, 0), "NumPy's where .*from rnnlab import where"),
            (lambda g: np.sum([g, g]), "NumPy.* does not take"),
        ],
    )
    def test_more_of_numpy(self, use, remedy):
        def f(x, h):
            g = linear("g", x, h)
            return use(g)

        with pytest.raises(EquationError, match=rf"test_definition\.py:\d+: .*{remedy}"):
            cell(f)

    @pytest.mark.parametrize("function", [minimum, maximum])
    def test_an_extremum_of_x(self, function):
        def f(x, h):
            return function(x, h) + linear("g", x)

        refuse(f, on="function(x, h)", match=r"use linear\(name, x\)")

    def test_an_extremum_of_three(self):
        def f(x, h):
            g = linear("g", x, h)
            return maximum(g, h, 0)  # type: ignore[call-arg]

        refuse(f, on="maximum(g", match="takes 2 positional arguments.*equations are made of")

    @pytest.mark.parametrize("function", [log, sqrt, hard_sigmoid, softsign, identity, abs])
    def test_a_function_of_two(self, function):
        def f(x, h):
            g = linear("g", x, h)
            return function(g, h)

        refuse(f, on="function(g, h)", match="argument.*equations are made of")

    def test_a_numpy_array(self):
        def f(x, h):
            g = linear("g", x, h)
            return g * np.ones(3)

        refuse(f, on="np.ones", match="values and numbers only, got ndarray: .*vector")

    def test_an_array_in_front(self):
        def f(x, h):
            g = linear("g", x, h)
            return np.ones(3) * g

        refuse(f, on="np.ones", match="values and numbers only, got ndarray")

    def test_an_unknown_function(self):
        def f(x, h):
            g = linear("g", x, h)
            return sigmoyd(g)  # type: ignore[name-defined]  # noqa: F821

        refuse(f, on="sigmoyd", match="'sigmoyd' is not defined: did you mean 'sigmoid'")

    def test_an_operator_that_the_language_does_not_have(self):
        def f(x, h):
            g = linear("g", x, h)
            return g % h

        refuse(f, on="g % h", match="equations have no %, // and rounding")

    def test_a_method(self):
        def f(x, h):
            g = linear("g", x, h)
            return g.sum()

        refuse(
            f, on="g.sum", match=r"a value has no \.sum: .* only linear\(name, value\) sums over"
        )

    @pytest.mark.parametrize(
        ("power", "match"),
        [
            (True, "numbers only, got bool"),
            ("2", "numbers only, got str"),
            (math.inf, "must be finite"),
            (10**400, "must be finite"),
        ],
    )
    def test_a_power_that_is_no_number(self, power, match):
        def f(x, h):
            g = linear("g", x, h)
            return g**power

        refuse(f, on="g**power", match=match)

    @pytest.mark.parametrize("base", [0, -2, -0.5])
    def test_a_power_of_a_base_that_has_none(self, base):
        def f(x, h):
            g = linear("g", x, h)
            return base**g

        refuse(f, on="base**g", match=f"needs a positive base, got {base:g}: use one above 0")

    @pytest.mark.parametrize("zero", [0, 0.0])
    def test_a_division_by_zero(self, zero):
        def f(x, h):
            g = linear("g", x, h)
            return g / zero

        refuse(f, on="g / zero", match="divides by 0: divide by a value or")

    @pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, 10**400])
    def test_a_number_that_is_not_finite(self, number):
        def f(x, h):
            g = linear("g", x, h)
            return g * number

        refuse(f, on="g * number", match="must be finite")

    def test_x_used_elementwise(self):
        def f(x, h):
            g = linear("g", x, h)
            return g * x

        refuse(f, on="g * x", match=r"x has I numbers, .*use linear\(name, x\)")

    def test_x_in_a_function(self):
        def f(x, h):
            return tanh(x) + h

        refuse(f, on="tanh(x)", match=r"use linear\(name, x\)")

    @pytest.mark.parametrize(
        "compare",
        [
            lambda a, b: a == b,
            lambda a, b: a != b,
            lambda a, b: a >= b,
            lambda a, b: a <= b,
            lambda a, b: a in (b, 1),
        ],
    )
    def test_other_comparisons(self, compare):
        def f(x, h):
            return where(compare(linear("g", x), h), h, 1)

        with pytest.raises(EquationError, match=r"compare with > and < only: where\(a > b, p, q\)"):
            cell(f)

    def test_a_comparison_as_a_number(self):
        def f(x, h):
            g = linear("g", x, h)
            return (g > 0) * g

        refuse(f, on="(g > 0)", match=r"comparison is not a number: use where\(condition, a, b\)")

    def test_a_comparison_as_a_result(self):
        def f(x, h):
            return linear("g", x, h) > 0

        refuse(f, on="return", match=r"state h cannot be a comparison.*where\(condition, 1, 0\)")

    def test_a_condition_that_is_none(self):
        def f(x, h):
            g = linear("g", x, h)
            return where(g, g, h)

        refuse(f, on="where(g", match="condition of where must compare values, such as x > 0")

    def test_a_condition_of_python(self):
        def f(x, h):
            g = linear("g", x, h)
            return where(True, g, h)

        refuse(f, on="where(True", match="condition of where must compare values")

    @pytest.mark.parametrize(
        ("use", "remedy"),
        [
            (lambda g: g[0], "cannot be unpacked, indexed"),
            (lambda g: list(g), "cannot be unpacked, indexed"),
            (lambda g: g @ g, r"no @ between values: linear\(name, value\) is the only product"),
            (lambda g: np.ones((2, 2)) @ g, "NumPy's matmul .*linear"),
        ],
    )
    def test_a_value_taken_for_an_array(self, use, remedy):
        def f(x, h):
            return use(linear("g", x, h))

        with pytest.raises(EquationError, match=remedy):
            cell(f)

    def test_a_value_of_another_cell(self):
        cell(other_values)
        foreign = leaked[-1]

        def added(x, h):
            g = linear("g", x, h)
            return g + foreign

        def multiplied_by_a_matrix(x, h):
            return tanh(linear("g", x, foreign))

        def returned(x, h):
            linear("g", x, h)
            return foreign

        message = "value of another cell .*cannot leave the cell's function"
        refuse(added, on="g + foreign", match=message)
        refuse(multiplied_by_a_matrix, on="x, foreign", match=message)
        refuse(returned, on="return foreign", match=message)

    def test_a_map_name_twice_on_one_operand(self):
        def f(x, h):
            a = linear("g", x, h)
            return a * linear("g", h)

        refuse(f, on="a * linear", match=r"linear\('g'\) is declared twice on the same operand: ")

    def test_a_gate_with_two_biases_beside_that_on_x(self):
        def f(x, h):
            u = sigmoid(linear("u", x, h))
            return tanh(linear("n", h)) + u * linear("n", u * h)

        refuse(f, on="u * linear", match="gate n must have at most one bias .*: write bias")

    def test_an_operand_twice_in_one_map(self):
        def f(x, h):
            return tanh(linear("g", h, x, h))

        refuse(f, on="linear(", match="same operand twice: one matrix is enough")

    def test_a_map_without_operands(self):
        def f(x, h):
            return tanh(linear("g") + h)

        refuse(f, on="linear(", match=r"needs an operand: write linear\('g', x, h\)")

    @pytest.mark.parametrize("operand", [1.0, None, "h", np.ones(3)])
    def test_an_operand_that_is_no_value(self, operand):
        def f(x, h):
            return tanh(linear("g", operand))

        refuse(f, on="linear(", match="takes x, states and computed values, got")

    @pytest.mark.parametrize("name", [1, "", "two words", "f-gate", None])
    def test_a_name_that_is_none(self, name):
        def f(x, h):
            return tanh(linear(name, x))

        def g(x, h):
            return tanh(linear("g", x) + vector(name))

        refuse(f, on="linear(", match="must be a word")
        refuse(g, on="vector(", match="must be a word")

    @pytest.mark.parametrize("bias", ["1", True, math.nan, math.inf])
    def test_a_bias_that_is_no_number(self, bias):
        def f(x, h):
            return tanh(linear("g", x, bias=bias))

        def g(x, h):
            return tanh(linear("g", x) + vector("p", init=bias))

        refuse(f, on="linear(", match=r"bias of linear\('g'\) must be a finite number or None")
        refuse(g, on="vector(", match=r"init of vector\('p'\) must be a finite number or uniform")

    @pytest.mark.parametrize("ends", [(1, 1), (2, 1), (0, math.inf), ("0", 1), (0, True)])
    def test_a_start_that_cannot_be_drawn(self, ends):
        def f(x, h):
            return tanh(linear("g", x) + vector("p", init=uniform(*ends)))

        refuse(f, on="uniform(", match="two finite numbers, the lower one first, got")

    def test_a_vector_that_is_a_scalar_elsewhere(self):
        def f(x, h):
            p = vector("p")
            return tanh(linear("g", x)) * p + scalar("p")

        refuse(f, on='+ scalar("p")', match="'p' is declared as a vector and as a scalar: give")

    def test_a_vector_twice_with_other_starts(self):
        def f(x, h):
            p = vector("p", init=1.0)
            return tanh(linear("g", x)) * p + vector("p")

        refuse(f, on='+ vector("p")', match="declared twice with other initial values: give them")

    @pytest.mark.parametrize("name", ["bias", "weight_hh"])
    def test_a_vector_called_as_another_array(self, name):
        def f(x, h):
            return tanh(linear("g", x, h) + vector(name))

        refuse(f, on="vector(", match=f"different names, got {name} twice: rename a vector")

    @pytest.mark.parametrize("role", ["keep", "write"])
    def test_a_gate_that_does_not_exist(self, role):
        def f(x, h):
            forget = sigmoid(linear("forget", x, h))
            return forget * h

        refuse(
            f,
            on="def f",
            match=f"{role} gate must be one of forget, got 'forgot': did you mean 'forget'",
            **{role: "forgot"},
        )

    def test_a_keep_gate_without_a_bias(self):
        def f(x, h):
            return sigmoid(linear("f", x, h, bias=None)) * h

        refuse(f, on="linear(", match="keep gate f must have a bias: drop its bias=None", keep="f")

    def test_no_state(self):
        def f(x):
            return tanh(linear("g", x))

        refuse(f, on="def f", match=r"x and at least one state, got \(x\): write def f\(x, h\)")

    def test_no_argument(self):
        def f():
            return 1

        refuse(f, on="def f", match=r"at least one state")

    def test_stars_and_keywords(self):
        def f(x, *states):
            return tanh(linear("g", x))

        def g(x, h, **more):
            return tanh(linear("g", x))

        def k(x, *, h):
            return tanh(linear("g", x))

        refuse(f, on="def f", match=r"by position: drop \* and \*\*")
        refuse(g, on="def g", match=r"by position")
        refuse(k, on="def k", match=r"by position")

    def test_a_state_called_i(self):
        def f(x, i):
            return tanh(linear("g", x, i))

        refuse(f, on="def f", match="state named i would share weight_ih with the input: call it")

    def test_states_called_x_or_with_an_underscore(self):
        def f(u, x):
            return tanh(linear("g", u) + linear("k", x))

        def g(x, _h):
            return tanh(linear("g", x, _h))

        refuse(f, on="def f", match="state cannot be called x")
        refuse(g, on="def g", match="state cannot be called _h")

    def test_no_map_at_all(self):
        def f(x, h):
            return 0.5 * h

        refuse(f, on="def f", match=r"must have a linear: feed x in")

    @pytest.mark.parametrize("name", ["2-gate", "my cell", "a,b", "a/b", "a:b"])
    def test_a_name_that_commands_and_files_cannot_carry(self, name):
        def f(x, h):
            return tanh(linear("g", x, h))

        refuse(f, on="def f", match="letters, digits and hyphens", name=name)

    def test_what_is_no_function(self):
        class Callable:
            def __call__(self, x, h):
                return h

        with pytest.raises(TypeError, match=r"takes a function .*write the equations as a plain"):
            cell(Callable())

    def test_a_positive_state_that_does_not_exist(self):
        def f(x, h, norm):
            return tanh(linear("g", x, h)), norm

        message = "state must be one of h, norm, got 'nrm': did you mean 'norm'"
        refuse(f, on="def f", match=message, positive=("nrm",))

    @pytest.mark.parametrize(
        "declare", [lambda: linear("f", 1), lambda: vector("p"), lambda: scalar("p")]
    )
    def test_declarations_outside_a_cell(self, declare):
        with pytest.raises(EquationError, match="call it inside a function under @cell"):
            declare()

    def test_the_line_is_that_of_a_helper(self):
        """A line in a function that the cell calls is named where it stands."""

        def helper(g):
            return np.exp(g)

        def f(x, h):
            return helper(linear("g", x, h))

        _, first = inspect.getsourcelines(helper)
        with pytest.raises(EquationError, match=f"{first + 1}: NumPy's exp"):
            cell(f)

    def test_a_refused_cell_leaves_nothing_behind(self):
        def f(x, h):
            return tanh(x)

        with pytest.raises(EquationError):
            cell(f)
        with pytest.raises(EquationError, match="call it inside a function under @cell"):
            linear("g", 1)
        assert rnn.name in cells


class TestFunctionsOutsideACell:
    """On numbers and arrays the language's functions compute."""

    def test_functions_compute(self, rng):
        a = 5 * rng.standard_normal((3, 4))
        np.testing.assert_allclose(sigmoid(a), 1 / (1 + np.exp(-a)), rtol=1e-14)
        np.testing.assert_array_equal(tanh(a), np.tanh(a))
        np.testing.assert_array_equal(relu(a), np.where(a > 0, a, 0))
        np.testing.assert_array_equal(where(a > 0, a, -1), np.where(a > 0, a, -1))
        np.testing.assert_array_equal(minimum(a, 0.5), np.minimum(a, 0.5))
        np.testing.assert_array_equal(maximum(0.5, a), np.maximum(a, 0.5))
        np.testing.assert_array_equal(log(a * a), np.log(a * a))
        np.testing.assert_array_equal(sqrt(a * a), np.abs(a))
        np.testing.assert_array_equal(identity(a), a)
        np.testing.assert_allclose(softsign(a), a / (1 + np.abs(a)), rtol=1e-15)
        np.testing.assert_allclose(hard_sigmoid(a), np.clip(a / 6 + 0.5, 0, 1), rtol=1e-15)

    def test_ends_of_the_line(self):
        """As the kernels have them (tests/engine/test_vector_math.py), without a warning."""
        ends = np.array([np.nan, np.inf, -np.inf, 0.0])
        np.testing.assert_array_equal(log(ends), [np.nan, np.inf, np.nan, -np.inf])
        np.testing.assert_array_equal(sqrt(ends), [np.nan, np.inf, np.nan, 0])
        np.testing.assert_array_equal(softsign(ends), [np.nan, 1, -1, 0])
        np.testing.assert_array_equal(hard_sigmoid(ends), [np.nan, 1, 0, 0.5])

    def test_sigmoid_does_not_overflow(self):
        assert sigmoid(np.array([-1e4, 1e4])).tolist() == [0.0, 1.0]


def test_equations_hold_without_tracing(rng):
    """The function as written, on NumPy, gives what the derived source gives."""
    values = {name: rng.standard_normal((2, 3)) for name in ("i", "f", "g", "o")}
    h, c = rng.standard_normal((2, 2, 3))
    written = lstm.function
    run = FunctionType(
        written.__code__, {**written.__globals__, "linear": lambda name, *_, **__: values[name]}
    )
    expected = run(None, h, c)
    scope: dict[str, object] = {"sigmoid": sigmoid, "tanh": tanh}
    exec(lstm.derivation.forward_source(), scope)
    found = scope["lstm_forward"](*values.values(), h, c)  # type: ignore[operator]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)


def test_printed_steps_are_python(tmp_path):
    """A vector or a gate called as a keyword or a function is renamed, not printed raw."""

    @cell
    def shadowing(x, h):
        t0 = sigmoid(linear("exp", x, h) + vector("lambda"))
        q = linear("q", x) + linear("w", h)
        return t0 * h + (t0 * q) * (t0 * q) + vector("tanh") * tanh(q)

    scope: dict[str, object] = {"sigmoid": sigmoid, "tanh": tanh, "where": where}
    for source in (shadowing.derivation.forward_source(), shadowing.derivation.backward_source()):
        exec(textwrap.dedent(source), scope)
    draw = np.random.default_rng(0)
    numbers = draw.standard_normal(6)
    a, q, w, h, p, r = numbers
    t0 = 1 / (1 + np.exp(-(a + p)))
    expected = t0 * h + (t0 * (q + w)) ** 2 + r * np.tanh(q + w)
    found = scope["shadowing_forward"](*numbers)  # type: ignore[operator]
    assert float(found) == pytest.approx(expected, rel=1e-14)
