"""A measure of gradient flow of one's own: one class and one registration."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import rnnlab
from rnnlab import registry
from rnnlab.cli.main import main
from rnnlab.experiments.measures import Measure, Probe, Rows, register
from rnnlab.plotting import FigureSpec


class Weights(Measure):
    """Root mean square of every parameter."""

    name = "weights"
    about = "root mean square of every parameter"
    tables = {"weights": ("cell", "seed", "phase", "parameter", "rms")}  # noqa: RUF012
    texts = ("parameter",)

    def at_rest(self, model: Any, probe: Probe, seed: int) -> Rows:
        sizes = [(k, float(np.sqrt(np.mean(v**2)))) for k, v in model.parameters.items()]
        yield "weights", pd.DataFrame(sizes, columns=["parameter", "rms"])

    def figures(self) -> list[FigureSpec]:
        return [
            FigureSpec(
                name="weights",
                title="Size of the weights",
                description="root mean square of every parameter",
                reading="A small weight forgets.",
                experiments=("gradient-flow",),
                table="weights.csv",
                aggregate=lambda table: table.groupby("cell")["rms"].mean().reset_index(),
                draw=draw,
            )
        ]


def draw(means: pd.DataFrame) -> Figure:
    figure = Figure()
    figure.subplots().bar(means["cell"], means["rms"])
    return figure


@pytest.fixture
def weights() -> Iterator[None]:
    kept = [
        (one, {key: copy.copy(value) for key, value in vars(one).items()})
        for one in (registry.measures, registry.figures)
    ]
    assert "weights" not in registry.figures  # which fills the registries first
    for one, before in kept:
        before.update({key: copy.copy(value) for key, value in vars(one).items()})
    register(Weights())
    yield
    for one, before in kept:
        vars(one).update(before)


@pytest.mark.usefixtures("weights")
def test_one_registration_is_enough(
    tiny_flow: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {**tiny_flow, "measure": "weights", "cells": ["gru"], "seeds": 1, "jobs": 1}
    rnnlab.run("gradient-flow", out=tmp_path, **options)
    table = pd.read_csv(tmp_path / "weights.csv")
    assert list(table.columns) == list(Weights.tables["weights"])
    assert table["phase"].unique().tolist() == ["init", "midway", "trained"]
    assert (tmp_path / "weights.png").exists()
    page = rnnlab.report(tmp_path).path.read_text(encoding="utf-8")
    assert "Size of the weights" in page
    assert "A small weight forgets." in page
    assert main(["plot", "--list"]) == 0
    assert "root mean square of every parameter" in capsys.readouterr().out


def test_an_unknown_measure_is_named(tiny_flow: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="measure must be one of .*got 'weights'"):
        rnnlab.run("gradient-flow", out=tmp_path, **{**tiny_flow, "measure": "weights"})
