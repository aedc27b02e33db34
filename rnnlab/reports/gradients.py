"""Section of the page about gradients: half-lives, and every figure whose table the folder has."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from rnnlab import plotting, statistics
from rnnlab.experiments.results.tables import read_table
from rnnlab.plotting import FigureSpec, NothingToDrawError
from rnnlab.registry import measures
from rnnlab.reports.blocks import Block, Section
from rnnlab.reports.pictures import picture
from rnnlab.reports.source import Source
from rnnlab.reports.tables import Table, text_of
from rnnlab.reports.words import number


def gradient_section(source: Source, gradients: pd.DataFrame) -> Section:
    """Return the section: the decay, its half-lives, then the figures of further measures."""
    bands = statistics.decay_bands(gradients)
    section = Section("How gradients travel", tables={"gradient-bands": bands})
    block = Block(
        "Decay with the lag",
        picture=picture(
            lambda _: plotting.plot_gradient_decay(bands),
            alt="Relative gradient norm against lag, median over seeds. Where each curve ends: "
            f"{_ends(bands)}.",
            caption="Norm of the gradient of the last step's loss with respect to the state k "
            "steps before, divided by its value at lag 0, or at the first lag that has a gradient: "
            "where a line falls fast, what was seen long ago is hard to learn from. Median and "
            "10th to 90th percentile of the seeds.",
            table="gradient-bands",
            scrolls=True,
        ),
    )
    if source.summary is not None and "half_life" in source.summary:
        block.paragraphs.append(
            "Two half-lives are given. The first is the lag at which half of the gradient's norm "
            "is left; where the output reads a state directly, that is often the jump to lag 1. "
            "The other is that of the decay from there on, from the slope of the logarithm."
        )
        block.tables.append(half_life_table(source.summary))
    section.blocks.append(block)
    further = (one for name in measures if name != "decay" for one in measures[name].figures())
    blocks = (_block(figure, source) for figure in further)
    section.blocks += [one for one in blocks if one is not None]
    return section


def _block(spec: FigureSpec, source: Source) -> Block | None:
    """Return the block of a figure; None if the folder has no table for it."""
    block = Block(spec.title)
    try:
        table = read_table(source.folder / spec.table)
        if table is None:
            return None
        drawn: Figure = spec.figure(table)
    except NothingToDrawError:  # no cell of the study has what it shows
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        block.paragraphs.append(f"{spec.table} cannot be drawn: {reason}.")
        return block
    what = spec.description
    caption = f"{what[0].upper()}{what[1:]}. {spec.reading}"
    block.picture = picture(
        lambda _: drawn,
        alt=caption,
        caption=caption,
        table=spec.table,
        scrolls=True,
        raster=True,
    )
    return block


def _ends(bands: pd.DataFrame) -> str:
    """Return the last point of every curve in words, or the status of one without points."""
    last = bands.groupby(["cell", "phase", "state"], sort=False).tail(1).to_dict("records")
    return "; ".join(
        f"{row['cell']} {row['phase']}, state {row['state']}: "
        + (
            f"{number(row['median'])} at lag {row['lag']}"
            if row["status"] == "ok"
            else str(row["status"])
        )
        for row in last
    )


def half_life_table(summary: pd.DataFrame) -> Table:
    """Return the half-lives of gradients that the summary has."""
    columns: dict[str, Callable[[Mapping[Any, Any]], str]] = {
        "cell": text_of("cell"),
        "phase": text_of("phase"),
        "state": text_of("state"),
        "seeds": text_of("seeds"),
        "half is left at lag": lambda row: _life(row, "half_life", "ci_low", "ci_high"),
        "half-life of the decay (steps)": lambda row: _life(
            row, "decay_half_life", "decay_low", "decay_high"
        ),
        "decay per step (log10)": lambda row: number(float(row["log10_decay_per_step"])),
    }
    rows = [[write(row) for write in columns.values()] for row in summary.to_dict("records")]
    caption = (
        "Half-lives of gradients, medians over seeds; in brackets the 95 % interval, which takes "
        "6 seeds or more"
    )
    return Table(caption, list(columns), rows, "summary.csv")


def _life(row: Mapping[Any, Any], name: str, low: str, high: str) -> str:
    value, least, most = (float(row.get(column, math.nan)) for column in (name, low, high))
    if math.isnan(value):
        status = str(row.get("status", "none"))
        return "none" if status == "ok" else status
    said = "never" if math.isinf(value) else number(value)
    if math.isnan(least):
        return said
    ends = ("never" if math.isinf(end) else number(end) for end in (least, most))
    return f"{said} ({' to '.join(ends)})"
