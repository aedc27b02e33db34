"""A fit from its settings to its files: what is missing is computed, what is there is kept."""

from __future__ import annotations

import contextlib
import math
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.cells import find_cell
from rnnlab.experiments import manifest
from rnnlab.experiments.drawing import draw, figure_spec
from rnnlab.experiments.fit_runs import (
    CHECKPOINTS,
    MODELS,
    Fit,
    FitRun,
    build,
    dataset,
    file_of,
    load,
)
from rnnlab.experiments.fit_spec import fit_spec
from rnnlab.experiments.interrupts import interrupts_held
from rnnlab.experiments.progress import Progress
from rnnlab.experiments.store import Store, to_csv, write_whole
from rnnlab.experiments.study import RESULTS, Result
from rnnlab.experiments.workers import compute

COPY = "data.csv"


class FitStudy:
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
        Settings: those of `rnnlab.experiments.fit_spec.FitSpec`.

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
        given = isinstance(data, pd.DataFrame)
        source = Path(COPY if isinstance(data, pd.DataFrame) else data)
        folder = RESULTS / (f"fit-{source.stem}") if out is None else Path(out)
        if given:
            source = folder / COPY
        spec = fit_spec({**options, "data": source})
        self.data = load(spec, data if isinstance(data, pd.DataFrame) else None)
        self.spec = spec.model_copy(update={"out": folder})
        self.experiment: Any = Fit()
        self.runs = self.experiment.runs(self.spec)
        self._command = command or f"rnnlab.fit({str(source)!r}, ...)"
        self._jobs = manifest.available_threads() if jobs is None else _checked(jobs)
        if isinstance(data, pd.DataFrame):
            folder.mkdir(parents=True, exist_ok=True)
            text = to_csv(data)
            if force or not source.exists():
                write_whole(source, text)
            elif source.read_text(encoding="utf-8") != text:
                raise ValueError(
                    f"{source} must hold the same table, got another one: "
                    "replace it with force=True, or name another folder with out="
                )
        self._force = force
        self.store = Store(
            folder,
            table=self.experiment.table,
            columns=self.experiment.columns(self.data),
            key=self.experiment.key,
            order=[(run.cell, run.seed) for run in self.runs],
            settings=self.spec.settings(),
            force=force,
        )

    @property
    def missing(self) -> list[FitRun]:
        """The runs that are still to be computed, in the order of the grid."""
        done = self.store.done
        return [run for run in self.runs if (run.cell, run.seed) not in done]

    @property
    def jobs(self) -> int:
        """How many processes compute at a time: no more than there are runs."""
        return max(1, min(self._jobs, len(self.missing)))

    @property
    def figure(self) -> Path:
        """Where the picture lies."""
        return self.store.path / figure_spec(self.experiment.figure).filename

    @property
    def files(self) -> list[Path]:
        """The tables, the picture and the manifest of the result."""
        store = self.store
        return [store.table_file, store.summary_file, self.figure, store.manifest_file]

    def best_model(self) -> Path | None:
        """Return the model with the lowest validation loss of all, None if every run diverged."""
        table = self.store.table()
        held = table[(table["part"] == "validation") & table["loss"].notna()]
        if not len(held):
            return None
        best = held.sort_values("loss", kind="stable").iloc[0]
        return file_of(self.spec, FitRun(str(best["cell"]), int(best["seed"])), MODELS)

    def execute(self, progress: Progress | None = None) -> Result:
        """Compute what is missing and write every file; nothing is touched if nothing is missing.

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C. The finished runs are in the table; the same fit computes the rest, and those
            that were under way go on from their checkpoints.
        """
        if not (self.store.is_finished() and self.figure.exists()):
            self._compute(progress or Progress())
        return Result(self.store.path, self.store.table(), self.store.summary())

    def _compute(self, progress: Progress) -> None:
        jobs, missing = self.jobs, self.missing
        if missing:
            if self._force or not self.store.manifest_file.exists():
                for kind in (MODELS, CHECKPOINTS):  # of settings that are not these
                    shutil.rmtree(self.store.path / kind, ignore_errors=True)
            self.store.begin(self._command, jobs, [self.figure.name])
            self._compile(progress)
            work = {run: self._work(run) for run in missing}
            batches = math.ceil(len(self.data.parts["train"]) / self.spec.batch)
            progress.begin(work, self.spec.epochs * batches, jobs)  # type: ignore[arg-type]
            results: Any = compute(self.experiment, self.spec, missing, jobs, progress)  # type: ignore[arg-type]
            try:
                for run, rows in results:
                    with interrupts_held():  # what is finished is not lost to a Ctrl-C
                        self.store.add((run.cell, run.seed), rows)
                        file_of(self.spec, run, CHECKPOINTS).unlink(missing_ok=True)
                    progress.finished(run, self.experiment.outcome(rows))
            finally:
                results.close()
                progress.end()
        with contextlib.suppress(OSError):  # not there, or not empty
            (self.store.path / CHECKPOINTS).rmdir()
        self.store.summarise(self.experiment.summarise(self.spec, self.store.table()))
        draw(self.experiment.figure, self.store.path)
        self.store.finish()

    def _work(self, run: FitRun) -> float:
        return float(build(self.spec, run, self.data).parameter_count)

    def _compile(self, progress: Progress) -> None:
        """Compile here, once, what the workers then find in the cache."""
        from rnnlab.engine import is_cached, prepare

        for cell in {find_cell(entry.source): None for entry in self.spec.cells}:
            for dtype, through_time in self.experiment.kernels(self.spec):
                if is_cached(cell, dtype, through_time=through_time):
                    continue
                progress.compiling(cell.name, dtype)
                start = time.perf_counter()
                prepare(cell, dtype, through_time=through_time)
                progress.compiled(cell.name, dtype, time.perf_counter() - start)


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
    return study.execute(progress)


def _checked(jobs: int) -> int:
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise ValueError(f"jobs must be a whole number of at least 1, got {jobs!r}: give 1 or more")
    return jobs


__all__ = ["FitStudy", "dataset", "fit"]
