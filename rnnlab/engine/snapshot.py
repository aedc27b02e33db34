"""Parameters as they were at a call, and what an engine made of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

import numpy as np

from rnnlab.engine.protocol import Array

Value = TypeVar("Value")


class Snapshot(dict[str, Array]):
    """Copies of one cell's parameters by the cell's names; they do not change any more.

    A layer's parameters are live arrays that its user may write into at any time, through views
    too. So nothing is derived from them: each call compares them, byte by byte, with the snapshot
    of the call before, and takes a new one if any differs. What an engine makes of the parameters,
    such as packed panels, is kept with the snapshot that it was made of.

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
        """Return what `function` made of these parameters when `key` was first asked for."""
        if key not in self._made:
            self._made[key] = function()
        made: Value = self._made[key]
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the copies alone: what engines made of them holds addresses and is made again."""
        return Snapshot, (dict(self),)


def snapshot(parameters: Mapping[str, Array], before: Snapshot | None = None) -> Snapshot:
    """Return `before` if it holds these parameters, or else a new snapshot of them."""
    if isinstance(parameters, Snapshot):
        return parameters
    return before if before is not None and before.holds(parameters) else Snapshot(parameters)


def _bits(array: Array) -> Array:
    """Return the numbers' bits: NaN equals itself, and 0 is not -0."""
    bits: Array = array.view(np.uint32 if array.itemsize == 4 else np.uint64)
    return bits
