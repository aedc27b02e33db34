"""Contract of a layer: properties that do not depend on the equations of its cell.

Four cells stand for all: with one state, two and four, and with a state that is the former value of
another.
"""

from __future__ import annotations

import numpy as np
import pytest

import rnnlab
from rnnlab.layers import Recurrent
from tests.layers.cases import FEW_COMBINATIONS, assert_same_bits, everything


@pytest.fixture(scope="module", params=FEW_COMBINATIONS, ids=str)
def combination(request):
    return request.param


@pytest.fixture
def sizes(combination):
    return combination.sizes


@pytest.fixture
def dtype(combination):
    return combination.dtype


def test_shapes_and_dtypes(case, sizes, dtype):
    steps, batch, _, units = sizes
    width = units * (1 + case.layer.bidirectional)
    rows = case.layer.num_layers * (1 + case.layer.bidirectional)
    y, state = case.layer(case.x, case.state)
    assert (y.shape, y.dtype) == ((steps, batch, width), dtype)
    assert width == case.layer.output_size
    assert state._fields == case.layer.cell.states
    tape = case.forward()
    assert (tape.output.shape, tape.output.dtype) == ((steps, batch, width), dtype)
    assert tape.state._fields == case.layer.cell.states
    for final in (*state, *tape.state):
        assert (final.shape, final.dtype) == ((rows, batch, units), dtype)
    for at in case.rows:
        assert list(tape.states(*at)) == list(case.layer.cell.states)
        for over_time in tape.states(*at).values():
            assert (over_time.shape, over_time.dtype) == ((steps + 1, batch, units), dtype)
        for over_time in tape.gates(*at).values():
            assert (over_time.shape, over_time.dtype) == ((steps, batch, units), dtype)
    gradients = case.backward(tape)
    assert (gradients.input.shape, gradients.input.dtype) == (case.x.shape, dtype)
    assert gradients.parameters.keys() == case.layer.parameters.keys()
    for name, array in case.layer.parameters.items():
        gradient = gradients.parameters[name]
        assert (gradient.shape, gradient.dtype) == (array.shape, dtype)
    assert gradients.state._fields == case.layer.cell.states
    for row, at in enumerate(case.rows):
        assert list(gradients.states(*at)) == list(case.layer.cell.states)
        for over_time, initial in zip(gradients.states(*at).values(), gradients.state, strict=True):
            assert (over_time.shape, over_time.dtype) == ((steps + 1, batch, units), dtype)
            assert (initial.shape, initial.dtype) == ((rows, batch, units), dtype)
            np.testing.assert_array_equal(over_time[0], initial[row])


def test_states_hold_the_initial_one_first_and_the_final_one_last(case):
    """In their own time: the backward direction's output lies the other way round."""
    tape, units = case.forward(), case.layer.hidden_size
    for row, at in enumerate(case.rows):
        for name in case.layer.cell.states:
            over_time = tape.states(*at)[name]
            np.testing.assert_array_equal(over_time[0], getattr(case.state, name)[row])
            np.testing.assert_array_equal(over_time[-1], getattr(tape.state, name)[row])
    for layer, reverse in case.rows[-1 - case.layer.bidirectional :]:
        half = tape.output[:, :, reverse * units : (reverse + 1) * units]
        output = tape.states(layer, reverse)[case.layer.cell.states[0]][1:]
        np.testing.assert_array_equal(half, output[::-1] if reverse else output)


def test_inputs_are_not_modified(case):
    given = [case.x, case.d_output, *case.state, *case.d_state, *case.layer.parameters.values()]
    before = [array.copy() for array in given]
    everything(case)
    case.layer(case.x, case.state)
    for array, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_inputs_that_are_read_only_or_not_contiguous_are_taken(case, expected):
    case.x = np.asfortranarray(case.x)
    case.d_output = np.asfortranarray(case.d_output)
    for array in (case.x, case.d_output, *case.state, *case.d_state):
        array.flags.writeable = False
    assert_same_bits(everything(case), expected)


def test_same_call_same_bits_and_the_tape_may_be_used_again(case, expected):
    tape = case.forward()
    assert_same_bits(everything(case, tape), expected)
    assert_same_bits(everything(case, tape), expected)


def test_outputs_are_the_callers_to_keep(case, rng):
    y, state = case.layer(case.x, case.state)
    tape = case.forward()
    gradients = case.backward(tape)
    kept = [y, *state, tape.output, *tape.state, gradients.input, *gradients.state]
    kept += gradients.parameters.values()
    for at in case.rows:
        kept += [*tape.states(*at).values(), *tape.gates(*at).values()]
        kept += gradients.states(*at).values()
    before = [array.copy() for array in kept]
    initial = [array.copy() for array in case.state]
    case.x = case.x + rng.standard_normal(case.x.shape).astype(case.x.dtype)
    everything(case)
    case.layer(case.x, state)
    for array, copy in zip(kept, before, strict=True):
        np.testing.assert_array_equal(array, copy)
    y[:] = 7  # nor does writing to what was returned reach anything else
    for array in state:
        array[:] = 7
    for array, copy in zip(case.state, initial, strict=True):
        np.testing.assert_array_equal(array, copy)
    np.testing.assert_array_equal(tape.output, before[1 + len(state)])


def test_the_tape_is_its_own(case, expected):
    """Neither the caller's later changes nor the parameters' reach what backward computes."""
    tape = case.forward()
    saved = [case.x, *case.state]
    for array in (*saved, *case.layer.parameters.values()):
        array[:] = np.pi
    found = everything(case, tape)
    assert_same_bits(found, expected)


def test_a_layer_that_was_changed_says_so(case):
    """The test above would pass if parameters did nothing."""
    before = case.layer(case.x, case.state)[0]
    for array in case.layer.parameters.values():
        array *= -3  # turns on a rectified unit that is off
    assert not np.array_equal(case.layer(case.x, case.state)[0], before)


def test_state_none_means_zeros_and_a_plain_tuple_is_a_state(case):
    zeros = tuple(np.zeros_like(array) for array in case.state)
    y, _ = case.layer(case.x)
    np.testing.assert_array_equal(y, case.layer(case.x, zeros)[0])
    np.testing.assert_array_equal(y, case.layer.forward(case.x).output)
    np.testing.assert_array_equal(
        case.layer(case.x, tuple(case.state))[0], case.layer(case.x, case.state)[0]
    )
    tape = case.forward()
    without = case.layer.backward(tape, case.d_output)
    with_zeros = case.layer.backward(tape, case.d_output, zeros)
    for name, array in without.parameters.items():
        np.testing.assert_array_equal(array, with_zeros.parameters[name])


def test_the_same_seed_gives_the_same_parameters(any_cell):
    def make(seed):
        return Recurrent(any_cell, 3, 5, seed=seed).parameters

    for name, array in make(7).items():
        np.testing.assert_array_equal(array, make(7)[name])
    generator = make(np.random.default_rng(7))
    for name, array in make(7).items():
        np.testing.assert_array_equal(array, generator[name])
    other = make(8)
    assert any(not np.array_equal(array, other[name]) for name, array in make(7).items())


def test_parameters_have_the_shapes_of_the_cell(case, sizes):
    _, _, inputs, units = sizes
    arrays = case.layer.cell.arrays
    suffixes = [f"_l{k}" + "_reverse" * reverse for k, reverse in case.rows]
    assert list(case.layer.parameters) == [name + suffix for suffix in suffixes for name in arrays]
    for (k, _), suffix in zip(case.rows, suffixes, strict=True):
        below = units * (1 + case.layer.bidirectional) if k else inputs
        for name, array in arrays.items():
            parameter = case.layer.parameters[name + suffix]
            assert parameter.shape == array.shape(inputs=below, units=units)
            assert parameter.flags.c_contiguous
    counted = sum(array.size for array in case.layer.parameters.values())
    assert case.layer.parameter_count == counted


def test_astype_is_a_copy_of_the_same_layer(case, expected, dtype):
    other = {"float32": "float64", "float64": "float32"}[dtype]
    copy = case.layer.astype(other)
    assert copy.dtype == other
    assert copy.cell is case.layer.cell
    for name, array in case.layer.parameters.items():
        np.testing.assert_array_equal(copy.parameters[name], array.astype(other))
        copy.parameters[name][:] = 0
        assert array.any()
    twin = case.layer.astype(dtype)
    np.testing.assert_array_equal(twin(case.x, case.state)[0], case.layer(case.x, case.state)[0])
    twin.parameters[next(iter(twin.parameters))] += 1
    assert_same_bits(everything(case), expected)


def test_gates_are_the_named_values_of_the_equations(any_cell, make_case):
    case = make_case(any_cell, (2, 2, 2, 2))
    tape = case.forward()
    for at in case.rows:
        gates = tape.gates(*at)
        assert list(gates) == list(case.layer.cell.equations.gates)
        assert not set(gates) & set(case.layer.cell.states)


GATES = {
    "rnn": [],
    "rnn-relu": [],
    "lstm": ["i", "f", "g", "o"],
    "peephole-lstm": ["i", "f", "g", "o"],
    "gru": ["r", "z", "n"],
    "cifg": ["i", "f", "g", "o"],
    "minimalrnn": ["z", "u"],
    "fastgrnn": ["a", "z", "n", "zeta", "nu"],
    "slstm": ["log_i", "log_kept", "i", "f", "kept", "g", "o", "m_new"],
}


@pytest.mark.parametrize("name", GATES)
def test_gates_of_the_cells(name, make_case):
    assert sorted(make_case(name, (2, 2, 2, 2)).forward().gates()) == sorted(GATES[name])


def test_tape_arrays_cannot_be_written_to(make_case):
    tape = make_case("lstm", (3, 2, 2, 4)).forward()
    for array in (tape.output, *tape.states().values(), *tape.gates().values()):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_many_layers_at_once(make_case):
    """Two layers of one cell share compiled code and nothing else."""
    one, other = make_case("gru", (5, 3, 4, 6), seed=1), make_case("gru", (4, 2, 3, 9), seed=2)
    expected = everything(one), everything(other)
    tapes = one.forward(), other.forward()
    assert_same_bits(everything(other, tapes[1]), expected[1])
    assert_same_bits(everything(one, tapes[0]), expected[0])


def test_a_number_of_threads_that_is_no_count_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        rnnlab.set_num_threads(0)
    with pytest.raises(TypeError, match="int"):
        rnnlab.set_num_threads(2.0)  # type: ignore[arg-type]
