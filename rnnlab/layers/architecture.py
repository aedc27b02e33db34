"""What a layer is made with: its cell, its sizes, how directions are put together."""

from __future__ import annotations

from typing import Any

from rnnlab.cells import CellDefinition, find_cell
from rnnlab.layers.regularisers import Regularisers
from rnnlab.layers.states import state_type
from rnnlab.layers.validation import check_dtype, check_flag, check_size


class Architecture:
    """All that decides a layer's parameters and their use, checked, without the parameters.

    Parameters
    ----------
    cell, input_size, hidden_size, **options
        As for `Recurrent`; `options` as in the attribute.

    Attributes
    ----------
    options : dict of str to Any
        Everything but the cell and the sizes, by the names of the parameters.

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

    @property
    def options(self) -> dict[str, Any]:
        """Everything but the cell and the sizes."""
        return {
            "num_layers": self.num_layers,
            "bidirectional": self.bidirectional,
            "learn_initial_state": self.learn_initial_state,
            "regularisers": self.regularisers,
            "dtype": self.dtype,
            "batch_first": self.batch_first,
        }

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
