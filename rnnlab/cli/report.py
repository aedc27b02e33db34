"""`rnnlab report`."""

from __future__ import annotations

from pathlib import Path

import click

from rnnlab.cli.errors import user_errors
from rnnlab.cli.output import say


@click.command(short_help="Write a result as one HTML page with statistics in words.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help="The page; its tables are written next to it, FILE-outcomes.csv and others.  "
    "[default: DIR/report.html, outcomes.csv and others]",
)
@click.option("--force", is_flag=True, help="Replace files that no report wrote, too.")
def report(folder: Path, out: Path | None, force: bool) -> None:
    """Write the result in DIR as one self-contained HTML page, and its tables as CSV.

    The page compares the cells, draws how they learn and how soon they solve the task, says what
    the numbers do not show, and how to make them again. It needs no network.
    """
    from rnnlab.reports import report as write_report

    with user_errors():
        written = write_report(folder, out, force=force)
    for file in written.files:
        say(file)
