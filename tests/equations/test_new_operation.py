"""An operation that is registered works everywhere: one entry, and one function for the kernels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numba import njit

import rnnlab
from rnnlab import cell, linear, sigmoid
from rnnlab.analysis import check_gradients
from rnnlab.analysis.gates import is_gate
from rnnlab.cells import CellDefinition
from rnnlab.cells.diagram import flowchart
from rnnlab.cells.latex import typeset
from rnnlab.engine.protocol import PassInputs
from rnnlab.engine.reference_engine import ReferenceEngine
from rnnlab.engine.vector_math import vector_functions
from rnnlab.equations.advice import vocabulary
from rnnlab.equations.expression import Expression
from rnnlab.equations.operation import OPERATIONS, Operation, add_operation
from rnnlab.equations.operations import function
from rnnlab.interop import Evaluator


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="operations must be unique, got 'tanh' twice: choose"):
        add_operation(OPERATIONS["tanh"])


def test_every_operation_has_what_it_needs():
    """A function that kernels call is compiled, and a user can import it."""
    for name, operation in OPERATIONS.items():
        assert operation.name == name
        if operation.python is None:
            assert {name} <= vector_functions("float32").keys() & vector_functions("float64").keys()
            if name != "abs":  # Python's own
                assert getattr(rnnlab, name) is getattr(rnnlab.equations, name)
                assert name in rnnlab.equations.__all__
        assert not operation.arrows or len(operation.arrows) == len(operation.takes)
        forms = [operation.python_form, operation.latex_form]
        for form in forms:
            assert all(f"#{k}" in form.text for k, _ in enumerate(operation.takes, 1))
            assert not form.operands or len(form.operands) == len(operation.takes)


@pytest.fixture(scope="module")
def windy() -> Iterator[CellDefinition]:
    """Return a cell of two operations that the language does not have."""

    @function(slope=lambda x, _: 1 / (1 + x * x), bounds=(-1.6, 1.6), latex=r"\arctan(#1)")
    def arctan(xp: Any, x: Any) -> Any:
        """Arc tangent."""
        return xp.arctan(x)

    add_operation(
        Operation(
            "hypot",
            lambda xp, a, b: xp.hypot(a, b),
            gradient=lambda d, y, a, b: (d * a / y, d * b / y),
            is_function=True,
        )
    )

    def hypot(a: Any, b: Any) -> Any:
        return a.graph.node("hypot", a, b)

    for dtype in ("float32", "float64"):
        vector_functions(dtype)["arctan"] = njit(lambda x: math.atan(x))
        vector_functions(dtype)["hypot"] = njit(lambda a, b: math.hypot(a, b))

    @cell
    def windy(x, h):
        """Angle and length."""
        a = arctan(linear("a", x, h))
        b = hypot(a, 1 + sigmoid(linear("b", x, h)))
        return a * b - 0.5 * h

    yield windy
    for name in ("arctan", "hypot"):
        del OPERATIONS[name]
        for dtype in ("float32", "float64"):
            del vector_functions(dtype)[name]


def test_tracing_and_numbers(windy):
    nodes = windy.equations.named
    assert (nodes["a"].op, nodes["b"].op) == ("arctan", "hypot")
    assert nodes["b"].is_function
    assert "arctan" in vocabulary()
    known = {node.index: np.array(0.5) for node in windy.equations.maps}
    found = windy.equations.evaluate([nodes["b"]], known)[nodes["b"].index]
    assert found == math.hypot(math.atan(0.5), 1 + 1 / (1 + math.exp(-0.5)))


def test_derivation_and_source(windy):
    forward = windy.derivation.forward_source()
    assert "    a = arctan(a_a)\n" in forward
    assert "    b = hypot(a, " in forward
    backward = windy.derivation.backward_source()
    assert "    d_a_a = d_a * (1.0 / (1.0 + a_a * a_a))\n" in backward
    assert "d_b * a / b" in backward  # kept, not computed again


def test_written_forms(windy):
    assert r"a_{t} &= \arctan(W_{a} x_{t} + U_{a} h_{t-1} + b_{a})" in typeset(windy)
    assert r"b_{t} &= \operatorname{hypot}(a_{t}, 1 + \sigma(" in typeset(windy)
    drawn = flowchart(windy)
    assert '{{"a = arctan"}}:::gate' in drawn
    assert '{{"b = hypot"}}:::gate' in drawn
    assert '-->|"1"|' in drawn
    assert '-->|"2"|' in drawn


def test_bounds(windy):
    a: Expression = windy.equations.named["a"]
    assert not is_gate(a)
    assert is_gate(0.3 * a + 0.5)
    assert not is_gate(windy.equations.named["b"])


def test_every_engine_and_library_agrees(windy, rng):
    layer = rnnlab.Recurrent(windy, 3, 5, dtype="float64", seed=rng)
    x, d_output = rng.standard_normal((4, 2, 3)), rng.standard_normal((4, 2, 5))
    y, _ = layer(x)
    own = layer.backward(layer.forward(x), d_output)
    p = {name.removesuffix("_l0"): array for name, array in layer.parameters.items()}

    reference = ReferenceEngine(windy, "float64")
    tape = reference.forward(PassInputs(p, x, [np.zeros((2, 5))]))
    np.testing.assert_allclose(tape.output, y, rtol=0, atol=1e-13)
    found = reference.backward(tape, d_output, [np.zeros((2, 5))])
    assert found.input is not None
    assert own.input is not None
    np.testing.assert_allclose(found.input, own.input, rtol=0, atol=1e-13)

    (there,) = Evaluator(windy, "numpy").run(p, x, [np.zeros((2, 5))])
    np.testing.assert_allclose(there, y, rtol=0, atol=1e-13)
    inputs = torch.tensor(x, requires_grad=True)
    leaves = {name: torch.tensor(array) for name, array in p.items()}
    zero = torch.zeros((2, 5), dtype=torch.float64)
    (there,) = Evaluator(windy, "torch").run(leaves, inputs, [zero])
    there.backward(torch.tensor(d_output))
    assert inputs.grad is not None
    np.testing.assert_allclose(inputs.grad.numpy(), own.input, rtol=0, atol=1e-13)


def test_finite_differences(windy):
    assert (check_gradients(windy)["error"] < 1e-6).all()
