"""How many numbers a model learns, and the most units that a given number of them allows."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from rnnlab.cells import CellDefinition
from rnnlab.cells.sizes import learned_by
from rnnlab.engine.sizes import check_pass
from rnnlab.experiments.settings.grid import values_of
from rnnlab.experiments.settings.runs import RunSettings
from rnnlab.experiments.settings.schema import SWEPT
from rnnlab.experiments.settings.table import TABLE
from rnnlab.experiments.settings.task_entry import problem_at
from rnnlab.tasks.contract import check_size

if TYPE_CHECKING:
    from rnnlab.experiments.settings.spec import Spec

MOST_RUNS = 100_000


def parameter_count(
    cell: CellDefinition,
    inputs: int,
    outputs: int,
    hidden: int,
    num_layers: int = 1,
    directions: int = 1,
) -> int:
    """Return the number of parameters of a model, readout included, without making it.

    Parameters
    ----------
    cell : CellDefinition
    inputs, outputs : int
        Sizes of the problem, I and O.
    hidden, num_layers, directions : int

    Examples
    --------
    >>> from rnnlab.cells import rnn
    >>> parameter_count(rnn, 5, 4, 6)  # 6 * (5 + 6 + 1) and 4 * (6 + 1)
    100
    >>> parameter_count(rnn, 5, 4, 6, directions=2)  # twice 72 and 4 * (12 + 1)
    196
    """
    width = directions * hidden
    first = learned_by(cell, inputs, hidden)
    others = (num_layers - 1) * learned_by(cell, width, hidden)
    return directions * (first + others) + outputs * (width + 1)


def most_units(
    cell: CellDefinition,
    inputs: int,
    outputs: int,
    budget: int,
    num_layers: int = 1,
    directions: int = 1,
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
        return parameter_count(cell, inputs, outputs, hidden, num_layers, directions)

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
    task = problem_at(settings.task)
    sizes = task.input_size, task.output_size, settings.parameters or 0, *_layers(settings)
    return _most_units(settings.entry.find(), *sizes)


def learned_numbers(settings: RunSettings) -> int:
    """Return how many numbers a run's model learns, readout included."""
    task = problem_at(settings.task)
    cell, hidden = settings.entry.find(), hidden_size(settings)
    sizes = task.input_size, task.output_size, hidden, *_layers(settings)
    return parameter_count(cell, *sizes)


def _layers(settings: RunSettings) -> tuple[int, int]:
    """Return the number of layers on top of each other, and of their directions."""
    return settings.num_layers, 2 if settings.bidirectional else 1


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
        directions = 2 if True in values_of(spec, entry, "bidirectional") else 1
        for point in points:
            problem = problem_at(point)
            hidden = largest["hidden"] or most_units(
                cell,
                problem.input_size,
                problem.output_size,
                largest["parameters"],
                layers,
                directions,
            )
            batch = largest["batch"]
            if point.source == TABLE:
                batch = min(batch, len(problem.parts["train"].names))
            else:
                for size in (batch, largest["evaluation_batch"]):
                    check_size(problem, size)
            check_pass(
                cell,
                steps=problem.length,
                batch=batch,
                inputs=problem.input_size,
                hidden=hidden,
                num_layers=layers,
            )
