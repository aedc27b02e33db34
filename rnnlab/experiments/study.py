"""A study from its settings to its files: what is missing is computed, what is there is kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.cells import find_cell
from rnnlab.experiments import manifest
from rnnlab.experiments.drawing import draw, figure_spec
from rnnlab.experiments.experiment import Experiment, Run, task_of
from rnnlab.experiments.interrupts import interrupts_held
from rnnlab.experiments.loading import load_spec
from rnnlab.experiments.progress import Progress
from rnnlab.experiments.spec import Spec
from rnnlab.experiments.store import Store
from rnnlab.experiments.workers import compute
from rnnlab.registry import experiments, unknown_name

RESULTS = Path("results")


@dataclass(frozen=True)
class Result:
    """What a study came to.

    Attributes
    ----------
    path : Path
        The folder of its files.
    metrics : DataFrame
        The table of rows: metrics.csv of the copy task, gradients.csv of the gradient flow.
    summary : DataFrame
        summary.csv.
    """

    path: Path
    metrics: pd.DataFrame
    summary: pd.DataFrame


class Study:
    """Checked settings and an open folder, ready to compute.

    Parameters
    ----------
    study : str or Path
        The name of an experiment ("copy-task") or a TOML file.
    out : str or Path, optional
        The folder of the result; results/NAME unless given.
    force : bool
        Whether a result in that folder is replaced.
    jobs : int, optional
        Processes at a time; as many as there are hardware threads unless given.
    command : str, optional
        What the manifest says the study was started with.
    **options
        Settings that win over the file and the preset.

    Raises
    ------
    ValueError
        For settings that cannot be, a folder that cannot be written or holds another result.
    """

    def __init__(
        self,
        study: str | Path,
        *,
        out: str | Path | None = None,
        force: bool = False,
        jobs: int | None = None,
        command: str | None = None,
        **options: Any,
    ) -> None:
        self.spec: Spec = load_spec(study, options)
        self.experiment: Experiment[Any] = experiments[self.spec.experiment]
        self.runs = self.experiment.runs(self.spec)
        self._command = command or _call(study, options)
        self._jobs = _checked_jobs(jobs)
        _check_optimizer(self.spec.optimizer)
        self.store = Store(
            RESULTS / self.spec.name if out is None else Path(out),
            table=self.experiment.table,
            columns=self.experiment.columns,
            key=self.experiment.key,
            order=[self.experiment.key_of(run) for run in self.runs],
            settings=self.spec.settings(),
            force=force,
        )

    @property
    def missing(self) -> list[Run]:
        """The runs that are still to be computed, in the order of the grid."""
        done = self.store.done
        return [run for run in self.runs if self.experiment.key_of(run) not in done]

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
        """Every file of the result."""
        store = self.store
        return [store.table_file, store.summary_file, self.figure, store.manifest_file]

    def execute(self, progress: Progress | None = None) -> Result:
        """Compute what is missing and write every file; nothing is touched if nothing is missing.

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C. The finished runs are in the table; the same study computes the rest.
        """
        if not (self.store.is_finished() and self.figure.exists()):
            self._compute(progress or Progress())
        return Result(self.store.path, self.store.table(), self.store.summary())

    def _compute(self, progress: Progress) -> None:
        jobs, missing = self.jobs, self.missing
        if missing:
            self.store.begin(self._command, jobs, _names_of_files())
            self._compile(missing, progress)
            work = self._work(missing)
            progress.begin(work, self.spec.updates, jobs)
            # the longest first: a long one that starts last would leave the other workers idle
            order = sorted(missing, key=lambda run: -work[run]) if jobs > 1 else missing
            results = compute(self.experiment, self.spec, order, jobs, progress)
            try:
                for run, rows in results:
                    with interrupts_held():  # what is finished is not lost to a Ctrl-C
                        self.store.add(self.experiment.key_of(run), rows)
                    progress.finished(run, self.experiment.outcome(rows))
            finally:
                results.close()
                progress.end()
        self.store.summarise(self.experiment.summarise(self.spec, self.store.table()))
        draw(self.experiment.figure, self.store.path)
        self.store.finish()

    def _compile(self, runs: Sequence[Run], progress: Progress) -> None:
        """Compile here, once, what the workers then find in the cache."""
        from rnnlab.engine import is_cached, prepare

        cells = {find_cell(self.spec.entry(run.cell).source): None for run in runs}
        for cell in cells:
            for dtype, through_time in self.experiment.kernels(self.spec):
                if is_cached(cell, dtype, through_time=through_time):
                    continue
                progress.compiling(cell.name, dtype)
                start = time.perf_counter()
                prepare(cell, dtype, through_time=through_time)
                progress.compiled(cell.name, dtype, time.perf_counter() - start)

    def _work(self, runs: Sequence[Run]) -> dict[Run, float]:
        """Estimate the work of each run by its arithmetic: parameters times steps."""
        parameters = self.experiment.parameters(self.spec)
        return {run: float(parameters[run.cell] * task_of(self.spec, run).length) for run in runs}


def run(
    study: str | Path,
    out: str | Path | None = None,
    force: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Result:
    """Run an experiment, or what is missing of it, and return its tables.

    Parameters
    ----------
    study : str or Path
        "copy-task", "gradient-flow" or a TOML file.
    out : str or Path, optional
        The folder of the result; results/NAME unless given.
    force : bool
        Whether a result of other settings in that folder is replaced.
    jobs : int, optional
        Processes at a time; as many as there are hardware threads unless given. The numbers do
        not depend on it.
    progress : Progress, optional
        Is told what happens; silent unless given.
    **options
        The options of `rnnlab run` with underscores: `preset`, `cells`, `delays`, `payload`,
        `alphabet`, `hidden`, `batch`, `updates`, `lr`, `seeds`, `optimizer`, `clip`, `clip_value`,
        `forget_bias`, `evaluation_batch`, and `evaluate_every` of the copy task. What is left out
        has the preset's value.

    Returns
    -------
    Result
        With `.metrics`, `.summary` (DataFrames) and `.path`.

    Raises
    ------
    ValueError
        For settings that cannot be, a folder that cannot be written or holds another result.

    Examples
    --------
    >>> import rnnlab
    >>> result = rnnlab.run("copy-task", cells=["gru"], delays=[10])  # doctest: +SKIP
    >>> result.summary[["cell", "delay", "recall_accuracy"]]  # doctest: +SKIP
    """
    return Study(study, out=out, force=force, jobs=jobs, **options).execute(progress)


def _call(study: str | Path, options: dict[str, Any]) -> str:
    arguments = [repr(str(study)), *(f"{key}={value!r}" for key, value in options.items())]
    return f"rnnlab.run({', '.join(arguments)})"


def _names_of_files() -> list[str]:
    """Return what any experiment may have left in a folder that is taken over."""
    known = [experiments[name] for name in experiments]
    return [f"{one.table}.csv" for one in known] + [
        figure_spec(one.figure).filename for one in known
    ]


def _checked_jobs(jobs: int | None) -> int:
    if jobs is None:
        return manifest.available_threads()
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise ValueError(f"jobs must be a whole number of at least 1, got {jobs!r}: give 1 or more")
    return jobs


def _check_optimizer(name: str) -> None:
    from rnnlab.training import OPTIMIZER_NAMES

    if name not in OPTIMIZER_NAMES:
        raise ValueError(unknown_name("optimizer", name, OPTIMIZER_NAMES))
