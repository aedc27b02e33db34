"""Command `rnnlab plot`."""

from __future__ import annotations

from pathlib import Path

import click

from rnnlab.cli.errors import user_errors
from rnnlab.cli.output import print_rows, say


@click.command(short_help="Draw a figure again from the CSV of a result.")
@click.argument("figure", required=False)
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the result.  [default: results/EXPERIMENT]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The picture, a PNG.  [default: next to the CSV]",
)
@click.option(
    "--task",
    metavar="NAME",
    help="The task to draw, in a study of several.  [default: all, if the figure can show them]",
)
@click.option("--list", "listing", is_flag=True, help="List the figures and what they show.")
def plot(
    figure: str | None, folder: Path | None, out: Path | None, task: str | None, listing: bool
) -> None:
    """Draw a figure again from the CSV of a result alone; --list names them."""
    from rnnlab.experiments import draw, figure_spec
    from rnnlab.registry import figures

    if listing:
        rows = [(name, figures[name].description) for name in figures]
        print_rows(("figure", "shows"), rows, title=False)
        return
    with user_errors():
        if figure is None:
            raise ValueError(f"plot needs the name of a figure: choose one of {', '.join(figures)}")
        source = folder or Path("results") / figure_spec(figure).experiments[0]
        say(draw(figure, source, out, task))
