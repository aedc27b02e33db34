"""A registered figure, drawn from the CSV of a result alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.experiments.records import read_csv
from rnnlab.registry import figures

if TYPE_CHECKING:
    from rnnlab.plotting import FigureSpec


def figure_spec(name: str) -> FigureSpec:
    """Return what is registered under the name of a figure.

    Raises
    ------
    ValueError
        If there is no such figure, with the nearest name.
    """
    import rnnlab.plotting  # registers them; workers are spared matplotlib

    found: rnnlab.plotting.FigureSpec = figures[name]
    return found


def draw(name: str, folder: Path, out: Path | None = None) -> Path:
    """Draw the figure `name` from the result in `folder` and return where the picture lies.

    Parameters
    ----------
    name : str
        Of a figure in `registry.figures`.
    folder : Path
        Holds the table that the figure is drawn from.
    out : Path, optional
        The picture; beside the table unless given.

    Raises
    ------
    ValueError
        If there is no such figure or table, the table lacks a column, or `out` cannot be written.
    """
    from rnnlab import statistics
    from rnnlab.plotting import NothingToDrawError, save_figure

    figure = figure_spec(name)
    source = folder / figure.table
    try:
        table = read_csv(source)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise ValueError(
            f"{source} must be the table of a finished run, got {reason}: "
            f"make it with: {figure.command(folder)}"
        ) from None
    except ValueError as error:  # pandas: no columns, or rows of different lengths
        raise ValueError(f"{source} must be a table as rnnlab wrote it, got: {error}") from None
    if table.empty:
        raise NothingToDrawError(
            f"{source} must hold at least one row, got none: no cell of the study has what "
            f"{name} shows, or no run is finished"
        )
    if figure.aggregate is not None:
        table = getattr(statistics, figure.aggregate)(table)
    tables = [table]
    if figure.runs is not None and (folder / figure.runs).exists():
        tables.append(statistics.runs_of(read_csv(folder / figure.runs)))
    return save_figure(figure.draw(*tables), out or folder / figure.filename)
