"""Checks of a layer's options and inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rnnlab.engine.protocol import Array, blank_padding
from rnnlab.layers.arrays import as_array, as_integers, check_kind

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
    """Return a bool; refuse numbers and words."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(
            f"{name} must be True or False, got {type(value).__name__} {value!r}: pass a bool"
        )
    return bool(value)


def check_dtype(dtype: Any) -> str:
    """Return the name of a dtype that the engine has, in the machine's byte order."""
    try:
        found = None if dtype is None else np.dtype(dtype)  # None would be float64
        name = str(dtype) if found is None or not found.isnative else str(found.name)
    except (TypeError, ValueError, SyntaxError):
        name = str(dtype)
    if name not in DTYPES:
        raise ValueError(
            f"dtype must be float32 or float64, got {name!r}: train in float32, analyse in float64"
        )
    return name


def check_array(
    name: str, value: object, shape: Sequence[int | str], dtype: np.dtype[Any], axes: str
) -> Array:
    """Return `value` as a contiguous array of `dtype`, or raise an error with the remedy.

    Parameters
    ----------
    name : str
        The name in error messages.
    value : object
        An array, or an object that `as_array` converts to one.
    shape : sequence of int or str
        The required sizes; a string where any size of at least 1 is accepted.
    dtype : numpy.dtype
        float32 input is widened for a float64 layer; float64 input to a float32 layer is refused.
    axes : str
        The shape in symbols, such as "(T, B, I=10)".
    """
    array = check_layout(name, value, shape, dtype, axes)
    check_finite(name, array)
    return array


def check_sequences(
    name: str,
    value: Any,
    shape: Sequence[int | str],
    units: str,
    dtype: np.dtype[Any],
    lengths: object,
    *,
    batch_first: bool,
) -> tuple[Array, Array | None]:
    """Return sequences in the order (T, B, ...) with 0 in their padding, and int64 lengths (B,).

    Only what comes before a sequence's end must be finite.

    Parameters
    ----------
    name : str
        The name in error messages.
    value : object
        An array (T, B, units), or (B, T, units) with `batch_first`.
    shape : sequence of int or str
        The required sizes of T, B and the units, in this order; a string where any size of at
        least 1 is accepted.
    units : str
        Symbol of the last axis, such as "I".
    dtype : numpy.dtype
        As for `check_array`.
    lengths : object
        A whole number from 1 to T for each sequence, or None.
    batch_first : bool

    Raises
    ------
    ValueError, TypeError
        As `check_array`, and for other lengths.
    """
    sizes = dict(zip(("T", "B", units), shape, strict=True))
    if batch_first:
        order = ("B", "T", units)
        value = _time_first(name, value, [sizes[s] for s in order], _in_symbols(sizes, order))
        name = f"{name}.swapaxes(0, 1)"  # the name of the view in further messages
    axes = _in_symbols(sizes, sizes)
    if lengths is None:
        return check_array(name, value, shape, dtype, axes), None
    array = check_layout(name, value, shape, dtype, axes)
    ends = _check_lengths(lengths, *array.shape[:2])
    array = blank_padding(array, ends)
    check_finite(name, array)
    return array, ends


def _in_symbols(sizes: Mapping[str, int | str], order: Iterable[str]) -> str:
    """Return axes as messages show them, such as "(T, B, I=10)"."""
    shown = (s if sizes[s] == s else f"{s}={sizes[s]}" for s in order)
    return f"({', '.join(shown)})"


def _check_lengths(lengths: object, steps: int, batch: int) -> Array:
    """Return lengths as int64 (B,)."""
    remedy = "pass the time steps of each sequence"
    ends = as_integers("lengths", lengths, remedy, f"(B={batch},)")
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
    return ends.astype(np.int64)


def _time_first(name: str, value: Any, shape: Sequence[int | str], axes: str) -> Any:
    """Return a view (T, B, ...) of an array (B, T, ...) of the right shape, otherwise unchecked."""
    if not hasattr(value, "swapaxes"):
        raise TypeError(
            f"{name} must be an array {axes} with batch_first=True, got {type(value).__name__}: "
            "pass a NumPy array"
        )
    given = tuple(value.shape)
    if not _fits(given, shape):
        raise ValueError(
            f"{name} must have shape {axes} with batch_first=True, got {given}: the batch comes "
            "first, then time, then the features"
        )
    return value.swapaxes(0, 1)


def check_layout(
    name: str, value: object, shape: Sequence[int | str], dtype: np.dtype[Any], axes: str
) -> Array:
    """Return `value` as `check_array` does; NaN and infinities are accepted."""
    value = as_array(name, value, axes)
    if value.dtype.kind != "f":
        check_kind(name, value, "f", dtype.name)
    if value.shape != shape and not _fits(value.shape, shape):
        raise ValueError(
            f"{name} must have shape {axes}, got {value.shape}: {_remedy(name, value, shape)}"
        )
    if value.dtype != dtype and value.dtype.itemsize > dtype.itemsize:
        raise ValueError(
            f"{name} must be {dtype.name}, got {value.dtype}: use {name}.astype({dtype.name!r}), "
            f"or make the layer with dtype={value.dtype.name!r}"
        )
    return np.ascontiguousarray(value, dtype)


def _fits(found: tuple[int, ...], wanted: Sequence[int | str]) -> bool:
    """Return whether a shape is the wanted one, with any size of at least 1 for a string."""
    if len(found) != len(wanted):
        return False
    for have, want in zip(found, wanted, strict=True):
        if (have < 1) if type(want) is str else (have != want):
            return False
    return True


def check_finite(name: str, array: Array) -> None:
    """Raise a ValueError at the first NaN or infinity of an array."""
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
    """Return the likely fix for an array of a wrong shape."""
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
