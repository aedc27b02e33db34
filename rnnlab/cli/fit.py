"""`rnnlab fit`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rnnlab.cli.errors import user_errors, with_options
from rnnlab.cli.output import print_rows, print_summary, say, text_or_gap, warn
from rnnlab.cli.run import execute_study
from rnnlab.cli.settings import settings_options

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
# What help states of the settings: those of the preset of a fit.
DEFAULTS = {
    "hidden": 32,
    "dropout": 0.0,
    "zoneout": 0.0,
    "optimizer": "adam",
    "lr": 0.003,
    "schedule": "constant",
    "warmup": 0,
    "lr_factor": 0.5,
    "lr_every": 30,
    "lr_patience": 5,
    "weight_decay": 0.0,
    "clip": 1.0,
    "batch": 32,
    "epochs": 100,
    "patience": 10,
}
SHOWN = (  # of the settings, those that every fit has
    "hidden",
    "num_layers",
    "bidirectional",
    "seeds",
    "batch",
    "epochs",
    "patience",
    "lr",
    "optimizer",
    "schedule",
    "weight_decay",
    "dropout",
    "zoneout",
    "clip",
    "clip_value",
)


def _option(flag: str, metavar: str, text: str, default: Any = None, **more: Any) -> _Decorator:
    """Declare an option; its default is that of the settings, and only said here."""
    note = "" if default is None else f"  [default: {default}]"
    return click.option(flag, metavar=metavar, help=text + note, **more)


@click.command(short_help="Train cells on a table of your own.")
@click.argument("data", type=click.Path(path_type=Path), metavar="DATA.csv")
@_option("--sequence", "COL", "What rows of one sequence share.")
@_option("--time", "COL", "Numbers or ISO dates that grow within a sequence.")
@_option(
    "--features", "COL,...", "What to learn from. May be repeated.", "all others", multiple=True
)
@_option(
    "--target",
    "COL,...",
    "What to predict. May be repeated, as all lists; a name with a comma goes between quotes: "
    "'\"temp, inside\",load'.",
    multiple=True,
)
@_option("--ignore", "COL,...", "Columns that are no features.", multiple=True)
@_option("--text", "COL,...", "Features to take as words although they are numbers.", multiple=True)
@_option("--weight", "COL", "How much each sequence counts in the training loss.")
@_option("--task", "KIND", "classification, multi-label or regression.")
@_option("--read", "WHERE", "last: one answer a sequence; every: one a time step.")
@_option("--horizon", "N", "Forecast: the target N steps ahead.", type=int)
@_option(
    "--split",
    "X,X,X|COL",
    "Shares of train, validation and test, by sequences, or a column that says.",
    "a column called split, else 0.7,0.15,0.15",
)
@_option("--split-seed", "N", "Of the shuffling into shares.", 0, type=int)
@_option("--missing", "RULE", "A feature without a value: error, drop the row, or ffill.", "error")
@_option(
    "--cell",
    "NAME",
    "A cell, by its name or FILE.py:NAME, with options after commas: lstm,forget_bias=chrono or "
    "rnn,hidden=80. May be repeated.",
    "gru",
    multiple=True,
)
@settings_options(DEFAULTS, leave_out=("updates", "truncate", "evaluate_every", "evaluation_batch"))
@_option("--seeds", "N", "Runs of every cell: seeds 0 to N-1.", 3, type=int)
@_option(
    "--out", "DIR", "Folder of the result.", "results/fit-DATA", type=click.Path(path_type=Path)
)
@click.option("--force", is_flag=True, help="Replace a result that is there already.")
@_option("--jobs", "N", "Processes at a time.", "one a hardware thread", type=int)
def fit(data: Path, out: Path | None, force: bool, jobs: int | None, **options: Any) -> None:
    """Train cells on a table of your own, and score them on sequences that they have not seen.

    The table has a row for each time step of each sequence. What the options leave open is inferred
    from the names and values of the columns, and said. The same command again computes what is
    missing; a run that was interrupted goes on from its checkpoint.
    """
    from rnnlab.experiments.runner.fit import best_model, fit_study, target_scores
    from rnnlab.experiments.settings.table import split_names

    given = {name: value for name, value in options.items() if value not in (None, ())}
    if "cell" in given:
        given["cells"] = list(given.pop("cell"))
    for name in ("features", "target", "ignore", "text"):
        if name in given:
            given[name] = [column for text in given[name] for column in split_names(text)]
    with user_errors():
        work, table = fit_study(
            data,
            out=out,
            force=force,
            jobs=jobs,
            command=shlex.join(["rnnlab", *sys.argv[1:]]),
            **given,
        )
    _announce(work, table)
    result = execute_study(work)
    say()
    say("Scores on the test part, with the weights of each run's best epoch:")
    _print_scores(result.summary)
    targets = target_scores(work)
    if targets is not None:
        say()
        say("Scores of each target:")
        print_summary(targets)
    say()
    for file in work.files:
        say(file)
    best = best_model(work)
    if best is not None:
        say(f"Lowest validation loss: {best}")


def _print_scores(summary: Any) -> None:
    """Print a summary without what the lines above say of baselines, epochs as whole numbers."""
    shown = summary.drop(columns=["baseline_name", "baseline_constant", "baseline_last"])
    epochs = [text_or_gap(float(epoch)) for epoch in summary["best_epoch"]]
    print_summary(shown.assign(best_epoch=epochs))


def _announce(work: Any, data: Any) -> None:
    spec = work.spec
    encoding = data.encoding
    say(f"fit: {encoding.task} of {', '.join(encoding.targets)} in {spec.data}")
    for line in data.found:
        say(f"  inferred: {line}")
    say(f"  features: {', '.join(map(_feature, encoding.features))}")
    if encoding.task == "classification":
        say(f"  classes: {', '.join(encoding.classes)}")
    rows = [
        (f"  {name}", f"{len(part)} sequences", f"{sum(map(len, part.inputs))} time steps")
        for name, part in data.parts.items()
    ]
    print_rows(("  part", "sequences", "time steps"), rows, title=False)
    if spec.bidirectional is True and encoding.read == "every":
        say("  each answer is given with the rows after it (bidirectional): no forecast")
    measure, naive = data.headline, data.baselines()
    best = data.baseline.name
    said = [
        f"{one.name}, {measure} {one.scores[measure]:.4g}"
        + (" (the better)" if one.name == best and len(naive) > 1 else "")
        for one in naive
    ]
    say(f"  baseline{'s'[: len(naive) - 1]} on the test part: {'; '.join(said)}")
    say(f"  cells: {'; '.join(spec.labels)}")
    values = [(name, getattr(spec, name)) for name in SHOWN]
    settings = (f"{name} {'none' if value is None else value}" for name, value in values)
    say(f"  settings: {', '.join(settings)}")
    missing, runs = len(work.missing), len(work.runs)
    state = f"{work.jobs} at a time" if missing else "all done before"
    if 0 < missing < runs:
        state += f", {runs - missing} of them done before"
    say(f"{runs} run{'s' if runs > 1 else ''} into {work.store.path}, {state}")
    sys.stdout.flush()
    for text in data.cautions:
        warn(with_options(text))


def _feature(feature: Any) -> str:
    if feature.values is None:
        return str(feature.name)
    return f"{feature.name} ({len(feature.values)} words)"
