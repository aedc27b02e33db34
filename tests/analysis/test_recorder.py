"""The recorder against gradients measured by hand between updates."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from rnnlab import Recurrent
from rnnlab.analysis import GradientRecorder, gradient_decay
from rnnlab.training import (
    Batch,
    SequenceModel,
    Update,
    global_norm,
    make_optimizer,
    softmax_cross_entropy,
    train,
)


def nothing(model: SequenceModel) -> dict[str, float]:
    return {}


def problem(rng: np.random.Generator) -> tuple[SequenceModel, Any, Any]:
    model = SequenceModel(Recurrent("lstm", 3, 6, seed=1), 4, seed=2)
    x = rng.standard_normal((8, 5, 3)).astype(np.float32)
    return model, x, rng.integers(4, size=(8, 5))


def run(
    model: SequenceModel,
    x: Any,
    targets: Any,
    callback: Callable[[Update[SequenceModel]], None] | None,
    **options: Any,
) -> list[Any]:
    optimizer = make_optimizer("sgd", model.parameters, 0.5)
    return list(
        train(
            model,
            itertools.repeat(Batch(x, targets)),
            optimizer,
            **{"updates": 6, "evaluate": nothing, "evaluate_every": 3, **options},
            callback=callback,
        )
    )


def test_norms_are_those_of_the_model_at_that_update(rng: np.random.Generator) -> None:
    model, x, targets = problem(rng)
    recorder = GradientRecorder(x, targets, every=2)
    run(model, x, targets, recorder)
    again, _, _ = problem(np.random.default_rng(20260101))
    found = recorder.norms
    assert list(found) == ["update", "state", "lag", "log10_norm", "log10_ratio"]
    assert found["update"].unique().tolist() == [0, 2, 4, 6]
    for updates in (0, 2, 4, 6):
        if updates:
            run(again, x, targets, None, updates=2, evaluate_every=2)
        table = gradient_decay(again.astype("float64"), x.astype("float64"), targets)
        part = found[found["update"] == updates].reset_index(drop=True)
        pd.testing.assert_series_equal(part.log10_norm, table.log10_norm)
        h = part[part.state == "h"]
        assert math.isnan(h.log10_ratio.iloc[0])
        expected = np.log10(table[table.state == "h"].norm.to_numpy())
        np.testing.assert_allclose(h.log10_ratio.iloc[1:], np.diff(expected), atol=1e-12)


def test_the_callback_changes_nothing(rng: np.random.Generator) -> None:
    one, x, targets = problem(rng)
    other, _, _ = problem(np.random.default_rng(20260101))
    run(one, x, targets, None, clip_norm=0.1)
    run(other, x, targets, GradientRecorder(x, targets, every=1), clip_norm=0.1)
    for name, array in one.parameters.items():
        np.testing.assert_array_equal(array, other.parameters[name])


@pytest.mark.parametrize("way", ["clip_norm", "clip_value"])
def test_the_clip_rate_counts_updates_that_were_cut(way: str, rng: np.random.Generator) -> None:
    model, x, targets = problem(rng)
    norms, largest = [], []

    def by_hand(update: Update[SequenceModel]) -> None:
        if update.number < 6:
            _, gradients = update.model.loss_and_gradients(x, targets, softmax_cross_entropy)
            norms.append(global_norm(gradients))
            largest.append(max(float(np.abs(array).max()) for array in gradients.values()))

    run(model, x, targets, by_hand)
    sizes = norms if way == "clip_norm" else largest
    bound = float(np.sort(sizes)[2:4].mean())  # three updates are above it, three below
    model, _, _ = problem(np.random.default_rng(20260101))
    recorder = GradientRecorder(x, targets, every=3)
    cut: list[bool] = []
    seen: list[float] = []

    def both(update: Update[SequenceModel]) -> None:
        recorder(update)
        if update.number:
            cut.append(update.clipped)
            seen.append(update.grad_norm)

    run(model, x, targets, both, **{way: bound})
    table = recorder.clipping
    assert table["update"].tolist() == [3, 6]
    np.testing.assert_allclose(table.clip_rate, [np.mean(cut[:3]), np.mean(cut[3:])])
    assert cut[0] == (sizes[0] > bound)
    assert any(cut)
    assert seen[0] == pytest.approx(norms[0])  # later ones follow clipped updates
    np.testing.assert_allclose(table.grad_norm, [np.mean(seen[:3]), np.mean(seen[3:])])


def test_a_model_that_has_diverged_is_not_measured(rng: np.random.Generator) -> None:
    model, x, targets = problem(rng)
    recorder = GradientRecorder(x, targets, every=1)
    optimizer = make_optimizer("sgd", model.parameters, 1e39)
    with np.errstate(all="ignore"):
        evaluations = list(
            train(
                model,
                itertools.repeat(Batch(x, targets)),
                optimizer,
                updates=5,
                evaluate=nothing,
                evaluate_every=1,
                callback=recorder,
            )
        )
    assert evaluations[-1].status == "diverged"
    assert recorder.norms["update"].max() == 0


def test_nothing_was_seen() -> None:
    recorder = GradientRecorder(np.zeros((3, 1, 2)), np.zeros((3, 1), int), every=5)
    assert recorder.norms.empty
    assert recorder.clipping.empty
    assert "log10_ratio" in recorder.norms


@pytest.mark.parametrize(("gradient", "clipped"), [(-2.0, True), (2.0, True), (-0.5, False)])
def test_a_number_is_cut_on_either_side(gradient: float, clipped: bool) -> None:
    class One:
        """One parameter, whose gradient is what the test says."""

        parameters: ClassVar[dict[str, Any]] = {"w": np.zeros(1)}

        def loss_and_gradients(self, *_: Any) -> tuple[float, dict[str, Any]]:
            return 0.0, {"w": np.array([gradient])}

    found: list[bool] = []
    model: Any = One()
    run(model, None, None, lambda update: found.append(update.clipped), clip_value=1.0)
    assert found == [False] + [clipped] * 6
