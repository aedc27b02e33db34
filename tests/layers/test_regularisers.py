"""Dropout and zoneout: what the papers say, exact gradients for the masks that were drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import rnnlab
from rnnlab import GRU, LSTM, RNN, Recurrent, Regularisers
from rnnlab.cells.noise import added_states, separate_states
from rnnlab.engine import PassInputs, ReferenceEngine, engine_for
from rnnlab.layers.regularisers import draw_mask, noisy_cell
from rnnlab.registry import cells

SHAPE = (6, 3, 2, 5)  # T, B, I, H
#: Cells of one, two and four states, with peepholes, and with products on computed values.
FAST = ("rnn", "gru", "lstm", "peephole-lstm", "slstm", "gru-reset-before")
SOME_CELLS = [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in cells]


def everything(cell, **changes):
    """Return all the noise that a cell can take."""
    takes_hidden = any(a.op != "input" for m in cell.equations.maps for a in m.args)
    rates: dict[str, Any] = {
        "input_dropout": 0.3,
        "dropout": 0.2,
        "output_dropout": 0.4,
        "hidden_dropout": 0.25 * takes_hidden,
        "recurrent_dropout": 0.35 if added_states(cell) else 0.0,
        "zoneout": dict.fromkeys(separate_states(cell), 0.3),
    }
    return Regularisers(**(rates | changes))


def noisy_case(make_case, cell, sizes=SHAPE, dtype="float64", regularisers=None, **layout):
    case = make_case(cell, sizes, dtype, **layout)
    layer = Recurrent(
        case.layer.cell,
        sizes[2],
        sizes[3],
        dtype=dtype,
        regularisers=regularisers or everything(case.layer.cell),
        **layout,
    )
    for name, array in case.layer.parameters.items():
        layer.parameters[name][:] = array
    case.layer = layer
    return case


def given(tape, row=0):
    return [torch.tensor(array.copy()) for array in tape._records[row].given]


class TestEquations:
    """LSTM and GRU with every mask, written down from the papers in PyTorch."""

    @pytest.mark.parametrize("variational", [False, True])
    def test_lstm(self, variational, make_case):
        noise = Regularisers(
            input_dropout=0.3,
            output_dropout=0.2,
            hidden_dropout=0.4,
            recurrent_dropout=0.3,
            zoneout={"c": 0.5, "h": 0.25},
            variational=variational,
        )
        case = noisy_case(make_case, "lstm", regularisers=noise)
        tape = case.layer.forward(case.x, case.state, noise=7)
        on_h, on_update, stays_h, stays_c = given(tape)
        assert bool((on_h[0] == on_h[1]).all()) == variational
        p = {n: torch.tensor(a, requires_grad=True) for n, a in case.layer.parameters.items()}
        x = torch.tensor(case.x, requires_grad=True)
        on_x, on_y = (torch.tensor(mask.copy()) for mask in tape._masks)
        h, c = (torch.tensor(s[0]) for s in case.state)
        outputs = []
        for t in range(len(x)):
            a = (on_x[t] * x[t]) @ p["weight_ih_l0"].T + (on_h[t] * h) @ p["weight_hh_l0"].T
            i, f, g, o = (a + p["bias_l0"]).chunk(4, dim=1)
            i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
            new_c = f * c + i * (on_update[t] * g)  # Semeniuta et al. 2016, equation 10
            new_h = o * new_c.tanh()  # zoneout comes after: Krueger et al. 2017, equations 3 and 4
            c = torch.where(stays_c[t] > 0, c, new_c)
            h = torch.where(stays_h[t] > 0, h, new_h)
            outputs.append(on_y[t] * h)
        compare(case, tape, x, p, torch.stack(outputs), (h, c))

    def test_gru(self, make_case):
        noise = Regularisers(hidden_dropout=0.4, recurrent_dropout=0.3, zoneout=0.25)
        case = noisy_case(make_case, "gru", regularisers=noise)
        tape = case.layer.forward(case.x, case.state, noise=7)
        on_h, on_update, stays = given(tape)
        p = {n: torch.tensor(a, requires_grad=True) for n, a in case.layer.parameters.items()}
        x = torch.tensor(case.x, requires_grad=True)
        h = torch.tensor(case.state.h[0])
        outputs = []
        for t in range(len(x)):
            r, z, n = (x[t] @ p["weight_ih_l0"].T + p["bias_l0"]).chunk(3, dim=1)
            u_r, u_z, u_n = ((on_h[t] * h) @ p["weight_hh_l0"].T).chunk(3, dim=1)
            r, z = (r + u_r).sigmoid(), (z + u_z).sigmoid()
            n = (n + r * (u_n + p["bias_hn_l0"])).tanh()
            new = on_update[t] * (1 - z) * n + z * h
            h = torch.where(stays[t] > 0, h, new)
            outputs.append(h)
        compare(case, tape, x, p, torch.stack(outputs), (h,))


def compare(case, tape, x, parameters, output, final):
    np.testing.assert_allclose(tape.output, output.detach(), rtol=0, atol=1e-12)
    loss = (output * torch.tensor(case.d_output)).sum()
    for state, d in zip(final, case.d_state, strict=True):
        loss = loss + (state * torch.tensor(d[0])).sum()
    loss.backward()
    found = case.layer.backward(tape, case.d_output, case.d_state)
    np.testing.assert_allclose(found.input, x.grad, rtol=0, atol=1e-12)
    for name, array in parameters.items():
        np.testing.assert_allclose(found.parameters[name], array.grad, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", SOME_CELLS)
def test_gradients_are_those_of_the_masks_that_were_drawn(name, make_case):
    """Central differences along random directions, with the same noise at each call."""
    case = noisy_case(make_case, name, num_layers=2, bidirectional=True)
    lengths = np.array([6, 4, 1])
    layer, noise = case.layer, 11
    tape = layer.forward(case.x, case.state, lengths, noise=noise)
    found = layer.backward(tape, case.d_output, case.d_state)
    rng = np.random.default_rng(5)
    inside = np.arange(6)[:, None] < lengths

    def loss() -> float:
        tape = layer.forward(case.x, case.state, lengths, noise=noise)
        total = (tape.output * case.d_output).sum()
        return float(
            total + sum((s * d).sum() for s, d in zip(tape.state, case.d_state, strict=True))
        )

    pairs = [(case.x, found.input * inside[:, :, None])]
    pairs += list(zip(case.state, found.state, strict=True))
    pairs += [(array, found.parameters[key]) for key, array in layer.parameters.items()]
    for array, gradient in pairs:
        direction = rng.standard_normal(array.shape)
        if array is case.x:
            direction[~inside] = 0
        eps = 1e-6
        array += eps * direction
        above = loss()
        array -= 2 * eps * direction
        below = loss()
        array += eps * direction
        numeric = (above - below) / (2 * eps)
        analytic = float((gradient * direction).sum())
        assert abs(numeric - analytic) <= 1e-5 * max(1.0, abs(numeric)), (name, array.shape)


@pytest.mark.parametrize("name", SOME_CELLS)
def test_the_compiled_engine_equals_the_reference(name, rng):
    changed, masks = noisy_cell(cells[name], everything(cells[name]), expected=False)
    steps, batch, inputs, units = 5, 21, 3, 9
    engines: list[Any] = [
        engine_for(changed, "float64", kind) for kind in ("compiled", "reference")
    ]
    parameters = {
        key: 0.3 * rng.standard_normal(array.shape(inputs=inputs, units=units))
        for key, array in changed.arrays.items()
    }
    x = rng.standard_normal((steps, batch, inputs))
    states = [rng.uniform(0.1, 0.9, (batch, units)) for _ in changed.states]
    noise = [
        draw_mask(rng, m.rate, (steps, batch, units), "float64", scaled=m.scaled) for m in masks
    ]
    d_output = rng.standard_normal((steps, batch, units))
    lengths = rng.integers(1, steps + 1, batch)
    found = []
    for engine in engines:
        tape = engine.forward(PassInputs(parameters, x, states, lengths, noise))
        y, _ = engine.infer(PassInputs(parameters, x, states, lengths, noise))
        np.testing.assert_array_equal(y, tape.output)
        for array, expected in zip(tape.given, noise, strict=True):
            np.testing.assert_array_equal(array, expected)
        found.append((tape, engine.backward(tape, d_output, states, through_time=True)))
    (tape, fast), (slow_tape, slow) = found
    pairs = [(tape.output, slow_tape.output), (fast.input, slow.input)]
    pairs += zip(fast.initial, slow.initial, strict=True)
    pairs += zip(fast.through_time, slow.through_time, strict=True)
    pairs += [(fast.parameters[key], slow.parameters[key]) for key in parameters]
    for got, expected in pairs:
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-10 * scale)


@pytest.mark.parametrize("name", list(cells))
def test_parameters_stay_where_they_are(name):
    cell = cells[name]
    changed, _ = noisy_cell(cell, everything(cell), expected=False)
    assert list(changed.arrays.items()) == list(cell.arrays.items())
    assert changed.states == cell.states
    assert list(changed.equations.gates) == list(cell.equations.gates)


class TestWithoutNoise:
    @pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "peephole-lstm-full"])
    def test_dropout_is_off(self, name, make_case):
        case = make_case(name, SHAPE, num_layers=2)
        plain = case.layer(case.x, case.state)[0]
        noise = everything(case.layer.cell, zoneout=0.0)
        quiet = noisy_case(make_case, name, regularisers=noise, num_layers=2)
        np.testing.assert_array_equal(quiet.layer(case.x, case.state)[0], plain)
        np.testing.assert_array_equal(quiet.forward().output, plain)
        step, _ = quiet.layer.step(case.x[0], case.state)
        np.testing.assert_array_equal(step, plain[0])

    def test_zoneout_mixes_in_the_shares_of_its_rates(self, make_case):
        rates = {"h": 0.1, "c": 0.5}
        case = noisy_case(make_case, "lstm", regularisers=Regularisers(zoneout=rates))
        plain = make_case("lstm", SHAPE).layer
        h, c = case.state
        for x_t, y_t in zip(case.x, case.layer(case.x, case.state)[0], strict=True):
            _, new = plain(x_t[None], (h, c))
            h = rates["h"] * h + (1 - rates["h"]) * new.h
            c = rates["c"] * c + (1 - rates["c"]) * new.c
            np.testing.assert_allclose(y_t, h[0], rtol=0, atol=1e-14)

    def test_zoneout_without_noise_is_the_mean_of_many_draws_of_one_step(self):
        layer = GRU(2, 3, regularisers=Regularisers(zoneout=0.3), dtype="float64", seed=1)
        x = np.broadcast_to([[0.5, -1.0]], (1, 40_000, 2)).copy()
        state = (np.broadcast_to([0.9, -0.4, 0.1], (1, 40_000, 3)).copy(),)
        drawn = layer.forward(x, state, noise=1).output.mean(axis=(0, 1))
        np.testing.assert_allclose(drawn, layer(x, state)[0][0, 0], rtol=0, atol=0.01)


def test_a_number_of_zoneout_leaves_scales_alone():
    """The sLSTM's c, n and m are in units of each other; its output stays below o <= 1."""
    noise = Regularisers(zoneout=0.3)
    layer = Recurrent("slstm", 3, 5, regularisers=noise, dtype="float64", seed=3)
    x = np.random.default_rng(0).normal(0, 3, (200, 4, 3))
    assert np.abs(layer.forward(x, noise=1).output).max() < 1
    for state in ("c", "n", "m"):
        with pytest.raises(ValueError, match=rf"{state} of slstm, where n scales the others: .*h"):
            Recurrent("slstm", 3, 5, regularisers=Regularisers(zoneout={state: 0.3}))


class TestMasks:
    @pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
    def test_dropout_keeps_the_mean(self, rate, rng):
        mask = draw_mask(rng, rate, (50, 40, 30), "float64")
        assert set(np.unique(mask)) == {0.0, 1 / (1 - rate)}
        deviation = np.sqrt(rate / (1 - rate) / mask.size)  # of the mean of the mask
        assert abs(mask.mean() - 1) < 5 * deviation

    def test_every_unit_sequence_and_step_has_its_own(self, rng):
        mask = draw_mask(rng, 0.5, (64, 64, 64), "float32", scaled=False)
        for axis in range(3):
            share = mask.mean(axis=tuple(k for k in range(3) if k != axis))
            assert (abs(share - 0.5) < 0.05).all()
        assert mask.dtype == np.float32

    def test_variational_masks_hold_for_a_sequence(self, make_case):
        noise = everything(cells["lstm"], variational=True)
        case = noisy_case(make_case, "lstm", (9, 8, 4, 6), regularisers=noise, num_layers=2)
        tape = case.layer.forward(case.x, noise=3)
        for mask in tape._masks:
            assert (mask == mask[0]).all()
            assert not (mask[:, 0] == mask[:, 1]).all()
        on_h, on_update, stays_h, stays_c = tape._records[1].given
        for mask, constant in ((on_h, True), (on_update, True), (stays_h, False), (stays_c, False)):
            assert (mask == mask[0]).all() == constant

    def test_layers_and_directions_have_masks_of_their_own(self, make_case):
        case = noisy_case(make_case, "rnn", (9, 8, 4, 6), num_layers=2, bidirectional=True)
        tape = case.layer.forward(case.x, noise=3)
        masks = [record.given[0] for record in tape._records]
        for k, mask in enumerate(masks):
            assert not any((mask == other).all() for other in masks[:k])


class TestSeeds:
    layer = LSTM(3, 9, num_layers=2, regularisers=everything(cells["lstm"]), seed=1)
    x = np.random.default_rng(0).standard_normal((20, 30, 3)).astype("float32")

    def test_one_seed_one_result_for_any_number_of_threads(self):
        before = rnnlab.get_num_threads()
        outputs = []
        for threads in (1, 2, 1):
            rnnlab.set_num_threads(threads)
            outputs.append(self.layer.forward(self.x, noise=5).output.copy())
        rnnlab.set_num_threads(before)
        assert (outputs[0] == outputs[1]).all()
        assert (outputs[0] == outputs[2]).all()
        assert (outputs[0] != self.layer.forward(self.x, noise=6).output).any()

    def test_a_generator_goes_on(self):
        rng = np.random.default_rng(5)
        first, second = (self.layer.forward(self.x, noise=rng).output for _ in range(2))
        again = self.layer.forward(self.x, noise=np.random.default_rng(5)).output
        assert (first == again).all()
        assert (first != second).any()

    def test_checkpoints_give_the_same_bits(self):
        whole = self.layer.forward(self.x, noise=5)
        parts = self.layer.forward(self.x, noise=5, checkpoint_every=6)
        d_output = np.ones_like(whole.output)
        one, other = (self.layer.backward(tape, d_output) for tape in (whole, parts))
        np.testing.assert_array_equal(parts.output, whole.output)
        np.testing.assert_array_equal(one.input, other.input)
        for name, array in one.parameters.items():
            np.testing.assert_array_equal(other.parameters[name], array)
        for name, gate in whole.gates().items():
            np.testing.assert_array_equal(parts.gates()[name], gate)

    def test_a_layer_without_regularisers_takes_noise(self):
        layer = LSTM(3, 9, seed=1)
        np.testing.assert_array_equal(layer.forward(self.x, noise=1).output, layer(self.x)[0])


def test_gates_show_what_was_computed(make_case):
    """Those that the tape does not keep too: they are computed again with the same masks."""
    case = noisy_case(make_case, "minimalrnn")
    changed, _ = noisy_cell(case.layer.cell, case.layer.regularisers, expected=False)
    tape = case.layer.forward(case.x, case.state, noise=3)
    record = tape._records[0]
    inputs = PassInputs(record.parameters, record.x, [s[0] for s in case.state], None, record.given)
    reference = ReferenceEngine(changed, "float64").forward(inputs)
    for name, gate in tape.gates().items():
        expected = reference.value(changed.equations.gates[name].index)
        assert expected is not None
        np.testing.assert_allclose(gate, expected, rtol=0, atol=1e-12)


def test_copies_and_files_keep_the_regularisers(tmp_path):
    noise = Regularisers(dropout=0.1, zoneout={"h": 0.05, "c": 0.5}, variational=True)
    layer = LSTM(2, 3, num_layers=2, regularisers=noise, seed=4)
    x = np.ones((4, 2, 2), np.float32)
    again = rnnlab.load(layer.save(tmp_path / "noisy.safetensors"))
    for other in (again, layer.astype("float32")):
        assert other.regularisers == noise
        np.testing.assert_array_equal(
            other.forward(x, noise=1).output, layer.forward(x, noise=1).output
        )
    assert "zoneout={'h': 0.05, 'c': 0.5}" in repr(layer)


class TestBadInput:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"dropout": 1.0}, "dropout must be from 0 to below 1, got 1: it is the share"),
            ({"input_dropout": -0.1}, "input_dropout must be from 0 to below 1, got -0.1"),
            ({"zoneout": {"c": float("nan")}}, r"zoneout\['c'\] must be from 0 to below 1"),
        ],
    )
    def test_rates(self, options, message):
        with pytest.raises(ValueError, match=message):
            Regularisers(**options)

    def test_equal_ones_have_one_hash(self):
        one, other = (
            Regularisers(zoneout=rates) for rates in ({"h": 0.1, "c": 0.2}, {"c": 0.2, "h": 0.1})
        )
        assert one == other
        assert hash(one) == hash(other)

    def test_types(self):
        with pytest.raises(TypeError, match="dropout must be a number, got str 'half'"):
            Regularisers(dropout="half")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="variational must be True or False, got 1"):
            Regularisers(variational=1)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"must be rnnlab.Regularisers, got float: write"):
            LSTM(2, 3, regularisers=0.5)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="noise must be an int or a numpy.random.Generator"):
            LSTM(2, 3).forward(np.ones((1, 1, 2), np.float32), noise="x")  # type: ignore[arg-type]

    def test_what_a_cell_does_not_have(self):
        with pytest.raises(ValueError, match=r"to which an update is added.*got rnn: use hidden"):
            RNN(2, 3, regularisers=Regularisers(recurrent_dropout=0.5))
        with pytest.raises(ValueError, match=r"got h of lstm: use hidden_dropout or zoneout"):
            LSTM(2, 3, regularisers=Regularisers(recurrent_dropout={"h": 0.5}))
        with pytest.raises(ValueError, match=r"zoneout state must be one of h, got 'c'"):
            GRU(2, 3, regularisers=Regularisers(zoneout={"c": 0.5}))
        with pytest.raises(ValueError, match=r"a product on a state, got indrnn: use zoneout"):
            Recurrent("indrnn", 2, 3, regularisers=Regularisers(hidden_dropout=0.5))
