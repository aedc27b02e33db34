"""Base class of the measures of gradient flow, and the data that they are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rnnlab.plotting import FigureSpec
    from rnnlab.training import Evaluation, SequenceModel

Array = NDArray[Any]
#: Rows of a measure, each with the name of the table they belong to.
Rows = Iterable[tuple[str, pd.DataFrame]]

#: The first columns of a table with rows for each phase.
OF_A_PHASE = ("cell", "seed", "phase")
#: Number of sequences that expensive measures use, out of the evaluation batch.
FEW = 4
#: Length of the stream that drives the Lyapunov exponents and the forget-bias curves, in steps.
STREAM = 400


@dataclass(frozen=True)
class Probe:
    """The sequences that a model is measured on, the same in every phase.

    Attributes
    ----------
    inputs : array (T, B, I)
    targets : array or None
        None for noise: there is no loss, and the gradient at the end is random.
    loss : callable
    """

    inputs: Array
    targets: Array | None
    loss: Any

    def few(self) -> Probe:
        """Return the first `FEW` sequences alone."""
        targets = None if self.targets is None else self.targets[:, :FEW]
        return Probe(self.inputs[:, :FEW], targets, self.loss)

    def stream(self) -> Array:
        """Return the sequences joined end to end, at least `STREAM` steps if there are enough."""
        needed = min(-(-STREAM // len(self.inputs)), self.inputs.shape[1])
        return np.concatenate([self.inputs[:, [b]] for b in range(needed)])

    def end(self, model: SequenceModel) -> tuple[Array, Array | None]:
        """Return dL/dh at the end (B, H), and the last step of each sequence."""
        from rnnlab.analysis.gradient_flow import loss_at_the_end, random_ends

        if self.targets is None:
            return random_ends(model, self.inputs, np.random.default_rng(0)), None
        return loss_at_the_end(model, self.inputs, self.targets, self.loss)


@dataclass(frozen=True)
class FinishedTraining:
    """A finished training run, as measures see it.

    Attributes
    ----------
    initial : DataFrame
        The rows of gradients.csv of the untrained model.
    evaluations : sequence of Evaluation
    solved : callable
        From the metrics of an evaluation to whether they solve the task.
    updates : int
        The planned number of updates.
    watcher : callable or None
        What the measure's `watcher` returned.
    """

    initial: pd.DataFrame
    evaluations: Sequence[Evaluation]
    solved: Callable[[Mapping[str, float]], bool]
    updates: int
    watcher: Any


class Measure:
    """A measure of gradient flow: its tables, how to compute them, and their figures.

    A subclass states the attributes and overrides the methods for the moments at which it measures.
    An instance in `rnnlab.registry.measures` is all that the settings, the command line, the
    experiment, `rnnlab plot` and the report need.

    Attributes
    ----------
    name : str
        Its name in `--measure`.
    about : str
        One line for lists.
    tables : dict of str to tuple of str
        The columns of each table, by the name of its CSV file. `cell`, `seed` and, for rows of
        `at_rest`, `phase` are filled in.
    needs_training : bool
        Whether it measures while the model learns, and so needs updates.
    scores : bool
        Whether the evaluations during training score the task.

    Examples
    --------
    >>> class Weights(Measure):
    ...     name = "weights"
    ...     about = "root mean square of every parameter"
    ...     tables = {"weights": (*OF_A_PHASE, "parameter", "rms")}
    ...
    ...     def at_rest(self, model, probe, seed):
    ...         sizes = [(k, float(np.sqrt(np.mean(v**2)))) for k, v in model.parameters.items()]
    ...         yield "weights", pd.DataFrame(sizes, columns=["parameter", "rms"])
    """

    name: ClassVar[str]
    about: ClassVar[str]
    tables: ClassVar[Mapping[str, tuple[str, ...]]]
    needs_training: ClassVar[bool] = False
    scores: ClassVar[bool] = False

    def at_rest(self, model: SequenceModel, probe: Probe, seed: int) -> Rows:
        """Measure a model in float64 at initialisation, midway and after training.

        Parameters
        ----------
        model : SequenceModel
        probe : Probe
        seed : int
            Seed of the run.
        """
        return ()

    def at_start(self, model: SequenceModel, probe: Probe) -> Rows:
        """Measure the untrained model in float64."""
        return ()

    def watcher(self, probe: Probe, every: int) -> Callable[[Any], None] | None:
        """Return a callback for `rnnlab.training.train`, if the measure needs one.

        Parameters
        ----------
        probe : Probe
            Sequences of the task, even where the other measures use noise.
        every : int
            Number of updates between two measurements.
        """
        return None

    def of_training(self, training: FinishedTraining) -> Rows:
        """Return the rows that follow from a finished training run."""
        return ()

    def figures(self) -> Sequence[FigureSpec]:
        """Return the figures of the tables.

        Plotting is imported here and not at the top of the file: worker processes do without
        matplotlib.
        """
        return ()


def thinned(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Keep lag 1 and at most `most` evenly spaced lags from 0 on: tables are for curves.

    Examples
    --------
    >>> thinned(pd.DataFrame({"lag": range(61)}), 26)["lag"].tolist()[:5]
    [0, 1, 3, 6, 9]
    """
    step = -(-int(table["lag"].max()) // (most - 1)) if len(table) else 1
    return table[(table["lag"] % max(step, 1) == 0) | (table["lag"] == 1)]


def all_tables(names: Iterable[str], *, training: bool = True) -> dict[str, tuple[str, ...]]:
    """Return the columns of every table of some measures, by the name of the table.

    Parameters
    ----------
    names : iterable of str
    training : bool
        Whether the model is trained; without, the measures that need it have no table.
    """
    from rnnlab.registry import measures

    chosen: Iterator[Measure] = (measures[name] for name in names)
    return {
        table: columns
        for measure in chosen
        if training or not measure.needs_training
        for table, columns in measure.tables.items()
    }
