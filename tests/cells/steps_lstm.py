"""Steps of the relatives of the LSTM."""

from __future__ import annotations

import numpy as np

from tests.cells.paper_steps import affine, paper, rows, s


@paper("lstm-1997")
def lstm_1997(p, x, states):
    """The paper's squashing functions: g within -2 to 2, h within -1 to 1."""
    y, cell = states
    w, u, b = affine(p, "igo")
    net = {k: x @ w[k] + y @ u[k] + b[k] for k in "igo"}
    cell = cell + s(net["i"]) * (4 / (1 + np.exp(-net["g"])) - 2)
    return s(net["o"]) * (2 / (1 + np.exp(-cell)) - 1), cell


@paper("reslstm")
def reslstm(p, x, states):
    h, c = states
    w, u = rows(p["weight_ih"], "ifgox"), rows(p["weight_hh"], "ifgom")
    b = rows(p["bias"], "ifgo")
    a = {k: x @ w[k] + h @ u[k] + b[k] for k in "ifgo"}
    i, f = s(a["i"] + p["p_i"] * c), s(a["f"] + p["p_f"] * c)
    c = f * c + i * np.tanh(a["g"])
    o = s(a["o"] + p["p_o"] * c)
    m = np.tanh(c) @ u["m"]
    return o * (m + x @ w["x"]), c


@paper("wmc-lstm")
def wmc_lstm(p, x, states):
    h, c = states
    w, u, b = affine(p, "ifgo")
    v = rows(p["weight_ch"], "ifo")
    a = {k: x @ w[k] + h @ u[k] + b[k] for k in "ifgo"}
    i, f = (s(a[k] + np.tanh(c @ v[k])) for k in "if")
    c = f * c + i * np.tanh(a["g"])
    return s(a["o"] + np.tanh(c @ v["o"])) * np.tanh(c), c


@paper("nested-lstm")
def nested_lstm(p, x, states):
    h, c, inner = states
    w, u, b = affine(p, "ifog")
    i, f, o, g = (x @ w[k] + h @ u[k] + b[k] for k in "ifog")
    inner_x, inner_h = s(i) * g, s(f) * c
    w, u = rows(p["weight_x_nh"], "ifog"), rows(p["weight_h_nh"], "ifog")
    i, f, o_inner, g = (inner_x @ w[k] + inner_h @ u[k] + p[f"bias_h{k}_n"] for k in "ifog")
    inner = s(f) * inner + s(i) * np.tanh(g)
    c = s(o_inner) * np.tanh(inner)
    return s(o) * np.tanh(c), c, inner


@paper("memory-controller-lstm")
def memory_controller_lstm(p, x, states):
    _, v, c = states
    w, u, b = (rows(p[key], "ifnom") for key in ("weight_ih", "weight_vh", "bias"))
    a = {k: x @ w[k] + v @ u[k] + b[k] for k in "ifnom"}
    c = s(a["f"]) * c + s(a["i"]) * np.tanh(a["n"])
    return s(a["o"]) * np.tanh(c), s(a["m"]) * np.tanh(c), c


@paper("nas")
def nas(p, x, states):
    """Eight branches, combined as a tree; the rows of the fourth branch come first."""
    m, c = states
    order = "41235678"
    w, u = rows(p["weight_ih"], order), rows(p["weight_hh"], order)
    a = {k: x @ w[k] + m @ u[k] for k in "1235678"}
    fourth = np.maximum((x @ w["4"]) * (m @ u["4"]), 0)
    first = np.tanh(s(a["1"]) * np.maximum(a["2"], 0))
    second = np.tanh(s(a["3"]) + fourth)
    third = np.tanh(np.tanh(a["5"]) * s(a["6"]))
    last = s(np.tanh(a["7"]) + s(a["8"]))
    c = np.tanh(first + c) * second
    return np.tanh(c * np.tanh(third + last)), c
