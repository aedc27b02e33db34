"""What every experiment on the copy task is made of, and what a new one has to say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
import pandas as pd

from rnnlab.cells import find_cell
from rnnlab.experiments.spec import Spec
from rnnlab.tasks import CopyMemory

if TYPE_CHECKING:
    from rnnlab.training import Evaluation, SequenceModel, Update

S = TypeVar("S", bound=Spec)
Report = Callable[[int], None]  # called with the updates done so far


@dataclass(frozen=True)
class Run:
    """One point of the grid: what one worker computes at a time."""

    cell: str  # the entry's label
    delay: int  # steps
    seed: int

    def __str__(self) -> str:
        return f"{self.cell}, delay {self.delay}, seed {self.seed}"


class Experiment(ABC, Generic[S]):
    """From a spec to rows, from rows to a summary.

    Attributes
    ----------
    name : str
        As the command line calls it.
    about : str
        One line for lists.
    spec : type
        The settings it takes.
    table : str
        The file of its rows, without the ending.
    columns : tuple of str
        Of that file; the first ones, `key`, name the run a row belongs to.
    figure : str
        Its figure in `registry.figures`.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    spec: ClassVar[type[Spec]]
    table: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    key: ClassVar[tuple[str, ...]]
    figure: ClassVar[str]

    @abstractmethod
    def run(self, spec: S, run: Run, report: Report) -> pd.DataFrame:
        """Compute one run: a pure function of its arguments but for the seconds it took."""

    @abstractmethod
    def summarise(self, spec: S, table: pd.DataFrame) -> pd.DataFrame:
        """Return the summary of all rows."""

    @abstractmethod
    def outcome(self, rows: pd.DataFrame) -> str:
        """Say in a few words what a finished run came to."""

    @abstractmethod
    def kernels(self, spec: S) -> list[tuple[str, bool]]:
        """Return the kernels that a run needs: (dtype, whether through time)."""

    def runs(self, spec: S) -> list[Run]:
        """Return the grid, in the order of the rows."""
        return [
            Run(cell, delay, seed)
            for cell, delay, seed in product(spec.labels, spec.delays, range(spec.seeds))
        ]

    def key_of(self, run: Run) -> tuple[Any, ...]:
        """Return the values of the columns `key` in the rows of `run`."""
        return tuple(getattr(run, column) for column in self.key)

    def parameters(self, spec: S) -> dict[str, int]:
        """Return the number of learned numbers of each entry's model, readout included."""
        run = self.runs(spec)[0]
        return {
            label: build_model(spec, Run(label, run.delay, run.seed)).parameter_count
            for label in spec.labels
        }


@dataclass(frozen=True)
class Streams:
    """Independent random numbers for each purpose in a run."""

    layer: np.random.Generator
    readout: np.random.Generator
    data: np.random.Generator
    evaluation: np.random.Generator


def streams(spec: Spec, run: Run) -> Streams:
    """Return the random numbers of a run, the same for every cell.

    They follow from the seed and the task alone, so that all cells see the same batches whatever
    else is in the study.
    """
    root = np.random.SeedSequence([run.seed, run.delay, spec.payload, spec.alphabet])
    initialisation, data, evaluation = root.spawn(3)
    layer, readout = initialisation.spawn(2)
    return Streams(*map(np.random.default_rng, (layer, readout, data, evaluation)))


def task_of(spec: Spec, run: Run) -> CopyMemory:
    """Return the task of a run."""
    return CopyMemory(run.delay, spec.payload, spec.alphabet)


def build_model(spec: Spec, run: Run) -> SequenceModel:
    """Return the untrained float32 model of a run."""
    from rnnlab.layers import Recurrent
    from rnnlab.training import SequenceModel

    entry, task, random = spec.entry(run.cell), task_of(spec, run), streams(spec, run)
    layer = Recurrent(
        find_cell(entry.source),
        task.input_size,
        entry.hidden or spec.hidden,
        dtype="float32",
        seed=random.layer,
        forget_bias=entry.forget_bias,
        chrono_tmax=task.length if entry.forget_bias == "chrono" else None,
    )
    return SequenceModel(layer, task.output_size, seed=random.readout)


def train_model(
    model: SequenceModel,
    spec: Spec,
    run: Run,
    evaluate: Callable[[SequenceModel], dict[str, float]],
    evaluate_every: int,
    callback: Callable[[Update], None] | None = None,
) -> Iterator[Evaluation]:
    """Train `model` in place as the spec says, yielding its evaluations."""
    from rnnlab.training import make_optimizer, train

    task, data = task_of(spec, run), streams(spec, run).data
    return train(
        model,
        lambda: task.draw(spec.batch, data),
        make_optimizer(spec.optimizer, model.parameters, spec.lr),
        updates=spec.updates,
        evaluate=evaluate,
        evaluate_every=evaluate_every,
        clip_norm=spec.clip,
        clip_value=spec.clip_value,
        callback=callback,
    )
