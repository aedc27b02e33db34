"""The figure of summary.csv, and the choice of one task."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import rnnlab
from rnnlab.cli.main import main
from rnnlab.plotting import cell_styles, plot_summary

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
OPTIONS: dict[str, Any] = {
    "cells": ["rnn", "gru"], "hidden": 4, "batch": 4, "updates": 4, "evaluate_every": 2,
    "seeds": 2, "evaluation_batch": 5, "jobs": 1,
}  # fmt: skip


def panels(figure: Figure) -> dict[str, Axes]:
    return {ax.get_title("left"): ax for ax in figure.axes if ax.get_visible()}


def drawn(ax: Axes) -> dict[str, Any]:
    return {
        str(one.get_label()): one for one in ax.lines if not str(one.get_label()).startswith("_")
    }


def test_a_line_a_cell_against_what_varies() -> None:
    summary = pd.read_csv(PUBLISHED / "adding" / "summary.csv")
    (ax,) = panels(plot_summary(summary)).values()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("length (time steps)", "mean squared error")
    lines = drawn(ax)
    assert set(lines) == set(summary["cell"])
    own = summary[summary["cell"] == "gru"]
    np.testing.assert_array_equal(lines["gru"].get_xdata(), own["length"])
    np.testing.assert_array_equal(lines["gru"].get_ydata(), own["mse"])
    assert lines["gru"].get_color() == cell_styles(["gru"])["gru"]["color"]


def test_tasks_of_different_metrics_have_a_panel_each_at_the_best_rates() -> None:
    summary = pd.read_csv(PUBLISHED / "learning-rates" / "summary.csv")
    shown = panels(plot_summary(summary))
    assert list(shown) == ["copy-memory, delay 20", "adding, length 40"]
    labels = [ax.get_ylabel() for ax in shown.values()]
    assert labels == ["recall accuracy (share of symbols)", "mean squared error"]
    best = summary[summary["best"] & (summary["task"] == "adding") & (summary["cell"] == "gru")]
    assert drawn(shown["adding, length 40"])["gru"].get_ydata() == [best["value"].iloc[0]]


def test_what_is_not_finite_is_left_out() -> None:
    summary = pd.DataFrame(
        {"cell": ["rnn", "gru"], "task": "mine", "seeds": 3, "mse": [math.inf, 1.0]}
    ).assign(ci_low=[math.nan, 0.5], ci_high=[math.nan, 2.0], chance=math.nan)
    figure = plot_summary(summary)
    figure.draw_without_rendering()
    (ax,) = panels(figure).values()
    assert np.isnan(drawn(ax)["rnn"].get_ydata()).all()


def test_a_study_writes_its_figure(tmp_path: Path) -> None:
    rnnlab.run("task-study", out=tmp_path, task=["adding,length=4"], **OPTIONS)
    assert (tmp_path / "task-study.png").stat().st_size > 5000


def test_one_of_several_tasks_is_chosen(tmp_path: Path, capsys: Any) -> None:
    tasks = ["adding,length=4,length=6", "parity,length=3"]
    rnnlab.run("task-study", out=tmp_path, task=tasks, **OPTIONS)
    rnnlab.report(tmp_path)
    plot = ["plot", "outcomes", "--from", str(tmp_path)]
    assert main(plot) == 2
    error = capsys.readouterr().err
    assert "got adding, parity" in error
    assert "choose one with --task" in error
    assert main([*plot, "--task", "adding"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "outcomes-adding.png")
    assert main([*plot, "--task", "addin"]) == 2
    assert "did you mean 'adding'" in capsys.readouterr().err
    assert main(["plot", "task-study", "--from", str(tmp_path), "--task", "parity"]) == 0
    assert main(["plot", "task-study", "--from", str(tmp_path)]) == 0


def test_a_table_without_tasks_has_none_to_choose(capsys: Any) -> None:
    folder = PUBLISHED / "copy-task-reduced"
    assert main(["plot", "outcomes", "--from", str(folder), "--task", "adding"]) == 2
    assert "task must not be given for a table without tasks" in capsys.readouterr().err
