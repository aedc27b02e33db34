"""The short front for one table: `rnnlab fit` and `rnnlab.fit`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from rnnlab.experiments.kinds.build import MODELS
from rnnlab.experiments.kinds.tables import TARGETS
from rnnlab.experiments.progress import Progress
from rnnlab.experiments.results.tables import read_csv, to_csv
from rnnlab.experiments.runner.result import Result
from rnnlab.experiments.runner.study import RESULTS, Study, checked_jobs
from rnnlab.experiments.settings.load import read_spec, settle
from rnnlab.experiments.settings.table import load_table, resolved_split
from rnnlab.experiments.store.store import require_free
from rnnlab.experiments.store.writing import make_writable, write_whole

if TYPE_CHECKING:
    from rnnlab.data import Dataset

COPY = "data.csv"


def fit_study(
    data: str | Path | pd.DataFrame,
    *,
    out: str | Path | None = None,
    force: bool = False,
    jobs: int | None = None,
    command: str | None = None,
    **options: Any,
) -> tuple[Study, Dataset]:
    """Return a study of one table, and the table.

    Parameters
    ----------
    data : path or DataFrame
        A CSV file with a row for each time step. A DataFrame is written into the folder.
    out : str or Path, optional
        Folder of the result; results/fit-NAME unless given, after the name of the file.
    force, jobs, command
        See `Study`.
    **options
        Settings: those of `rnnlab.experiments.settings.spec.FitSpec`.

    Raises
    ------
    ValueError
        For settings or data that are not valid, with nothing written; for a folder that cannot be
        written or holds another result.
    """
    checked_jobs(jobs)  # before anything is written
    frame = data if isinstance(data, pd.DataFrame) else None
    source = Path(COPY if isinstance(data, pd.DataFrame) else data)
    folder = RESULTS / f"fit-{source.stem}" if out is None else Path(out)
    if frame is not None:
        source = folder / COPY
    options = {name: value for name, value in options.items() if value is not None}
    spec: Any = read_spec("fit", {**options, "data": source})
    table = load_table(spec, frame, bidirectional=spec.bidirectional is True)
    spec = spec.model_copy(update=resolved_split(spec, table))
    if frame is not None:
        _keep_table(frame, source, force=force)
    command = command or f"rnnlab.fit({str(source)!r}, ...)"
    return Study(settle(spec), out=folder, force=force, jobs=jobs, command=command), table


def best_model(study: Study) -> Path | None:
    """Return the model with the lowest validation loss of a fit, None if every run diverged."""
    table = study.store.table()
    held = table[(table["part"] == "validation") & table["loss"].notna()]
    if not len(held):
        return None
    columns = study.experiment.key_for(study.spec)
    best = held.sort_values("loss", kind="stable").iloc[0][list(columns)].tolist()
    run = next(
        one for one in study.runs if [str(one[name]) for name in columns] == list(map(str, best))
    )
    return study.store.path / MODELS / f"{run.settings.file}-seed-{run.seed}.safetensors"


def target_scores(study: Study) -> pd.DataFrame | None:
    """Return the mean scores of each of several targets, None for a table with one target."""
    from rnnlab.statistics import summarise_targets

    table = study.store.further.get(TARGETS)
    return None if table is None else summarise_targets(read_csv(table.file))


def fit(
    data: str | Path | pd.DataFrame,
    target: str | Sequence[str] | None = None,
    *,
    out: str | Path | None = None,
    force: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Result:
    """Train cells on a table of your own and score them on sequences that they have not seen.

    Parameters
    ----------
    data : path or DataFrame
        A row for each time step of each sequence.
    target : str or list of str, optional
        The column or columns to predict; one called "target" or "label" unless given.
    out : str or Path, optional
        Folder of the result; results/fit-NAME unless given.
    force : bool
        Whether a result of other settings in that folder is replaced.
    jobs : int, optional
        Processes at a time. The numbers do not depend on it.
    progress : Progress, optional
        Listener to the progress; silent unless given.
    **options
        The options of `rnnlab fit` with underscores, such as `sequence`, `time`, `features`,
        `horizon`, `cells`, `seeds`, `epochs`, `patience`.

    Returns
    -------
    Result
        With `.metrics`, `.summary` (DataFrames) and `.path`; the models are in its folder models.

    Raises
    ------
    ValueError
        For settings or data that are not valid; values are named by line and column.

    Examples
    --------
    >>> import rnnlab
    >>> result = rnnlab.fit("data.csv", "label", cells=["gru", "lstm"])  # doctest: +SKIP
    >>> result.summary[["cell", "accuracy", "baseline"]]  # doctest: +SKIP
    """
    study, table = fit_study(data, out=out, force=force, jobs=jobs, target=target, **options)
    for text in table.cautions:
        warnings.warn(text, stacklevel=2)
    return study.execute(progress)


def _keep_table(data: pd.DataFrame, file: Path, *, force: bool) -> None:
    """Write a DataFrame where workers and later commands can read it."""
    make_writable(file.parent)
    text = to_csv(data)
    if force or not file.exists():
        require_free(file.parent)  # a fit that is at work there reads it
        write_whole(file, text)
    elif file.read_text(encoding="utf-8") != text:
        raise ValueError(
            f"{file} must hold the same table, got another one: "
            "replace it with force=True, or name another folder with out="
        )
