"""Stacked and bidirectional layers: what they are made of, and how they are spoken to."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab import GRU, LSTM, RNN, PeepholeLSTM, Recurrent
from tests.layers.cases import FEW
from tests.layers.own_cells import EVERY

LAYOUTS = [(1, True), (2, False), (2, True), (3, True)]


def single(layer, suffix, reads):
    """Return a layer of one direction with the parameters of one of a stack's."""
    one = Recurrent(layer.cell, reads, layer.hidden_size, dtype=layer.dtype)
    for name in one.cell.arrays:
        one.parameters[f"{name}_l0"][:] = layer.parameters[name + suffix]
    return one


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("name", FEW)
def test_a_stack_is_single_layers_on_top_of_each_other(name, layout, make_case):
    """Bit for bit, there and back: joined, turned round and added up here by hand."""
    case = make_case(EVERY[name], (7, 3, 2, 5), num_layers=layout[0], bidirectional=layout[1])
    y, below, row = case.x, [], 0
    for k in range(layout[0]):
        layers = []
        for reverse in (False, True)[: 1 + layout[1]]:
            suffix = f"_l{k}_reverse" if reverse else f"_l{k}"
            one = single(case.layer, suffix, y.shape[2])
            turned = y[::-1] if reverse else y
            layers.append((one, one.forward(turned, tuple(s[row : row + 1] for s in case.state))))
            row += 1
        outputs = [tape.output[::-1] if d else tape.output for d, (_, tape) in enumerate(layers)]
        y = np.concatenate(outputs, axis=2)
        below.append(layers)
    tape = case.forward()
    np.testing.assert_array_equal(tape.output, y)
    np.testing.assert_array_equal(case.layer(case.x, case.state)[0], y)
    gradients = case.backward(tape)
    d_y = case.d_output
    for k in reversed(range(layout[0])):
        d_x: Any = 0
        for d, (one, own) in enumerate(below[k]):
            row = k * (1 + layout[1]) + d
            share = d_y[:, :, d * 5 : (d + 1) * 5]
            d_state = tuple(s[row : row + 1] for s in case.d_state)
            back = one.backward(own, share[::-1] if d else share, d_state, through_time=True)
            d_x = d_x + (back.input[::-1] if d else back.input)
            suffix = f"_l{k}" + "_reverse" * d
            for name, array in back.parameters.items():
                found = gradients.parameters[name.removesuffix("_l0") + suffix]
                np.testing.assert_array_equal(found, array)
            for name, array in back.states().items():
                np.testing.assert_array_equal(gradients.states(k, bool(d))[name], array)
                initial = getattr(gradients.state, name)[row]
                np.testing.assert_array_equal(initial, array[0])
            for name, array in own.gates().items():
                np.testing.assert_array_equal(tape.gates(k, bool(d))[name], array)
        d_y = d_x
    np.testing.assert_array_equal(gradients.input, d_y)


def test_the_backward_direction_reads_the_future():
    """A change at step t moves its output up to t, the forward direction's from t on."""
    layer = GRU(2, 3, bidirectional=True, seed=1)
    x = np.random.default_rng(0).standard_normal((6, 1, 2)).astype(np.float32)
    before = layer(x)[0]
    x[3] += 1
    changed = (layer(x)[0] != before).any(axis=1)
    assert changed[:, :3].all(axis=1).tolist() == [False] * 3 + [True] * 3
    assert changed[:, 3:].all(axis=1).tolist() == [True] * 4 + [False] * 2
    assert not changed[:3, :3].any()
    assert not changed[4:, 3:].any()


@pytest.mark.parametrize("kind", [RNN, LSTM, PeepholeLSTM, GRU])
def test_names_and_shapes(kind):
    layer = kind(3, 5, num_layers=2, bidirectional=True)
    names = {
        name.partition("_l")[0]: array.shape[0] // 5
        for name, array in kind(3, 5).parameters.items()
    }
    wanted = {}
    for suffix, below in (("_l0", 3), ("_l0_reverse", 3), ("_l1", 10), ("_l1_reverse", 10)):
        for name, blocks in names.items():
            columns = {"weight_ih": (below,), "weight_hh": (5,)}.get(name, ())
            wanted[name + suffix] = (blocks * 5, *columns)
    assert {name: array.shape for name, array in layer.parameters.items()} == wanted
    assert layer.output_size == 10


class TestInitialisation:
    @pytest.mark.parametrize("options", [{}, {"init": "torch"}, {"init": "glorot"}])
    @pytest.mark.parametrize("cell", FEW)
    def test_the_first_direction_is_that_of_a_single_layer(self, cell, options):
        alone = Recurrent(EVERY[cell], 3, 5, seed=4, **options)
        layer = Recurrent(EVERY[cell], 3, 5, num_layers=3, bidirectional=True, seed=4, **options)
        for name, array in alone.parameters.items():
            np.testing.assert_array_equal(layer.parameters[name], array)

    def test_each_direction_has_numbers_of_its_own(self):
        layer = LSTM(6, 6, num_layers=3, seed=4)
        layers = [layer.parameters[f"weight_hh_l{k}"] for k in range(3)]
        both = GRU(6, 6, bidirectional=True, seed=4).parameters
        ways = [both["weight_ih_l0"], both["weight_ih_l0_reverse"]]
        for arrays in (layers, ways):
            for k, array in enumerate(arrays):
                assert all((array != other).all() for other in arrays[:k])

    def test_a_higher_stack_has_the_same_layers_below(self):
        low, high = (GRU(3, 4, num_layers=n, seed=9).parameters for n in (2, 4))
        for name, array in low.items():
            np.testing.assert_array_equal(high[name], array)

    def test_the_forget_bias_goes_to_every_direction(self):
        layer = LSTM(3, 4, num_layers=2, bidirectional=True, forget_bias=2.5)
        biases = [a for name, a in layer.parameters.items() if name.startswith("bias")]
        assert len(biases) == 4
        assert all((bias[4:8] == 2.5).all() and not bias[:4].any() for bias in biases)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("name", FEW)
def test_checkpoints_give_the_same_bits(name, layout, make_case):
    case = make_case(
        EVERY[name], (53, 3, 4, 9), "float32", num_layers=layout[0], bidirectional=layout[1]
    )
    tape, parts = case.forward(), case.layer.forward(case.x, case.state, checkpoint_every=7)
    np.testing.assert_array_equal(parts.output, tape.output)
    whole, found = case.backward(tape), case.backward(parts)
    for key, array in whole.parameters.items():
        np.testing.assert_array_equal(found.parameters[key], array)
    np.testing.assert_array_equal(found.input, whole.input)
    for at in case.rows:
        for key, array in whole.states(*at).items():
            np.testing.assert_array_equal(found.states(*at)[key], array)
        for key, array in tape.gates(*at).items():
            np.testing.assert_array_equal(parts.gates(*at)[key], array)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_without_the_input_gradient_the_layers_below_keep_theirs(layout, make_case):
    case = make_case("lstm", (4, 3, 2, 5), num_layers=layout[0], bidirectional=layout[1])
    tape = case.forward()
    whole = case.layer.backward(tape, case.d_output, case.d_state)
    without = case.layer.backward(tape, case.d_output, case.d_state, input_gradient=False)
    assert without.input is None
    assert list(without.parameters) == list(case.layer.parameters)
    for name, array in whole.parameters.items():
        assert array.any()
        np.testing.assert_array_equal(without.parameters[name], array)


class TestGates:
    layer = GRU(3, 5, num_layers=2, bidirectional=True, seed=1)

    @pytest.mark.parametrize("at", [(0, False), (0, True), (1, False), (1, True)])
    def test_a_gate_is_of_its_layer_and_direction(self, at):
        weight, bias = self.layer.gate("z", *at)
        suffix = f"_l{at[0]}" + "_reverse" * at[1]
        rows = slice(5, 10)
        parameters = self.layer.parameters
        np.testing.assert_array_equal(weight[:, :5], parameters[f"weight_hh{suffix}"][rows])
        np.testing.assert_array_equal(weight[:, 5:], parameters[f"weight_ih{suffix}"][rows])
        np.testing.assert_array_equal(bias, parameters[f"bias{suffix}"][rows])

    def test_setting_one_leaves_the_others(self):
        layer = self.layer.astype("float64")
        before = {name: array.copy() for name, array in layer.parameters.items()}
        weight, bias = layer.gate("n", 1, True)
        assert weight.shape == (5, 15)
        layer.set_gate("n", weight + 1, bias + 2, layer=1, reverse=True)
        np.testing.assert_array_equal(layer.gate("n", 1, True)[0], weight + 1)
        np.testing.assert_array_equal(layer.gate("n", 1, True)[1], bias + 2)
        touched = {"weight_ih_l1_reverse", "weight_hh_l1_reverse", "bias_l1_reverse"}
        for name, array in layer.parameters.items():
            assert np.array_equal(array, before[name]) == (name not in touched)

    def test_layers_that_do_not_exist(self):
        weight, bias = self.layer.gate("z", 1)
        for ask in (self.layer.gate, lambda z, *at: self.layer.set_gate(z, weight, bias, *at)):
            with pytest.raises(ValueError, match="layer must be from 0 to 1, got layer=2: count"):
                ask("z", 2)
            with pytest.raises(ValueError, match="got layer=-1"):
                ask("z", -1, True)
        with pytest.raises(ValueError, match="one direction, got reverse=True"):
            RNN(3, 4, num_layers=2).gate("g", 1, True)


def test_tapes_of_stacks_name_the_layers_that_there_are(make_case):
    case = make_case("gru", (3, 2, 2, 4), num_layers=3)
    tape = case.forward()
    for ask in (tape.states, tape.gates, case.backward(tape).states):
        with pytest.raises(ValueError, match="layer must be from 0 to 2, got layer=3: count from"):
            ask(3)
        with pytest.raises(ValueError, match="one direction, got reverse=True: make it with bidir"):
            ask(1, reverse=True)
        with pytest.raises(TypeError, match="layer must be an int, got bool"):
            ask(True)


@pytest.mark.parametrize("wrong", [(1, 3, 4), (4, 4, 3), (3, 3, 4), (2, 4, 3, 4), (3, 4)])
def test_states_of_other_shapes(wrong):
    layer = LSTM(5, 4, num_layers=2, bidirectional=True)
    x = np.zeros((2, 3, 5), np.float32)
    good, bad = np.zeros((4, 3, 4), np.float32), np.zeros(wrong, np.float32)
    with pytest.raises(ValueError, match=r"state.c must have shape \(num_layers\*D=4, B=3, H=4\)"):
        layer(x, (good, bad))
    tape = layer.forward(x, (good, good))
    with pytest.raises(ValueError, match=r"d_state.h must have shape \(num_layers\*D=4, B=3, H=4"):
        layer.backward(tape, np.zeros((2, 3, 8), np.float32), (bad, good))


def test_a_state_with_the_batch_first_is_told_how_to_turn():
    layer = GRU(5, 4, num_layers=2)
    with pytest.raises(ValueError, match=r"layers come first; use state.h.transpose\(1, 0, 2\)"):
        layer(np.zeros((2, 3, 5), np.float32), (np.zeros((3, 2, 4), np.float32),))


def test_the_gradient_of_the_output_has_both_halves():
    layer = GRU(5, 4, bidirectional=True)
    tape = layer.forward(np.zeros((2, 3, 5), np.float32))
    with pytest.raises(ValueError, match=r"d_output must have shape \(T=2, B=3, D\*H=8\), got"):
        layer.backward(tape, np.zeros((2, 3, 4), np.float32))


@pytest.mark.parametrize("number", [0, -1])
def test_numbers_of_layers_below_one(number):
    with pytest.raises(ValueError, match=f"num_layers must be at least 1, got {number}: pass a"):
        LSTM(3, 4, num_layers=number)


@pytest.mark.parametrize("number", [1.0, "2", True, None])
def test_numbers_of_layers_that_are_no_ints(number):
    with pytest.raises(TypeError, match="num_layers must be an int, got"):
        LSTM(3, 4, num_layers=number)


@pytest.mark.parametrize("flag", [1, 0, "yes", None])
@pytest.mark.parametrize("name", ["bidirectional", "learn_initial_state"])
def test_flags_that_are_no_bools(name, flag):
    with pytest.raises(TypeError, match=f"{name} must be True or False, got"):
        LSTM(3, 4, **{name: flag})


def test_repr_says_what_is_not_the_default():
    seed = np.random.default_rng(0)
    assert repr(LSTM(3, 4, seed=seed)) == (
        "<rnnlab.Recurrent lstm input_size=3 hidden_size=4 parameters=128>"
    )
    layer = GRU(3, 4, num_layers=2, bidirectional=True, learn_initial_state=True, seed=seed)
    assert repr(layer) == (
        "<rnnlab.Recurrent gru input_size=3 hidden_size=4 num_layers=2 bidirectional=True "
        "learn_initial_state=True parameters=536>"
    )


def test_parameters_cannot_be_swapped_for_others():
    """Another dict would not reach the directions."""
    layer = GRU(3, 4)
    with pytest.raises(AttributeError):
        layer.parameters = {}


class TestStep:
    def test_a_state_is_optional_and_lists_are_not_needed(self):
        layer = LSTM(3, 4, num_layers=2, seed=1)
        x = np.random.default_rng(1).standard_normal((5, 2, 3)).astype(np.float32)
        y_t, state = layer.step(x[0])
        np.testing.assert_array_equal(y_t, layer(x[:1])[0][0])
        assert y_t.shape == (2, 4)
        assert state.c.shape == (2, 2, 4)

    def test_what_it_returns_is_the_callers(self):
        layer = GRU(3, 4, num_layers=2, seed=1)
        x_t = np.ones((2, 3), np.float32)
        y_t, state = layer.step(x_t)
        kept = y_t.copy(), state.h.copy()
        layer.step(x_t, state)
        y_t[:] = 9
        np.testing.assert_array_equal(state.h, kept[1])
        np.testing.assert_array_equal(layer.step(x_t)[0], kept[0])

    @pytest.mark.parametrize(
        ("x_t", "match"),
        [
            (np.zeros((1, 2, 3), np.float32), r"x_t must have shape \(B, I=3\), got \(1, 2, 3\)"),
            (np.zeros(3, np.float32), r"x_t .* got \(3,\): add the batch axis with x_t\[None\]"),
            (np.zeros((2, 4), np.float32), r"x_t must have shape \(B, I=3\), got \(2, 4\)"),
            (np.full((2, 3), np.nan, np.float32), "x_t must be finite, got nan"),
        ],
    )
    def test_wrong_inputs(self, x_t, match):
        with pytest.raises(ValueError, match=match):
            GRU(3, 4).step(x_t)

    def test_a_state_of_another_batch(self):
        layer = GRU(3, 4)
        _, state = layer.step(np.zeros((2, 3), np.float32))
        with pytest.raises(
            ValueError, match=r"state.h must have shape .*B=5, H=4\), got \(1, 2, 4"
        ):
            layer.step(np.zeros((5, 3), np.float32), state)


def test_training_and_measuring_with_a_stack(rng):
    """What is built on layers takes them: the readout is as wide as the output."""
    from rnnlab.analysis.gradient_flow import gradient_decay
    from rnnlab.training import SequenceModel, make_optimizer, softmax_cross_entropy

    layer = rnnlab.LSTM(3, 6, num_layers=2, bidirectional=True, dtype="float64")
    model = SequenceModel(layer, 4)
    assert model.readout_weight.shape == (4, 12)
    x, targets = rng.standard_normal((5, 8, 3)), rng.integers(4, size=(5, 8))
    optimizer = make_optimizer("adam", model.parameters, 0.05)
    losses = []
    for _ in range(60):
        loss, gradients = model.loss_and_gradients(x, targets, softmax_cross_entropy)
        losses.append(loss)
        optimizer.step(gradients)
    assert losses[-1] < 0.05 * losses[0]
    with pytest.raises(ValueError, match="a layer of one direction, got bidirectional=True"):
        gradient_decay(model, x, targets)  # one direction's past is the other's future
    assert model.astype("float32").predict(x.astype(np.float32)).shape == (5, 8, 4)


def test_the_architecture_of_a_layer_is_fixed():
    layer = LSTM(3, 4)
    for name in ("num_layers", "hidden_size", "dtype", "batch_first", "cell"):
        with pytest.raises(AttributeError):
            setattr(layer, name, getattr(layer, name))
    with pytest.raises(FrozenInstanceError):
        layer.architecture.num_layers = 2  # type: ignore[misc]


def test_copies_draw_no_parameters(monkeypatch, tmp_path):
    layer = LSTM(3, 4, num_layers=2, learn_initial_state=True, seed=1)
    path = layer.save(tmp_path / "layer")
    monkeypatch.setattr("rnnlab.layers.direction.initialise", None)
    for copy in (layer.astype("float64"), rnnlab.load(path)):
        assert copy.seed == 1
        for name, array in layer.parameters.items():
            np.testing.assert_array_equal(copy.parameters[name], array)
            assert not np.shares_memory(copy.parameters[name], array)
    assert type(layer.astype("float64")) is LSTM
