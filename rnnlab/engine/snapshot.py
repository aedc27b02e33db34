"""Snapshots of parameters, and the packed arrays that engines make of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

import numpy as np

from rnnlab.engine.protocol import Array

Value = TypeVar("Value")


class Snapshot(dict[str, Array]):
    """Copies of one cell's parameters by the cell's names, which are never changed.

    A layer's parameters are live arrays: their user may write into them at any time, also through
    views. Nothing is therefore derived from them directly. Each call compares them, byte by byte,
    with the snapshot of the call before, and takes a new one if any differs. An engine's packed
    panels are kept with the snapshot that they were made from.

    Parameters
    ----------
    parameters : mapping of str to array
    """

    def __init__(self, parameters: Mapping[str, Array]) -> None:
        super().__init__({name: array.copy() for name, array in parameters.items()})
        self._made: dict[Hashable, Any] = {}

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of all arrays."""
        dtype: np.dtype[Any] = next(iter(self.values())).dtype
        return dtype

    def holds(self, parameters: Mapping[str, Array]) -> bool:
        """Return whether `parameters` have the same names, shapes, dtypes and bytes."""
        return self.keys() == parameters.keys() and all(
            array.dtype == parameters[name].dtype
            and np.array_equal(_bits(array), _bits(parameters[name]))
            for name, array in self.items()
        )

    def make(self, key: Hashable, function: Callable[[], Value]) -> Value:
        """Return the result of `function`, which is called only at the first use of `key`."""
        if key not in self._made:
            self._made[key] = function()
        made: Value = self._made[key]
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the copies only: what engines made of them holds addresses and is made again."""
        return Snapshot, (dict(self),)


def snapshot(parameters: Mapping[str, Array], before: Snapshot | None = None) -> Snapshot:
    """Return `before` if it holds these parameters, otherwise a new snapshot of them."""
    if isinstance(parameters, Snapshot):
        return parameters
    return before if before is not None and before.holds(parameters) else Snapshot(parameters)


def _bits(array: Array) -> Array:
    """Return the numbers' bits: NaN equals itself, and 0 is not -0."""
    bits: Array = array.view(np.uint32 if array.itemsize == 4 else np.uint64)
    return bits
