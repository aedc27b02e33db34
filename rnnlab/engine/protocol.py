"""Interfaces between engines and layers: inputs, records and gradients of a pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

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


class PassInputs(NamedTuple):
    """Arrays that a forward pass reads. All but `lengths` have the engine's dtype.

    How an array is laid out in memory does not matter.

    Attributes
    ----------
    parameters : mapping of str to array
        By the names of `CellDefinition.arrays`: weights (maps * H, columns), biases (maps * H,),
        vectors (H,), scalars (1,).
    x : array (T, B, I)
    states : sequence of array (B, H)
        Initial states, in the order of `CellDefinition.states`.
    lengths : int64 array (B,) or None
        Ends of the sequences, from 1 to T; None if every sequence ends at T. After its end the
        outputs of a sequence are 0 and its states keep their values; x and dL/d output are not
        used there and may be NaN.
    given : sequence of array (T, B, H)
        Arrays from outside, such as dropout masks, in the order of `Equations.given`.
    """

    parameters: Mapping[str, Array]
    x: Array
    states: Sequence[Array]
    lengths: Array | None = None
    given: Sequence[Array] = ()


@dataclass(frozen=True)
class Gradients:
    """Gradients of one backward pass.

    Attributes
    ----------
    parameters : dict of str to array
        By the names of `CellDefinition.arrays`, shaped as the parameters.
    input : array (T, B, I) or None
        dL/dx, if it was requested.
    initial : tuple of array (B, H)
        dL/d initial states.
    through_time : tuple of array (T+1, B, H) or None
        dL/ds_t of every state, if it was requested.
    """

    parameters: dict[str, Array]
    input: Array | None
    initial: tuple[Array, ...]
    through_time: tuple[Array, ...] | None


@dataclass(eq=False)  # not frozen: that would take 2 microseconds a pass
class Record(ABC):
    """Record of a forward pass, for the backward pass; it is not changed.

    Attributes
    ----------
    engine : Engine
        The engine that made the record and goes back over it.
    parameters : mapping of str to array
        Copies of the parameters.
    x : array (T, B, I)
        A copy of the input, 0 after each sequence's end.
    lengths : int64 array (B,) or None
        Ends of the sequences.
    given : tuple of array (T, B, H)
        Copies of the further arrays of `PassInputs.given`.
    """

    engine: Engine[Record]
    parameters: Mapping[str, Array]
    x: Array
    lengths: Array | None
    given: tuple[Array, ...]

    @property
    def cell(self) -> CellDefinition:
        """The cell that ran."""
        return self.engine.cell

    @property
    @abstractmethod
    def states(self) -> tuple[Array, ...]:
        """Each state over time (T+1, B, H), the initial one in slot 0."""

    @abstractmethod
    def value(self, node: int) -> Array | None:
        """Return a value of the step over time (T, B, H) by node index, None if it was not kept."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(T, B, H) of the output."""
        shape: tuple[int, ...] = self.output.shape
        return shape

    @property
    def output(self) -> Array:
        """The output (T, B, H)."""
        return blank_padding(self.states[0][1:], self.lengths)

    @property
    def final(self) -> tuple[Array, ...]:
        """The final states (B, H)."""
        return tuple(state[-1] for state in self.states)


RecordT = TypeVar("RecordT", bound="Record", covariant=True)


class Engine(Protocol[RecordT]):
    """Runs one cell in one dtype; generic in the record that its forward pass returns.

    `infer`, `forward`, `checkpoint` and `backward` raise a ValueError or a TypeError if an array
    does not have the shape and dtype that `PassInputs` requires (see `checking`).
    """

    @property
    def cell(self) -> CellDefinition:
        """The cell that the engine runs."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of all arrays but `lengths`."""
        ...

    def is_cached(self, *, through_time: bool) -> bool:
        """Return whether all kernels are compiled on disk."""
        ...

    def prepare(self, *, through_time: bool) -> bool:
        """Compile or load all kernels; return whether any was compiled."""
        ...

    def infer(self, inputs: PassInputs) -> tuple[Array, tuple[Array, ...]]:
        """Return the output (T, B, H) and the final states (B, H), keeping nothing."""
        ...

    def forward(self, inputs: PassInputs) -> RecordT:
        """Run the sequence and return its record, for `backward`."""
        ...

    def checkpoint(self, inputs: PassInputs, every: int) -> Record:
        """Run the sequence and keep its states about every so many steps, for `backward`."""
        ...

    def backward(
        self,
        record: Record,
        d_output: Array,
        d_states: Sequence[Array],
        *,
        through_time: bool = False,
        input_gradient: bool = True,
    ) -> Gradients:
        """Go back through time from dL/d output (T, B, H) and dL/d final states (B, H).

        The record must come from this engine, or from one of the same class and cell.
        """
        ...


#: Makes the engine of a cell in a dtype ("float32" or "float64"): what `engines` registers.
EngineFactory: TypeAlias = "Callable[[CellDefinition, str], Engine[Record]]"
