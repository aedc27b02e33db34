"""`rnnlab predict`."""

from __future__ import annotations

from pathlib import Path

import click

from rnnlab.cli.errors import user_errors
from rnnlab.cli.output import say


@click.command(short_help="Predict from a table with a model that fit wrote.")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL.safetensors")
@click.argument("data", type=click.Path(path_type=Path), metavar="DATA.csv")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The predictions, a CSV.  [default: DATA-predictions.csv, in this folder]",
)
@click.option("--force", is_flag=True, help="Replace predictions that are there already.")
@click.option(
    "--missing",
    metavar="RULE",
    default="error",
    show_default=True,
    help="A feature without a value: error, drop the row, or ffill.",
)
@click.option(
    "--cell",
    metavar="FILE.py:NAME",
    help="The cell, where it is one of your own: files hold no code.",
)
def predict(
    model: Path, data: Path, out: Path | None, force: bool, missing: str, cell: str | None
) -> None:
    """Predict from a table that has the columns which the model was trained on.

    A row for each sequence, or for each time step where every step has an answer; probabilities
    of classes and labels next to them. Scaling, vocabulary and columns are in the model's file.
    """
    from rnnlab.cli.compiling import compile_first
    from rnnlab.data import load_fitted
    from rnnlab.experiments.results.tables import to_csv
    from rnnlab.files import write_whole

    target = out or Path(f"{data.stem}-predictions.csv")
    with user_errors():
        try:
            fitted = load_fitted(model, cell=cell)
        except OSError as error:
            raise ValueError(
                f"the model must be a file that can be read, got {str(model)!r}: "
                f"{error.strerror or error}; check the path"
            ) from None
        if target.exists() and not force:
            raise ValueError(
                f"{target} must not be there yet, got a file: replace it with --force, or name "
                "another one with --out"
            )
        layer = fitted.model.layer
        compile_first(layer.cell, layer.dtype)
        predictions = fitted.predict(data, missing=missing)
        try:
            write_whole(target, to_csv(predictions).encode("utf-8"))
        except OSError as error:
            raise ValueError(
                f"out must be a file that can be written, got {str(target)!r}: "
                f"{error.strerror or error}; name another one"
            ) from None
    say(target)
