"""A fit from its settings to its files: what is missing is computed, what is there is kept."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.experiments.kinds.fit import CHECKPOINTS, MODELS, TARGETS, Fit, file_of, load, parts_of
from rnnlab.experiments.progress import Progress
from rnnlab.experiments.results.tables import read_csv, to_csv
from rnnlab.experiments.runner.study import RESULTS, Result, Study, checked_jobs
from rnnlab.experiments.settings.fit_spec import fit_spec
from rnnlab.experiments.settings.runs import Run
from rnnlab.experiments.store.store import require_free
from rnnlab.experiments.store.writing import make_writable, write_whole
from rnnlab.registry import experiments

COPY = "data.csv"


class FitStudy(Study):
    """Checked settings, a table that was read, and an open folder, ready to compute.

    Parameters
    ----------
    data : path or DataFrame
        A CSV file with a row for each time step. A DataFrame is written into the folder.
    out : str or Path, optional
        The folder of the result; results/fit-NAME unless given, after the file's name.
    force : bool
        Whether a result in that folder is replaced.
    jobs : int, optional
        Processes at a time; as many as there are hardware threads unless given.
    command : str, optional
        What the manifest says the fit was started with.
    **options
        Settings: those of `rnnlab.experiments.settings.fit_spec.FitSpec`.

    Raises
    ------
    ValueError
        For settings or data that cannot be, with nothing written; for a folder that cannot be
        written or holds another result.
    """

    def __init__(
        self,
        data: str | Path | pd.DataFrame,
        *,
        out: str | Path | None = None,
        force: bool = False,
        jobs: int | None = None,
        command: str | None = None,
        **options: Any,
    ) -> None:
        checked_jobs(jobs)  # before anything is written
        given = isinstance(data, pd.DataFrame)
        source = Path(COPY if isinstance(data, pd.DataFrame) else data)
        folder = RESULTS / (f"fit-{source.stem}") if out is None else Path(out)
        if given:
            source = folder / COPY
        spec = fit_spec({**options, "data": source})
        self.data = load(spec, data if isinstance(data, pd.DataFrame) else None)
        self.spec: Any = spec.model_copy(update={"out": folder, **parts_of(spec, self.data)})
        if isinstance(data, pd.DataFrame):
            _keep_table(data, source, force=force)
        command = command or f"rnnlab.fit({str(source)!r}, ...)"
        self._open(experiments[Fit.name], folder, force=force, jobs=jobs, command=command)
        self._force = force

    def best_model(self) -> Path | None:
        """Return the model with the lowest validation loss of all, None if every run diverged."""
        table = self.store.table()
        held = table[(table["part"] == "validation") & table["loss"].notna()]
        if not len(held):
            return None
        best = held.sort_values("loss", kind="stable").iloc[0]
        return file_of(self.spec, Run(str(best["cell"]), (), int(best["seed"])), MODELS)

    @property
    def targets(self) -> pd.DataFrame | None:
        """Mean scores of each target, where there are several: see `summarise_targets`."""
        from rnnlab.statistics import summarise_targets

        table = self.store.further.get(TARGETS)
        return None if table is None else summarise_targets(read_csv(table.file))

    def _compute(self, progress: Progress) -> None:
        folder = self.store.path
        if self._force or not self.store.manifest_file.exists():
            for kind in (MODELS, CHECKPOINTS):  # of settings that are not these
                shutil.rmtree(folder / kind, ignore_errors=True)
        self._force = False
        super()._compute(progress)
        # a run leaves its checkpoint until its rows are on disk
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)


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
        The folder of the result; results/fit-NAME unless given.
    force : bool
        Whether a result of other settings in that folder is replaced.
    jobs : int, optional
        Processes at a time. The numbers do not depend on it.
    progress : Progress, optional
        Is told what happens; silent unless given.
    **options
        The options of `rnnlab fit` with underscores, such as `sequence`, `time`, `features`,
        `horizon`, `cells`, `seeds`, `epochs`, `patience`.

    Returns
    -------
    Result
        With `.metrics`, `.summary` (DataFrames) and `.path`; the models lie in its folder models.

    Raises
    ------
    ValueError
        For settings or data that cannot be; values are named by line and column.

    Examples
    --------
    >>> import rnnlab
    >>> result = rnnlab.fit("data.csv", "label", cells=["gru", "lstm"])  # doctest: +SKIP
    >>> result.summary[["cell", "accuracy", "baseline"]]  # doctest: +SKIP
    """
    study = FitStudy(data, out=out, force=force, jobs=jobs, target=target, **options)
    for text in study.data.cautions:
        warnings.warn(text, stacklevel=2)
    return study.execute(progress)


def _keep_table(data: pd.DataFrame, file: Path, *, force: bool) -> None:
    """Write a DataFrame where workers and a later look can read it."""
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
