"""Contract of every cell: properties that depend on its equations, at drawn sizes.

`test_gradients.py` compares the same combinations with autograd, and `test_layer_contract.py` holds
the properties that are the same for all cells.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rnnlab
from rnnlab.layers import Recurrent
from tests.layers.cases import (
    WIDE,
    assert_close,
    assert_same_bits,
    battery,
    everything,
)
from tests.layers.own_cells import EVERY


@pytest.fixture(scope="module", params=battery(3, slow=15, fixed=WIDE), ids=str)
def combination(request):
    return request.param


@pytest.fixture
def dtype(combination):
    return combination.dtype


def test_inference_equals_forward_bit_for_bit(case):
    y, state = case.layer(case.x, case.state)
    tape = case.forward()
    np.testing.assert_array_equal(y, tape.output)
    for inferred, final in zip(state, tape.state, strict=True):
        np.testing.assert_array_equal(inferred, final)


def test_steps_equal_the_sequence_bit_for_bit(case):
    """The outputs and the final state; a layer of two directions cannot step."""
    state = case.state
    if case.layer.bidirectional:
        with pytest.raises(ValueError, match="step needs a layer of one direction, got bidirecti"):
            case.layer.step(case.x[0], state)
        return
    y, final = case.layer(case.x, case.state)
    for x_t, y_t in zip(case.x, y, strict=True):
        stepped, state = case.layer.step(x_t, state)
        np.testing.assert_array_equal(stepped, y_t)
    for one, other in zip(state, final, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_permuted_batch_permutes_results(case, expected, dtype, rng):
    order = rng.permutation(case.x.shape[1])
    one = expected
    case.x = case.x[:, order]
    case.d_output = case.d_output[:, order]
    case.state = tuple(s[:, order] for s in case.state)
    case.d_state = tuple(s[:, order] for s in case.d_state)
    other = everything(case)
    # Parameters sum over the batch in its order: theirs agree to rounding only. So do gates that no
    # tape holds: NumPy's product, which computes them when asked for, goes by the batch's place.
    summed = {name for name in one if name.startswith("d_parameter")}
    gates = {name for name in one if name.startswith("gate")}
    rest = {name: array for name, array in one.items() if name not in summed | gates}
    assert_same_bits(
        {name: array[:, order] for name, array in rest.items()},
        {name: other[name] for name in rest},
    )
    assert_close(
        {name: one[name] if name in summed else one[name][:, order] for name in summed | gates},
        {name: other[name] for name in summed | gates},
        1e-12 if dtype == "float64" else 1e-5,
    )


def test_a_sequence_does_not_know_its_neighbours(case):
    """A row alone gives the bits that it gives in the batch."""
    whole = case.layer(case.x, case.state)[0]
    last = slice(-1, None)
    alone = case.layer(case.x[:, last], tuple(s[:, last] for s in case.state))[0]
    np.testing.assert_array_equal(whole[:, last], alone)


def test_a_sequence_split_in_two_equals_the_whole(case, expected, dtype):
    """States carried on, gradients carried back (bits for states, rounding for gradients).

    In one direction: the other one would have to begin with the second half.
    """
    steps = case.x.shape[0]
    if steps == 1 or case.layer.bidirectional:
        return
    cut = (steps + 1) // 2
    layer, whole = case.layer, expected
    first = layer.forward(case.x[:cut], case.state)
    second = layer.forward(case.x[cut:], first.state)
    np.testing.assert_array_equal(whole["output"], np.concatenate([first.output, second.output]))
    back = layer.backward(second, case.d_output[cut:], case.d_state, through_time=True)
    # What arrives at the cut is the gradient of the second half's initial state.
    front = layer.backward(first, case.d_output[:cut], back.state, through_time=True)
    found = {"d_input": np.concatenate([front.input, back.input])}
    for name in layer.parameters:
        found[f"d_parameter {name}"] = front.parameters[name] + back.parameters[name]
    for name in layer.cell.states:
        np.testing.assert_array_equal(
            whole[f"final {name}"], getattr(second.state, name), err_msg=name
        )
        found[f"d_initial {name}"] = getattr(front.state, name)
        for at in case.rows:
            halves = [front.states(*at)[name], back.states(*at)[name][1:]]
            found[f"d_state {name} {at}"] = np.concatenate(halves)
    wanted = {name: whole[name] for name in found}
    assert_close(found, wanted, 1e-12 if dtype == "float64" else 1e-5)


def test_the_compiled_engine_equals_the_reference(case, expected, dtype):
    """States, gates and all gradients, dL/ds_t included, against plain NumPy."""
    compiled = expected
    in_numpy = replace(case.layer.architecture, engine="reference")
    case.layer = Recurrent.with_parameters(in_numpy, case.layer.parameters)
    reference = everything(case)
    limits = {"float64": (1e-10, 1e-10), "float32": (1e-5, 1e-4)}[dtype]
    for kind, limit in zip((False, True), limits, strict=True):
        chosen = [name for name in compiled if name.startswith("d_") is kind]
        assert_close(
            {name: compiled[name] for name in chosen},
            {name: reference[name] for name in chosen},
            limit,
        )


def test_dirty_memory_does_not_change_the_answer(case, expected, monkeypatch):
    """Work space comes filled with NaN: whatever is read was written before."""
    inferred = case.layer(case.x, case.state)[0]
    empty = np.empty

    def dirty(*args, **kwargs):
        array = empty(*args, **kwargs)
        if array.dtype.kind == "f":
            array.fill(np.nan)
        return array

    monkeypatch.setattr(np, "empty", dirty)
    monkeypatch.setattr(np, "empty_like", lambda a, *_, **__: dirty(np.shape(a), a.dtype))
    assert_same_bits(everything(case), expected)
    np.testing.assert_array_equal(case.layer(case.x, case.state)[0], inferred)


#: Plans of every kind: one product and several, on states and computed values, a copied state.
THREADED = ("rnn", "gru", "slstm", "delayed", "low-rank", "several-operands")


@pytest.fixture
def threads():
    """Put the number of threads back."""
    before = rnnlab.get_num_threads()
    yield
    rnnlab.set_num_threads(before)


@pytest.mark.parametrize(
    "name", [n if n in THREADED else pytest.param(n, marks=pytest.mark.slow) for n in EVERY]
)
@pytest.mark.parametrize(("batch", "precision"), [(33, "float32"), (40, "float64")])
def test_the_number_of_threads_does_not_change_a_bit(name, batch, precision, make_case, threads):
    """With enough work that parts are handed out (see engine.threads.run_parts)."""
    any_cell = EVERY[name]
    inputs = 16 if any("weight_hh" in name for name in any_cell.arrays) else 67
    case = make_case(any_cell, (60, batch, inputs, 67), precision)
    matrices = [a for a in case.layer.parameters.values() if a.ndim == 2]
    assert sum(a.size for a in matrices) * 60 * batch > 5e6
    results = []
    for count in (1, 2, 3):
        rnnlab.set_num_threads(count)
        results.append(everything(case) | {"inferred": case.layer(case.x, case.state)[0]})
    assert_same_bits(results[0], results[1])
    assert_same_bits(results[0], results[2])
