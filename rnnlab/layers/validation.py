"""Checks of what users hand to a layer: each says what must hold, what came and how to fix it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnlab.engine.protocol import Array, blank_padding

DTYPES = ("float32", "float64")


def check_size(name: str, value: object) -> int:
    """Return a size of at least 1 as an int."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(
            f"{name} must be an int, got {type(value).__name__} {value!r}: pass a whole number"
        )
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}: pass a positive whole number")
    return int(value)


def check_flag(name: str, value: object) -> bool:
    """Return a bool; a number or a word that might mean one is refused."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(
            f"{name} must be True or False, got {type(value).__name__} {value!r}: pass a bool"
        )
    return bool(value)


def check_dtype(dtype: Any) -> str:
    """Return the name of a dtype that the engine has."""
    try:
        name = str(np.dtype(dtype).name)
    except TypeError:
        name = str(dtype)
    if name not in DTYPES:
        raise ValueError(
            f"dtype must be float32 or float64, got {name!r}: train in float32, analyse in float64"
        )
    return name


def check_array(
    name: str, value: object, shape: Sequence[int | str], dtype: np.dtype[Any], axes: str
) -> Array:
    """Return `value` as a contiguous array of `dtype`, or say why it cannot be one.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : object
        What came.
    shape : sequence of int or str
        The sizes that must hold; a string where any size of at least 1 does.
    dtype : numpy.dtype
        float32 input to a float64 layer is widened; the other way would lose digits.
    axes : str
        The shape in symbols, such as "(T, B, I=10)".
    """
    array = _check_layout(name, value, shape, dtype, axes)
    _check_finite(name, array)
    return array


def check_padded(
    name: str,
    value: object,
    shape: Sequence[int | str],
    dtype: np.dtype[Any],
    axes: str,
    lengths: object,
) -> tuple[Array, Array | None]:
    """Return an array (T, B, ...) with 0 in its padding, and the lengths as int64 (B,).

    Only what stands before a sequence's end must be finite. The other parameters are those of
    `check_array`.

    Raises
    ------
    ValueError, TypeError
        As `check_array`; if the lengths are not a whole number from 1 to T for each sequence.
    """
    if lengths is None:
        return check_array(name, value, shape, dtype, axes), None
    array = _check_layout(name, value, shape, dtype, axes)
    steps, batch = array.shape[:2]
    ends = np.asarray(lengths)
    if ends.dtype.kind not in "iu":
        raise TypeError(
            f"lengths must be ints (B={batch},), got dtype {ends.dtype}: pass the time steps of "
            "each sequence"
        )
    if ends.shape != (batch,):
        raise ValueError(
            f"lengths must have shape (B={batch},), got {ends.shape}: pass one for each sequence"
        )
    wrong = np.flatnonzero((ends < 1) | (ends > steps))
    if wrong.size:
        raise ValueError(
            f"lengths must be from 1 to T={steps}, got {ends[wrong[0]]} at index {wrong[0]}: "
            "a sequence has at least one step and ends within the batch"
        )
    ends = ends.astype(np.int64)
    array = blank_padding(array, ends)
    _check_finite(name, array)
    return array, ends


def time_first(name: str, value: Any, shape: Sequence[int | str], axes: str) -> Any:
    """Return a view (T, B, ...) of an array (B, T, ...); all but its shape is still to be checked.

    Parameters
    ----------
    name, value, shape, axes
        As for `check_array`, with the batch first.
    """
    if not hasattr(value, "swapaxes"):
        raise TypeError(
            f"{name} must be an array {axes} with batch_first=True, got {type(value).__name__}: "
            "pass a NumPy array"
        )
    given = tuple(value.shape)
    fits = len(given) == len(shape) and all(
        have == want if isinstance(want, int) else have >= 1
        for have, want in zip(given, shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"{name} must have shape {axes} with batch_first=True, got {given}: the batch comes "
            "first, then time, then the features"
        )
    return value.swapaxes(0, 1)


def _check_layout(
    name: str, value: object, shape: Sequence[int | str], dtype: np.dtype[Any], axes: str
) -> Array:
    """Return `value` as `check_array` does, whatever numbers it holds."""
    if not isinstance(value, np.ndarray):
        if not hasattr(value, "__array__") and not isinstance(value, (list, tuple)):
            raise TypeError(
                f"{name} must be an array {axes}, got {type(value).__name__}: pass a NumPy array"
            )
        value = np.asarray(value)
    if value.dtype.kind not in "f":
        raise ValueError(
            f"{name} must be of floats, got dtype {value.dtype}: use {name}.astype({dtype.name!r})"
        )
    wrong = value.ndim != len(shape) or any(
        have != want if isinstance(want, int) else have < 1
        for have, want in zip(value.shape, shape, strict=False)
    )
    if wrong:
        raise ValueError(
            f"{name} must have shape {axes}, got {value.shape}: {_remedy(name, value, shape)}"
        )
    if value.dtype != dtype and value.dtype.itemsize > dtype.itemsize:
        raise ValueError(
            f"{name} must be {dtype.name}, got {value.dtype}: use {name}.astype({dtype.name!r}), "
            f"or make the layer with dtype={value.dtype.name!r}"
        )
    return np.ascontiguousarray(value, dtype)


def _check_finite(name: str, array: Array) -> None:
    if not _is_finite(array):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name} must be finite, got {array[where]} at index {where}: "
            "remove or replace NaN and infinities first"
        )


def _is_finite(array: Array) -> bool:
    if array.size > 4096:
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(array.sum()):  # finite numbers may overflow it, NaN cannot pass
                return True
    return bool(np.count_nonzero(np.isfinite(array)) == array.size)


def _remedy(name: str, value: Array, shape: Sequence[int | str]) -> str:
    """Propose how an array of a wrong shape becomes right."""
    if value.ndim == 3 and len(shape) == 3:
        known = [k for k, want in enumerate(shape) if isinstance(want, int)]
        swapped = (value.shape[1], value.shape[0], value.shape[2])
        if known != [2] and all(swapped[k] == shape[k] for k in known):
            first = "layers come" if "state" in name else "time comes"
            return f"{first} first; use {name}.transpose(1, 0, 2)"
        if known == [2]:
            return "time comes first, then the batch, then the features"
    if value.ndim == len(shape) - 1 and len(shape) == 3:
        return f"add the batch axis with {name}[:, None]"
    if value.ndim == 1 and len(shape) == 2 and "B" in shape:
        return f"add the batch axis with {name}[None]"
    return "check the axes and their sizes"
