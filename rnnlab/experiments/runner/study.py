"""Execution of a study: missing runs are computed, finished ones are kept."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from rnnlab import files
from rnnlab.experiments.errors import CannotWriteError, RefusedError
from rnnlab.experiments.kinds.base import Experiment
from rnnlab.experiments.kinds.build import CHECKPOINTS, MODELS
from rnnlab.experiments.progress import Progress, Several
from rnnlab.experiments.results.figures import draw, figure_spec
from rnnlab.experiments.results.report_files import PAGE, files_of
from rnnlab.experiments.results.tables import plan_of
from rnnlab.experiments.runner.interrupts import interrupts_held
from rnnlab.experiments.runner.outcomes import Failed, Outcome, OwnCodeFailedError, RunsFailedError
from rnnlab.experiments.runner.processes import compute
from rnnlab.experiments.runner.result import Result
from rnnlab.experiments.settings.load import load_spec
from rnnlab.experiments.settings.runs import Run
from rnnlab.experiments.settings.spec import Spec
from rnnlab.experiments.store import manifest
from rnnlab.experiments.store.growth import Growth, beyond, first_difference, grown
from rnnlab.experiments.store.heartbeat import Heartbeat
from rnnlab.experiments.store.store import Store, stored_settings
from rnnlab.experiments.store.writing import cannot_write
from rnnlab.registry import experiments

RESULTS = Path("results")


class Study:
    """Checked settings and an open folder, ready to compute.

    Parameters
    ----------
    study : str, Path or Spec
        The name of an experiment ("copy-task"), a TOML file or settings.
    out : str or Path, optional
        The folder of the result; results/NAME unless given.
    force : bool
        Whether a result in that folder is replaced. Otherwise more seeds, cells, delays, tasks and
        values of swept settings are added to a result of the same settings, and what it has beyond
        the settings given here is kept.
    jobs : int, optional
        Processes at a time; as many as there are hardware threads unless given.
    dask : str, optional
        Address of a Dask scheduler, whose workers compute the runs.
    command : str, optional
        Command for the manifest.
    **options
        Settings that win over the file and the preset.

    Raises
    ------
    ValueError
        For invalid settings, or a folder that cannot be written or holds another result.
    """

    def __init__(
        self,
        study: str | Path | Spec,
        *,
        out: str | Path | None = None,
        force: bool = False,
        jobs: int | None = None,
        dask: str | None = None,
        command: str | None = None,
        **options: Any,
    ) -> None:
        spec = study if isinstance(study, Spec) else load_spec(study, options)
        folder = RESULTS / spec.name if out is None else Path(out)
        self.experiment: Experiment[Any] = experiments[spec.experiment]
        # workers of a cluster do not see the folder
        asked = spec.model_copy(update={"out": folder if dask is None else None})
        stored = {} if force else stored_settings(folder)
        self.spec: Spec = grown(asked, stored) if stored else asked
        self.beyond = beyond(asked, self.spec)
        self.runs = self.experiment.runs(self.spec)
        self._work = {run: self.experiment.work(run) for run in self.runs}
        self._command = command or _call(study, options)
        self._force = force
        self._jobs, self._dask = checked_jobs(jobs), dask
        self._keys = dict(zip(self.runs, self._keys_of_runs(), strict=True))
        self.store = Store(
            folder,
            table=self.experiment.table,
            columns=self.experiment.columns_for(self.spec),
            key=self.experiment.key_for(self.spec),
            order=list(self._keys.values()),
            settings=self.spec.settings(),
            further=self.experiment.further_tables(self.spec),
            growth=Growth(self.experiment, self.spec, self._keys),
            force=force,
        )

    def _keys_of_runs(self) -> list[tuple[Any, ...]]:
        columns = self.experiment.key_for(self.spec)
        return [tuple(run[column] for column in columns) for run in self.runs]

    @property
    def missing(self) -> list[Run]:
        """The runs that are still to be computed, in the order of the grid."""
        done = self.store.done
        return [run for run in self.runs if self._keys[run] not in done]

    @property
    def jobs(self) -> int:
        """How many processes compute at a time: no more than there are runs."""
        return max(1, min(self._jobs, len(self.missing)))

    @property
    def where(self) -> str:
        """Description of the place where runs are computed."""
        return f"{self.jobs} at a time" if self._dask is None else f"by Dask at {self._dask}"

    @property
    def figure(self) -> Path | None:
        """Path of the main figure, if the experiment has one."""
        name = self.experiment.figure
        return None if name is None else self.store.path / figure_spec(name).filename

    @property
    def figures(self) -> list[Path]:
        """Paths of the figures that exist."""
        names = self.experiment.figures(self.spec)
        files = [self.store.path / figure_spec(name).filename for name in names]
        return [file for file in files if file == self.figure or file.exists()]

    @property
    def files(self) -> list[Path]:
        """Every file of the result."""
        store = self.store
        tables = [store.table_file, *(one.file for one in store.further.values())]
        return [*tables, store.summary_file, *self.figures, store.manifest_file]

    def execute(self, progress: Progress | None = None) -> Result:
        """Compute what is missing and write every file.

        If nothing is missing nothing is touched, except for a question or reference that changed.

        Raises
        ------
        RefusedError
            If another runner is at work in the folder, no cluster answers, or a file that decides
            the numbers has changed. `OwnCodeFailedError`, which is one, if a task or cell of the
            user's own raises an exception.
        RunsFailedError
            If a run could not be computed. The others are in the table.
        CannotWriteError
            If a file could not be written, as on a full disk.
        KeyboardInterrupt
            On Ctrl-C.

        Whatever ends it, the finished runs are on disk; the same study computes the rest.
        """
        files.remove_partials(self.store.path)
        if not (self.store.is_finished() and (self.figure is None or self.figure.exists())):
            self.store.open()
            try:
                self._compute(progress or Progress())
            finally:
                self.store.close()
        self.store.note(self._asked)
        return Result(self.store.path, self.store.table(), self.store.summary(), self.figure)

    @property
    def _asked(self) -> dict[str, Any]:
        """What a report answers, which decides no number of a run."""
        return {"question": self.spec.question, "reference": self.spec.reference}

    def _planned(self) -> dict[str, Any]:
        """Return the planned runs and how each task is judged: readers rebuild no study."""
        columns = self.experiment.key_for(self.spec)[:-1]  # all but the seed
        points = [[run[name] for name in columns] for run in self.runs]
        planned = plan_of(columns, points, self.spec.seeds)
        return {"planned": planned, "tasks": self.experiment.tasks(self.spec)}

    def _compute(self, progress: Progress) -> None:
        if self._force or not self.store.manifest_file.exists():
            self._remove(MODELS, CHECKPOINTS)  # those of other settings
        self._force = False
        jobs, missing = self.jobs, self.missing
        if missing:
            self._check_unchanged()
            # a cluster that does not answer says so before anything is touched
            with contextlib.nullcontext() if self._dask is None else _cluster(self._dask) as client:
                on_cluster = {} if client is None else {"jobs": None, "dask": self._dask}
                notes = {**self._asked, **self._planned(), "jobs": jobs, **on_cluster}
                report = [file.name for file in files_of(self.store.path / PAGE) or []]
                self.store.begin(self._command, notes, _names_of_files(), report)
                self.store.plan({self._keys[run]: str(run) for run in self.runs})
                self._compile(missing, progress)
                self._run(missing, jobs, progress, client)
        self._remove(CHECKPOINTS)
        self.store.assemble()
        self.store.summarise(self.experiment.summarise(self.spec, self.store.table()))
        self._draw()
        self.store.finish()

    def _remove(self, *folders: str) -> None:
        for name in folders:
            shutil.rmtree(self.store.path / name, ignore_errors=True)

    def _draw(self) -> None:
        """Draw every figure for which a cell of the study has data."""
        from rnnlab.plotting import NothingToDrawError

        for name in self.experiment.figures(self.spec):
            try:
                draw(name, self.store.path)
            except NothingToDrawError:
                if name == self.experiment.figure:
                    raise
                (self.store.path / figure_spec(name).filename).unlink(missing_ok=True)
            except OSError as error:
                raise cannot_write(self.store.path / figure_spec(name).filename, error) from error

    def _check_unchanged(self) -> None:
        """Raise a RefusedError if a file that decides the numbers is not what it was."""
        difference: tuple[str, ...] | None
        try:
            settings = json.loads(json.dumps(self.spec.settings()))
            difference = first_difference(self.store.settings, settings)
        except OSError as error:
            difference = ("a file", "there", f"{error.strerror} ({error.filename})")
        if difference is not None:
            key, before, after = difference
            raise RefusedError(
                "files that a study names must stay as they are while it runs, got "
                f"{key} = {before} at its start and {after} now: put the file back and the same "
                "command computes the rest, or start again with --force (force=True)"
            )

    def _run(
        self, missing: Sequence[Run], jobs: int, progress: Progress, client: Any = None
    ) -> None:
        """Compute runs and write each to disk when it is finished."""
        before = len(self.runs) - len(missing)
        heart = Heartbeat(self.store.runs_folder, self._command, self.where, before)
        both, ending, failures = Several(heart, progress), "interrupted", list[Failed]()
        updates = {run: self.experiment.updates(run) for run in missing}
        both.begin({run: self._work[run] for run in missing}, updates, jobs)
        results = self._results(missing, jobs, both, client)
        try:
            for outcome in results:
                self._check_unchanged()
                if isinstance(outcome, Failed):
                    if outcome.in_users_code:  # the others have the same file
                        ending = "failed"
                        heart.failed(outcome.run, outcome.reason)
                        raise OwnCodeFailedError(outcome, self.store.table_file)
                    failures.append(outcome)
                    both.failed(outcome.run, outcome.reason)
                    continue
                run, rows, further = outcome.run, outcome.rows, None
                if isinstance(rows, dict):
                    further = {
                        name: part for name, part in rows.items() if name in self.store.further
                    }
                    rows = rows[self.experiment.table]
                with interrupts_held():  # what is finished is not lost to a Ctrl-C
                    self.store.add(self._keys[run], rows, further)
                both.finished(run, self.experiment.outcome(run, rows))
            ending = "failed" if failures else "finished"
        except CannotWriteError:
            ending = "disk full"
            raise
        finally:
            results.close()
            both.end()
            with interrupts_held():
                heart.close(ending)
                with contextlib.suppress(CannotWriteError):  # the rows are safe as they are
                    self.store.assemble()
        if failures:
            raise RunsFailedError(failures, len(self.runs), self.store.table_file)

    def _results(
        self, missing: Sequence[Run], jobs: int, progress: Progress, client: Any
    ) -> Generator[Outcome]:
        # the longest first: a long one that starts last would leave the other workers idle
        longest_first = sorted(missing, key=lambda run: -self._work[run])
        if client is not None:
            from rnnlab.experiments.runner.cluster import compute_on_cluster

            return compute_on_cluster(client, self.experiment, longest_first, progress)
        order = longest_first if jobs > 1 else missing
        return compute(self.experiment, order, jobs, progress)

    def _compile(self, runs: Sequence[Run], progress: Progress) -> None:
        """Compile the kernels once, into the cache that the workers read."""
        from rnnlab.engine import is_cached, prepare

        cells = {self.spec.entry(run.cell).find(): None for run in runs}
        for cell in cells:
            for dtype, through_time in self.experiment.kernels(self.spec):
                if is_cached(cell, dtype, through_time=through_time):
                    continue
                progress.compiling(cell.name, dtype)
                start = time.perf_counter()
                prepare(cell, dtype, through_time=through_time)
                progress.compiled(cell.name, dtype, time.perf_counter() - start)


def run(
    study: str | Path,
    out: str | Path | None = None,
    force: bool = False,
    jobs: int | None = None,
    dask: str | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Result:
    """Run an experiment, or what is missing of it, and return its tables.

    Parameters
    ----------
    study : str or Path
        "copy-task", "gradient-flow", "task-study" or a TOML file.
    out : str or Path, optional
        The folder of the result; results/NAME unless given. Of a result of the same settings that
        is there, finished runs are kept and missing ones computed; more seeds, cells, delays, tasks
        and values of swept settings are added.
    force : bool
        Whether a result in that folder is replaced, of whatever settings.
    jobs : int, optional
        Processes at a time; as many as there are hardware threads unless given. The numbers do
        not depend on it.
    dask : str, optional
        The address of a Dask scheduler, whose workers compute instead.
    progress : Progress, optional
        Listener to the progress; silent unless given.
    **options
        The options of `rnnlab run` with underscores: `preset`, `cells`, `hidden` or `parameters`,
        `num_layers`, `init`, `forget_bias`, `batch`, `updates`, `lr`, `seeds`, `optimizer`,
        `clip`, `clip_value`, `evaluation_batch`; `delays`, `payload`, `alphabet` of the copy task
        or `task` of a task study, and `evaluate_every` of both. A list
        in place of a value is swept. What is left out has the preset's value.

    Returns
    -------
    Result
        With `.metrics`, `.summary` (DataFrames) and `.path`.

    Raises
    ------
    ValueError
        For invalid settings, or a folder that cannot be written or holds another result.
    RunsFailedError
        If a run could not be computed. The others are in the table.

    Examples
    --------
    >>> import rnnlab
    >>> result = rnnlab.run("copy-task", cells=["gru"], delays=[10])  # doctest: +SKIP
    >>> result.summary[["cell", "delay", "recall_accuracy"]]  # doctest: +SKIP
    """
    return Study(study, out=out, force=force, jobs=jobs, dask=dask, **options).execute(progress)


def _cluster(address: str) -> contextlib.AbstractContextManager[Any]:
    from rnnlab.experiments.runner.cluster import connect

    return contextlib.closing(connect(address))


def _call(study: str | Path | Spec, options: dict[str, Any]) -> str:
    name = study.experiment if isinstance(study, Spec) else str(study)
    arguments = [repr(name), *(f"{key}={value!r}" for key, value in options.items())]
    return f"rnnlab.run({', '.join(arguments)})"


def _names_of_files() -> list[str]:
    """Return the names of files that an experiment may have left in a folder that is taken over."""
    known = [experiments[name] for name in experiments]
    tables = [f"{table}.csv" for one in known for table in (one.table, *one.all_tables)]
    figures = [name for one in known for name in (one.figure, *one.all_figures) if name is not None]
    pictures = [figure_spec(name).filename for name in figures]
    return [*tables, *pictures]


def checked_jobs(jobs: int | None) -> int:
    """Return the number of processes that may compute at a time."""
    if jobs is None:
        return manifest.available_threads()
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise ValueError(f"jobs must be a whole number of at least 1, got {jobs!r}: give 1 or more")
    return jobs
