"""`rnnlab status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rnnlab.cli.errors import user_errors
from rnnlab.cli.output import duration, heading, print_rows

if TYPE_CHECKING:
    from rnnlab.experiments.results.status import Status


@click.command(short_help="Print the progress of a study.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def status(folder: Path) -> None:
    """Print the progress of the study in DIR: finished, running and failed runs, remaining time.

    It reads the files in DIR alone, from any terminal or machine that sees them, and changes none.
    """
    from rnnlab.experiments.results.status import read_status

    with user_errors():
        found = read_status(folder)
    print_rows(("what", "value"), _lines(folder, found), title=False)
    if found.running:
        heading("UNDER WAY")
        rows = [(one["run"], f"{one['update']}/{one['updates']} updates") for one in found.running]
        print_rows(("run", "updates"), rows, title=False)
    if found.failed:
        heading("FAILED")
        print_rows(("run", "why"), [(o["run"], o["why"]) for o in found.failed], title=False)


def _lines(folder: Path, found: Status) -> list[tuple[str, str]]:
    lines = [("study", f"{found.experiment} in {folder}, started {found.started}")]
    if found.total is None or found.done is None:
        state = f"all runs, {found.ended}" if found.ended else "the runs are not planned yet"
        return [*lines, ("done", state)]
    left = found.total - found.done - len(found.running) - len(found.failed)
    lines += [
        ("done", f"{found.done} of {found.total} runs ({found.done / found.total:.0%})"),
        ("under way", str(len(found.running))),
        ("failed", str(len(found.failed))),
        ("to do", str(left)),
        ("runner", _runner(found)),
    ]
    if found.alive:
        known = found.seconds_left is not None
        lines.append(("time left", f"about {duration(found.seconds_left or 0)}" if known else "?"))
    return lines


def _runner(found: Status) -> str:
    if found.runner is None:
        return "none yet"
    who = f"process {found.runner['pid']} on {found.runner['host']}, {found.runner['where']}"
    sign = f"last sign of life {duration(found.silence)} ago"
    again = "the same command goes on from here"
    if found.alive:
        return f"at work: {who}; {sign}"
    if found.runner.get("ended") == "finished":
        return f"has computed all: {who}; the summary comes next"
    if found.runner.get("ended"):
        return f"ended ({found.runner['ended']}): {who}, {duration(found.silence)} ago; {again}"
    return f"dead: {who}; {sign}; {again}"
