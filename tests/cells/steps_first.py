"""Steps of the oldest cells of the catalogue, `rnn` to `slstm` in its order."""

from __future__ import annotations

import numpy as np

from tests.cells.paper_steps import affine, paper, rows, s


@paper("rnn")
def rnn(p, x, states):
    (h,) = states
    return (np.tanh(x @ p["weight_ih"].T + h @ p["weight_hh"].T + p["bias"]),)


@paper("irnn")
@paper("rnn-relu")
def rectified(p, x, states):
    (h,) = states
    return (np.maximum(x @ p["weight_ih"].T + h @ p["weight_hh"].T + p["bias"], 0),)


@paper("np")
@paper("lstm")
def lstm(p, x, states):
    h, c = states
    w, u, b = affine(p, "ifgo")
    a = {k: x @ w[k] + h @ u[k] + b[k] for k in "ifgo"}
    c = s(a["f"]) * c + s(a["i"]) * np.tanh(a["g"])
    return s(a["o"]) * np.tanh(c), c


@paper("peephole-lstm")
def peephole(p, x, states):
    h, c = states
    w, u, b = affine(p, "ifgo")
    a = {k: x @ w[k] + h @ u[k] + b[k] for k in "ifgo"}
    i, f = s(a["i"] + p["p_i"] * c), s(a["f"] + p["p_f"] * c)
    c = f * c + i * np.tanh(a["g"])
    return s(a["o"] + p["p_o"] * c) * np.tanh(c), c


@paper("gru")
def gru(p, x, states):
    (h,) = states
    w, u, b = affine(p, "rzn")
    r = s(x @ w["r"] + h @ u["r"] + b["r"])
    z = s(x @ w["z"] + h @ u["z"] + b["z"])
    n = np.tanh(x @ w["n"] + b["n"] + r * (h @ u["n"] + p["bias_hn"]))
    return ((1 - z) * n + z * h,)


@paper("nig")
def nig(p, x, states):
    h, c = states
    w, u, b = affine(p, "fgo")
    f = s(x @ w["f"] + h @ u["f"] + p["p_f"] * c + b["f"])
    c = np.tanh(x @ w["g"] + h @ u["g"] + b["g"]) + c * f
    o = s(x @ w["o"] + h @ u["o"] + p["p_o"] * c + b["o"])
    return np.tanh(c) * o, c


@paper("nfg")
def nfg(p, x, states):
    h, c = states
    w, u, b = affine(p, "igo")
    i = s(x @ w["i"] + h @ u["i"] + p["p_i"] * c + b["i"])
    c = np.tanh(x @ w["g"] + h @ u["g"] + b["g"]) * i + c
    o = s(x @ w["o"] + h @ u["o"] + p["p_o"] * c + b["o"])
    return np.tanh(c) * o, c


@paper("nog")
def nog(p, x, states):
    h, c = states
    w, u, b = affine(p, "ifg")
    i = s(x @ w["i"] + h @ u["i"] + p["p_i"] * c + b["i"])
    f = s(x @ w["f"] + h @ u["f"] + p["p_f"] * c + b["f"])
    c = np.tanh(x @ w["g"] + h @ u["g"] + b["g"]) * i + c * f
    return np.tanh(c), c


@paper("niaf")
def niaf(p, x, states):
    h, c = states
    w, u, b = affine(p, "ifgo")
    i = s(x @ w["i"] + h @ u["i"] + p["p_i"] * c + b["i"])
    f = s(x @ w["f"] + h @ u["f"] + p["p_f"] * c + b["f"])
    c = (x @ w["g"] + h @ u["g"] + b["g"]) * i + c * f
    o = s(x @ w["o"] + h @ u["o"] + p["p_o"] * c + b["o"])
    return np.tanh(c) * o, c


@paper("noaf")
def noaf(p, x, states):
    h, c = states
    w, u, b = affine(p, "ifgo")
    i = s(x @ w["i"] + h @ u["i"] + p["p_i"] * c + b["i"])
    f = s(x @ w["f"] + h @ u["f"] + p["p_f"] * c + b["f"])
    c = np.tanh(x @ w["g"] + h @ u["g"] + b["g"]) * i + c * f
    o = s(x @ w["o"] + h @ u["o"] + p["p_o"] * c + b["o"])
    return c * o, c


@paper("cifg")
def cifg(p, x, states):
    """As the paper has it, f = 1 - i: the weights of i are those of f with the sign turned."""
    h, c = states
    w, u, b = affine(p, "fgo")
    i = s(x @ -w["f"] + h @ -u["f"] + -p["p_f"] * c - b["f"])
    c = np.tanh(x @ w["g"] + h @ u["g"] + b["g"]) * i + c * (1 - i)
    o = s(x @ w["o"] + h @ u["o"] + p["p_o"] * c + b["o"])
    return np.tanh(c) * o, c


@paper("fgr")
def fgr(p, x, states):
    h, c, *gates = states
    w, u, b = affine(p, "ifgo")
    again = [rows(p[f"weight_{k}_prevh"], "ifo") for k in "ifo"]

    def gate(k, c):
        fed_back = sum(before @ r[k] for before, r in zip(gates, again, strict=True))
        return s(x @ w[k] + h @ u[k] + fed_back + p[f"p_{k}"] * c + b[k])

    i, f = gate("i", c), gate("f", c)
    c = np.tanh(x @ w["g"] + h @ u["g"] + b["g"]) * i + c * f
    o = gate("o", c)
    return np.tanh(c) * o, c, i, f, o


@paper("gru-reset-before")
def gru_reset_before(p, x, states):
    (h,) = states
    w, u, b = affine(p, "rzn")
    r = s(x @ w["r"] + h @ u["r"] + b["r"])
    z = s(x @ w["z"] + h @ u["z"] + b["z"])
    candidate = np.tanh(x @ w["n"] + (r * h) @ u["n"] + b["n"])
    return (z * h + (1 - z) * candidate,)


@paper("peephole-lstm-full")
def peephole_full(p, x, states):
    """f = s(W_f [c, h, x] + b_f), as textbooks print a gate."""
    h, c = states
    w, u, b = affine(p, "ifgo")
    v = rows(p["weight_ch"], "ifo")
    over = {k: np.concatenate([v[k], u[k], w[k]]) for k in "ifo"}
    i = s(np.concatenate([c, h, x], axis=1) @ over["i"] + b["i"])
    f = s(np.concatenate([c, h, x], axis=1) @ over["f"] + b["f"])
    c = f * c + i * np.tanh(x @ w["g"] + h @ u["g"] + b["g"])
    o = s(np.concatenate([c, h, x], axis=1) @ over["o"] + b["o"])
    return o * np.tanh(c), c


@paper("mgu")
def mgu(p, x, states):
    (h,) = states
    w, u, b = affine(p, "fn")
    f = s(np.hstack([h, x]) @ np.vstack([u["f"], w["f"]]) + b["f"])
    candidate = np.tanh(np.hstack([f * h, x]) @ np.vstack([u["n"], w["n"]]) + b["n"])
    return ((1 - f) * h + f * candidate,)


@paper("minimalrnn")
def minimalrnn(p, x, states):
    (h,) = states
    u_h, u_z = np.split(p["weight_hh"], 2)
    z = np.tanh(x @ p["weight_ih"].T + p["bias"])
    u = s(h @ u_h.T + z @ u_z.T + p["bias_hu"])
    return (u * h + (1 - u) * z,)


@paper("janet")
def janet(p, x, states):
    (c,) = states
    w, u, b = affine(p, "fc")
    a = c @ u["f"] + x @ w["f"] + b["f"]
    candidate = np.tanh(c @ u["c"] + x @ w["c"] + b["c"])
    return (s(a) * c + (1 - s(a - 1)) * candidate,)


@paper("ugrnn")
def ugrnn(p, x, states):
    (h,) = states
    w, u, b = affine(p, "cg")
    c = np.tanh(h @ u["c"] + x @ w["c"] + b["c"])
    g = s(h @ u["g"] + x @ w["g"] + b["g"])
    return (g * h + (1 - g) * c,)


@paper("ran")
def ran(p, x, states):
    h, c = states
    w, u, b = rows(p["weight_ih"], "cif"), rows(p["weight_hh"], "if"), rows(p["bias"], "if")
    i = s(h @ u["i"] + x @ w["i"] + b["i"])
    f = s(h @ u["f"] + x @ w["f"] + b["f"])
    c = i * (x @ w["c"]) + f * c
    return np.tanh(c), c


@paper("atr")
def atr(p, x, states):
    (h,) = states
    from_x, from_h = x @ p["weight_ih"].T, h @ p["weight_hh"].T
    return (s(from_x + from_h) * from_x + s(from_x - from_h) * h,)


@paper("ligru")
def ligru(p, x, states):
    (h,) = states
    w, u, b = affine(p, "zh")
    z = s(x @ w["z"] + h @ u["z"] + b["z"])
    candidate = np.maximum(x @ w["h"] + h @ u["h"] + b["h"], 0)
    return (z * h + (1 - z) * candidate,)


@paper("mut1")
def mut1(p, x, states):
    (h,) = states
    w, u, b = rows(p["weight_ih"], "zrp"), rows(p["weight_hh"], "rn"), rows(p["bias"], "zr")
    z = s(x @ w["z"] + b["z"])
    r = s(x @ w["r"] + h @ u["r"] + b["r"])
    return (np.tanh((r * h) @ u["n"] + np.tanh(x @ w["p"]) + p["bias_hn"]) * z + h * (1 - z),)


@paper("mut2")
def mut2(p, x, states):
    (h,) = states
    w, u, b = affine(p, "zrn")
    z = s(x @ w["z"] + h @ u["z"] + b["z"])
    r = s(x @ w["r"] + h @ u["r"] + b["r"])
    return (np.tanh((r * h) @ u["n"] + x @ w["n"] + b["n"]) * z + h * (1 - z),)


@paper("mut3")
def mut3(p, x, states):
    (h,) = states
    w, u, b = affine(p, "zrn")
    z = s(x @ w["z"] + np.tanh(h) @ u["z"] + b["z"])
    r = s(x @ w["r"] + h @ u["r"] + b["r"])
    return (np.tanh((r * h) @ u["n"] + x @ w["n"] + b["n"]) * z + h * (1 - z),)


@paper("indrnn")
def indrnn(p, x, states):
    (h,) = states
    return (np.maximum(x @ p["weight_ih"].T + h @ np.diag(p["u"]) + p["bias"], 0),)


@paper("scrn")
def scrn(p, x, states):
    h, context = states
    w_s, w_h = np.split(p["weight_ih"], 2)
    context = 0.05 * (x @ w_s.T) + 0.95 * context
    return s(context @ p["weight_sh"].T + x @ w_h.T + h @ p["weight_hh"].T), context


@paper("star")
def star(p, x, states):
    (h,) = states
    w, b = rows(p["weight_ih"], "kz"), rows(p["bias"], "kz")
    k = s(x @ w["k"] + h @ p["weight_hh"].T + b["k"])
    z = np.tanh(x @ w["z"] + b["z"])
    return (np.tanh((1 - k) * h + k * z),)


@paper("fastgrnn")
def fastgrnn(p, x, states):
    (h,) = states
    shared = x @ p["weight_ih"].T + h @ p["weight_hh"].T
    z, candidate = s(shared + p["b_z"]), np.tanh(shared + p["b_h"])
    (zeta,), (nu,) = p["zeta"], p["nu"]
    return ((s(zeta) * (1 - z) + s(nu)) * candidate + z * h,)


@paper("cornn")
def cornn(p, x, states):
    y, z = states
    force = np.tanh(y @ p["weight_hh"].T + z @ p["weight_zh"].T + x @ p["weight_ih"].T + p["bias"])
    z = z + 0.042 * force - 0.042 * 2.7 * y - 0.042 * 4.7 * z
    return y + 0.042 * z, z


@paper("lem")
def lem(p, x, states):
    y, z = states
    v, b = rows(p["weight_ih"], "12zy"), rows(p["bias"], "12zy")
    w = rows(p["weight_hh"], "12z")
    step_z = s(y @ w["1"] + x @ v["1"] + b["1"])
    step_y = s(y @ w["2"] + x @ v["2"] + b["2"])
    z = (1 - step_z) * z + step_z * np.tanh(y @ w["z"] + x @ v["z"] + b["z"])
    y = (1 - step_y) * y + step_y * np.tanh(z @ p["weight_zh"].T + x @ v["y"] + b["y"])
    return y, z


@paper("multiplicative-lstm")
def multiplicative_lstm(p, x, states):
    h, c = states
    w, u, b = rows(p["weight_ih"], "mifgo"), rows(p["weight_hh"], "mifgo"), rows(p["bias"], "ifgo")
    m = (x @ w["m"]) * (h @ u["m"])
    i, f, g, o = (x @ w[k] + m @ u[k] + b[k] for k in "ifgo")
    c = s(f) * c + s(i) * np.tanh(g)
    return s(o) * np.tanh(c), c


@paper("slstm")
def slstm(p, x, states):
    h, c, n, m = states
    w, u, b = affine(p, "ifgo")
    a = {k: x @ w[k] + h @ u[k] + b[k] for k in "ifgo"}
    forget = -np.log1p(np.exp(-a["f"]))  # the logarithm of the sigmoid
    new_m = np.maximum(forget + m, a["i"])
    i, f = np.exp(a["i"] - new_m), np.exp(forget + m - new_m)
    c, n = f * c + i * np.tanh(a["g"]), f * n + i
    return s(a["o"]) * c / n, c, n, new_m
