"""The part of the page about gradients: every figure whose table the folder has, and half-lives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from rnnlab import plotting, statistics
from rnnlab.experiments.results.tables import read_table
from rnnlab.plotting import NothingToDrawError
from rnnlab.registry import figures
from rnnlab.reports.pictures import picture
from rnnlab.reports.sections import Block, Section
from rnnlab.reports.source import Source
from rnnlab.reports.tables import Table
from rnnlab.reports.words import number

#: The further figures, in the order of the page: the title, and what to read in each.
FURTHER = {
    "jacobian-spectrum": (
        "Singular values over a lag",
        "Each line is a lag k. A direction above 1 grows over k steps, one below 1 fades; how far "
        "to the right a line stays up says how many directions the memory has left.",
    ),
    "lyapunov-spectrum": (
        "Lyapunov exponents",
        "The same in the long run. An exponent near 0 is a direction that holds what it is given; "
        "above 0 gradients explode, far below 0 the direction is lost within a few steps.",
    ),
    "gradient-paths": (
        "Paths of the derivative",
        "Where the line of a single path runs below the exact one, the rest of the gradient goes "
        "round through matrices.",
    ),
    "path-shares": (
        "Shares of the paths",
        "How much of the gradient of the loss arrives along each path. A share above 1 is taken "
        "back by a negative one.",
    ),
    "gate-map": (
        "The gate over time",
        "One sequence. Light rows are units that hold their memory, dark columns are steps at "
        "which it is overwritten.",
    ),
    "gate-distribution": (
        "Values of the gates",
        "A peak at 0 or 1 is a gate that has learned to be shut or open, one in the middle a gate "
        "that does neither.",
    ),
    "gate-saturation": (
        "Saturation",
        "Each point is a unit. Points along the diagonal are gates that are always open or shut; "
        "those at the origin are never either.",
    ),
    "memory-times": (
        "Memory times",
        "How many units hold longer than a given number of steps. The delay of the task is what "
        "they have to reach.",
    ),
    "gradient-training": (
        "Gradients during training",
        "Light where the gradient reaches far back. Within the white lines it grows from one lag "
        "to the next.",
    ),
    "clip-rate": (
        "Clipping",
        "How often the gradient was cut, and its norm before: a rate near 1 says that the bound, "
        "not the learning rate, decides the size of a step.",
    ),
    "half-life-solving": (
        "Half-life and learning",
        "Whether cells whose gradient lives longer at the start solve the task sooner: points "
        "would fall from the upper left to the lower right.",
    ),
    "half-life-bias": (
        "Half-life and forget bias",
        "On the grey line a gradient lives as long as the gate alone would let it; above it, other "
        "paths carry it further.",
    ),
}


def gradient_section(source: Source, gradients: pd.DataFrame) -> Section:
    """Return everything about gradients that the folder has a table of."""
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
    found = (_further(name, source) for name in FURTHER)
    section.blocks += [one for one in found if one is not None]
    return section


def _further(name: str, source: Source) -> Block | None:
    """Return a further figure, drawn from its table; None if the folder has no such table."""
    spec = figures[name]
    title, caption = FURTHER[name]
    block = Block(title)
    try:
        table = read_table(source.folder / spec.table)
        if table is None:
            return None
        if spec.aggregate is not None:
            table = getattr(statistics, spec.aggregate)(table)
        drawn: Figure = spec.draw(table)
    except NothingToDrawError:  # no cell of the study has such a thing
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        block.paragraphs.append(f"{spec.table} cannot be drawn: {reason}.")
        return block
    what = spec.description.partition(" (--measure")[0]
    block.picture = picture(
        lambda _: drawn,
        alt=f"{what[0].upper()}{what[1:]}. {caption}",
        caption=f"{what[0].upper()}{what[1:]}. {caption}",
        table=spec.table,
        scrolls=True,
        raster=True,
    )
    return block


def _ends(bands: pd.DataFrame) -> str:
    """Return in words where every curve ends, or that there is none."""
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
    """Return the half-lives of gradients, as far as the summary has them."""
    columns: dict[str, Callable[[Mapping[Any, Any]], str]] = {
        "cell": lambda row: str(row["cell"]),
        "phase": lambda row: str(row["phase"]),
        "state": lambda row: str(row["state"]),
        "seeds": lambda row: str(row["seeds"]),
        "half is left at lag": lambda row: _life(row, "half_life", "ci_low", "ci_high"),
        "half-life of the decay (steps)": lambda row: _life(
            row, "decay_half_life", "decay_low", "decay_high"
        ),
        "decay per step (log10)": lambda row: number(float(row["log10_decay_per_step"])),
    }
    rows = [[write(row) for write in columns.values()] for row in summary.to_dict("records")]
    caption = "Half-lives of gradients, medians over seeds; in brackets the 95 % interval, which "
    return Table(f"{caption}takes 6 seeds or more", list(columns), rows, "summary.csv")


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
