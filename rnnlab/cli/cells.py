"""`rnnlab cells`."""

from __future__ import annotations

import click

from rnnlab.cli.output import print_rows


@click.command(short_help="List the cells.")
def cells() -> None:
    """List the cells by name, with their states, the gate that keeps their memory and their source.

    A cell of your own is named FILE.py:NAME wherever a cell is asked for.
    """
    from rnnlab.cells import find_cell
    from rnnlab.registry import cells as known

    definitions = [find_cell(name) for name in known]
    rows = [
        (cell.name, ", ".join(cell.states), cell.keep or "-", cell.summary) for cell in definitions
    ]
    print_rows(("cell", "states", "keeps with", "what it is"), rows, title=False)
