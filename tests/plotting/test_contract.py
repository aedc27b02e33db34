"""The contract that every registered figure keeps; a new one is tested by being registered."""

from __future__ import annotations

import inspect
from pathlib import PurePath

import pytest

import rnnlab.plotting
from rnnlab.registry import figures


@pytest.fixture(params=figures.names())
def spec(request: pytest.FixtureRequest) -> rnnlab.plotting.FigureSpec:
    found = figures[request.param]
    assert isinstance(found, rnnlab.plotting.FigureSpec)
    assert found.name == request.param
    assert found.filename == f"{request.param}.png"
    return found


def test_a_figure_says_what_it_reads(spec: rnnlab.plotting.FigureSpec) -> None:
    assert spec.description
    assert spec.description[0].islower()
    assert "\n" not in spec.description
    assert set(spec.experiments) <= {"copy-task", "task-study", "gradient-flow", "fit"}
    assert spec.experiments
    assert PurePath(spec.table).suffix == ".csv"
    assert len(inspect.signature(spec.draw).parameters) >= 1
