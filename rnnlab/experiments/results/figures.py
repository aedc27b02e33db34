"""Registered figures, drawn from the CSV of a result alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rnnlab import files
from rnnlab.experiments.measures import all_tables
from rnnlab.experiments.results.folder import described, kind_of
from rnnlab.experiments.results.reading import labels_of, read_manifest
from rnnlab.experiments.results.tables import NAMES, read_table, require_numbers
from rnnlab.experiments.settings.schema import BUILT
from rnnlab.registry import figures, measures, unknown_name

if TYPE_CHECKING:
    from rnnlab.plotting import FigureSpec

# The first column after the settings, in tables of outcomes, of runs and of their means.
_RESULTS = ("metric", "seed", "seeds")


def figure_spec(name: str) -> FigureSpec:
    """Return what is registered under the name of a figure.

    Raises
    ------
    ValueError
        If there is no such figure, with the nearest name.
    """
    found: FigureSpec = figures[name]
    return found


def draw(name: str, folder: Path, out: Path | None = None, task: str | None = None) -> Path:
    """Draw the figure `name` from the result in `folder` and return where the picture is.

    Parameters
    ----------
    name : str
        Of a figure in `registry.figures`.
    folder : Path
        Holds the table that the figure is drawn from.
    out : Path, optional
        The picture; next to the table unless given.
    task : str, optional
        The label of the task to draw, where a table has several.

    Raises
    ------
    ValueError
        If there is no such figure, table or task, the result is of another kind, the table is
        damaged, or `out` cannot be written.
    """
    from rnnlab import statistics
    from rnnlab.plotting import NothingToDrawError, save_figure, styles_of_study

    figure = figure_spec(name)
    manifest = read_manifest(folder)
    kind, source = kind_of(folder), folder / figure.table
    table = read_table(source) if kind is None or kind in figure.experiments else None
    if table is None:
        raise ValueError(_nothing_for(name, figure, folder, kind))
    if table.empty:
        raise NothingToDrawError(
            f"{source} must have at least one row: no cell of the study has what "
            f"{name} shows, or no run is finished"
        )
    of_flow = "gradient-flow" in figure.experiments
    columns = all_tables(measures).get(source.stem, ()) if of_flow else ()
    missing = [column for column in columns if column not in table]
    if missing:
        read_table(source, columns)  # says which
    texts = NAMES.union(*(measures[key].texts for key in measures))
    require_numbers(source, table, [column for column in columns if column not in texts])
    file, metric = figure.runs or (None, "")
    evaluations = None if file is None else read_table(folder / file)
    if task is not None:
        table = _of_task(table, task, source)
        if evaluations is not None:
            evaluations = _of_task(evaluations, task, source)
    elif not figure.several_tasks:
        _require_one_metric(table, source)
    if figure.table == "summary.csv" and "seeds" in table and not of_flow:
        # values of a setting of the model are compared like cells, as in a report
        names = list(table.columns)
        built = [name for name in BUILT if name in names[: names.index("seeds")]]
        table = statistics.labelled(table, built)
        evaluations = None if evaluations is None else statistics.labelled(evaluations, built)
    # what is infinite has no place, and is no fault of the figure
    with styles_of_study(labels_of(manifest)), np.errstate(all="ignore"):
        try:
            runs = None if evaluations is None else statistics.runs_of(evaluations, metric=metric)
            drawn = figure.figure(table, runs)
        except NothingToDrawError:
            raise
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from error
        target = out or folder / _named(figure.filename, task)
        files.remove_partials(target.parent)
        return save_figure(drawn, target)


def _nothing_for(name: str, figure: FigureSpec, folder: Path, kind: str | None) -> str:
    """Return why a figure cannot be drawn from a folder, and what can be done."""
    if kind is None or kind not in figure.experiments:
        wanted = "study of tasks" if figure.made_by_report else f"{figure.experiments[0]} result"
        remedy = "" if kind or folder.is_file() else f"; make one with: {_command(figure, folder)}"
        return f"{folder} must hold a {wanted} for {name}, got {described(folder)}{remedy}"
    measure_of = {one.name: key for key in measures for one in measures[key].figures()}
    measure = None if figure.table == "gradients.csv" else measure_of.get(name)
    if figure.made_by_report:
        remedy = f"make it with: rnnlab report {folder}"
    elif measure is not None:
        remedy = (
            f"this study did not measure it; rnnlab run gradient-flow --measure {measure} does, "
            "with a folder of its own (--out)"
        )
    else:
        remedy = "the command in its manifest.json makes it"
    return f"{folder} must have the table {figure.table} for {name}: {remedy}"


def _require_one_metric(table: pd.DataFrame, source: Path) -> None:
    if "task" in table and "metric" in table and table["metric"].nunique() > 1:
        tasks = ", ".join(map(str, table["task"].unique()))
        raise ValueError(
            f"task must be given where tasks have different metrics, got {tasks} in {source}: "
            "choose one with --task (task=)"
        )


def _command(figure: FigureSpec, folder: Path) -> str:
    """Return the command that makes a result to draw, in a folder that holds none."""
    if figure.experiments[0] == "fit":
        return f"rnnlab fit DATA.csv --out {folder}"
    study = f"rnnlab run {figure.experiments[0]} --out {folder}"
    return f"{study}; rnnlab report {folder}" if figure.made_by_report else study


def _of_task(table: pd.DataFrame, task: str, source: Path) -> pd.DataFrame:
    """Return the rows of a task, without the settings of other tasks."""
    if "task" not in table:
        raise ValueError(
            f"task must not be given for a table without tasks, got {task!r} for {source}: "
            "leave it out"
        )
    known = list(map(str, table["task"].unique()))
    if task not in known:
        raise ValueError(unknown_name(f"task of {source}", task, known))
    rows = table[table["task"] == task].reset_index(drop=True)
    names = list(table.columns)
    found = [names.index(name) for name in _RESULTS if name in names]
    settings = names[: min(found, default=0)]
    return rows.drop(columns=[name for name in settings if rows[name].isna().all()])


def _named(filename: str, task: str | None) -> str:
    """Return the name of a picture, of one task where it was chosen."""
    if task is None:
        return filename
    stem, dot, ending = filename.rpartition(".")
    written = re.sub(r"[^\w.=-]+", "_", task)[:80]
    return f"{stem}-{written}{dot}{ending}"
