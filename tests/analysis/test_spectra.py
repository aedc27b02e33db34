"""Singular values and Lyapunov exponents against arithmetic with hundreds of digits."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from rnnlab import Recurrent
from rnnlab.analysis import linearise, lyapunov_spectrum, singular_spectrum, step_jacobians
from rnnlab.analysis.linearisation import Linearised


def exact(along: Linearised, lag: int, digits: int = 1500) -> list[float]:
    """log10 of the singular values of the product, multiplied out with so many digits."""
    logs = []
    with mpmath.workdps(digits):
        for b in range(along.batch):
            product = mpmath.eye(along.size)
            for jacobian in step_jacobians(along, along.steps - lag)[::-1, b]:
                product = product * mpmath.matrix(jacobian.tolist())
            values = mpmath.svd_r(product, compute_uv=False)
            logs.append([float(mpmath.log10(v)) if v else -math.inf for v in values])
    return np.mean(logs, axis=0).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["rnn", "lstm", "peephole-lstm", "gru", "lem"])
@pytest.mark.parametrize("lag", [1, 7, 60])
def test_singular_values(name: str, lag: int, rng: np.random.Generator) -> None:
    layer = Recurrent(name, 2, 3, dtype="float64", seed=3)
    along = linearise(layer, 2 * rng.standard_normal((61, 2, 2)))
    found = singular_spectrum(along, [lag])
    assert list(found) == ["lag", "index", "log10_singular_value"]
    assert found["index"].tolist() == list(range(1, along.size + 1))
    # absolute: of the logarithm, so relative to the singular value itself, however small
    expected = exact(along, lag)
    np.testing.assert_allclose(found["log10_singular_value"], expected, rtol=0, atol=1e-8)


def test_values_hundreds_of_decades_apart_and_in_clusters(rng: np.random.Generator) -> None:
    """From 1e+64 to 1e-840; two pairs that are close to each other."""
    layer = Recurrent("rnn", 1, 6, dtype="float64")
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    mixed = turn @ np.diag([1.7, 1.69, 1e-2, 1e-2, 1e-5, 1e-7]) @ turn.T
    layer.parameters["weight_hh_l0"][:] = mixed + 1e-3 * np.triu(rng.standard_normal((6, 6)))
    along = linearise(layer, np.zeros((120, 1, 1)))
    for lag in (40, 120):
        found = singular_spectrum(along, [lag])["log10_singular_value"]
        np.testing.assert_allclose(found, exact(along, lag), rtol=0, atol=1e-7)
    assert found.iloc[0] - found.iloc[-1] > 400


def test_exact_zeros(rng: np.random.Generator) -> None:
    """Units that are off hand nothing on: rank 2 of 3, and rank 0 in the end."""
    layer = Recurrent("rnn", 1, 3, dtype="float64")
    layer.parameters["weight_hh_l0"][:] = [[0.5, 0.2, 0.1], [0, 0, 1], [0, 0, 0]]
    along = linearise(layer, np.zeros((5, 2, 1)))
    found = singular_spectrum(along, [1, 2, 5]).set_index("lag")["log10_singular_value"]
    for lag, rank in ((1, 2), (2, 1), (5, 1)):
        assert np.isfinite(found[lag]).sum() == rank
        np.testing.assert_allclose(found[lag].iloc[:rank], exact(along, lag)[:rank], atol=1e-10)
    layer.parameters["weight_hh_l0"][:] = 0
    found = singular_spectrum(linearise(layer, np.zeros((5, 2, 1))), [3])["log10_singular_value"]
    assert (found == -np.inf).all()


def test_thousands_of_steps(rng: np.random.Generator) -> None:
    """The determinant of the product is the product of the determinants."""
    layer = Recurrent("gru", 2, 4, dtype="float64", seed=1)
    along = linearise(layer, rng.standard_normal((3000, 1, 2)))
    found = singular_spectrum(along, [3000])["log10_singular_value"]
    expected = np.linalg.slogdet(step_jacobians(along))[1].sum() / math.log(10)
    assert found.sum() == pytest.approx(expected, rel=1e-10)
    assert expected < -3600


@pytest.mark.parametrize("lags", [[0], [7], [], [1, 9]])
def test_lags_that_are_refused(lags: list[int]) -> None:
    layer = Recurrent("gru", 1, 2, dtype="float64")
    along = linearise(layer, np.zeros((6, 1, 1)))
    with pytest.raises(ValueError, match=r"lags must be whole numbers from 1 to T=6, got \["):
        singular_spectrum(along, lags)


class TestLyapunov:
    def test_of_a_linear_network_are_its_eigenvalues(self, rng: np.random.Generator) -> None:
        layer = Recurrent("rnn", 1, 4, dtype="float64")
        turn = rng.standard_normal((4, 4))
        u = turn @ np.diag([0.9, -0.6, 0.3, 0.1]) @ np.linalg.inv(turn)
        layer.parameters["weight_hh_l0"][:] = u
        table = lyapunov_spectrum(layer, np.zeros((600, 2, 1)))
        expected = np.log([0.9, 0.6, 0.3, 0.1])
        np.testing.assert_allclose(table["exponent"], expected, atol=1e-9)
        assert list(table) == ["index", "exponent", "low", "high"]

    @pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
    @pytest.mark.parametrize("layers", [1, 2])
    def test_their_sum_is_the_mean_log_volume(
        self, name: str, layers: int, rng: np.random.Generator
    ) -> None:
        layer = Recurrent(name, 2, 4, num_layers=layers, dtype="float64", seed=2)
        x = rng.standard_normal((300, 2, 2))
        table = lyapunov_spectrum(layer, x, discard=100)
        volumes = np.linalg.slogdet(step_jacobians(linearise(layer, x), 100))[1]
        assert table["exponent"].sum() == pytest.approx(volumes.mean(axis=0).mean(), rel=1e-9)
        assert (table["low"] <= table["exponent"]).all()
        assert (table["exponent"] <= table["high"]).all()
        assert table["exponent"].is_monotonic_decreasing

    def test_the_largest_is_the_growth_of_a_small_change(self, rng: np.random.Generator) -> None:
        """A network in its chaotic regime: two trajectories part at the largest exponent's rate."""
        layer = Recurrent("rnn", 1, 30, dtype="float64", init="glorot", seed=4)
        layer.parameters["weight_hh_l0"] *= 2.5
        x = 0.1 * rng.standard_normal((3000, 1, 1))
        largest = lyapunov_spectrum(layer, x)["exponent"].iloc[0]
        _, state = layer(x[:600])
        h = state.h
        growth, shift = 0.0, 1e-7 * np.ones_like(h) / math.sqrt(30)
        for x_t in x[600:]:
            moved = layer.step(x_t, (h + shift,))[1].h
            h = layer.step(x_t, (h,))[1].h
            change = float(np.linalg.norm(moved - h))
            growth += math.log(change / 1e-7)
            shift = (moved - h) * (1e-7 / change)
        assert largest > 0.02
        assert largest == pytest.approx(growth / 2400, abs=2e-3)

    def test_what_cannot_be_counted_is_refused(self) -> None:
        layer = Recurrent("gru", 1, 2, dtype="float64")
        with pytest.raises(ValueError, match=r"discard must be from 0 to T-1=4 steps, got 5"):
            lyapunov_spectrum(layer, np.zeros((5, 1, 1)), discard=5)
        with pytest.raises(ValueError, match="got float32"):
            lyapunov_spectrum(Recurrent("gru", 1, 2), np.zeros((5, 1, 1), np.float32))
