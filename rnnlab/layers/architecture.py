"""Architecture of a layer: its cell, sizes and options, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from rnnlab.cells import CellDefinition
from rnnlab.engine import DEFAULT, EngineFactory, find_engine
from rnnlab.layers.regularisers import Regularisers
from rnnlab.layers.states import state_type
from rnnlab.layers.validation import check_dtype, check_flag, check_size


@dataclass(frozen=True)
class Architecture:
    """What determines a layer's parameters and their use, without the parameters themselves.

    The fields are arguments of `Recurrent` of the same names; `options` are all of them but the
    cell, the two sizes and the engine, which changes no parameter.

    Raises
    ------
    ValueError, TypeError
        If a field has no valid value.

    Examples
    --------
    >>> from rnnlab.registry import cells
    >>> architecture = Architecture(cells["gru"], 3, 8, num_layers=2)
    >>> print(architecture, "with", architecture.parameter_count, "parameters")
    gru input_size=3 hidden_size=8 num_layers=2 with 712 parameters
    """

    cell: CellDefinition
    input_size: int
    hidden_size: int
    num_layers: int = 1
    bidirectional: bool = False
    learn_initial_state: bool = False
    regularisers: Regularisers | None = None
    dtype: str = "float32"
    batch_first: bool = False
    engine: str | EngineFactory = field(default=DEFAULT, compare=False)

    def __post_init__(self) -> None:
        checked: dict[str, Any] = {
            name: check_size(name, getattr(self, name))
            for name in ("input_size", "hidden_size", "num_layers")
        }
        for name in ("bidirectional", "learn_initial_state", "batch_first"):
            checked[name] = check_flag(name, getattr(self, name))
        checked["dtype"] = check_dtype(self.dtype)
        find_engine(self.engine)
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if not isinstance(self.regularisers, Regularisers | None):
            raise TypeError(
                f"regularisers must be rnnlab.Regularisers, got {type(self.regularisers).__name__}:"
                " write regularisers=rnnlab.Regularisers(dropout=0.5)"
            )

    def __str__(self) -> str:
        sizes = {"input_size": self.input_size, "hidden_size": self.hidden_size}
        defaults = {field.name: field.default for field in fields(self)}
        changed = {name: v for name, v in self.options.items() if v != defaults[name]}
        return " ".join([self.cell.name, *(f"{k}={v}" for k, v in (sizes | changed).items())])

    @property
    def options(self) -> dict[str, Any]:
        """Every field but the cell, the sizes and the engine."""
        return {field.name: getattr(self, field.name) for field in fields(self)[3:-1]}

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for two layers that compute the same function of their parameters and input."""
        sizes = (self.input_size, self.hidden_size)
        return (self.cell.fingerprint, *sizes, *self.options.values())

    @property
    def directions(self) -> int:
        """D, 1 or 2."""
        return 1 + self.bidirectional

    @property
    def output_size(self) -> int:
        """Size of the last axis of the output, D*H."""
        return self.directions * self.hidden_size

    @property
    def state_type(self) -> Any:
        """Named tuple of the cell's states."""
        return state_type(self.cell.states)

    @property
    def parameter_count(self) -> int:
        """Number of learned numbers."""
        above = sum(map(self._count, self._above)) * (self.num_layers - 1)
        return self.directions * (self._count(self.input_size) + above)

    @property
    def bytes_needed(self) -> int:
        """Least memory for the parameters; each direction is drawn in float64."""
        drawn = max(map(self._count, (self.input_size, *self._above)))
        return self.parameter_count * np.dtype(self.dtype).itemsize + drawn * 8

    @property
    def _above(self) -> tuple[int, ...]:
        """Input size of the layers above the first, if there are any."""
        return (self.output_size,) if self.num_layers > 1 else ()

    def _count(self, inputs: int) -> int:
        """Return the number of parameters of one direction of one layer."""
        units, states = self.hidden_size, len(self.cell.states) * self.learn_initial_state
        shapes = (array.shape(inputs=inputs, units=units) for array in self.cell.arrays.values())
        return sum(map(math.prod, shapes)) + states * units
