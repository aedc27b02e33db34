"""Output of commands: tables with rich on a terminal, else plain lines for other programs."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from rnnlab.characters import visible
from rnnlab.texts import setting_text

if TYPE_CHECKING:
    import pandas as pd

    from rnnlab.experiments import Spec, TaskEntry
    from rnnlab.registry import Registry


def say(text: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a text with its control characters escaped.

    Labels, file names and contents of folders are not trusted.
    """
    click.echo(visible(str(text), keep="\n\t"), err=err, nl=nl)


def print_rows(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, title: bool, names: int = 1
) -> None:
    """Print a table.

    Parameters
    ----------
    headers : sequence of str
        Names of the columns.
    rows : sequence of sequence of str
        The name first. Control characters are escaped.
    title : bool
        Whether to print the headers if the output is not a terminal.
    names : int
        Number of columns that identify a row. A table that is too wide for the terminal is printed
        in blocks, each with these columns.
    """
    rows = [[visible(text) for text in row] for row in rows]
    if sys.stdout.isatty():
        _print_for_terminal(headers, rows, names)
        return
    lines = [headers, *rows] if title else rows
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        say("  ".join(cells).rstrip())


def _print_for_terminal(headers: Sequence[str], rows: Sequence[Sequence[str]], names: int) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for block in _blocks_that_fit(headers, rows, names, console.width):
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        for column in block:
            # headers wrap at underscores; of the values only a text in the last column wraps
            last = column == len(headers) - 1
            table.add_column(headers[column].replace("_", "\n"), no_wrap=not last, overflow="fold")
        for row in rows:  # Text: labels may look like markup of rich
            table.add_row(*(Text(row[column]) for column in block))
        console.print(table)


def _blocks_that_fit(
    headers: Sequence[str], rows: Sequence[Sequence[str]], names: int, width: int
) -> list[list[int]]:
    """Split columns into blocks that fit into a width, each with the columns that identify a row.

    A text in the last column may wrap, so it needs the width of a few words only.
    """
    from rich.cells import cell_len

    widths = [
        max(map(cell_len, [*headers[n].split("_"), *(row[n] for row in rows)])) + 2
        for n in range(len(headers))
    ]
    if len(headers) > 1 and any(" " in row[-1] for row in rows):
        widths[-1] = min(widths[-1], 30)
    while names > 1 and sum(widths[:names]) + max(widths[names:], default=0) > width - 2:
        names -= 1
    blocks: list[list[int]] = []
    for column in range(names, len(headers)):
        if not blocks or sum(widths[n] for n in [*blocks[-1], column]) > width - 2:
            blocks.append(list(range(names)))
        blocks[-1].append(column)
    return blocks or [list(range(len(headers)))]


def heading(text: str) -> None:
    """Print a heading after an empty line."""
    say()
    click.secho(visible(text), bold=True)


def warn(text: str) -> None:
    """Print a warning to stderr, on one line."""
    say(f"Warning: {' '.join(text.split())}", err=True)


def print_summary(summary: pd.DataFrame) -> None:
    """Print a summary; the CSV file has all columns at full precision.

    Values that are equal in all rows are printed once, above the table; an interval follows its
    number.
    """
    values = {str(name): summary[name].tolist() for name in summary.columns}
    columns = list(values)
    settings = columns[: columns.index("seeds")] if "seeds" in columns else []
    texts = {
        name: list(map(text_or_gap, column)) if name in settings else number_texts(column)
        for name, column in values.items()
    }
    lows = [name for name in texts if name.endswith("_low")]
    for low in lows:  # the column before is the one that the interval belongs to
        names = (list(texts)[list(texts).index(low) - 1], low, low.replace("_low", "_high"))
        # together, so that they have the same number of decimals
        numbers = number_texts([value for name in names for value in values[name]])
        rows = len(summary)
        triples = zip(numbers[:rows], numbers[rows:-rows], numbers[-rows:], strict=True)
        texts[names[0]] = [
            middle if "-" in (start, end) else f"{middle} [{start}, {end}]"
            for middle, start, end in triples
        ]
        del texts[names[1]], texts[names[2]]
    shared = [name for name in ("seeds", "chance", "status") if len(set(texts.get(name, ()))) == 1]
    if shared:
        say(", ".join(f"{name} {texts.pop(name)[0]}" for name in shared))
    lines = list(zip(*texts.values(), strict=True))
    print_rows(list(texts), lines, title=True, names=max(1, len(settings)))


def text_or_gap(value: Any) -> str:
    """Return a setting as it is written in a study's file, and a dash where there is none.

    Examples
    --------
    >>> [text_or_gap(value) for value in (0.0003, 20.0, math.nan, "adam")]
    ['0.0003', '20', '-', 'adam']
    """
    missing = isinstance(value, float) and math.isnan(value)
    return "-" if missing else setting_text(value)


def number_texts(values: Sequence[Any]) -> list[str]:
    """Return numbers with one number of decimals for all; text and whole numbers are unchanged.

    A number that would be rounded to 0 has two significant digits instead.

    Examples
    --------
    >>> number_texts([0.5, 0.12345]), number_texts([1275.0, math.inf]), number_texts([math.nan])
    (['0.500', '0.123'], ['1275', 'inf'], ['-'])
    >>> number_texts([0.114, 0.000338, 0.0])
    ['0.114', '0.00034', '0.000']
    """
    finite = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    largest = max(map(abs, finite), default=0.0)
    if largest >= 2 and all(value.is_integer() for value in finite):
        decimals = 0
    else:
        decimals = 3 if largest < 10 else 1

    def text(value: Any) -> str:
        if not isinstance(value, float):
            return str(value)
        if math.isnan(value):
            return "-"
        written = f"{value:.{decimals}f}"
        return f"{value:.2g}" if value != 0 and float(written) == 0 else written

    return [text(value) for value in values]


def vector_text(values: Any) -> str:
    """Return a vector on one line, shortened to its first and last numbers if it is long.

    Examples
    --------
    >>> vector_text(np.array([0.5, -0.25]))
    '[ 0.5000 -0.2500]'
    >>> vector_text(np.arange(20.0))
    '[ 0.0000  1.0000  2.0000 ... 17.0000 18.0000 19.0000]'
    """
    largest = float(np.abs(values).max(initial=0.0))
    return np.array2string(
        values,
        precision=4,
        floatmode="fixed" if 1e-3 < largest < 1e6 or largest == 0 else "maxprec",
        suppress_small=largest >= 1e-3,
        threshold=8,
        edgeitems=3,
        max_line_width=sys.maxsize,
    )


def print_settings(spec: Spec) -> None:
    """Print the settings of a study, defaults included."""
    lines = [(key, _setting_text(key, getattr(spec, key), spec)) for key in _shown(spec)]
    width = max(len(key) for key, _ in lines)
    for key, text in lines:
        say(f"  {key.ljust(width)}  {text}")


def _shown(spec: Spec) -> list[str]:
    """Return the settings of a study, its cells and tasks first; later ones where they are set."""
    from rnnlab.experiments.settings.schema import LATER

    first = ("question", "reference", "cells", "task", "delays", "payload", "alphabet")
    names = list(type(spec).model_fields)
    names = [name for name in first if name in names] + [
        name for name in names if name not in first
    ]
    return [
        name
        for name in names
        if name not in ("experiment", "name", "out")
        and (name not in _OF_A_TASK or getattr(spec, name))  # one of them in gradient-flow
        and (name not in LATER or name in _ALWAYS or getattr(spec, name) != LATER[name])
    ]


_OF_A_TASK = ("task", "delays", "payload", "alphabet")
# Settings that are printed at their default too.
_ALWAYS = ("parameters", "num_layers", "init")


def _setting_text(key: str, value: Any, spec: Spec) -> str:
    if key == "cells":
        return ", ".join(
            f"{entry.label} ({entry.hidden} units)"
            if entry.hidden and f"hidden={entry.hidden}" not in entry.label
            else entry.label
            for entry in spec.cells
        ).replace(", ", "; " if any("," in label for label in spec.labels) else ", ")
    if key == "seeds":
        return f"{value} (0 to {value - 1})" if value > 1 else "1 (0)"
    if value is None:
        return "the cell's own" if key == "forget_bias" else "none"
    if key == "task":
        return "; ".join(map(_task_text, value))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return setting_text(value)


def _task_text(entry: TaskEntry) -> str:
    settings = [
        f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in entry.settings_given.items()
    ]
    return f"{entry.label} ({'; '.join(settings)})" if settings else entry.label


def print_registry(
    known: Registry[Any], headers: Sequence[str], row: Callable[[str, Any], Sequence[str]]
) -> None:
    """Print a registry as a table; warn about entries of packages that cannot be loaded.

    Parameters
    ----------
    known : Registry
    headers : sequence of str
    row : callable
        Takes a name and its entry, returns the fields of the row.
    """
    rows, problems = [], known.refusals()
    for name in known:
        try:
            rows.append(row(name, known[name]))
        except ValueError as error:  # one broken package must not hide the other entries
            problems.append(str(error))
    print_rows(headers, rows, title=False)
    for problem in problems:
        warn(problem)


def duration(seconds: float) -> str:
    """Return a duration as text.

    Examples
    --------
    >>> duration(0.4), duration(100), duration(7500)
    ('0.4 s', '1 min 40 s', '2 h 05 min')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
