"""Jacobians against closed forms, the engine's own gradients and finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnnlab import Recurrent, Regularisers, cell, linear, sigmoid, tanh
from rnnlab.analysis import linearise, products, step_jacobians
from rnnlab.engine import ReferenceEngine
from rnnlab.registry import cells


@cell(keep="f")
def of_a_user(x, h, m):
    """A product on a computed value, one on a new state, and direct paths between states."""
    f = sigmoid(linear("f", x, h))
    m = f * m + (1 - f) * tanh(linear("g", x, f * h)) + 0.1 * h
    return tanh(linear("o", x, m)) * f + 0.2 * m, m


CELLS: list[Any] = [*cells.names(), of_a_user]
name_of = str


def shaken(cell: Any, rng: np.random.Generator, layers: int = 1, **sizes: int) -> Recurrent:
    """A layer none of whose parameters is 0, peepholes and biases included."""
    layer = Recurrent(
        cell, sizes.get("inputs", 3), sizes.get("hidden", 4), num_layers=layers, dtype="float64"
    )
    for array in layer.parameters.values():
        array += 0.3 * rng.standard_normal(array.shape)
    return layer


def a_state(layer: Recurrent, batch: int, rng: np.random.Generator) -> Any:
    shape = (layer.num_layers, batch, layer.hidden_size)
    return layer.state_type(
        *(
            rng.uniform(0.5, 1.5, shape) if s in layer.cell.positive else rng.standard_normal(shape)
            for s in layer.cell.states
        )
    )


def flat(state: Any) -> Any:
    """(L, B, H) arrays to (B, N), in the order of `Linearised.names`."""
    return np.concatenate([array[row] for row in range(len(state[0])) for array in state], axis=-1)


@pytest.mark.parametrize("peepholes", [False, True])
def test_the_closed_form_of_the_lstm(peepholes: bool, rng: np.random.Generator) -> None:
    """s = (c, h): [[F, B], [R F, R B + Q]], with peepholes in F and R."""
    layer = shaken("peephole-lstm" if peepholes else "lstm", rng, hidden=5)
    x, state = rng.standard_normal((6, 3, 3)), a_state(layer, 3, rng)
    tape = layer.forward(x, state)
    gates, c = tape.gates(), tape.states()["c"]
    blocks = np.split(layer.parameters["weight_hh_l0"], 4)
    u_i, u_f, u_g, u_o = blocks
    zero = np.zeros(5)
    p_i, p_f, p_o = (layer.parameters[f"p_{k}_l0"] if peepholes else zero for k in ("i", "f", "o"))
    found = step_jacobians(linearise(layer, x, state))
    for t in range(6):
        for b in range(3):
            i, f, g, o = (gates[k][t, b] for k in "ifgo")
            before, after = c[t, b], np.tanh(c[t + 1, b])
            d_i, d_f, d_g, d_o = i * (1 - i), f * (1 - f), 1 - g * g, o * (1 - o)
            f_c = np.diag(f + before * d_f * p_f + g * d_i * p_i)
            b_c = np.diag(before * d_f) @ u_f + np.diag(g * d_i) @ u_i + np.diag(i * d_g) @ u_g
            r = np.diag(o * (1 - after**2) + after * d_o * p_o)
            q = np.diag(after * d_o) @ u_o
            expected = np.block([[r @ b_c + q, r @ f_c], [b_c, f_c]])  # ours: s = (h, c)
            np.testing.assert_allclose(found[t, b], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("definition", CELLS, ids=name_of)
def test_every_cell_against_the_engine(
    definition: Any, layers: int, rng: np.random.Generator
) -> None:
    """A step's backward pass with every unit of the new state as a cotangent."""
    layer = shaken(definition, rng, layers)
    x, state = rng.standard_normal((1, 1, 3)), a_state(layer, 1, rng)
    found = step_jacobians(linearise(layer, x, state))[0, 0]
    size = len(found)
    many = layer.state_type(*(np.tile(array, (1, size, 1)) for array in state))
    tape = layer.forward(np.tile(x, (1, size, 1)), many)
    basis = np.eye(size).reshape(size, layers, len(state), 4)  # row: layer, state, unit
    d_state = tuple(np.ascontiguousarray(basis[:, :, k].swapaxes(0, 1)) for k in range(len(state)))
    gradients = layer.backward(tape, np.zeros_like(tape.output), d_state)
    np.testing.assert_allclose(found, flat(gradients.state), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("definition", CELLS, ids=name_of)
def test_every_cell_against_differences(definition: Any, rng: np.random.Generator) -> None:
    """Central differences of ds_T/ds_0 over three steps; a kink would show as a large error."""
    layer = shaken(definition, rng, 2 if definition in ("lstm", "gru") else 1)
    x, state = rng.standard_normal((3, 1, 3)), a_state(layer, 1, rng)
    *_, (lag, product, log) = products(linearise(layer, x, state))
    assert lag == 3
    expected = np.empty_like(product[0])
    column = 0
    for row in range(layer.num_layers):
        for array in state:
            for unit in range(4):
                ends = []
                kept = array[row, 0, unit]
                for shift in (1e-5, -1e-5):
                    array[row, 0, unit] = kept + shift
                    ends.append(flat(layer(x, state)[1])[0])
                array[row, 0, unit] = kept
                expected[:, column] = (ends[0] - ends[1]) / 2e-5
                column += 1
    np.testing.assert_allclose(product[0] * np.exp(log[0]), expected, rtol=1e-6, atol=1e-8)


def test_blocks_of_steps_and_rows_are_parts_of_the_whole(rng: np.random.Generator) -> None:
    layer = shaken("lstm", rng)
    along = linearise(layer, rng.standard_normal((40, 2, 3)))
    whole = step_jacobians(along)
    assert whole.shape == (40, 2, 8, 8)
    np.testing.assert_array_equal(step_jacobians(along, 5, 9), whole[5:9])
    late = linearise(layer, rng.standard_normal((3, 2, 3)), last=2)
    assert step_jacobians(late).shape == (2, 2, 8, 8)
    product = np.eye(8)
    factors = [np.eye(8), *whole[::-1, 1]]
    found = list(products(along, slice(4, 8)))
    assert [lag for lag, _, _ in found] == list(range(41))
    for (_, part, log), jacobian in zip(found, factors, strict=True):
        product = product @ jacobian
        np.testing.assert_allclose(part[1] * np.exp(log[1]), product[4:], rtol=1e-10, atol=1e-300)


def test_products_neither_under_nor_overflow() -> None:
    layer = Recurrent("rnn", 1, 2, dtype="float64")
    layer.parameters["weight_hh_l0"][:] = 1e-3 * np.eye(2)
    *_, (_, product, log) = products(linearise(layer, np.zeros((2000, 1, 1))))
    np.testing.assert_array_equal(product[0], np.eye(2))
    assert log[0] / np.log(10) == pytest.approx(-6000)
    layer.parameters["weight_hh_l0"][:] = 1e3 * np.eye(2)
    *_, (_, product, log) = products(linearise(layer, np.zeros((2000, 1, 1))))
    assert log[0] / np.log(10) == pytest.approx(6000)
    layer.parameters["weight_hh_l0"][:] = [[0, 1], [0, 0]]  # its square is 0
    scales = {lag: log[0] for lag, _, log in products(linearise(layer, np.zeros((3, 1, 1))))}
    assert scales == {0: 0, 1: 0, 2: -np.inf, 3: -np.inf}


class TestPaths:
    """What is left of a Jacobian when matrices are held."""

    @pytest.mark.parametrize("definition", CELLS, ids=name_of)
    def test_the_direct_one_is_the_difference_with_products_held(
        self, definition: Any, rng: np.random.Generator
    ) -> None:
        layer = shaken(definition, rng)
        x, state = rng.standard_normal((1, 2, 3)), a_state(layer, 2, rng)
        found = step_jacobians(linearise(layer, x, state), paths="direct")[0]
        equations, pairs = layer.cell.equations, layer.cell.derivation.direct_paths
        parameters = {name: layer.parameters[f"{name}_l0"] for name in layer.cell.arrays}
        before = [array[0][None] for array in state]
        values = ReferenceEngine(layer.cell, "float64").step(parameters, x, before)
        leaves = (*equations.maps, *equations.states.values(), *equations.vectors)
        held = {leaf.index: np.asarray(values[leaf.index]) for leaf in leaves}

        def stepped(name: str, change: float) -> list[Any]:
            leaf = equations.states[name].index
            reached = equations.evaluate(equations.outputs, held | {leaf: held[leaf] + change})
            return [np.broadcast_to(reached[o.index], (1, 2, 4))[0] for o in equations.outputs]

        for j, name in enumerate(layer.cell.states):
            differences = zip(stepped(name, 1e-6), stepped(name, -1e-6), strict=True)
            for k, (above, below) in enumerate(differences):
                block = found[:, 4 * k : 4 * k + 4, 4 * j : 4 * j + 4]
                expected = ((above - below) / 2e-6)[:, :, None] * np.eye(4)
                np.testing.assert_allclose(block, expected, rtol=1e-7, atol=1e-8)
                if (layer.cell.states[k], name) not in pairs:
                    assert not block.any()

    def test_of_known_cells(self, rng: np.random.Generator) -> None:
        x = rng.standard_normal((4, 2, 3))
        gru = shaken("gru", rng)
        z = gru.forward(x).gates()["z"]
        for paths in ("direct", "cut"):  # all of its matrices are on h
            found = step_jacobians(linearise(gru, x), paths=paths)
            np.testing.assert_allclose(found, z[..., None] * np.eye(4), rtol=1e-14)
        full = shaken("peephole-lstm-full", rng)
        cut = step_jacobians(linearise(full, x), paths="cut")
        assert not cut[..., :4].any()  # nothing comes from h
        f = full.forward(x).gates()["f"]
        # the matrices on c are left in: they are no path through h
        assert np.abs(cut[..., 4:, 4:] - f[..., None] * np.eye(4)).max() > 1e-3
        direct = step_jacobians(linearise(full, x), paths="direct")
        np.testing.assert_allclose(direct[..., 4:, 4:], f[..., None] * np.eye(4), rtol=1e-14)

    def test_cut_is_the_whole_where_the_matrices_on_h_are_zero(
        self, rng: np.random.Generator
    ) -> None:
        for name in ("lstm", "peephole-lstm-full", "lem"):
            layer = shaken(name, rng)
            layer.parameters["weight_hh_l0"][:] = 0
            along = linearise(layer, rng.standard_normal((3, 2, 3)))
            np.testing.assert_array_equal(step_jacobians(along, paths="cut"), step_jacobians(along))

    def test_layers_of_a_stack_do_not_touch_directly(self, rng: np.random.Generator) -> None:
        layer = shaken("lstm", rng, layers=2)
        along = linearise(layer, rng.standard_normal((3, 2, 3)))
        direct, cut = (step_jacobians(along, paths=paths) for paths in ("direct", "cut"))
        assert not direct[..., 8:, :8].any()
        assert cut[..., 8:, :8].any()


def test_pulling_back_is_the_transposed_product(rng: np.random.Generator) -> None:
    for paths in ("all", "cut", "direct"):
        for name in ("lstm", "mut3", "lem"):
            layer = shaken(name, rng, layers=2)
            along = linearise(layer, rng.standard_normal((3, 2, 3)))
            jacobian = step_jacobians(along, paths=paths)
            seeds = [rng.standard_normal((2, 4)) for _ in along.names]
            _, before = along.pull(1, seeds, paths)
            expected = np.einsum("bi,bij->bj", np.concatenate(seeds, axis=1), jacobian[1])
            np.testing.assert_allclose(np.concatenate(before, axis=1), expected, rtol=1e-10)


def test_layers_that_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match=r"in float64, got float32: use astype"):
        linearise(Recurrent("gru", 2, 3), np.zeros((3, 2, 2), np.float32))
    both = Recurrent("gru", 2, 3, bidirectional=True, dtype="float64")
    with pytest.raises(ValueError, match=r"one direction, got bidirectional=True"):
        linearise(both, np.zeros((3, 2, 2)))
    for zoneout in (0.1, {"h": 0.1}):
        noise = Regularisers(zoneout=zoneout, dropout=0.5)
        held = Recurrent("gru", 2, 3, dtype="float64", regularisers=noise)
        with pytest.raises(ValueError, match=r"the cell's own, got zoneout=.*: copy its"):
            linearise(held, np.zeros((3, 2, 2)))
    dropped = Recurrent("gru", 2, 3, dtype="float64", regularisers=Regularisers(dropout=0.5))
    assert linearise(dropped, np.zeros((3, 2, 2))).size == 3  # off without noise
