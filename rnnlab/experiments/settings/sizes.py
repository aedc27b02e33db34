"""How many numbers a model learns, and the most units that a given number of them allows."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from rnnlab.cells import CellDefinition
from rnnlab.cells.sizes import learned_by
from rnnlab.engine.sizes import check_pass
from rnnlab.experiments.settings.grid import values_of
from rnnlab.experiments.settings.runs import SWEPT, RunSettings
from rnnlab.experiments.settings.task_entry import task_at
from rnnlab.tasks.contract import check_size

if TYPE_CHECKING:
    from rnnlab.experiments.settings.spec import Spec

MOST_RUNS = 100_000


def parameter_count(
    cell: CellDefinition, inputs: int, outputs: int, hidden: int, num_layers: int = 1
) -> int:
    """Return how many numbers a model learns, readout included, without making it.

    Parameters
    ----------
    cell : CellDefinition
    inputs, outputs : int
        Sizes of the task, I and O.
    hidden, num_layers : int

    Examples
    --------
    >>> from rnnlab.cells import rnn
    >>> parameter_count(rnn, 5, 4, 6)  # 6 * (5 + 6 + 1) and 4 * (6 + 1)
    100
    """
    return learned_by(cell, inputs, hidden, num_layers) + outputs * (hidden + 1)


def most_units(
    cell: CellDefinition, inputs: int, outputs: int, budget: int, num_layers: int = 1
) -> int:
    """Return the largest hidden size whose model learns no more than `budget` numbers.

    Raises
    ------
    ValueError
        If even one unit is too much.

    Examples
    --------
    >>> from rnnlab.cells import rnn
    >>> most_units(rnn, 5, 4, budget=100), most_units(rnn, 5, 4, budget=99)
    (6, 5)
    """

    def count(hidden: int) -> int:
        return parameter_count(cell, inputs, outputs, hidden, num_layers)

    if count(1) > budget:
        raise ValueError(
            f"parameters must allow one unit of {cell.name}, which takes {count(1)}, got {budget}: "
            "give more"
        )
    low, high = 1, 2
    while count(high) <= budget:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= budget else (low, middle)
    return low


_most_units = lru_cache(maxsize=4096)(most_units)


def hidden_size(settings: RunSettings) -> int:
    """Return the units of a run's cell, matched by parameters where the study says so."""
    if settings.hidden is not None:
        return settings.hidden
    task = task_at(settings.task)
    sizes = task.input_size, task.output_size, settings.parameters or 0, settings.num_layers
    return _most_units(settings.entry.find(), *sizes)


def learned_numbers(settings: RunSettings) -> int:
    """Return how many numbers a run's model learns, readout included."""
    task = task_at(settings.task)
    cell, hidden = settings.entry.find(), hidden_size(settings)
    return parameter_count(cell, task.input_size, task.output_size, hidden, settings.num_layers)


def check_sizes(spec: Spec) -> None:
    """Raise a ValueError if a study has too many runs, or one that cannot fit into memory."""
    points = spec.task_points()
    runs = spec.seeds * sum(
        len(points) * prod(len(values_of(spec, entry, name)) for name in SWEPT)
        for entry in spec.cells
    )
    if runs > MOST_RUNS:
        raise ValueError(
            f"a study must have at most {MOST_RUNS} runs, got {runs}: give fewer seeds, or sweep "
            "less at a time"
        )
    for entry in spec.cells:
        largest: dict[str, Any] = {}
        for name in ("hidden", "parameters", "num_layers", "batch", "evaluation_batch"):
            given = [value for value in values_of(spec, entry, name) if value is not None]
            largest[name] = max(given, default=None)
        cell, layers = entry.find(), largest["num_layers"] or 1
        for point in points:
            task = task_at(point)
            hidden = largest["hidden"] or most_units(
                cell, task.input_size, task.output_size, largest["parameters"], layers
            )
            for batch in (largest["batch"], largest["evaluation_batch"]):
                check_size(task, batch)
            check_pass(
                cell,
                steps=task.length,
                batch=largest["batch"],
                inputs=task.input_size,
                hidden=hidden,
                num_layers=layers,
            )
