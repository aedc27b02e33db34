"""Command `rnnlab gradcheck`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from rnnlab.cli.errors import user_errors
from rnnlab.cli.numbers import FiniteRange
from rnnlab.cli.output import print_rows, say

OUR_FAULT = 1
TIGHTEST = 1e-8


def _size(flag: str, default: int, what: str) -> Callable[[Any], Any]:
    return click.option(
        flag, type=click.IntRange(1), default=default, show_default=True, metavar="N", help=what
    )


@click.command(short_help="Check a cell's gradients against finite differences.")
@click.argument("name", metavar="NAME|FILE.py:NAME")
@_size("--steps", 5, "Time steps.")
@_size("--batch", 3, "Sequences.")
@_size("--inputs", 3, "Input size I.")
@_size("--hidden", 4, "Units H.")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of parameters, inputs, states and the loss.",
)
@click.option(
    "--tolerance",
    type=FiniteRange(TIGHTEST, 1),  # less is rounding: even a right gradient shows up to 4e-9
    default=1e-6,
    show_default=True,
    metavar="X",
    help="Largest error, relative to the largest gradient of the same array.",
)
@click.pass_context
def gradcheck(context: click.Context, /, name: str, tolerance: float, **options: int) -> None:
    """Check every gradient of a cell, in float64, against central differences.

    Parameters, input, initial states and the loss on all outputs and final states are random. If a
    gradient is wrong the exit code is 1: rnnlab derived it from your equations, so the error is
    rnnlab's.
    """
    from rnnlab.analysis import check_gradients
    from rnnlab.cells import find_cell
    from rnnlab.cli.compiling import compile_first
    from rnnlab.engine.sizes import check_pass

    with user_errors():
        cell = find_cell(name)
        sizes = {name: options[name] for name in ("steps", "batch", "inputs", "hidden")}
        check_pass(cell, **sizes, bytes_each=8)
    compile_first(cell, "float64")
    with user_errors():
        table = check_gradients(cell, tolerance=tolerance, **options)
    records = table.to_dict("records")
    rows = [
        (
            row["name"] if row["kind"] == "parameter" else f"{row['kind']} {row['name']}",
            str(row["shape"]),
            f"{row['error']:.1e}",
            str(list(row["index"])),
            str(row["kinks"]),
        )
        for row in records
    ]
    print_rows(
        ("gradient of", "shape", "largest error", "at", "corners left out"), rows, title=True
    )
    worst = max(records, key=lambda row: row["error"])
    if worst["error"] > tolerance:
        say(
            f"Error: the gradient of {worst['name']}{list(worst['index'])} must agree with "
            f"differences to {tolerance:g}, got {worst['analytic']:.9g} against "
            f"{worst['numeric']:.9g}, an error of {worst['error']:.1e}: please report it with "
            "the cell's equations",
            err=True,
        )
        context.exit(OUR_FAULT)
    say(
        f"All gradients of {cell.name} agree: largest error {worst['error']:.1e}, "
        f"limit {tolerance:g}"
    )
