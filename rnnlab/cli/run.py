"""`rnnlab run`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from rnnlab.cli.errors import user_errors
from rnnlab.cli.output import print_settings, print_summary, say

Command = TypeVar("Command", bound=Callable[..., Any])

FAILED = 1  # the exit code where a run could not be computed


class OneOrMore(click.ParamType[Any]):
    """A value, or several between commas, which a study sweeps.

    Parameters
    ----------
    kind : type
        Of each value: int, float, or str for what may be a number or a word.
    """

    def __init__(self, kind: type) -> None:
        self.name = kind.__name__
        self._kind = click.types.convert_type(kind)
        self._reads_words = kind is str

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value, or the list of them."""
        from rnnlab.experiments.settings.fields import number_or_text

        found = [self._kind.convert(text.strip(), param, ctx) for text in str(value).split(",")]
        if self._reads_words:
            found = [number_or_text(text) for text in found]
        return found[0] if len(found) == 1 else found


def swept(option: str, kind: type = str, **attributes: Any) -> Callable[[Command], Command]:
    """Add an option whose values may be swept."""
    return click.option(option, type=OneOrMore(kind), **attributes)


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
    help="A task of a task study, by its name or FILE.py:NAME, with settings after commas: "
    "adding,length=50. May be repeated, as may a setting.",
)
@click.option(
    "--delay", multiple=True, type=int, metavar="N", help="Steps to remember. May be repeated."
)
@swept("--payload", int, metavar="N", help="Symbols to recall.")
@swept("--alphabet", int, metavar="N", help="How many different symbols there are.")
@swept("--hidden", int, metavar="N", help="Units of each cell.")
@swept("--parameters", int, metavar="N", help="Most numbers a model may learn, instead.")
@swept("--num-layers", int, metavar="N", help="Layers on top of each other.  [default: 1]")
@swept("--init", metavar="NAME", help="default, glorot, torch or irnn.  [default: the cell's own]")
@swept("--forget-bias", metavar="X|chrono", help="For every cell that has a gate f.")
@swept("--batch", int, metavar="N", help="Sequences a batch.")
@swept("--updates", int, metavar="N", help="Batches to train on.")
@swept("--lr", float, metavar="X", help="Learning rate.")
@swept("--optimizer", metavar="NAME", help="sgd, rmsprop or adam.")
@swept("--clip", metavar="X|none", help="Largest global norm of a gradient.")
@swept("--clip-value", metavar="X|none", help="Largest absolute value in a gradient instead.")
@swept("--evaluate-every", int, metavar="N", help="Updates between evaluations.")
@swept("--evaluation-batch", int, metavar="N", help="Fresh sequences an evaluation.")
@click.option(
    "--measure",
    metavar="NAME,...",
    help="What gradient-flow measures beside gradients by lag: jacobians, paths, gates, training, "
    "solving, forget-bias.  [default: paths,gates,training]",
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
