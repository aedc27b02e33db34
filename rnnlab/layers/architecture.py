"""Architecture of a layer: its cell, its sizes, its directions, checked."""

from __future__ import annotations

import math
import uuid
from typing import Any, NamedTuple

import numpy as np

from rnnlab.cells import CellDefinition, find_cell
from rnnlab.engine import DEFAULT, EngineFactory, find_engine
from rnnlab.layers.regularisers import Regularisers
from rnnlab.layers.states import state_type
from rnnlab.layers.validation import check_dtype, check_flag, check_size


class Origin(NamedTuple):
    """Mark by which a tape is recognised: that of the layer it was made with.

    Attributes
    ----------
    architecture : tuple
        The equations of the cell, the sizes and the options.
    identity : bytes
        Drawn for each new layer; copies and pickles keep it.
    """

    architecture: tuple[Any, ...]
    identity: bytes


class Architecture:
    """All that decides a layer's parameters and their use, checked, without the parameters.

    Parameters
    ----------
    cell, input_size, hidden_size, **options
        As for `Recurrent`; `options` as in the attribute.

    Attributes
    ----------
    options : dict of str to Any
        Everything but the cell, the sizes and the engine, by the names of the parameters.

    Raises
    ------
    ValueError, TypeError
        For what cannot be, each with what must hold, what came and how to fix it.
    """

    def __init__(
        self,
        cell: str | CellDefinition,
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        bidirectional: bool = False,
        learn_initial_state: bool = False,
        regularisers: Regularisers | None = None,
        dtype: Any = "float32",
        batch_first: bool = False,
        engine: str | EngineFactory = DEFAULT,
    ) -> None:
        self.cell = find_cell(cell)
        self.input_size = check_size("input_size", input_size)
        self.hidden_size = check_size("hidden_size", hidden_size)
        self.num_layers = check_size("num_layers", num_layers)
        self.bidirectional = check_flag("bidirectional", bidirectional)
        self.learn_initial_state = check_flag("learn_initial_state", learn_initial_state)
        self.regularisers = _check_regularisers(regularisers)
        self.dtype = check_dtype(dtype)
        self.batch_first = check_flag("batch_first", batch_first)
        find_engine(engine)
        self.engine = engine

    @property
    def options(self) -> dict[str, Any]:
        """Everything but the cell, the sizes and the engine, which changes no parameter."""
        return {
            "num_layers": self.num_layers,
            "bidirectional": self.bidirectional,
            "learn_initial_state": self.learn_initial_state,
            "regularisers": self.regularisers,
            "dtype": self.dtype,
            "batch_first": self.batch_first,
        }

    def _new_origin(self) -> Origin:
        """Return the mark of a new layer."""
        sizes = (self.input_size, self.hidden_size, *self.options.values())
        return Origin((self.cell.fingerprint, *sizes), uuid.uuid4().bytes)

    def __repr__(self) -> str:
        shown = {"input_size": self.input_size, "hidden_size": self.hidden_size, **self.options}
        plain = {
            "num_layers": 1,
            "bidirectional": False,
            "learn_initial_state": False,
            "batch_first": False,
        }
        left_out = {name for name, value in plain.items() if shown[name] == value}
        if self.regularisers is None:
            left_out.add("regularisers")
        words = " ".join(f"{name}={value}" for name, value in shown.items() if name not in left_out)
        return f"<rnnlab.Recurrent {self.cell.name} {words}>"

    @property
    def parameter_count(self) -> int:
        """How many numbers the layer learns."""
        above = sum(map(self._count, self._above)) * (self.num_layers - 1)
        return self.directions * (self._count(self.input_size) + above)

    @property
    def bytes_needed(self) -> int:
        """Memory that the parameters need at least; each direction is drawn in float64."""
        drawn = max(map(self._count, (self.input_size, *self._above)))
        return self.parameter_count * np.dtype(self.dtype).itemsize + drawn * 8

    @property
    def _above(self) -> tuple[int, ...]:
        """The input size of the layers above the first, if there are any."""
        return (self.output_size,) if self.num_layers > 1 else ()

    def _count(self, inputs: int) -> int:
        """Return how many numbers one direction of one layer learns."""
        units, states = self.hidden_size, len(self.cell.states) * self.learn_initial_state
        shapes = (array.shape(inputs=inputs, units=units) for array in self.cell.arrays.values())
        return sum(map(math.prod, shapes)) + states * units

    @property
    def directions(self) -> int:
        """D, 1 or 2."""
        return 1 + self.bidirectional

    @property
    def output_size(self) -> int:
        """The last axis of the output: D*H."""
        return self.directions * self.hidden_size

    @property
    def state_type(self) -> Any:
        """The named tuple of the cell's states."""
        return state_type(self.cell.states)


def _check_regularisers(value: object) -> Regularisers | None:
    if value is None or isinstance(value, Regularisers):
        return value
    raise TypeError(
        f"regularisers must be rnnlab.Regularisers, got {type(value).__name__}: "
        "write regularisers=rnnlab.Regularisers(dropout=0.5)"
    )
