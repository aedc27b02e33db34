"""Paths of the gradient against PyTorch with h detached, the engine, and products by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from rnnlab import GRU, LSTM, Recurrent
from rnnlab.analysis import path_norms, path_shares
from rnnlab.analysis.paths import kept_states
from rnnlab.registry import cells
from rnnlab.training import SequenceModel, softmax_cross_entropy


def shaken(name: str, rng: np.random.Generator, layers: int = 1) -> Recurrent:
    layer = Recurrent(name, 3, 5, num_layers=layers, dtype="float64", seed=1)
    for array in layer.parameters.values():
        array += 0.3 * rng.standard_normal(array.shape)
    return layer


def norms(table: pd.DataFrame, state: str, path: str) -> Any:
    return table[(table.state == state) & (table.path == path)].norm.to_numpy()


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", ["rnn", "lstm", "peephole-lstm", "gru", "fgr", "lem"])
def test_the_exact_one_is_the_engine_s(name: str, layers: int, rng: np.random.Generator) -> None:
    """Each unit of the last state in turn as what is differentiated."""
    layer = shaken(name, rng, layers)
    x = rng.standard_normal((7, 1, 3))
    table = path_norms(layer, x)
    tape = layer.forward(np.tile(x, (1, 5, 1)))
    for number in range(layers):
        for k, state in enumerate(layer.cell.states):
            d_state = [np.zeros((layers, 5, 5)) for _ in layer.cell.states]
            d_state[k][number] = np.eye(5)
            gradients = layer.backward(
                tape, np.zeros_like(tape.output), tuple(d_state), through_time=True
            )
            over_time = gradients.states(number)[state]
            expected = np.linalg.norm(over_time, axis=(1, 2))[::-1] / math.sqrt(5)
            label = state if layers == 1 else f"{state}_l{number}"
            found = norms(table, label, "exact")
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-15)


def test_an_lstm_s_direct_path_is_the_product_of_its_forget_gates(
    rng: np.random.Generator,
) -> None:
    layer = shaken("lstm", rng)
    x = rng.standard_normal((12, 3, 3))
    table = path_norms(layer, x)
    f = layer.forward(x).gates()["f"]
    expected = [1.0]
    for k in range(1, 13):
        product = np.ones((3, 5))
        for t in range(12 - k, 12):
            product = product * f[t]
        expected.append(float(np.sqrt(np.mean(product**2, axis=1)).mean()))
    for path in ("direct", "cut", "keep"):
        np.testing.assert_allclose(norms(table, "c", path), expected, rtol=1e-12)
    assert (norms(table, "h", "direct")[1:] == 0).all()
    assert set(table[table.state == "h"].path) == {"exact", "cut", "direct"}
    assert list(table) == ["state", "lag", "path", "log10_norm", "norm"]


def test_peepholes_are_part_of_the_direct_path_and_not_of_the_textbook_s(
    rng: np.random.Generator,
) -> None:
    layer = shaken("peephole-lstm", rng)
    x = rng.standard_normal((6, 3, 3))
    table = path_norms(layer, x)
    gates, c = layer.forward(x).gates(), layer.forward(x).states()["c"]
    i, f, g = (gates[name] for name in "ifg")
    p_i, p_f = (layer.parameters[f"p_{name}_l0"] for name in "if")
    step = f + c[:-1] * f * (1 - f) * p_f + g * i * (1 - i) * p_i
    expected = np.sqrt(np.square(step[-1] * step[-2]).mean(axis=1)).mean()
    assert norms(table, "c", "direct")[2] == pytest.approx(expected, rel=1e-12)
    kept = np.sqrt(np.square(f[-1] * f[-2]).mean(axis=1)).mean()
    assert norms(table, "c", "keep")[2] == pytest.approx(kept, rel=1e-12)
    assert abs(expected - kept) > 0.01 * kept


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_h_detached_in_pytorch(name: str, rng: np.random.Generator) -> None:
    """The gradient of a loss, whole and with h detached where matrices take it (h-detach)."""
    layer = shaken(name, rng)
    model = SequenceModel(layer, 4, seed=2)
    x, targets = rng.standard_normal((6, 1, 3)), rng.integers(4, size=(6, 1))
    shares = path_shares(model, x, targets)
    state = "c" if name == "lstm" else "h"
    found = shares[shares.state == state].pivot(index="lag", columns="path", values="share")
    whole, cut = (torch_gradients(name, model, x, targets, detach) for detach in (False, True))
    for lag in range(7):
        expected = float(cut[lag] @ whole[lag] / (whole[lag] @ whole[lag]))
        assert 1 - found.around_h[lag] == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(found.around_other, 0.0, atol=1e-12)  # there are no others
    assert found.direct[0] == 1.0
    assert found.around_h[3] > 0.05


def torch_gradients(
    name: str, model: SequenceModel, x: Any, targets: Any, detach: bool
) -> list[Any]:
    """Gradients of the memory by lag, of a step written out in PyTorch."""
    p = {n: torch.tensor(a) for n, a in model.parameters.items()}
    h = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    c = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    memories = [c if name == "lstm" else h]
    for x_t in torch.tensor(x[:, 0]):
        seen = h.detach() if detach else h
        before = p["weight_ih_l0"] @ x_t + p["bias_l0"]
        after = p["weight_hh_l0"] @ seen
        if name == "lstm":
            i, f, g, o = (before + after).chunk(4)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            memories.append(c)
        else:
            (r, z, n), (u_r, u_z, u_n) = before.chunk(3), after.chunk(3)
            r, z = torch.sigmoid(r + u_r), torch.sigmoid(z + u_z)
            n = torch.tanh(n + r * (u_n + p["bias_hn_l0"]))
            h = (1 - z) * n + z * h
            memories.append(h)
    logits = p["readout_weight"] @ h + p["readout_bias"]
    loss = torch.nn.functional.cross_entropy(logits[None], torch.tensor(targets[-1]))
    return list(torch.autograd.grad(loss, memories, materialize_grads=True))[::-1]


def test_matrices_on_other_states_are_told_apart(rng: np.random.Generator) -> None:
    layer = shaken("peephole-lstm-full", rng)
    model = SequenceModel(layer, 4)
    x, targets = rng.standard_normal((6, 4, 3)), rng.integers(4, size=(6, 4))
    shares = path_shares(model, x, targets)
    other = shares[(shares.state == "c") & (shares.path == "around_other")].share
    assert other.abs().max() > 0.01
    for name in ("weight_ch_l0",):
        layer.parameters[name][:] = 0
    shares = path_shares(model, x, targets)
    np.testing.assert_allclose(shares[shares.path == "around_other"].share, 0.0, atol=1e-12)


def test_tails_beyond_float64_and_what_never_arrives(rng: np.random.Generator) -> None:
    layer = LSTM(3, 5, dtype="float64", forget_bias=-20.0)
    layer.parameters["weight_hh_l0"][:] = 0
    table = path_norms(layer, rng.standard_normal((200, 2, 3)))
    last = table[(table.state == "c") & (table.lag == 200)].set_index("path")
    assert (last.norm == 0).all()
    np.testing.assert_allclose(last.log10_norm, last.log10_norm.iloc[0], rtol=1e-12)
    assert -1800 < last.log10_norm.iloc[0] < -1600
    model = SequenceModel(layer, 4)
    shares = path_shares(model, rng.standard_normal((200, 2, 3)), np.zeros((200, 2), int))
    shares = shares[shares.path == "direct"].pivot(index="lag", columns="state", values="share")
    assert (shares.c == 1.0).all()
    assert shares.h.isna().tolist() == [False, *[True] * 200]  # nothing arrives at h


def test_the_median_over_the_batch(rng: np.random.Generator) -> None:
    model = SequenceModel(GRU(3, 5, dtype="float64", seed=1), 4)
    x, targets = rng.standard_normal((6, 5, 3)), rng.integers(4, size=(6, 5))
    targets[4:, 0] = -1  # the first sequence ends earlier
    alone = [
        path_shares(model, x[: 4 if b == 0 else 6, [b]], targets[: 4 if b == 0 else 6, [b]])
        for b in range(5)
    ]
    together = path_shares(model, x, targets)
    for path in ("direct", "around_h"):
        expected = np.median(
            [one[(one.path == path) & (one.lag <= 4)].share for one in alone], axis=0
        )
        np.testing.assert_allclose(together[together.path == path].share, expected, rtol=1e-10)


@pytest.mark.parametrize("name", cells.names())
def test_every_cell(name: str, rng: np.random.Generator) -> None:
    layer = shaken(name, rng)
    x = rng.standard_normal((5, 2, 3))
    table = path_norms(layer, x)
    assert list(dict.fromkeys(table.state)) == list(layer.cell.states)
    kept = set(table[table.path == "keep"].state)
    assert kept == set(kept_states(layer.cell))
    assert bool(kept) == (layer.cell.keep is not None)
    start = table[(table.lag == 0)].norm
    np.testing.assert_allclose(start, 1.0, rtol=1e-12)
    shares = path_shares(SequenceModel(layer, 4), x, np.zeros((5, 2), int), softmax_cross_entropy)
    assert len(shares) == 3 * 6 * len(layer.cell.states)
