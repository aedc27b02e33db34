"""The contract battery: what holds for every cell that is registered, and for any other.

It runs over `BATTERY` of conftest.py, which is (cell, sizes, layers, direction), times the dtype.
"""

from __future__ import annotations

import numpy as np
import pytest

import rnnlab
from rnnlab.layers import Recurrent


@pytest.fixture
def case(combination, dtype, make_case):
    cell, sizes, num_layers, bidirectional = combination
    return make_case(cell, sizes, dtype, num_layers=num_layers, bidirectional=bidirectional)


@pytest.fixture
def sizes(combination):
    return combination[1]


@pytest.fixture
def threads():
    """Put the number of threads back."""
    before = rnnlab.get_num_threads()
    yield
    rnnlab.set_num_threads(before)


def everything(case, tape=None):
    """Return all numbers of a pass there and back by name, copied."""
    tape = case.forward() if tape is None else tape
    gradients = case.backward(tape)
    found = {"output": tape.output, "d_input": gradients.input}
    found |= {f"final {name}": array for name, array in tape.state._asdict().items()}
    found |= {f"d_parameter {name}": array for name, array in gradients.parameters.items()}
    found |= {f"d_initial {name}": array for name, array in gradients.state._asdict().items()}
    for at in case.rows:
        found |= {f"gate {name} {at}": array for name, array in tape.gates(*at).items()}
        found |= {f"state {name} {at}": array for name, array in tape.states(*at).items()}
        found |= {f"d_state {name} {at}": array for name, array in gradients.states(*at).items()}
    return {name: np.array(array) for name, array in found.items()}


def assert_same_bits(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


def assert_close(one, other, limit):
    assert one.keys() == other.keys()
    for name, array in one.items():
        scale = max(1.0, np.abs(other[name]).max())
        assert np.abs(array - other[name]).max() <= limit * scale, name


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


def test_inputs_are_not_modified(case):
    given = [case.x, case.d_output, *case.state, *case.d_state, *case.layer.parameters.values()]
    before = [array.copy() for array in given]
    everything(case)
    case.layer(case.x, case.state)
    for array, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_inputs_that_cannot_be_written_to_or_lie_scattered_are_taken(case):
    expected = everything(case)
    case.x = np.asfortranarray(case.x)
    case.d_output = np.asfortranarray(case.d_output)
    for array in (case.x, case.d_output, *case.state, *case.d_state):
        array.flags.writeable = False
    assert_same_bits(everything(case), expected)


def test_same_call_same_bits_and_the_tape_may_be_used_again(case):
    tape = case.forward()
    first = everything(case, tape)
    assert_same_bits(everything(case, tape), first)
    assert_same_bits(everything(case), first)


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


def test_the_tape_is_its_own(case):
    """Neither the caller's later changes nor the parameters' reach what backward computes."""
    tape = case.forward()
    expected = everything(case, tape)
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


def test_a_permuted_batch_permutes_results(case, dtype, rng):
    order = rng.permutation(case.x.shape[1])
    one = everything(case)
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


def test_a_sequence_split_in_two_equals_the_whole(case, dtype):
    """States carried on, gradients carried back (bits for states, rounding for gradients).

    In one direction: the other one would have to begin with the second half.
    """
    steps = case.x.shape[0]
    if steps == 1 or case.layer.bidirectional:
        return
    cut = (steps + 1) // 2
    layer, whole = case.layer, everything(case)
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


def test_the_compiled_engine_equals_the_reference(case, dtype):
    """States, gates and all gradients, dL/ds_t included, against plain NumPy."""
    compiled = everything(case)
    layer = case.layer
    case.layer = Recurrent(
        layer.cell,
        layer.input_size,
        layer.hidden_size,
        layer.num_layers,
        bidirectional=layer.bidirectional,
        dtype=dtype,
        engine="reference",
    )
    for name, array in layer.parameters.items():
        case.layer.parameters[name][:] = array
    reference = everything(case)
    limits = {"float64": (1e-10, 1e-10), "float32": (1e-5, 1e-4)}[dtype]
    for kind, limit in zip((False, True), limits, strict=True):
        chosen = [name for name in compiled if name.startswith("d_") is kind]
        assert_close(
            {name: compiled[name] for name in chosen},
            {name: reference[name] for name in chosen},
            limit,
        )


def test_dirty_memory_does_not_change_the_answer(case, monkeypatch):
    """Work space comes filled with NaN: whatever is read was written before."""
    clean = everything(case)
    inferred = case.layer(case.x, case.state)[0]
    empty = np.empty

    def dirty(*args, **kwargs):
        array = empty(*args, **kwargs)
        if array.dtype.kind == "f":
            array.fill(np.nan)
        return array

    monkeypatch.setattr(np, "empty", dirty)
    monkeypatch.setattr(np, "empty_like", lambda a, *_, **__: dirty(np.shape(a), a.dtype))
    assert_same_bits(everything(case), clean)
    np.testing.assert_array_equal(case.layer(case.x, case.state)[0], inferred)


@pytest.mark.parametrize("batch", [33, 40])
def test_the_number_of_threads_does_not_change_a_bit(any_cell, batch, dtype, make_case, threads):
    """With enough work that parts are handed out (see engine.threads.run_parts)."""
    inputs = 16 if any("weight_hh" in name for name in any_cell.arrays) else 67
    case = make_case(any_cell, (60, batch, inputs, 67), dtype)
    matrices = [a for a in case.layer.parameters.values() if a.ndim == 2]
    assert sum(a.size for a in matrices) * 60 * batch > 5e6
    results = []
    for count in (1, 2, 3):
        rnnlab.set_num_threads(count)
        results.append(everything(case) | {"inferred": case.layer(case.x, case.state)[0]})
    assert_same_bits(results[0], results[1])
    assert_same_bits(results[0], results[2])


def test_the_same_seed_gives_the_same_parameters(any_cell, dtype):
    def make(seed):
        return Recurrent(any_cell, 3, 5, dtype=dtype, seed=seed).parameters

    for name, array in make(7).items():
        np.testing.assert_array_equal(array, make(7)[name])
        assert array.dtype == dtype
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


def test_astype_is_a_copy_of_the_same_layer(case, dtype):
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
    assert_same_bits(everything(case), everything(case))


def test_gates_are_the_named_values_of_the_equations(case):
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


def test_gate_called_at_another_thread_count_is_refused_when_not_a_count():
    with pytest.raises(ValueError, match="at least 1"):
        rnnlab.set_num_threads(0)
    with pytest.raises(TypeError, match="int"):
        rnnlab.set_num_threads(2.0)  # type: ignore[arg-type]
