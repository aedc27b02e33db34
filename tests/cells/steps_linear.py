"""Steps of linear and light cells: their gates see of the past little or nothing."""

from __future__ import annotations

import numpy as np

from tests.cells.paper_steps import paper, rows, s


def g(a):
    """Continue a + 0.5 to negative numbers by the sigmoid: above 0 everywhere."""
    return np.where(a >= 0, np.maximum(a, 0) + 0.5, s(np.minimum(a, 0)))


@paper("mingru")
def mingru(p, x, states):
    (h,) = states
    w, b = rows(p["weight_ih"], "zh"), rows(p["bias"], "zh")
    z = s(x @ w["z"] + b["z"])
    return ((1 - z) * h + z * g(x @ w["h"] + b["h"]),)


@paper("minlstm")
def minlstm(p, x, states):
    (h,) = states
    w, b = rows(p["weight_ih"], "fih"), rows(p["bias"], "fih")
    f, i = s(x @ w["f"] + b["f"]), s(x @ w["i"] + b["i"])
    share_f, share_i = f / (f + i), i / (f + i)
    return (share_f * h + share_i * g(x @ w["h"] + b["h"]),)


@paper("sru")
def sru(p, x, states):
    _, c = states
    w, b = rows(p["weight_ih"], "frcx"), rows(p["bias"], "fr")
    f = s(x @ w["f"] + p["v_f"] * c + b["f"])
    r = s(x @ w["r"] + p["v_r"] * c + b["r"])
    c = f * c + (1 - f) * (x @ w["c"])
    return r * c + (1 - r) * (x @ w["x"]), c


@paper("qrnn")
def qrnn(p, x, states):
    _, c = states
    w, b = rows(p["weight_ih"], "zfo"), rows(p["bias"], "zfo")
    f, o = s(x @ w["f"] + b["f"]), s(x @ w["o"] + b["o"])
    c = f * c + (1 - f) * np.tanh(x @ w["z"] + b["z"])
    return o * c, c


@paper("hgrn")
def hgrn(p, x, states):
    (h,) = states
    w, b = rows(p["weight_ih"], "fc"), rows(p["bias"], "fc")
    bound = s(p["gamma"])
    f = bound + (1 - bound) * s(x @ w["f"] + b["f"])
    a = x @ w["c"] + b["c"]
    return (f * h + (1 - f) * (a * s(a)),)


@paper("t-rnn")
def t_rnn(p, x, states):
    (h,) = states
    w = rows(p["weight_ih"], "zf")
    f = s(x @ w["f"] + p["bias"])
    return (f * h + (1 - f) * (x @ w["z"]),)


def typed_gates(p, x, before):
    """Return z, f, o of the strongly typed cells, and what V makes of x for the next step."""
    w, b = rows(p["weight_ih"], "zfoZFO"), rows(p["bias"], "zfo")
    z, f, o = (old + x @ w[k] + b[k] for k, old in zip("zfo", before, strict=True))
    return z, s(f), np.tanh(o), tuple(x @ w[k] for k in "ZFO")


@paper("t-gru")
def t_gru(p, x, states):
    h, *before = states
    z, f, o, seen = typed_gates(p, x, before)
    return (f * h + z * o, *seen)


@paper("t-lstm")
def t_lstm(p, x, states):
    _, c, *before = states
    z, f, o, seen = typed_gates(p, x, before)
    c = f * c + (1 - f) * z
    return (c * o, c, *seen)


@paper("nlru")
def nlru(p, x, states):
    (h,) = states
    w, b = rows(p["weight_ih"], "ac"), rows(p["bias"], "ac")
    a = s(x @ w["a"] + b["a"])
    return (a * h + (1 - a) * np.tanh(x @ w["c"] + b["c"] + h @ np.diag(p["u"])),)


@paper("unicornn")
def unicornn(p, x, states):
    """z at the half of the tanh form of the sigmoid, 0.5 + 0.5 tanh(c / 2), as the paper has it."""
    y, z = states
    step = 0.19 * (0.5 + 0.5 * np.tanh(p["c"] / 2))
    force = np.tanh(y @ np.diag(p["w"]) + x @ p["weight_ih"].T + p["bias"]) + 30.65 * y
    z = z - step * force
    return y + step * z, z
