"""Gradients that are 0 on paper and rounding in float64, and small ones that are not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from rnnlab import Recurrent, cell, linear, sqrt, tanh
from rnnlab.analysis import (
    decay_half_life,
    gradient_decay,
    half_life,
    linearise,
    lyapunov_spectrum,
    noise_decay,
    path_norms,
    path_shares,
    reference_lag,
    singular_spectrum,
    step_jacobians,
)
from rnnlab.training import SequenceModel


def decay(kind: Any, steps: int, units: int, batch: int) -> dict[str, Any]:
    layer = Recurrent(kind, 3, units, dtype="float64", seed=1)
    x = np.random.default_rng(2).standard_normal((steps, batch, 3))
    table = noise_decay(SequenceModel(layer, 2), x)
    return {str(state): part.set_index("lag") for state, part in table.groupby("state")}


@pytest.mark.parametrize(("units", "batch"), [(1, 1), (2, 1), (6, 5), (32, 4)])
@pytest.mark.parametrize("steps", [5, 200])
def test_the_stabiliser_of_slstm_has_no_gradient(steps: int, units: int, batch: int) -> None:
    """m cancels in h = o c / n, whatever it is: dL/dm is 0 on paper and was 1e-17."""
    tables = decay("slstm", steps, units, batch)
    assert (tables["m"].norm == 0).all()
    assert (tables["m"].log10_norm == -np.inf).all()
    assert tables["m"].relative_norm.isna().all()
    assert reference_lag(tables["m"].norm) is None
    assert math.isnan(half_life(tables["m"].relative_norm))
    assert math.isnan(decay_half_life(tables["m"].log10_norm))
    for state in "hcn":  # which fade to 1e-44 here, and are no rounding
        assert (tables[state].norm[:-1] > 0).all()


@cell
def whisper(x, h, c):
    """A memory that the output hears at 1e-13 of what it holds."""
    h = tanh(linear("u", x, h)) + 1e-13 * c
    c = 0.9 * c
    return h, c


def test_a_small_gradient_is_no_rounding() -> None:
    """c reaches h within and across steps at 1e-13 of h's own gradient, and keeps its numbers."""
    table = decay(whisper, 60, 4, 3)["c"]
    assert table.norm[0] == 0  # the new h reads the c of the step before
    assert reference_lag(table.norm) == 1
    assert table.norm[1] == pytest.approx(1e-13, rel=1e-6)
    assert (table.norm[1:] > 0).all()


@cell
def in_vain(x, h, c):
    """c cancels: the square of a root of a square, less the square."""
    size = sqrt(c * c + 2.0)
    h = tanh(linear("u", x, h)) + (size * size - c * c)
    c = 0.9 * c + linear("v", x, bias=None)
    return h, c


def test_what_cancels_by_construction_has_no_gradient() -> None:
    layer = Recurrent(in_vain, 3, 4, dtype="float64", seed=1)
    x = np.random.default_rng(2).standard_normal((30, 3, 3))
    raw = np.abs(step_jacobians(linearise(layer, x))[:, :, :4, 4:])
    assert 0 < raw.max() < 1e-14  # what it was taken for
    assert (decay(in_vain, 30, 4, 3)["c"].norm == 0).all()


def test_saturated_gates_keep_their_gradient() -> None:
    """Gates at 1e-9 of 1 lose digits in 1 - f, and the gradient all the same is known."""
    layer = Recurrent("lstm", 3, 8, dtype="float64", seed=1, forget_bias=20.0)
    x = np.random.default_rng(2).standard_normal((300, 4, 3))
    table = noise_decay(SequenceModel(layer, 2), x)
    assert (table.norm > 0).all()


def test_shares_of_rounding_are_unknown() -> None:
    model = SequenceModel(Recurrent("slstm", 3, 6, dtype="float64"), 2)
    x = np.random.default_rng(2).standard_normal((12, 4, 3))
    table: Any = path_shares(model, x, np.zeros((12, 4), int)).set_index("state")
    assert table.loc["m", "share"].isna().all()
    assert table.loc["c", "share"].notna().all()


def test_derivatives_along_paths_that_cancel_are_0() -> None:
    @cell
    def cancels(x, h, c):
        """c in itself is 0 on paper, and h is not."""
        size = sqrt(c * c + 2.0)
        c = (size * size - c * c) * linear("v", x, bias=None)
        h = tanh(linear("u", x, h) + c)
        return h, c

    x = np.random.default_rng(2).standard_normal((12, 4, 3))
    table = path_norms(Recurrent(cancels, 3, 6, dtype="float64"), x)
    own = table[(table.state == "c") & (table.lag > 0)]
    assert (own.norm == 0).all()
    assert (table[(table.state == "h") & (table.path == "exact")].norm > 0).all()


def test_directions_that_a_step_loses_have_no_singular_value() -> None:
    """sLSTM forgets the common scale of c, n and m where the new input sets it."""
    layer = Recurrent("slstm", 3, 4, dtype="float64", seed=0)
    x = np.random.default_rng(0).standard_normal((400, 1, 3))
    table = singular_spectrum(linearise(layer, x[:50]), [1, 2, 3, 5, 10])
    lowest = table[np.isfinite(table.log10_singular_value)].groupby("lag").log10_singular_value
    assert lowest.min().between(-15, -0.5).all()
    lost = table[np.isneginf(table.log10_singular_value)].groupby("lag").size()
    assert lost.to_dict() == {1: 1, 2: 3, 3: 3, 5: 4, 10: 4}
    exponents = lyapunov_spectrum(layer, x)["exponent"]
    assert np.isneginf(exponents).sum() >= 3
    assert exponents[np.isfinite(exponents)].min() > -10


@cell
def rotation(x, re, im):
    """A linear complex recurrence of .9 exp(i a), cos a = .6; the output is its real part."""
    new_re = 0.54 * re - 0.72 * im + linear("u", x, bias=None)
    new_im = 0.72 * re + 0.54 * im
    return new_re, new_im


@cell
def late(x, h, c):
    """A memory that the output reads a step later."""
    h = 1.0 * c
    c = 0.9 * c + linear("u", x, bias=None)
    return h, c


def test_the_imaginary_part_of_a_linear_recurrence() -> None:
    """dL/d im at lag k is .9**k sin(k a) of that of the output, dL/d re .9**k cos(k a)."""
    tables = decay(rotation, 40, 5, 3)
    lags, angle = np.arange(41), math.acos(0.6)
    real, imaginary = tables["re"], tables["im"]
    exact = 0.9**lags * np.abs(np.cos(angle * lags))
    np.testing.assert_allclose(real.relative_norm, exact, rtol=1e-9)
    assert imaginary.norm[0] == 0
    exact = 0.9**lags * np.abs(np.sin(angle * lags))
    np.testing.assert_allclose(imaginary.norm, exact, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(imaginary.relative_norm, exact / exact[1], rtol=1e-9, atol=1e-13)
    assert reference_lag(imaginary.norm) == 1
    assert 1 < half_life(imaginary.relative_norm) < 3


def test_a_memory_that_is_read_a_step_later() -> None:
    """dL/dc at lag k is .9**(k-1), and 0 at lag 0; h is read once."""
    tables = decay(late, 40, 5, 3)
    c = tables["c"].relative_norm
    assert c[0] == 0
    np.testing.assert_allclose(c[1:], 0.9 ** np.arange(40), rtol=1e-12)
    expected = math.log(0.5) / math.log(0.9)  # 6.58 steps after the first lag that has one
    assert half_life(c) == pytest.approx(expected, rel=1e-12)
    assert decay_half_life(tables["c"].log10_norm) == pytest.approx(expected, rel=1e-9)
    assert half_life(tables["h"].relative_norm) == 1.0
    assert math.isnan(decay_half_life(tables["h"].log10_norm))  # a single lag


def test_the_slope_leaves_out_the_jump_from_the_output() -> None:
    """The LSTM's h: half is lost in .5 steps at the output, and in 10 of those before."""
    log10 = np.log10(np.concatenate([[1.0], 0.25 * 0.9 ** np.arange(40)]))
    assert half_life(10**log10) == pytest.approx(0.5, rel=1e-12)
    assert decay_half_life(log10) == pytest.approx(math.log(0.5) / math.log(0.9), rel=1e-9)


def test_the_slope_ends_20_decades_down() -> None:
    """Beyond, nothing is learned; a curve that is flat there says nothing about the memory."""
    log10 = np.concatenate([-1.0 * np.arange(20), np.full(200, -21.0)])
    assert decay_half_life(log10) == pytest.approx(math.log10(2), rel=1e-9)
    steep = -30.0 * np.arange(5)
    assert decay_half_life(steep) == pytest.approx(math.log10(2) / 30, rel=1e-9)


def test_forget_biases_come_in_order() -> None:
    """By the crossing of dL/dh they do not: the output gate decides that."""
    x = np.random.default_rng(2).standard_normal((60, 8, 3))
    crossing, slope = [], []
    for bias in (-1.0, 0.0, 1.0):
        layer = Recurrent("lstm", 3, 24, dtype="float64", seed=1, forget_bias=bias)
        model = SequenceModel(layer, 4)
        table: Any = gradient_decay(model, x, np.zeros((60, 8), int)).query("state == 'h'")
        crossing.append(half_life(table.relative_norm))
        slope.append(decay_half_life(table.log10_norm))
    assert max(crossing) < 0.6
    assert slope == sorted(slope)
    assert slope[2] > 2 * slope[0]
