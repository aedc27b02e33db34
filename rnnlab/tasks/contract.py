"""Check of a user's task on a first sample: sizes, kinds, randomness, metrics."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from rnnlab.capacity import check_memory
from rnnlab.tasks.checks import check_sample
from rnnlab.tasks.interface import TaskInterface
from rnnlab.tasks.user_errors import errors_of_task, is_user_task, task_error

BATCH = 3  # sequences of the first sample

#: The settings of each task class that were checked, as text.
_checked: WeakKeyDictionary[type, set[str]] = WeakKeyDictionary()


def check_once(task: TaskInterface) -> None:
    """Check a user's task at its settings, the first time that it is used.

    Its sizes and numbers are valid; two samples from equal generators are equal, finite, and of the
    sizes and kinds that the loss requires; `measure` returns a number for each metric; neither
    changes the settings.

    Raises
    ------
    UserCodeError
        The message begins with the line of the task's file.
    """
    kind = type(task)
    if not is_user_task(kind):
        return  # rnnlab's own tests check these
    settings = _settings(task)
    done = _checked.setdefault(kind, set())
    if settings in done:
        return
    _check_statements(task)
    check_size(task, BATCH)
    inputs, targets = _sample(task)
    again = _sample(task)
    for name, one, other in (("inputs", inputs, again[0]), ("targets", targets, again[1])):
        if not np.array_equal(one, other, equal_nan=one.dtype.kind == "f"):
            raise task_error(
                task,
                "sample",
                f"{kind.__name__}.sample must draw the same {name} from equal generators, got "
                "others the second time: draw all random numbers from rng, and keep no counter",
            )
    if inputs.dtype.kind == "f" and not np.isfinite(inputs).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(inputs))[0])
        raise task_error(
            task,
            "sample",
            f"the inputs of {kind.__name__}.sample must be finite, got {inputs[where]} at index "
            f"{where}: use NaN in targets only",
        )
    _check_measure(task, targets)
    _check_held_out(task)
    if _settings(task) != settings:
        raise task_error(
            task,
            "sample",
            f"the settings of {kind.__name__} must not change, got {_settings(task)} after a "
            f"sample and {settings} before: copy what sample and measure change",
        )
    done.add(settings)


def check_size(task: TaskInterface, batch: int) -> None:
    """Raise a ValueError if a batch of a task cannot fit into memory."""
    answers = 1 if task.loss == "cross-entropy" else task.output_size
    numbers = task.length * batch * (task.input_size + answers)
    check_memory(
        f"the inputs and targets of {batch} sequence{'s' * (batch > 1)} of {type(task).__name__} "
        f"(T = {task.length}, I = {task.input_size}, O = {task.output_size})",
        4 * numbers,
    )


def _settings(task: TaskInterface) -> str:
    return ", ".join(f"{name}={getattr(task, name)!r}" for name in type(task).setting_names())


def _check_statements(task: TaskInterface) -> None:
    kind = type(task)
    numbers = ("chance", "baseline_loss", "solved_at")
    for name in ("length", "input_size", "output_size", *numbers):
        with errors_of_task(task, name):
            value = getattr(task, name)
        number = not isinstance(value, bool) and isinstance(value, Real)
        if name in numbers:
            right, must = number and math.isfinite(value), "a finite number"
        else:
            right = number and isinstance(value, Integral) and int(value) >= 1
            must = "a whole number of at least 1"
        if not right:
            raise task_error(
                task,
                name,
                f"{kind.__name__}.{name} must be {must}, got {value!r}: correct it there",
            )
    for names, size in (("input_names", task.input_size), ("output_names", task.output_size)):
        with errors_of_task(task, names):
            given = tuple(getattr(task, names))
        if len(given) != size or not all(isinstance(name, str) for name in given):
            raise task_error(
                task,
                names,
                f"{kind.__name__}.{names} must be {size} texts, one for each class, got "
                f"{len(given)} values: leave it out for numbers",
            )


def _sample(task: TaskInterface) -> tuple[Any, Any]:
    with errors_of_task(task, "sample"):
        drawn = task.sample(BATCH, np.random.default_rng(0))
    return check_sample(task, BATCH, drawn)


def _check_measure(task: TaskInterface, targets: Any) -> None:
    outputs = np.random.default_rng(1).standard_normal((task.length, BATCH, task.output_size))
    if task.loss != "cross-entropy":
        targets = targets.astype(np.float64)
    for given in (outputs, targets):
        given.flags.writeable = False  # neither is to be modified
    with errors_of_task(task, "measure"):
        found = task.measure(outputs, targets)
    scores = check_scores(task, found)
    for name in ("loss", task.headline):
        if not np.isfinite(scores[name]):
            raise task_error(
                task,
                "measure",
                f"{name} of {type(task).__name__}.measure must be finite where the outputs are, "
                f"got {scores[name]}: leave out the positions that are ignored",
            )
    with errors_of_task(task, "measure"), np.errstate(all="ignore"):
        check_scores(task, task.measure(np.full_like(outputs, np.nan), targets))  # a diverged model


def check_scores(task: TaskInterface, found: Any) -> dict[str, float]:
    """Return what `task.measure` returned as floats in the order of its metrics.

    Raises
    ------
    UserCodeError, ValueError
        If it is not a mapping of exactly these names to numbers.
    """
    name, metrics = type(task).__name__, task.metrics
    if not isinstance(found, dict):
        raise task_error(
            task,
            "measure",
            f"{name}.measure must return a dict of {', '.join(metrics)}, got "
            f"{type(found).__name__}: end it with return {{...}}",
        )
    if set(found) != set(metrics):
        given = ", ".join(map(str, found)) or "an empty dict"
        raise task_error(
            task,
            "measure",
            f"{name}.measure must return {', '.join(metrics)}, got {given}: make it agree with "
            "metrics",
        )
    scores = {}
    for key in metrics:
        value = found[key]
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
            raise task_error(
                task,
                "measure",
                f"{key} of {name}.measure must be a number, got {type(value).__name__}: return "
                "float(...)",
            )
        scores[key] = float(value)
    return scores


def _check_held_out(task: TaskInterface) -> None:
    with errors_of_task(task, "held_out"):
        other = task.held_out()
    sizes = ("length", "input_size", "output_size", "metrics")
    if other is not task and any(
        getattr(other, size, None) != getattr(task, size) for size in sizes
    ):
        raise task_error(
            task,
            "held_out",
            f"{type(task).__name__}.held_out must return a task of the same sizes and metrics, got "
            f"{other!r}: return self unless the data are finite",
        )
