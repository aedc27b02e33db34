"""Half-lives and bands over seeds, on curves whose medians are known."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from rnnlab.statistics import decay_bands, median_interval, summarise_gradient_flow

INF = math.inf


def curve(
    log10: list[float], cell: str = "lstm", seed: int = 0, phase: str = "init", state: str = "h"
) -> pd.DataFrame:
    """The rows of one curve from log10 of its norms by lag."""
    values = np.array(log10, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        relative = 10.0 ** (values - values[0])
    return pd.DataFrame(
        {
            "cell": cell,
            "seed": seed,
            "phase": phase,
            "state": state,
            "lag": np.arange(len(values)),
            "norm": 10.0**values,
            "log10_norm": values,
            "relative_norm": relative,
        }
    )


def straight(rate: float, lags: int = 6, start: float = -2.0) -> list[float]:
    return [start + rate * lag for lag in range(lags)]


def first_half(relative: NDArray[np.float64]) -> float:
    """A half-life without interpolation; the right one is another room's."""
    reached = np.flatnonzero(relative <= 0.5)
    return float(reached[0]) if len(reached) else INF


def slope(log10: NDArray[np.float64]) -> float:
    return float(log10[-1] - log10[0]) / (len(log10) - 1)


def test_medians_over_seeds_worked_by_hand() -> None:
    # 10 ** -.05 = .89, halved after 7 steps; 10 ** -.1 = .79, after 4; 10 ** -1, after 1
    gradients = pd.concat(
        [curve(straight(rate, 10), seed=n) for n, rate in enumerate([-0.1, -1.0, -0.05])]
    )
    summary = summarise_gradient_flow(gradients, first_half, slope)

    assert summary.columns.tolist() == [
        "cell",
        "phase",
        "state",
        "seeds",
        "half_life",
        "ci_low",
        "ci_high",
        "log10_decay_per_step",
    ]
    row = summary.iloc[0].drop(["ci_low", "ci_high"])
    assert row.tolist() == ["lstm", "init", "h", 3, 4, pytest.approx(-0.1)]
    assert summary[["ci_low", "ci_high"]].isna().all(axis=None)  # 3 seeds are too few


def test_half_lives_that_are_never_reached() -> None:
    rates = [0.0, -1.0, 0.0, 0.0, -0.1, 0.0]  # inf, 1, inf, inf, 4, inf
    gradients = pd.concat([curve(straight(rate), seed=n) for n, rate in enumerate(rates)])
    row = summarise_gradient_flow(gradients, first_half, slope).iloc[0]

    assert row["half_life"] == INF
    expected = median_interval([INF, 1, INF, INF, 4, INF])
    assert (row["ci_low"], row["ci_high"]) == expected == (1.0, INF)
    assert row["log10_decay_per_step"] == 0.0

    # two of four: the middle of 4 and inf
    some = gradients[gradients["seed"].between(1, 4)]
    row = summarise_gradient_flow(some, first_half, slope).iloc[0]
    assert (row["seeds"], row["half_life"]) == (4, INF)
    # all of them
    row = summarise_gradient_flow(gradients[gradients["seed"] == 0], first_half, slope).iloc[0]
    assert row["half_life"] == INF


def test_the_callables_get_the_curve_by_lag() -> None:
    seen: list[list[float]] = []

    def record(values: NDArray[np.float64]) -> float:
        assert values.dtype == np.float64
        seen.append(values.tolist())
        return 1.0

    gradients = curve([-1.0, -3.0, -2.0, -5.0]).sample(frac=1.0, random_state=1)
    summarise_gradient_flow(gradients, record, record)
    assert seen == [pytest.approx([1.0, 0.01, 0.1, 1e-4]), [-1.0, -3.0, -2.0, -5.0]]


def test_a_curve_that_holds_nan_is_left_out_and_counted_out() -> None:
    gradients = pd.concat(
        [
            curve(straight(-1.0), seed=0),
            curve([-2.0, -3.0, math.nan, math.nan, math.nan, math.nan], seed=1),
            curve(straight(-0.1), seed=2),
            curve([math.nan] * 6, cell="rnn"),
        ]
    )
    summary = summarise_gradient_flow(gradients, first_half, slope)

    assert summary["seeds"].tolist() == [2, 0]
    assert summary["half_life"].iloc[0] == 2.5
    assert summary.iloc[1, 4:].isna().all()


def test_a_curve_that_falls_to_zero_is_not_left_out() -> None:
    gradients = curve([0.0, -200.0, -INF])
    row = summarise_gradient_flow(gradients, first_half, lambda values: float(values[1])).iloc[0]
    assert (row["seeds"], row["half_life"]) == (1, 1.0)


def test_rows_come_by_cell_then_as_they_appear() -> None:
    order = [
        ("rnn", "init", "h"),
        ("lstm", "init", "h"),
        ("lstm", "init", "c"),
        ("rnn", "trained", "h"),
        ("lstm", "trained", "h"),
        ("lstm", "trained", "c"),
    ]
    gradients = pd.concat(
        [curve(straight(-1), cell, seed, phase, state)
         for seed in (0, 1) for cell, phase, state in order]
    )  # fmt: skip
    expected = [order[0], order[3], order[1], order[2], order[4], order[5]]
    summary = summarise_gradient_flow(gradients, first_half, slope)
    bands = decay_bands(gradients)
    keys = ["cell", "phase", "state"]

    assert list(summary[keys].itertuples(index=False, name=None)) == expected
    assert list(bands[keys].drop_duplicates().itertuples(index=False, name=None)) == expected
    assert bands["lag"].tolist() == list(range(6)) * 6


def test_phases_and_states_keep_their_order_however_long_the_curves_are() -> None:
    """Sorting by lag with an unstable sort once put trained before init."""
    curves = [
        curve(straight(-0.01, 70), phase=phase, state=state, seed=seed)
        for seed in range(5)
        for phase in ("init", "trained")
        for state in ("h", "c")
    ]
    summary = summarise_gradient_flow(pd.concat(curves), first_half, slope)
    assert summary["phase"].tolist() == ["init", "init", "trained", "trained"]
    assert summary["state"].tolist() == ["h", "c", "h", "c"]


def test_bands_worked_by_hand() -> None:
    # ten seeds that have lost 1 to 10 decades at lag 1, each from a norm of its own
    gradients = pd.concat([curve([float(n), -1.0], seed=n) for n in range(10)])
    bands = decay_bands(gradients)

    assert bands.columns.tolist() == [
        "cell", "phase", "state", "lag", "median", "low", "high", "seeds",
    ]  # fmt: skip
    assert bands.iloc[0][["median", "low", "high", "seeds"]].tolist() == [1, 1, 1, 10]
    # between the fifth and the sixth; first and second; ninth and tenth; geometric means
    row = np.log10(bands.loc[1, ["median", "low", "high"]].to_numpy(np.float64))
    assert row.tolist() == pytest.approx([-5.5, -9.5, -1.5])


@pytest.mark.parametrize("count", range(1, 25))
def test_bands_are_percentiles_and_mirror_each_other(count: int) -> None:
    losses = np.random.default_rng(count).normal(size=count)
    gradients = pd.concat([curve([0.0, loss], seed=n) for n, loss in enumerate(losses)])
    row = np.log10(decay_bands(gradients).loc[1, ["low", "median", "high"]].to_numpy(np.float64))

    exact = np.quantile(losses, [0.1, 0.5, 0.9], method="averaged_inverted_cdf")
    assert row.tolist() == pytest.approx(exact.tolist(), rel=1e-12)
    mirrored = pd.concat([curve([0.0, -loss], seed=n) for n, loss in enumerate(losses)])
    other = np.log10(decay_bands(mirrored).loc[1, ["high", "median", "low"]].to_numpy(np.float64))
    assert (-row).tolist() == pytest.approx(other.tolist(), rel=1e-12)


def test_bands_with_few_seeds_span_all_of_them() -> None:
    gradients = pd.concat([curve([0.0, -float(n)], seed=n) for n in range(5)])
    row = decay_bands(gradients).loc[1, ["low", "median", "high"]].to_numpy(np.float64)
    assert row.tolist() == pytest.approx([1e-4, 1e-2, 1.0])


def test_norms_of_zero_and_of_infinity_have_their_place() -> None:
    tails = [-INF, -INF, -400.0, -3.0, INF]
    gradients = pd.concat([curve([0.0, tail], seed=n) for n, tail in enumerate(tails)])
    row = decay_bands(gradients).iloc[1]
    # 1e-400 underflows: it is 0 and not missing
    assert row[["median", "low", "high", "seeds"]].tolist() == [0.0, 0.0, INF, 5]


def test_tails_below_the_smallest_number_keep_their_relative_size() -> None:
    # the norm underflows, its logarithm does not, nor does the ratio
    gradients = curve([-320.0, -330.0])
    assert decay_bands(gradients)["median"].tolist() == pytest.approx([1.0, 1e-10])


def test_nan_is_left_out_lag_by_lag() -> None:
    gradients = pd.concat(
        [
            curve([0.0, -1.0, -1.0, math.nan], seed=0),
            curve([0.0, -3.0, math.nan, math.nan], seed=1),
            curve([-INF, -INF, -INF, -INF], seed=2),  # 0 / 0
        ]
    )
    bands = decay_bands(gradients)
    assert bands["seeds"].tolist() == [2, 2, 1, 0]
    assert bands["median"].tolist() == pytest.approx([1.0, 1e-2, 1e-1, math.nan], nan_ok=True)


def test_bands_need_no_relative_norm_and_modify_nothing() -> None:
    gradients = pd.concat([curve(straight(-1.0), seed=n) for n in range(3)])
    before = gradients.copy()
    without = decay_bands(gradients.drop(columns=["norm", "relative_norm"]))
    pd.testing.assert_frame_equal(decay_bands(gradients), without)
    summarise_gradient_flow(gradients, first_half, slope)
    pd.testing.assert_frame_equal(gradients, before)


def test_the_order_of_the_rows_does_not_matter() -> None:
    gradients = pd.concat([curve(straight(-0.3 * n), seed=n) for n in range(4)])
    shuffled = gradients.sample(frac=1.0, random_state=2)
    pd.testing.assert_frame_equal(decay_bands(shuffled), decay_bands(gradients))
    pd.testing.assert_frame_equal(
        summarise_gradient_flow(shuffled, first_half, slope),
        summarise_gradient_flow(gradients, first_half, slope),
    )


def test_no_run_gives_no_row() -> None:
    nothing = curve([0.0]).iloc[:0]
    assert decay_bands(nothing).empty
    assert summarise_gradient_flow(nothing, first_half, slope).empty
    assert decay_bands(nothing).columns.tolist() == decay_bands(curve([0.0])).columns.tolist()


def test_the_summary_survives_a_csv() -> None:
    gradients = pd.concat([curve(straight(rate), seed=n) for n, rate in enumerate([-1, 0, 0])])
    summary = summarise_gradient_flow(gradients, first_half, slope)
    text = summary.to_csv(index=False)
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(text)), summary)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.drop(columns="log10_norm"), "gradients must have the column log10_norm, got"),
        (lambda g: pd.concat([g, g.tail(1)]), "one row for each cell, .*got several for cell lstm"),
        (
            lambda g: g[g["lag"] != 2],
            "lags must run from 0 without a gap, got .* for lstm, init, h",
        ),
        (lambda g: g[g["lag"] > 0], "lags must run from 0 without a gap"),
    ],
)
def test_tables_that_cannot_be_summarised_are_refused(change: Any, message: str) -> None:
    gradients = change(curve(straight(-1.0)))
    with pytest.raises(ValueError, match=message):
        decay_bands(gradients)
    with pytest.raises(ValueError, match=message):
        summarise_gradient_flow(gradients, first_half, slope)
