"""Checks of the arrays that an engine is given.

Kernels read and write memory by address and know neither the dtype nor the size of an array.
Therefore every array that comes from outside an engine is checked here, at every call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from rnnlab.cells import CellDefinition
from rnnlab.engine.protocol import Array, PassInputs, Record


def is_exact(array: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Return whether `array` is a plain NumPy array of exactly this shape and native dtype."""
    return type(array) is np.ndarray and array.shape == shape and array.dtype == dtype


def check_exact(
    name: str, array: object, shape: tuple[int, ...], dtype: np.dtype[Any], remedy: str
) -> None:
    """Raise an error unless `array` is as `is_exact` requires.

    Raises
    ------
    TypeError
        If it is not a plain NumPy array: another type, or a subclass such as a masked array.
    ValueError
        If its shape or its dtype, byte order included, differs.
    """
    if is_exact(array, shape, dtype):
        return
    if type(array) is not np.ndarray:
        raise TypeError(f"{name} must be {dtype} {shape}, got {type(array).__name__}: {remedy}")
    other = array.dtype.name != dtype.name or array.dtype == dtype
    found = array.dtype.name if other else array.dtype.str
    raise ValueError(f"{name} must be {dtype} {shape}, got {found} {array.shape}: {remedy}")


def ready(array: Array) -> Array:
    """Return an array that kernels can take: contiguous, aligned and writable; a copy if needed.

    Kernels do not write to their inputs, but for the compiler a read-only array has another type,
    and every kernel would be compiled a second time.
    """
    return array if array.flags.carray else np.array(array, order="C")


_REMEDY = "pass arrays of the shapes and dtype that PassInputs describes"
_INT64 = np.dtype(np.int64)


def check_forward(
    cell: CellDefinition, dtype: np.dtype[Any], inputs: PassInputs
) -> tuple[Array, Array | None]:
    """Check everything that a forward pass reads; return x and the lengths, ready for kernels.

    Raises
    ------
    ValueError, TypeError
        If an array is missing, or does not have the shape and dtype that `PassInputs` describes.
    """
    parameters, x, states, lengths, given = inputs
    x_shape, state_shape = np.shape(x), np.shape(states[0]) if len(states) else ()
    if len(x_shape) != 3 or 0 in x_shape or len(state_shape) != 2 or 0 in state_shape:
        raise ValueError(
            f"x must have shape (T, B, I) and states (B, H), got {x_shape} and {state_shape}: "
            + _REMEDY
        )
    steps, batch, width = x_shape
    units = state_shape[1]
    wanted = _wanted(cell, width, units)
    if not is_exact(x, x_shape, dtype):
        check_exact("x", x, x_shape, dtype, _REMEDY)
    _check_all("state", states, wanted.states, (batch, units), dtype)
    _check_parameters(parameters, wanted.parameters, dtype)
    if given or wanted.given:
        _check_all("given", given, wanted.given, (steps, batch, units), dtype)
    if lengths is not None:
        check_exact("lengths", lengths, (batch,), _INT64, _REMEDY)
        lengths = ready(lengths)
    return ready(x), lengths


def check_backward(
    cell: CellDefinition,
    dtype: np.dtype[Any],
    record: Record,
    d_output: Array,
    d_states: Sequence[Array],
) -> Array:
    """Check what a backward pass reads, buffers of a tape excepted; return d_output for kernels.

    Raises
    ------
    ValueError, TypeError
        If the record is of another cell, or an array has another shape or dtype.
    """
    if record.cell is not cell:
        raise TypeError(
            f"the record must be of the cell {cell.name}, got one of {record.cell.name}: "
            "use the engine that made it"
        )
    steps, batch, units = record.shape
    width = np.shape(record.x)[-1]
    wanted = _wanted(cell, width, units)
    check_exact("d_output", d_output, (steps, batch, units), dtype, _REMEDY)
    _check_all("d_state", d_states, wanted.states, (batch, units), dtype)
    check_exact("the record's x", record.x, (steps, batch, width), dtype, _REMEDY)
    _check_parameters(record.parameters, wanted.parameters, dtype)
    if record.lengths is not None:
        check_exact("the record's lengths", record.lengths, (batch,), _INT64, _REMEDY)
    return ready(d_output)


class _Wanted(NamedTuple):
    """Names of the arrays that a cell requires, and the shapes of its parameters."""

    states: tuple[str, ...]
    given: tuple[str, ...]
    parameters: dict[str, tuple[int, ...]]


@lru_cache(maxsize=256)
def _wanted(cell: CellDefinition, inputs: int, units: int) -> _Wanted:
    arrays = cell.arrays.items()
    return _Wanted(
        states=tuple(cell.states),
        given=tuple(str(node.payload) for node in cell.equations.given),
        parameters={name: array.shape(inputs=inputs, units=units) for name, array in arrays},
    )


def _check_all(
    kind: str,
    arrays: Sequence[Array],
    names: tuple[str, ...],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> None:
    if len(arrays) != len(names):
        required = f"{len(names)} arrays ({', '.join(names)})" if names else "no array"
        raise ValueError(f"{kind} must hold {required}, got {len(arrays)}: {_REMEDY}")
    for name, array in zip(names, arrays, strict=True):
        if not is_exact(array, shape, dtype):  # the message is written only for an error
            check_exact(f"{kind} {name}", array, shape, dtype, _REMEDY)


def _check_parameters(
    parameters: Mapping[str, Array], shapes: dict[str, tuple[int, ...]], dtype: np.dtype[Any]
) -> None:
    if parameters.keys() != shapes.keys():
        wrong = sorted(parameters.keys() ^ shapes.keys())[0]
        raise ValueError(
            f"parameters must be {', '.join(shapes)}, got a difference at {wrong}: {_REMEDY}"
        )
    for name, shape in shapes.items():
        if not is_exact(parameters[name], shape, dtype):
            check_exact(f"parameter {name}", parameters[name], shape, dtype, _REMEDY)
