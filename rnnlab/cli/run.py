"""`rnnlab run`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from rnnlab.cli.errors import user_errors
from rnnlab.cli.output import print_settings, print_summary


@click.command(short_help="Run an experiment, or what is missing of it.")
@click.argument("study", metavar="EXPERIMENT|FILE.toml")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the result.  [default: results/NAME]",
)
@click.option("--force", is_flag=True, help="Replace a result that is there already.")
@click.option(
    "--preset",
    metavar="NAME",
    help="quick, or paper: the setting of Arjovsky et al. (2016).  [default: quick]",
)
@click.option(
    "--cell",
    multiple=True,
    metavar="NAME",
    help="A cell to compare, by its name or FILE.py:NAME, with options after commas: "
    "lstm,forget_bias=chrono or rnn,hidden=80. May be repeated.",
)
@click.option(
    "--delay", multiple=True, type=int, metavar="N", help="Steps to remember. May be repeated."
)
@click.option("--payload", type=int, metavar="N", help="Symbols to recall.")
@click.option("--alphabet", type=int, metavar="N", help="How many different symbols there are.")
@click.option("--hidden", type=int, metavar="N", help="Units of each cell.")
@click.option("--batch", type=int, metavar="N", help="Sequences a batch.")
@click.option("--updates", type=int, metavar="N", help="Batches to train on.")
@click.option("--seeds", type=int, metavar="N", help="Runs of everything: seeds 0 to N-1.")
@click.option("--lr", type=float, metavar="X", help="Learning rate.")
@click.option("--optimizer", metavar="NAME", help="sgd, rmsprop or adam.")
@click.option("--clip", metavar="X|none", help="Largest global norm of a gradient.")
@click.option(
    "--clip-value", metavar="X|none", help="Largest absolute value in a gradient instead."
)
@click.option("--forget-bias", metavar="X|chrono", help="For every cell that has a gate f.")
@click.option("--evaluate-every", type=int, metavar="N", help="Updates between evaluations.")
@click.option("--evaluation-batch", type=int, metavar="N", help="Fresh sequences an evaluation.")
@click.option(
    "--jobs", type=int, metavar="N", help="Processes at a time.  [default: one a hardware thread]"
)
def run(study: str, out: Path | None, force: bool, jobs: int | None, **options: Any) -> None:
    """Run an experiment, copy-task or gradient-flow, or a study from a TOML file.

    What an option leaves open has the value of the preset; of a file, what the file says. A run
    into a folder that holds a result of the same settings computes what is missing.
    """
    from rnnlab.experiments import Study
    from rnnlab.experiments.knobs import number_or_text

    given = {name: value for name, value in options.items() if value not in (None, ())}
    for name in ("clip", "clip_value", "forget_bias"):
        if name in given:
            given[name] = number_or_text(given[name])
    with user_errors():
        work = Study(
            study,
            out=out,
            force=force,
            jobs=jobs,
            command=shlex.join(["rnnlab", *sys.argv[1:]]),
            **given,
        )
    _announce(work)
    # flushed: what follows on stderr comes after it in a common log
    sys.stdout.flush()
    result = _execute(work)
    click.echo()
    print_summary(result.summary)
    click.echo()
    for file in work.files:
        click.echo(file)


def _announce(work: Any) -> None:
    missing, runs = len(work.missing), len(work.runs)
    click.echo(f"{work.experiment.name}: {work.experiment.about}")
    print_settings(work.spec)
    if missing == 0:
        state = "all done before"
    else:
        done = f", {runs - missing} of them done before" if missing < runs else ""
        state = f"{work.jobs} at a time{done}"
    click.echo(f"{runs} run{'s' if runs > 1 else ''} into {work.store.path}, {state}")


def _execute(work: Any) -> Any:
    from rnnlab.cli.progress import listener

    try:
        return work.execute(listener())
    except KeyboardInterrupt:
        done = len(work.runs) - len(work.missing)
        kept = f"{done} of {len(work.runs)} runs are in {work.store.table_file}"
        rest = "the same command computes the rest" if done else "no run was finished"
        click.echo(f"Interrupted: {f'{kept}; ' if done else ''}{rest}.", err=True)
        raise
