"""What parameters start at."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from rnnlab import GRU, LSTM, RNN, PeepholeLSTM, Recurrent, cell, linear, sigmoid, tanh
from rnnlab.cells import find_cell, gru, lstm
from rnnlab.layers import INITIALISATIONS, initialise
from rnnlab.layers.initialisers import chrono_bias, glorot_uniform, orthogonal
from rnnlab.registry import cells


def blocks(array, units):
    return array.reshape(-1, units, *array.shape[1:])


class TestDefault:
    def test_weights_on_x_are_glorot_uniform_per_gate(self):
        """U(-a, a) with a of one gate's (H, I), not of the stack: bounds, mean and variance."""
        layer = LSTM(30, 50, dtype="float64", seed=3)
        bound = math.sqrt(6 / (30 + 50))
        for block in blocks(layer.parameters["weight_ih_l0"], 50):
            assert np.abs(block).max() <= bound
            assert np.abs(block).max() > 0.99 * bound
            assert abs(block.mean()) < 4 * bound / math.sqrt(3 * block.size)
            assert block.std() == pytest.approx(bound / math.sqrt(3), rel=0.05)

    def test_weights_on_states_are_orthogonal_per_gate(self, any_cell):
        layer = Recurrent(any_cell, 3, 17, dtype="float64", init="default", seed=3)
        count = 0
        for name, array in layer.parameters.items():
            if array.ndim == 2 and name != "weight_ih_l0":
                for block in blocks(array, 17):
                    np.testing.assert_allclose(block @ block.T, np.eye(17), atol=1e-13)
                    count += 1
        matrices = [array for array in any_cell.arrays.values() if array.source not in (None, "x")]
        assert count == sum(len(array.maps) for array in matrices)
        if "weight_hh_l0" in layer.parameters and layer.cell.maps.count("f"):
            one, *others = blocks(layer.parameters["weight_hh_l0"], 17)
            assert all(np.abs(one - other).max() > 0.1 for other in others)  # each its own

    def test_orthogonal_matrices_are_drawn_uniformly(self):
        """With QR's own signs the diagonal of Q leans to one side (Mezzadri 2007)."""
        rng = np.random.default_rng(0)
        draws = np.array([orthogonal(rng, 2) for _ in range(4000)])
        assert abs(draws[:, 0, 0].mean()) < 4 / math.sqrt(2 * 4000)
        assert abs((np.linalg.det(draws) > 0).mean() - 0.5) < 4 * 0.5 / math.sqrt(4000)
        # an angle of the circle: cos^2 has the mean 1/2
        assert (draws[:, 0, 0] ** 2).mean() == pytest.approx(0.5, abs=0.03)

    def test_biases_and_vectors_are_what_the_equations_say(self):
        layer = PeepholeLSTM(3, 4)
        i, f, g, o = blocks(layer.parameters["bias_l0"], 4)
        assert (f == 1).all()
        assert not np.concatenate([i, g, o]).any()
        assert not any(layer.parameters[f"{p}_l0"].any() for p in ("p_i", "p_f", "p_o"))
        gated = GRU(3, 4)
        assert not gated.parameters["bias_l0"].any()
        assert not gated.parameters["bias_hn_l0"].any()

    def test_a_cells_own_starts(self):
        from rnnlab import vector

        @cell
        def own(x, h):
            u = sigmoid(linear("u", x, h, bias=-2.5))
            return u * h + tanh(linear("g", x)) * vector("gain", init=0.25)

        layer = Recurrent(own, 2, 3)
        assert layer.parameters["bias_l0"].tolist() == [-2.5] * 3 + [0] * 3
        assert layer.parameters["gain_l0"].tolist() == [0.25] * 3

    def test_starts_that_are_drawn(self):
        from rnnlab import scalar, uniform, vector

        @cell
        def drawn(x, h):
            u = vector("u", init=uniform(-1, 3))
            return tanh(linear("h", x) + u * h) * scalar("s", init=uniform(5, 6))

        layer = Recurrent(drawn, 2, 500, dtype="float64", seed=4)
        u, s = layer.parameters["u_l0"], layer.parameters["s_l0"]
        assert (u.min() >= -1) & (u.max() <= 3) & (np.ptp(u) > 3.9)
        assert u.mean() == pytest.approx(1, abs=4 * 4 / math.sqrt(12 * 500))
        assert s.shape == (1,)
        assert 5 <= s[0] <= 6
        again = Recurrent(drawn, 2, 500, dtype="float64", seed=4)
        np.testing.assert_array_equal(again.parameters["u_l0"], u)

    def test_one_unit(self):
        assert abs(LSTM(1, 1).parameters["weight_hh_l0"]).tolist() == [[1.0]] * 4


class TestNamed:
    def test_torch(self):
        """All weights and biases U(-1/sqrt(H), 1/sqrt(H)); vectors as the equations say."""
        layer = PeepholeLSTM(30, 64, dtype="float64", init="torch", seed=5)
        for name, array in layer.parameters.items():
            if name.startswith("p_"):
                assert not array.any()
                continue
            assert np.abs(array).max() <= 1 / 8
            assert np.abs(array).max() > 0.97 / 8
            assert array.std() == pytest.approx(1 / 8 / math.sqrt(3), rel=0.1)

    def test_irnn(self):
        layer = Recurrent("rnn-relu", 40, 50, dtype="float64", init="irnn")
        np.testing.assert_array_equal(layer.parameters["weight_hh_l0"], np.eye(50))
        assert not layer.parameters["bias_l0"].any()
        assert layer.parameters["weight_ih_l0"].std() == pytest.approx(1e-3, rel=0.1)

    def test_irnn_of_several_gates(self):
        layer = LSTM(3, 5, init="irnn")
        for block in blocks(layer.parameters["weight_hh_l0"], 5):
            np.testing.assert_array_equal(block, np.eye(5))
        assert not layer.parameters["bias_l0"].any()
        kept = LSTM(3, 5, init="irnn", forget_bias=2.0)
        assert (blocks(kept.parameters["bias_l0"], 5)[1] == 2).all()

    def test_a_cell_starts_as_its_paper_recommends(self):
        """`init` left out means the cell's own; a name means that name, "default" too."""
        for name, init in (("irnn", "irnn"), ("lem", "torch"), ("lstm", "default")):
            own, named = Recurrent(name, 3, 5, seed=0), Recurrent(name, 3, 5, init=init, seed=0)
            for key, array in named.parameters.items():
                np.testing.assert_array_equal(own.parameters[key], array)
        plain = Recurrent("irnn", 3, 5, init="default").parameters["weight_hh_l0"]
        assert np.abs(plain - np.eye(5)).max() > 0.1

    def test_every_recommendation_exists(self):
        assert {definition.init for definition in map(find_cell, cells)} <= set(INITIALISATIONS)

    def test_glorot(self):
        layer = RNN(20, 30, dtype="float64", init="glorot")
        bound = math.sqrt(6 / 60)
        recurrent = layer.parameters["weight_hh_l0"]
        assert 0.95 * bound < np.abs(recurrent).max() <= bound
        assert np.abs(recurrent @ recurrent.T - np.eye(30)).max() > 0.1

    def test_all_run_for_every_cell(self, any_cell, rng):
        for init in INITIALISATIONS:
            drawn = initialise(any_cell, 3, 5, rng, init=init)
            assert list(drawn) == list(any_cell.arrays)
            assert all(np.isfinite(array).all() for array in drawn.values())

    def test_glorot_bound_by_hand(self, rng):
        assert np.abs(glorot_uniform(rng, 1, 5)).max() <= 1.0


class TestForgetBias:
    @pytest.mark.parametrize("kind", [LSTM, PeepholeLSTM])
    @pytest.mark.parametrize("number", [0, 1.0, -3.5, np.float32(2)])
    def test_a_number(self, kind, number):
        i, f, g, o = blocks(kind(3, 4, forget_bias=number).parameters["bias_l0"], 4)
        assert (f == number).all()
        assert not np.concatenate([i, g, o]).any()

    def test_gru_keeps_with_z(self):
        r, z, n = blocks(GRU(3, 4, forget_bias=1.5).parameters["bias_l0"], 4)
        assert (z == 1.5).all()
        assert not np.concatenate([r, n]).any()

    def test_the_rest_is_drawn_as_without(self):
        plain, biased = LSTM(3, 4, seed=9), LSTM(3, 4, seed=9, forget_bias=5)
        for name in ("weight_ih_l0", "weight_hh_l0"):
            np.testing.assert_array_equal(plain.parameters[name], biased.parameters[name])

    @pytest.mark.parametrize("kind", [LSTM, PeepholeLSTM])
    def test_chrono(self, kind):
        """b_f = ln U(1, Tmax - 1), b_i = -b_f (Tallec & Ollivier 2018, equation 16)."""
        layer = kind(3, 300, forget_bias="chrono", chrono_tmax=101, dtype="float64")
        i, f, g, o = blocks(layer.parameters["bias_l0"], 300)
        np.testing.assert_array_equal(i, -f)
        assert not np.concatenate([g, o]).any()
        assert (f >= 0).all()
        assert (f <= math.log(100)).all()
        times = np.exp(f)  # uniform on 1..100
        assert times.mean() == pytest.approx(50.5, abs=4 * 99 / math.sqrt(12 * 300))
        assert times.min() < 3
        assert times.max() > 98

    def test_chrono_of_the_gru_is_on_z(self):
        r, z, n = blocks(GRU(3, 50, forget_bias="chrono", chrono_tmax=20).parameters["bias_l0"], 50)
        assert (z >= 0).all()
        assert (z <= math.log(19) + 1e-6).all()
        assert np.ptp(z) > 1
        assert not np.concatenate([r, n]).any()

    def test_chrono_holds_as_long_as_it_says(self, rng):
        """A unit of bias ln(T - 1) keeps (1 - 1/T)^k: over T steps about 1/e."""
        bias = chrono_bias(rng, 1000, 400)
        kept = 1 / (1 + np.exp(-bias))
        np.testing.assert_allclose(1 / (1 - kept), 1 + np.exp(bias), rtol=1e-9)
        assert (1 / (1 - kept)).max() <= 400

    @pytest.mark.parametrize("tmax", [3, np.int64(7)])
    def test_chrono_at_its_ends(self, tmax):
        layer = LSTM(3, 50, forget_bias="chrono", chrono_tmax=tmax)
        assert (blocks(layer.parameters["bias_l0"], 50)[1] <= math.log(int(tmax) - 1) + 1e-6).all()

    def test_chrono_has_its_own_draw_of_the_same_seed(self):
        one = LSTM(3, 8, seed=4, forget_bias="chrono", chrono_tmax=50)
        same = LSTM(3, 8, seed=4, forget_bias="chrono", chrono_tmax=50)
        other = LSTM(3, 8, seed=5, forget_bias="chrono", chrono_tmax=50)
        np.testing.assert_array_equal(one.parameters["bias_l0"], same.parameters["bias_l0"])
        assert np.abs(one.parameters["bias_l0"] - other.parameters["bias_l0"]).max() > 0.1

    def test_every_cell_that_accepts_one_takes_one(self, any_cell):
        if any_cell.keep is not None:
            layer = Recurrent(any_cell, 3, 4, forget_bias=2.25)
            assert (layer.gate(any_cell.keep)[1] == 2.25).all()
        else:
            with pytest.raises(ValueError, match="forget_bias needs a cell with a gate"):
                Recurrent(any_cell, 3, 4, forget_bias=2.25)


class TestSeeds:
    def test_the_global_state_is_neither_read_nor_changed(self):
        np.random.seed(0)  # noqa: NPY002
        before: Any = np.random.get_state(legacy=True)  # noqa: NPY002
        one = LSTM(3, 4, seed=0).parameters["weight_ih_l0"]
        after: Any = np.random.get_state(legacy=True)  # noqa: NPY002
        np.testing.assert_array_equal(after[1], before[1])
        np.random.seed(1)  # noqa: NPY002
        np.testing.assert_array_equal(one, LSTM(3, 4, seed=0).parameters["weight_ih_l0"])

    def test_float32_is_the_float64_layer_rounded(self):
        narrow, wide = LSTM(3, 4, seed=6), LSTM(3, 4, seed=6, dtype="float64")
        for name, array in wide.parameters.items():
            np.testing.assert_array_equal(narrow.parameters[name], array.astype(np.float32))

    def test_a_generator_goes_on(self):
        rng = np.random.default_rng(3)
        one, other = LSTM(3, 4, seed=rng), LSTM(3, 4, seed=rng)
        assert (one.parameters["weight_ih_l0"] != other.parameters["weight_ih_l0"]).all()

    @pytest.mark.parametrize("definition", [lstm, gru])
    def test_layers_do_not_share_arrays(self, definition):
        one, other = Recurrent(definition, 3, 4), Recurrent(definition, 3, 4)
        for name, array in one.parameters.items():
            assert not np.shares_memory(array, other.parameters[name])
