"""Schedules against torch.optim.lr_scheduler."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch

from rnnlab.training.schedules import Schedule


def torch_rates(make: Any, losses: list[float], *, told: bool) -> list[float]:
    """Return the rate of each epoch under one of PyTorch's schedulers."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, rates = make(optimizer), []
    for loss in losses:
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scheduler.step(*([loss] if told else []))
    return rates


def rates(schedule: Schedule, losses: list[float]) -> list[float]:
    told = [dict(enumerate(losses[:done], start=1)) for done in range(len(losses))]
    return [schedule.factor_at(done, before) for done, before in enumerate(told)]


LOSSES = [3.0, 2.0, 2.0, 2.5, 1.9, 1.9, 2.1, 2.2, 2.3, 2.4, 2.5, 1.0, 1.1, 1.2, 1.3, 1.4]


def test_cosine():
    lr = torch.optim.lr_scheduler
    expected = torch_rates(lambda o: lr.CosineAnnealingLR(o, 16), LOSSES, told=False)
    assert rates(Schedule("cosine", steps=16), LOSSES) == pytest.approx(expected, abs=1e-12)


def test_step():
    lr = torch.optim.lr_scheduler
    expected = torch_rates(lambda o: lr.StepLR(o, 3, gamma=0.3), LOSSES, told=False)
    found = rates(Schedule("step", steps=16, every=3, factor=0.3), LOSSES)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("patience", [0, 1, 2, 4])
def test_plateau(patience):
    lr = torch.optim.lr_scheduler
    expected = torch_rates(
        lambda o: lr.ReduceLROnPlateau(o, factor=0.5, patience=patience, threshold=0, eps=0),
        LOSSES,
        told=True,
    )
    found = rates(Schedule("plateau", steps=16, factor=0.5, patience=patience), LOSSES)
    assert found == pytest.approx(expected, rel=1e-12)
    assert min(found) < 1


def test_warmup_comes_before_the_schedule():
    lr = torch.optim.lr_scheduler
    expected = torch_rates(
        lambda o: lr.SequentialLR(
            o,
            [lr.LinearLR(o, start_factor=0.25, total_iters=3), lr.CosineAnnealingLR(o, 13)],
            milestones=[3],
        ),
        LOSSES,
        told=False,
    )
    found = rates(Schedule("cosine", steps=16, warmup=3), LOSSES)
    assert found == pytest.approx(expected, abs=1e-12)
    assert rates(Schedule("constant", steps=16, warmup=1), LOSSES) == [0.5] + 15 * [1.0]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"name": "cosin"}, "schedule must be one of .*, got 'cosin': did you mean 'cosine'"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"every": 0}, "every must be at least 1"),
        ({"warmup": -1}, "warmup must be a whole number of at least 0, got -1"),
        ({"patience": 1.5}, "patience must be a whole number of at least 0, got 1.5"),
        ({"factor": 1.0}, "factor must be more than 0 and below 1, got 1: try 0.5"),
        ({"steps": 3, "warmup": 3}, "warmup must end before the last of the 3 steps, got 3"),
    ],
)
def test_schedules_that_cannot_be(options, match):
    with pytest.raises(ValueError, match=match):
        Schedule(**options)
