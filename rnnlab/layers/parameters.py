"""Mapping of a layer's parameters: live arrays that accept only values that fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

from rnnlab.engine.checking import check_exact, is_exact
from rnnlab.engine.protocol import Array
from rnnlab.layers.arrays import as_array
from rnnlab.layers.validation import check_finite
from rnnlab.registry import unknown_name


class Parameters(MutableMapping[str, Array]):
    """The live arrays of a layer or a model by name.

    An assignment copies the numbers into the live array, which stays the same object: optimisers
    and others that hold it see the new numbers, and the assigned array is not kept. Names cannot be
    added or removed.

    Parameters
    ----------
    arrays : dict of str to array
        The live arrays; shared, not copied.
    shapes : dict of str to tuple of int
        Their required shapes.
    dtype : str

    Examples
    --------
    >>> import rnnlab
    >>> parameters = rnnlab.GRU(1, 2).parameters
    >>> parameters["bias_hn_l0"] = np.array([0.5, 1.0], np.float32)
    >>> parameters["bias_hn_l0"] *= 2
    >>> parameters["bias_hn_l0"].tolist()
    [1.0, 2.0]
    """

    def __init__(
        self, arrays: dict[str, Array], shapes: Mapping[str, tuple[int, ...]], dtype: str
    ) -> None:
        self._arrays = arrays
        self._shapes = dict(shapes)
        self._dtype = np.dtype(dtype)

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        raise TypeError(
            f"parameters cannot be removed, got {name!r}: a layer needs all of them; "
            "set it to 0, parameters[name][:] = 0"
        )

    def __repr__(self) -> str:
        shown = (f"{name}: {self._dtype} {array.shape}" for name, array in self.items())
        return f"<parameters {', '.join(shown)}>"

    def __or__(self, other: Mapping[str, Array]) -> dict[str, Array]:
        return {**self, **other}

    def __ior__(self, other: Any) -> Parameters:  # type: ignore[misc]
        self.update(other)
        return self

    def update(self, other: Any = (), /, **named: Any) -> None:
        """Assign several arrays: all of them, or none if one does not fit.

        Raises
        ------
        ValueError
            If a name is unknown, or an array has another shape or dtype, masked entries, NaN or
            infinities.
        TypeError
            If a value is not an array.
        """
        new = {name: self._checked(name, value) for name, value in dict(other, **named).items()}
        for name, array in new.items():
            self._arrays[name][...] = array

    def _checked(self, name: str, value: Any) -> Array:
        if name not in self._arrays:
            raise ValueError(_unknown(name, self._arrays))
        array = as_array(name, value)
        shape, dtype = self._shapes[name], self._dtype
        if array.dtype != dtype:
            found = array.dtype.str if array.dtype.name == dtype.name else array.dtype.name
            raise ValueError(
                f"parameter {name} must be {dtype} {shape}, got {found} {array.shape}: "
                f"use .astype({dtype.name!r})"
            )
        if array.shape != shape:
            remedy = "use .T" if array.shape == shape[::-1] else "check the axes and their sizes"
            raise ValueError(
                f"parameter {name} must be {dtype} {shape}, got {dtype} {array.shape}: {remedy}"
            )
        check_finite(f"parameter {name}", array)
        check_live(name, self._arrays[name], shape, dtype)
        return array.copy()  # it may be a view of another parameter that is assigned as well


def check_own(own: Parameters, value: object) -> None:
    """Raise an AttributeError unless `value` is `own`, which `parameters |= ...` assigns."""
    if not isinstance(value, Parameters) or any(value.get(n) is not own[n] for n in own):
        raise AttributeError(
            f"parameters cannot be replaced, got {type(value).__name__}: "
            "use parameters.update(...), which copies the numbers"
        )


def check_live(name: str, array: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise an error if a live array was resized or given another shape or dtype in place."""
    if not is_exact(array, shape, dtype):
        remedy = "its array was changed in place, by resize or by its shape; make the layer again"
        check_exact(f"parameter {name}", array, shape, dtype, remedy)


def _unknown(name: Any, known: Mapping[str, Array]) -> str:
    """Return the error message for an unknown name."""
    match = re.fullmatch(r"bias_([ih])h_(l\d+(?:_reverse)?)", str(name))
    if match is None or f"bias_{match[2]}" not in known:
        return unknown_name("parameter", name, known)
    end = match[2]
    message = (
        f"parameter must be one of {', '.join(known)}, got {name!r}: PyTorch's two biases are one "
        f"here, parameters['bias_{end}'] = bias_ih_{end} + bias_hh_{end}"
    )
    if f"bias_hn_{end}" in known:  # the GRU's
        message += (
            f", but for the last third of bias_hh_{end} (n), which is bias_hn_{end}: "
            "put zeros in its place in the sum"
        )
    return message
