"""Interfaces of an engine: the arrays it is given and those it returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rnnlab.cells import CellDefinition

Array = np.ndarray[Any, Any]


def blank_padding(array: Array, lengths: Array | None) -> Array:
    """Return an array (T, B, ...) with 0 from each sequence's end on; itself if none has one."""
    if lengths is None:
        return array
    blank = array.copy()
    blank[np.arange(len(array))[:, None] >= lengths] = 0
    return blank


class Record(Protocol):
    """Record of a forward pass for the way back."""

    @property
    def cell(self) -> CellDefinition:
        """The cell that ran."""
        ...

    @property
    def x(self) -> Array:
        """A copy of the input (T, B, I)."""
        ...

    @property
    def lengths(self) -> Array | None:
        """Where sequences end, int64 (B,)."""
        ...

    @property
    def parameters(self) -> Mapping[str, Array]:
        """Copies of the parameters, as they were."""
        ...

    @property
    def given(self) -> Sequence[Array]:
        """The arrays that the pass was given besides x, (T, B, H) each."""
        ...

    @property
    def output(self) -> Array:
        """The output (T, B, H)."""
        ...

    @property
    def final(self) -> Sequence[Array]:
        """The final states (B, H)."""
        ...

    @property
    def states(self) -> Sequence[Array]:
        """Each state over time (T+1, B, H), the initial one in slot 0."""
        ...

    def value(self, node: int) -> Array | None:
        """Return a value of the step over time (T, B, H) by node index, if the engine kept it."""
        ...


@dataclass(frozen=True)
class Gradients:
    """Gradients of one backward pass.

    Attributes
    ----------
    parameters : dict of str to array
        By the names of `CellDefinition.arrays`, shaped as the parameters.
    input : array (T, B, I) or None
    initial : tuple of array (B, H)
        Of the initial states.
    through_time : tuple of array (T+1, B, H) or None
        dL/ds_t of every state, on request.
    """

    parameters: dict[str, Array]
    input: Array | None
    initial: tuple[Array, ...]
    through_time: tuple[Array, ...] | None


class Engine(Protocol):
    """Runs one cell in one dtype.

    `parameters` are by the names of `CellDefinition.arrays`: weights (maps * H, columns), biases
    (maps * H,), vectors (H,), scalars (1,). `x` is (T, B, I), states (B, H); all of the engine's
    dtype. `infer`, `forward`, `checkpoint` and `backward` raise a ValueError or TypeError where an
    array is another (see `checking`); how it lies in memory does not matter.

    `lengths` (B,), int64 from 1 to T, says where sequences end, if they do before T: from there on
    outputs are 0 and states stay as they are, and x and dL/d output count for nothing, NaN
    included.

    `given` are the arrays (T, B, H) of `Equations.given`, in that order.
    """

    def is_cached(self, *, through_time: bool) -> bool:
        """Tell whether all kernels lie compiled on disk."""
        ...

    def prepare(self, *, through_time: bool) -> bool:
        """Compile or load all kernels; tell whether any had to be compiled."""
        ...

    def infer(
        self,
        parameters: Mapping[str, Array],
        x: Array,
        states: Sequence[Array],
        lengths: Array | None = None,
        given: Sequence[Array] = (),
    ) -> tuple[Array, tuple[Array, ...]]:
        """Return the output (T, B, H) and the final states, keeping nothing."""
        ...

    def forward(
        self,
        parameters: Mapping[str, Array],
        x: Array,
        states: Sequence[Array],
        lengths: Array | None = None,
        given: Sequence[Array] = (),
    ) -> Any:
        """Run the sequence and return a `Record` for `backward`."""
        ...

    def checkpoint(
        self,
        parameters: Mapping[str, Array],
        x: Array,
        states: Sequence[Array],
        every: int,
        lengths: Array | None = None,
        given: Sequence[Array] = (),
    ) -> Any:
        """Run the sequence and keep its states every so many steps, for `backward`."""
        ...

    def backward(
        self,
        record: Any,
        d_output: Array,
        d_states: Sequence[Array],
        *,
        through_time: bool = False,
        input_gradient: bool = True,
    ) -> Gradients:
        """Go back through time from dL/d output (T, B, H) and dL/d final states (B, H)."""
        ...
