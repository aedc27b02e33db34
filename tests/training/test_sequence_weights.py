"""Weights in batches, against the sum over all data written out in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from rnnlab.training import LOSSES
from rnnlab.training.sequence_weights import per_answer

STEPS, BATCH, SIZE = 4, 6, 3
SINGLE: dict[str, Any] = {
    "cross-entropy": lambda z, y: torch.nn.functional.cross_entropy(
        z.flatten(0, -2), y.flatten(), ignore_index=-1, reduction="none"
    ).reshape(y.shape),
    "binary-cross-entropy": lambda z, y: torch.nn.functional.binary_cross_entropy_with_logits(
        z, y, reduction="none"
    ),
    "mean-squared-error": lambda z, y: (z - y) ** 2,
}


def draw(name: str, rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Return outputs, targets of which a third is not asked, and a weight a sequence."""
    outputs = rng.standard_normal((STEPS, BATCH, SIZE))
    if name == "cross-entropy":
        targets = np.where(
            rng.random((STEPS, BATCH)) < 0.3, -1, rng.integers(SIZE, size=(STEPS, BATCH))
        )
    else:
        numbers = rng.standard_normal((STEPS, BATCH, SIZE))
        held = (numbers > 0).astype(float) if name == "binary-cross-entropy" else numbers
        targets = np.where(rng.random((STEPS, BATCH, SIZE)) < 0.3, np.nan, held)
    return outputs, targets, rng.uniform(0.1, 5, BATCH)


@pytest.mark.parametrize("size", [1, 2, 6])
@pytest.mark.parametrize("name", LOSSES)
def test_batches_of_any_size_add_up_to_the_same_sum(name: str, size: int, rng: Any) -> None:
    outputs, targets, weights = draw(name, rng)
    z: Any = torch.tensor(outputs, requires_grad=True)
    asked = targets != -1 if name == "cross-entropy" else ~np.isnan(targets)
    y = torch.tensor(targets if name == "cross-entropy" else np.nan_to_num(targets))
    each = torch.tensor(weights)
    each = each if name == "cross-entropy" else each[:, None]
    total = (SINGLE[name](z, y) * each * torch.tensor(asked)).sum()
    total.backward()

    value: Any = 0.0
    gradient = np.empty_like(outputs)
    for start in range(0, BATCH, size):
        cut = slice(start, start + size)
        one, d = per_answer(LOSSES[name])(outputs[:, cut], targets[:, cut], weights[cut])
        answers = asked[:, cut].sum()
        value += one * answers
        gradient[:, cut] = d * answers
    assert value == pytest.approx(total.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, z.grad, atol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_weights_of_1_and_none_are_the_plain_mean(name: str, rng: Any) -> None:
    outputs, targets, _ = draw(name, rng)
    value, d = LOSSES[name](outputs, targets)
    for weights in (None, np.ones(BATCH), np.ones((STEPS, BATCH))):
        one, slope = per_answer(LOSSES[name])(outputs, targets, weights)
        assert one == pytest.approx(value, rel=1e-14)
        np.testing.assert_allclose(slope, d, rtol=1e-13)


def test_the_gradient_keeps_its_dtype(rng: Any) -> None:
    outputs, targets, weights = draw("cross-entropy", rng)
    _, d = per_answer(LOSSES["cross-entropy"])(outputs.astype(np.float32), targets, weights)
    assert d.dtype == np.float32
