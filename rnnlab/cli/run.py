"""`rnnlab run`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from rnnlab.cli.errors import user_errors
from rnnlab.cli.output import print_settings, print_summary, say
from rnnlab.cli.settings import settings_options, swept

FAILED = 1  # the exit code where a run could not be computed


class MeasureOption(click.Option):
    """An option whose help lists the registered measures, which are imported for it alone."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its help."""
        from rnnlab.registry import measures

        names = ", ".join(name for name in measures if name != "decay")
        self.help = str(self.help).format(names)
        return super().get_help_record(ctx)


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
    "--task",
    multiple=True,
    metavar="NAME",
    help="A task of a study, by its name or FILE.py:NAME, with settings after commas: "
    "adding,length=50. Or a table: machines.csv,target=failed. May be repeated, as may a setting.",
)
@click.option(
    "--delay", multiple=True, type=int, metavar="N", help="Steps to remember. May be repeated."
)
@swept("--payload", int, metavar="N", help="Symbols to recall.")
@swept("--alphabet", int, metavar="N", help="How many different symbols there are.")
@settings_options({})
@click.option(
    "--measure",
    cls=MeasureOption,
    metavar="NAME,...",
    help="What gradient-flow measures next to gradients by lag: {}.  "
    "[default: paths,gates,training]",
)
@click.option(
    "--input",
    type=click.Choice(["task", "noise"]),
    help="What gradient-flow drives the cells with: the task, or standard normal numbers.  "
    "[default: task]",
)
@click.option(
    "--reference",
    metavar="CELL",
    help="The cell that a report compares every other one with.  [default: all pairs]",
)
@click.option("--seeds", type=int, metavar="N", help="Runs of everything: seeds 0 to N-1.")
@click.option(
    "--jobs", type=int, metavar="N", help="Processes at a time.  [default: one a hardware thread]"
)
@click.option("--dask", metavar="ADDRESS", help="Compute on the workers of a Dask scheduler.")
def run(
    study: str,
    out: Path | None,
    force: bool,
    jobs: int | None,
    dask: str | None,
    **options: Any,
) -> None:
    """Run an experiment, copy-task, gradient-flow or task-study, or a study from a TOML file.

    What an option leaves open has the value of the preset; of a file, what the file says. Several
    values between commas are swept, from --payload to --evaluation-batch: --lr 0.001,0.003. A run
    into a folder that holds a result of the same settings computes what is missing. More seeds,
    cells, delays, tasks or values of a swept setting are added; what the folder has beyond what is
    asked for is kept. `rnnlab status DIR` watches a study from anywhere.
    """
    from rnnlab.experiments import Study

    given = {name: value for name, value in options.items() if value not in (None, ())}
    with user_errors():
        work = Study(
            study,
            out=out,
            force=force,
            jobs=jobs,
            dask=dask,
            command=shlex.join(["rnnlab", *sys.argv[1:]]),
            **given,
        )
    _announce(work)
    # flushed: what follows on stderr comes after it in a common log
    sys.stdout.flush()
    result = execute_study(work)
    say()
    print_summary(result.summary)
    say()
    for file in work.files:
        say(file)


def _announce(work: Any) -> None:
    missing, runs = len(work.missing), len(work.runs)
    say(f"{work.experiment.name}: {work.experiment.about}")
    print_settings(work.spec)
    if work.beyond:
        say(f"kept of the result that is there: {'; '.join(work.beyond)}")
    if missing == 0:
        state = "all done before"
    else:
        done = f", {runs - missing} of them done before" if missing < runs else ""
        state = f"{work.where}{done}"
    say(f"{runs} run{'s' if runs > 1 else ''} into {work.store.path}, {state}")


def execute_study(work: Any) -> Any:
    """Compute a study, say what goes on, and end as the command line does whatever happens."""
    from rnnlab.cli.progress import listener
    from rnnlab.experiments import CannotWriteError, RefusedError, RunsFailedError

    try:
        return work.execute(listener())
    except (CannotWriteError, RefusedError) as error:
        raise click.ClickException(str(error)) from error
    except RunsFailedError as error:
        say(error.details, err=True, nl=False)
        say(f"Error: {error}", err=True)
        raise click.exceptions.Exit(FAILED) from error
    except KeyboardInterrupt:
        done = len(work.runs) - len(work.missing)
        kept = f"{done} of {len(work.runs)} runs are in {work.store.table_file}"
        rest = "the same command computes the rest" if done else "no run was finished"
        say(f"Interrupted: {f'{kept}; ' if done else ''}{rest}.", err=True)
        raise
