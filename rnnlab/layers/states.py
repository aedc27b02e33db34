"""States of a stack: their named tuple, the row of each direction, checks of users' states."""

from __future__ import annotations

import functools
from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from rnnlab.engine.protocol import Array
from rnnlab.layers.validation import check_array

#: A state as users pass it.
StateLike: TypeAlias = Sequence[Array] | Mapping[str, Array]


@functools.cache
def state_type(names: tuple[str, ...]) -> Any:
    """Return the named-tuple class of a cell's states; equal names give the same class.

    Examples
    --------
    >>> state_type(("h", "c"))(1, 2)
    State(h=1, c=2)
    """
    kind: Any = namedtuple("State", names)  # type: ignore[misc]
    # pickle cannot find the class by name: no module has it as an attribute.
    setattr(kind, "__reduce__", lambda state: (_state, (names, tuple(state))))  # noqa: B010
    return kind


def _state(names: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    return state_type(names)(*values)


def gather(names: tuple[str, ...], rows: Sequence[Sequence[Array]]) -> Any:
    """Return the named tuple of (num_layers * D, B, H) arrays from each direction's (B, H)."""
    if len(rows) == 1:  # no copy
        return state_type(names)(*(array[None] for array in rows[0]))
    return state_type(names)(*(np.stack(arrays) for arrays in zip(*rows, strict=True)))


def find_row(num_layers: int, directions: int, layer: int, reverse: bool) -> int:
    """Return the row of a direction of a layer in a state: `layer * D + reverse`.

    Raises
    ------
    ValueError
        If there is no such layer or no such direction.
    """
    if isinstance(layer, bool) or not isinstance(layer, (int, np.integer)):
        raise TypeError(f"layer must be an int, got {type(layer).__name__}: count from 0")
    if not 0 <= layer < num_layers:
        last = f"from 0 to {num_layers - 1}" if num_layers > 1 else "0, the only layer"
        raise ValueError(f"layer must be {last}, got layer={layer}: count from 0")
    if reverse and directions == 1:
        raise ValueError(
            f"reverse must be False for a layer of one direction, got reverse={reverse}: "
            "make it with bidirectional=True"
        )
    return int(layer) * directions + bool(reverse)


def check_state(
    name: str,
    state: StateLike,
    names: tuple[str, ...],
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
) -> list[list[Array]]:
    """Return the states (B, H) of each direction from a state that a user passed, without copies.

    Named tuples and mappings are read by name, in any order; plain tuples and lists are in the
    order of `names`.

    Parameters
    ----------
    name : str
        Name of the argument, for messages.
    state : tuple or mapping of array
    names : tuple of str
        Names of the cell's states.
    shape : tuple of int
        (num_layers * D, B, H)
    dtype : numpy.dtype

    Raises
    ------
    ValueError, TypeError
        If it is not a tuple or mapping, if names are unknown or missing, or if an array has another
        shape or dtype.
    """
    axes = "(num_layers*D={}, B={}, H={})".format(*shape)
    arrays = [
        check_array(f"{name}.{key}", array, shape, dtype, axes)
        for key, array in zip(names, in_order(name, state, names), strict=True)
    ]
    return [[array[row] for array in arrays] for row in range(shape[0])]


def in_order(name: str, state: object, names: tuple[str, ...]) -> tuple[Any, ...]:
    """Return the values of a state in the order of `names`.

    Examples
    --------
    >>> in_order("state", {"c": 2, "h": 1}, ("h", "c"))
    (1, 2)
    """
    if isinstance(state, tuple) and hasattr(state, "_fields"):
        state = dict(zip(state._fields, state, strict=True))
    if isinstance(state, Mapping):
        if set(state) != set(names):
            raise ValueError(
                f"{name} must have the names {', '.join(names)}, got {', '.join(map(str, state))}: "
                "pass one array per state by its name, or a plain tuple in this order"
            )
        return tuple(state[key] for key in names)
    if not isinstance(state, (tuple, list)):
        listed = ", ".join(names) + ("," if len(names) == 1 else "")
        raise TypeError(
            f"{name} must be a tuple ({listed}), got {type(state).__name__}: "
            "pass one array per state, in this order, or a dict by these names"
        )
    if len(state) != len(names):
        raise ValueError(
            f"{name} must hold {len(names)} arrays ({', '.join(names)}), got {len(state)}: "
            "pass one array per state"
        )
    return tuple(state)
