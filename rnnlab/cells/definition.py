"""Definition of a cell: its equations and all that is derived from them."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

from rnnlab.cells.fingerprint import fingerprint
from rnnlab.cells.layout import (
    ParameterArray,
    count_formula,
    find_sources,
    lay_out,
    stands_for,
    weight_name,
)
from rnnlab.equations import Derivation, Equations, Expression, derive


@dataclass(frozen=True, eq=False)
class CellDefinition:
    """A recurrent cell: its equations, and all that is derived from them.

    It is made by `@cell`. Calling it calls the function of the equations, on expressions or arrays.

    Attributes
    ----------
    name : str
        Name in registries and tables, such as "peephole-lstm".
    function : callable
        The equations as written.
    equations : Equations
        The graph of the equations.
    keep, write : str or None
        The gates that keep and that write the memory.
    paper : str
        Source of the equations: authors, year, title or journal, and equation numbers.
    differs : str
        Differences from the paper; empty if there are none.
    init : str
        The default initialisation of a layer of the cell.
    positive : tuple of str
        States that are above 0 from the first step on. An initial state other than zeros must be
        positive too.
    operand_sources : mapping of int to str, optional
        Result of `source_of` for each operand of a map, by index; derived unless given.
    made_by : tuple of callable and arguments, optional
        For a cell that was made from another: the call that makes it again, for pickle.
    """

    name: str
    function: Callable[..., Any]
    equations: Equations
    keep: str | None = None
    write: str | None = None
    paper: str = ""
    differs: str = ""
    init: str = "default"
    positive: tuple[str, ...] = ()
    operand_sources: Mapping[int, str] | None = None
    made_by: tuple[Callable[..., CellDefinition], tuple[Any, ...]] | None = None

    def __call__(self, *args: Any) -> Any:
        """Apply the function of the equations."""
        return self.function(*args)

    def __repr__(self) -> str:
        roles = {"keep": self.keep, "write": self.write}
        gates = "".join(f", {role}={gate!r}" for role, gate in roles.items() if gate)
        return f"<cell {self._call}{gates}, {self.parameter_formula} parameters>"

    def _repr_html_(self) -> str:
        """Return the view in a notebook: summary, equations, parameters."""
        about = {"Paper": self.paper, "Differs from the paper": self.differs}
        lines = [f"{title}: {escape(text)}<br>" for title, text in about.items() if text]
        rows = [
            f"<tr><td>{array.name}</td><td>{array.shape_text}</td>"
            f"<td>{' '.join(self.maps[position] for position in array.maps)}</td></tr>"
            for array in self.arrays.values()
        ]
        return (
            f"<p><b>{self._call}</b>: {escape(self.summary)}<br>{''.join(lines)}"
            f"{self.parameter_formula} parameters in I inputs and H units</p>"
            f"<pre>{escape(self.source)}</pre>"
            f"<table><tr><th>parameter</th><th>shape</th><th>gates</th></tr>{''.join(rows)}</table>"
        )

    @property
    def _call(self) -> str:
        return f"{self.name}({', '.join(('x', *self.states))})"

    def __copy__(self) -> CellDefinition:
        return self

    def __deepcopy__(self, memo: object) -> CellDefinition:
        return self  # it is immutable

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that identify the equations."""
        return fingerprint(self.equations, self.arrays.values())

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states; the first is the output."""
        return tuple(self.equations.states)

    @property
    def maps(self) -> tuple[str, ...]:
        """The name of each map in the order of appearance; names may repeat (the GRU's n)."""
        return tuple(node.payload.name for node in self.equations.maps)

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def source(self) -> str:
        """The equations as they were written; empty if their file cannot be read."""
        try:
            return textwrap.dedent(inspect.getsource(self.function))
        except (OSError, TypeError):  # typed at a prompt, or the file is gone
            return ""

    @property
    def parameter_formula(self) -> str:
        """How many numbers a layer of the cell learns, in I inputs and H units: 4H(I+H+1)."""
        return count_formula(self.arrays.values())

    @cached_property
    def derivation(self) -> Derivation:
        """The derived backward step."""
        return derive(self.equations, self.name.replace("-", "_"))

    @cached_property
    def arrays(self) -> dict[str, ParameterArray]:
        """The parameter arrays of one layer by name, in the order of `layer.parameters`."""
        return lay_out(self.equations, self.source_of)

    def source_of(self, operand: Expression) -> str:
        """Return the name in the weight array of an operand: "x", a state or a computed value.

        See `rnnlab.cells.layout.find_sources`.
        """
        return "x" if operand.op == "input" else self._sources[operand.index]

    def stands_for(self, operand: Expression) -> str:
        """Return "x" or the state that an operand is, or is computed in place of.

        A computed value counts as the output, unless it is the new value of another state.
        """
        return "x" if operand.op == "input" else stands_for(self.equations, operand)

    @cached_property
    def _sources(self) -> Mapping[int, str]:
        return self.operand_sources or find_sources(self.equations)

    def weight_name(self, source: str) -> str:
        """Return the name of the weight array of the maps on `source`."""
        return weight_name(source)

    def bias_of(self, map_name: str) -> tuple[str, int] | None:
        """Return array and block of the first bias of the gate `map_name`; None without a bias."""
        for array in self.arrays.values():
            if array.kind == "bias":
                for block, position in enumerate(array.maps):
                    if self.maps[position] == map_name:
                        return array.name, block
        return None
