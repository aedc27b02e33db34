"""Conversion of array-like input to NumPy arrays with the same values.

`np.asarray` drops masks, parses strings, and turns unknown objects into arrays of objects. Every
public input passes through `as_array` or `as_numbers`, which raise an error instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnlab.engine.protocol import Array

#: Remedies by the kind of a dtype that does not hold real numbers.
_REMEDIES = {
    "b": "use {name}.astype({dtype!r})",
    "i": "use {name}.astype({dtype!r})",
    "u": "use {name}.astype({dtype!r})",
    "c": "use {name}.real, or its real and imaginary parts as two features",
    "O": "fill missing entries, and use {name}.astype({dtype!r})",
    "M": "subtract a first date and divide by a unit: {name} in days, say",
    "m": "divide by a unit, such as numpy.timedelta64(1, 's')",
    "V": "take one field of the structured array at a time",
}


def as_array(name: str, value: object, axes: str = "") -> Array:
    """Return `value` as a plain NumPy array with the same values; an array is not copied.

    Parameters
    ----------
    name : str
        The name in error messages.
    value : object
        An array, a list or tuple of numbers, or an object that converts itself to an array.
    axes : str
        The required shape in symbols, for error messages.

    Raises
    ------
    TypeError
        If `value` is not an array, or its conversion fails.
    ValueError
        If entries are masked, or lists have different lengths.

    Examples
    --------
    >>> as_array("x", [[0.5, 1.0]]).shape
    (1, 2)
    >>> as_array("x", np.ma.masked_equal([0.5, -1.0], -1.0))
    Traceback (most recent call last):
    ...
    ValueError: x must have no masked entries, got a MaskedArray with some: use x.filled(value) ...
    """
    if type(value) is np.ndarray:
        return value
    wanted = " ".join(["an array", axes]).rstrip()
    if hasattr(value, "toarray"):
        raise TypeError(
            f"{name} must be {wanted}, got a sparse {type(value).__name__}: use {name}.toarray()"
        )
    if not (_converts_itself(value) or _is_sequence(value)):
        raise TypeError(f"{name} must be {wanted}, got {type(value).__name__}: pass a NumPy array")
    if _has_mask(value):
        raise ValueError(
            f"{name} must have no masked entries, got a {type(value).__name__} with some: "
            f"use {name}.filled(value) with the number to put in their place"
        )
    try:
        array = np.asanyarray(value)
    except MemoryError:
        raise
    except Exception as error:  # a conversion may raise anything
        if _is_sequence(value) and isinstance(error, ValueError):
            raise ValueError(
                f"{name} must be {wanted}, got nested lists of different lengths: "
                "make them equally long: pad sequences, and pass their lengths="
            ) from error
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = "pass a NumPy array"
        if "detach" in reason or hasattr(value, "detach"):
            remedy = f"pass {name}.detach().cpu().numpy()"
        raise TypeError(
            f"{name} must be {wanted}, got {type(value).__name__}, whose conversion to one fails "
            f"({reason}): {remedy}"
        ) from error
    if _has_mask(array):  # a masked array that the conversion returned
        raise ValueError(
            f"{name} must have no masked entries, got a {type(value).__name__} with some: "
            "fill them with the number to put in their place"
        )
    return np.asarray(array)


def as_numbers(name: str, value: object, kinds: str = "biuf", dtype: str = "float64") -> Array:
    """Return `value` as `as_array` does, if its dtype is of real numbers.

    Parameters
    ----------
    name, value
        As for `as_array`.
    kinds : str
        Kinds of dtypes to accept; "f" accepts floats only.
    dtype : str
        The dtype that error messages suggest.

    Raises
    ------
    TypeError, ValueError
        As `as_array`, and a ValueError for another dtype.
    """
    return check_kind(name, as_array(name, value), kinds, dtype)


def check_kind(name: str, array: Array, kinds: str, dtype: str) -> Array:
    """Return an array whose dtype is of one of `kinds`, or raise a ValueError with the remedy."""
    if array.dtype.kind in kinds:
        return array
    wanted = "floats" if kinds == "f" else "numbers"
    remedy = _REMEDIES.get(array.dtype.kind, "convert text to numbers first")
    raise ValueError(
        f"{name} must be of {wanted}, got dtype {array.dtype}: "
        + remedy.format(name=name, dtype=dtype)
    )


def as_integers(name: str, value: object, remedy: str, axes: str = "") -> Array:
    """Return `value` as `as_array` does, if its dtype is of integers; else a TypeError."""
    array = as_array(name, value, axes)
    if array.dtype.kind not in "iu":
        wanted = " ".join(["ints", axes]).rstrip()
        raise TypeError(f"{name} must be {wanted}, got dtype {array.dtype}: {remedy}")
    return array


def _converts_itself(value: object) -> bool:
    names = ("__array__", "__array_interface__", "__array_struct__")
    return any(hasattr(value, name) for name in names)


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def _has_mask(value: Any, depth: int = 0) -> bool:
    """Return whether an array, or one inside nested lists, has masked entries."""
    if isinstance(value, (list, tuple)):  # NumPy drops the masks of the arrays in them
        return depth < 64 and any(_has_mask(one, depth + 1) for one in value)
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        mask = getattr(value, "mask", None)  # of NumPy's masked arrays and of Astropy's
        return mask is not None and value.dtype.names is None and bool(np.any(mask))
    return False
