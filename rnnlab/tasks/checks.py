"""Checks of a task's settings, of its batches and of answers to them."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rnnlab.tasks.interface import TaskInterface
from rnnlab.tasks.scoring import IGNORED
from rnnlab.tasks.user_errors import task_error


def whole_number(name: str, value: object, least: int, reason: str) -> int:
    """Return `value` as a Python int, or raise an error that names the setting.

    NumPy's integers are accepted; a bool and 3.0 are not.

    Examples
    --------
    >>> whole_number("payload", 3, 1, "there must be a symbol to recall")
    3
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(
            f"{name} must be an integer, got {value!r} ({type(value).__name__}): "
            f"pass a whole number of at least {least}"
        )
    if value < least:
        raise ValueError(
            f"{name} must be at least {least}, got {value}: {reason}; use {least} or more"
        )
    return int(value)


def generator(rng: object) -> np.random.Generator:
    """Return `rng` if it is a NumPy generator, else raise a TypeError."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator, got {type(rng).__name__}: "
            "pass numpy.random.default_rng(seed)"
        )
    return rng


def one_hot(classes: NDArray[Any], size: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return classes as one-hot rows, and a class of -1 as a row of zeros.

    Parameters
    ----------
    classes : int (T, B)
    size : int
        I, the number of classes.

    Returns
    -------
    float (T, B, I)

    Examples
    --------
    >>> one_hot(np.array([[1, -1]]), 2, "float32").tolist()
    [[[0.0, 1.0], [0.0, 0.0]]]
    """
    rows = np.eye(size + 1, size, dtype=dtype)  # the last row, at index -1, is zero
    return np.asarray(rows[classes])


def check_sample(task: TaskInterface, batch: int, drawn: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the inputs and targets that `task.sample` returned, if both are valid."""
    name, length = type(task).__name__, task.length
    if not (isinstance(drawn, (tuple, list)) and len(drawn) == 2):
        given = f"{len(drawn)} values" if isinstance(drawn, (tuple, list)) else _shape(drawn)
        raise task_error(
            task,
            "sample",
            f"{name}.sample must return inputs and targets, got {given}: end it with "
            "return inputs, targets",
        )
    inputs, targets = drawn
    shapes = {2: (length, batch), 3: (length, batch, task.input_size)}
    if not (isinstance(inputs, np.ndarray) and inputs.shape == shapes.get(inputs.ndim)):
        raise task_error(
            task,
            "sample",
            f"the inputs of {name}.sample must be ints (T, B) = {shapes[2]} or floats (T, B, I) = "
            f"{shapes[3]}, got {_shape(inputs)}: make sample agree with length and input_size",
        )
    kind = "iu" if inputs.ndim == 2 else "f"
    if inputs.dtype.kind not in kind:
        raise task_error(
            task,
            "sample",
            f"the inputs of {name}.sample must be ints (T, B) or floats (T, B, I), got "
            f"{inputs.dtype} {inputs.shape}: classes have two axes, numbers three",
        )
    if kind == "iu" and not (inputs.min() >= -1 and inputs.max() < task.input_size):
        raise task_error(
            task,
            "sample",
            f"the inputs of {name}.sample must be classes 0 to {task.input_size - 1}, or -1 for "
            f"zeros, got {inputs.min()} to {inputs.max()}: enlarge input_size",
        )
    try:
        _check_targets(task, f"the targets of {name}.sample", batch, targets)
    except ValueError as error:
        raise task_error(task, "sample", str(error)) from None
    return inputs, targets


def check_answers(
    task: TaskInterface, outputs: Any, targets: Any
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return a model's answers as float64 and the targets, if both are valid."""
    outputs, targets = np.asarray(outputs), np.asarray(targets)
    length, size = task.length, task.output_size
    if outputs.ndim != 3 or outputs.shape[0] != length or outputs.shape[2] != size:
        raise ValueError(
            f"outputs must have shape (T={length}, B, O={size}), got {outputs.shape}: "
            "time comes first; score the model on a batch of this task"
        )
    if outputs.shape[1] == 0:
        raise ValueError(
            f"outputs must hold at least one sequence, got {outputs.shape}: "
            "draw a batch of 1 or more"
        )
    _check_targets(task, "targets", outputs.shape[1], targets)
    # float64: float32 sums drift over long sequences
    return outputs.astype(np.float64, copy=False), targets


def _check_targets(task: TaskInterface, what: str, batch: int, targets: Any) -> None:
    classes = task.loss == "cross-entropy"
    shape: tuple[int, ...] = (task.length, batch)
    if not classes:
        shape = (*shape, task.output_size)
    words = "integers of shape (T, B)" if classes else "floats of shape (T, B, O)"
    kinds = "iu" if classes else "f"
    if not isinstance(targets, np.ndarray) or (
        targets.shape != shape or targets.dtype.kind not in kinds
    ):
        raise ValueError(
            f"{what} must be {words} = {shape}, got {_shape(targets)}: "
            f"{task.loss} requires them; pass them as drawn"
        )
    answers = targets[targets != IGNORED] if classes else targets[~np.isnan(targets)]
    if answers.size == 0:
        raise ValueError(
            f"{what} must contain an answer, but every target is {'-1' if classes else 'NaN'}: "
            "set a class or a number at the positions that are scored"
        )
    if task.loss == "binary-cross-entropy":
        ignored = np.isnan(targets)
        if (ignored.any(axis=-1) & ~ignored.all(axis=-1)).any():
            raise ValueError(
                f"{what} must be NaN for all {task.output_size} labels of a position or for none, "
                "got NaN for some: a position is scored as a whole"
            )
    if classes and (answers.min() < 0 or answers.max() >= task.output_size):
        raise ValueError(
            f"{what} must be classes 0 to {task.output_size - 1}, or -1 to ignore a position, got "
            f"{answers.min()} to {answers.max()}: pass the targets, not the inputs"
        )


def _shape(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return type(value).__name__
