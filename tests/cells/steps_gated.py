"""Steps of cells with gates that see h."""

from __future__ import annotations

import numpy as np

from tests.cells.paper_steps import affine, paper, rows, s


@paper("cfn")
def cfn(p, x, states):
    (h,) = states
    v, u, b = rows(p["weight_ih"], "ten"), rows(p["weight_hh"], "te"), rows(p["bias"], "te")
    theta = s(h @ u["t"] + x @ v["t"] + b["t"])
    eta = s(h @ u["e"] + x @ v["e"] + b["e"])
    return (theta * np.tanh(h) + eta * np.tanh(x @ v["n"]),)


@paper("brc")
def brc(p, x, states):
    (h,) = states
    u, b = rows(p["weight_ih"], "ach"), rows(p["bias"], "ac")
    a = 1 + np.tanh(x @ u["a"] + h @ np.diag(p["w_a"]) + b["a"])
    c = s(x @ u["c"] + h @ np.diag(p["w_c"]) + b["c"])
    return (c * h + (1 - c) * np.tanh(x @ u["h"] + a * h),)


@paper("nbrc")
def nbrc(p, x, states):
    (h,) = states
    u, w, b = rows(p["weight_ih"], "ach"), rows(p["weight_hh"], "ac"), rows(p["bias"], "ac")
    a = 1 + np.tanh(x @ u["a"] + h @ w["a"] + b["a"])
    c = s(x @ u["c"] + h @ w["c"] + b["c"])
    return (c * h + (1 - c) * np.tanh(x @ u["h"] + a * h),)


def simple_gates(p, x, h, u):
    """Return z_g and z of the simple gated units; u holds the matrices on computed values."""
    w, b = rows(p["weight_ih"], "gz"), rows(p["bias"], "gz")
    x_g = x @ w["g"] + b["g"]
    z_g = np.tanh((x_g * h) @ u["g"] + p["bias_hu"])
    a = x @ w["z"] + h @ u["z"] + b["z"]
    return z_g, np.clip((a + 3) / 6, 0, 1)


@paper("sgu")
def sgu(p, x, states):
    (h,) = states
    z_g, z = simple_gates(p, x, h, rows(p["weight_hh"], "gz"))
    return ((1 - z) * h + z * np.logaddexp(0, z_g * h),)


@paper("dsgu")
def dsgu(p, x, states):
    (h,) = states
    u = rows(p["weight_hh"], "goz")
    z_g, z = simple_gates(p, x, h, u)
    return ((1 - z) * h + z * s((z_g * h) @ u["o"]),)


@paper("fastrnn")
def fastrnn(p, x, states):
    (h,) = states
    candidate = np.tanh(x @ p["weight_ih"].T + h @ p["weight_hh"].T + p["bias"])
    return (candidate * s(p["alpha"][0]) + h * s(p["beta"][0]),)


@paper("intersection-rnn")
def intersection_rnn(p, x, states):
    _, h = states
    w, u, b = rows(p["weight_ih"], "yhdtx"), rows(p["weight_hh"], "yhdt"), rows(p["bias"], "yhdt")
    a = {k: x @ w[k] + h @ u[k] + b[k] for k in "yhdt"}  # d: gate over depth, t: over time
    y = s(a["d"]) * (x @ w["x"]) + (1 - s(a["d"])) * np.maximum(a["y"], 0)
    return y, s(a["t"]) * h + (1 - s(a["t"])) * np.tanh(a["h"])


@paper("miru1")
def miru1(p, x, states):
    (h,) = states
    w, u, b = affine(p, "rh")
    r = s(x @ w["r"] + h @ u["r"] + b["r"])
    return (0.5 * h + 0.5 * np.tanh(x @ w["h"] + (r * h) @ u["h"] + b["h"]),)


@paper("miru2")
def miru2(p, x, states):
    (h,) = states
    candidate = np.tanh(x @ p["weight_ih"].T + 0.5 * (h @ p["weight_hh"].T) + p["bias"])
    return ((h + candidate) / 2,)


@paper("tau-gru")
def tau_gru(p, x, states):
    h, *past = states
    u, b = rows(p["weight_ih"], "uzga"), rows(p["bias"], "uzga")
    w = rows(p["weight_hh"], "uga")
    instant = np.tanh(h @ w["u"] + x @ u["u"] + b["u"])
    delayed = np.tanh(past[-1] @ p["weight_h5h"].T + x @ u["z"] + b["z"])
    g = s(h @ w["g"] + x @ u["g"] + b["g"])
    a = s(h @ w["a"] + x @ u["a"] + b["a"])
    return ((1 - g) * h + g * (instant + a * delayed), h, *past[:-1])


@paper("rhn-2")
@paper("rhn-3")
def highway(p, x, states):
    (layer,) = states
    w, b = rows(p["weight_ih"], "ht"), rows(p["bias"], "ht")
    r = np.split(p["weight_hh"], p["weight_hh"].shape[0] // p["weight_hh"].shape[1])
    for depth in range(len(r) // 2):
        h, t = layer @ r[2 * depth].T, layer @ r[2 * depth + 1].T
        if depth == 0:
            h, t = h + x @ w["h"] + b["h"], t + x @ w["t"] + b["t"]
        else:
            h, t = h + p[f"bias_hn{depth + 1}"], t + p[f"bias_ht{depth + 1}"]
        layer = np.tanh(h) * s(t) + layer * (1 - s(t))
    return (layer,)


@paper("sgrn")
def sgrn(p, x, states):
    (h,) = states
    content = x @ p["weight_ih"].T
    f = s(content + h @ p["weight_hh"].T + p["bias_hf"])
    return (np.tanh((1 - f) * content + f * h),)


@paper("lightru")
def lightru(p, x, states):
    (h,) = states
    w = rows(p["weight_ih"], "fh")
    f = s(x @ w["f"] + h @ p["weight_hh"].T + p["bias"])
    return ((1 - f) * h + f * np.tanh(x @ w["h"]),)
