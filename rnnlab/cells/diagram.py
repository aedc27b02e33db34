"""Mermaid flowchart of a cell's data flow.

It is drawn from the equations alone: every value of the step is a box, every use of it an arrow. An
operation without a sign is drawn by its name.
"""

from __future__ import annotations

from collections.abc import Sequence

from rnnlab.cells.definition import CellDefinition
from rnnlab.cells.latex import is_second_bias
from rnnlab.equations import Expression
from rnnlab.equations.expression import reachable
from rnnlab.equations.source import short_number

_COLOURS = """\
    classDef input fill:#ffffff,stroke:#333333,color:#000000
    classDef state fill:#cfe8f7,stroke:#0072b2,color:#000000
    classDef product fill:#fbe3c8,stroke:#d55e00,color:#000000
    classDef gate fill:#cdeee3,stroke:#009e73,color:#000000
    classDef learned fill:#f6dfeb,stroke:#cc79a7,color:#000000
    classDef arithmetic fill:#f2f2f2,stroke:#666666,color:#000000"""


def flowchart(cell: CellDefinition) -> str:
    """Return the data flow of one step of a cell as Mermaid text.

    Parameters
    ----------
    cell : CellDefinition

    Returns
    -------
    str
        A flowchart from left to right. Rectangles are matrix products, hexagons the functions,
        circles arithmetic, rounded boxes states; dotted arrows go to the next step.

    Examples
    --------
    >>> from rnnlab.cells import rnn
    >>> print(flowchart(rnn).partition("    classDef")[0].rstrip())
    flowchart LR
        x(["x(t)"]):::input
        before_h(["h(t-1)"]):::state
        n2["W_h x + U_h h + b_h"]:::product
        n3{{"h = tanh"}}:::gate
        new_h(["h(t)"]):::state
        next_step(["step t+1"]):::input
        x --> n2
        before_h --> n2
        n2 --> n3
        n3 --> new_h
        new_h -. "h" .-> next_step
    """
    return "\n".join(["flowchart LR", *_Flow(cell).lines(), _COLOURS])


class _Flow:
    """Boxes and arrows of one cell."""

    def __init__(self, cell: CellDefinition) -> None:
        self.cell = cell
        equations = cell.equations
        self.ids = {equations.input.index: "x"}
        self.ids |= {node.index: f"before_{name}" for name, node in equations.states.items()}
        self.nodes = [
            node
            for node in reachable(equations.outputs)
            if node.index not in self.ids and node.op != "constant"
        ]
        self.ids |= {node.index: f"n{node.index}" for node in self.nodes}
        self.names = {node.index: name for name, node in reversed(equations.named.items())}

    def lines(self) -> list[str]:
        """Return the boxes, then the arrows, each in the order of evaluation."""
        equations = self.cell.equations
        used = {arg.index for node in self.nodes for arg in node.args}
        used |= {node.index for node in equations.outputs}
        boxes = [f'x(["{equations.input.payload}(t)"]):::input'] * (equations.input.index in used)
        boxes += [f'before_{name}(["{name}(t-1)"]):::state' for name in equations.states]
        boxes += [self._box(node) for node in self.nodes]
        boxes += [f'new_{name}(["{name}(t)"]):::state' for name in equations.states]
        boxes.append('next_step(["step t+1"]):::input')
        arrows = [arrow for node in self.nodes for arrow in self._arrows(node)]
        for name, node in zip(equations.states, equations.outputs, strict=True):
            source = self.ids.get(node.index)
            if source is not None:  # else the state is a number
                arrows.append(f"{source} --> new_{name}")
        # Not back to the states before: a cycle would draw the step in two halves.
        arrows += [f'new_{name} -. "{name}" .-> next_step' for name in equations.states]
        return [f"    {line}" for line in (*boxes, *arrows)]

    def _box(self, node: Expression) -> str:
        name = self.names.get(node.index, "")
        prefix = f"{name} = " if name else ""
        this = self.ids[node.index]
        if node.op == "linear":
            return f'{this}["{prefix}{self._product(node)}"]:::product'
        if not node.args:
            name = node.payload if node.op == "given" else node.payload.name
            return f'{this}[/"{name}"/]:::{"input" if node.op == "given" else "learned"}'
        if node.operation.sign:
            return f'{this}(("{prefix}{self._sign(node)}")):::arithmetic'
        return f'{this}{{{{"{prefix}{self._sign(node)}"}}}}:::gate'

    def _sign(self, node: Expression) -> str:
        """Return the text of an operation's box, with the numbers among its operands."""
        sign = node.operation.sign or node.op
        numbers = [short_number(arg.payload) if arg.is_constant() else "·" for arg in node.args]
        if set(numbers) == {"·"}:
            return sign
        if node.operation.sign and len(numbers) == 2:
            return f"{numbers[0]} {sign} {numbers[1]}"
        return f"{sign}({', '.join(numbers)})"

    def _product(self, node: Expression) -> str:
        gate = node.payload.name
        letters = {"x": "W", self.cell.states[0]: "U"}
        terms = []
        for operand in node.args:
            known = operand.op in ("input", "state")
            name = operand.payload if known else self.names.get(operand.index, "·")
            terms.append(f"{letters.get(self.cell.source_of(operand), 'V')}_{gate} {name}")
        if node.payload.bias is not None:
            terms.append(f"b_{'h' if is_second_bias(self.cell, node) else ''}{gate}")
        return " + ".join(terms)

    def _arrows(self, node: Expression) -> list[str]:
        """Return the arrows into a node: two for an operand that is used twice."""
        several = sum(not arg.is_constant() for arg in node.args) > 1
        labels: Sequence[str] = [""] * len(node.args)
        if several and node.op != "linear" and not node.operation.commutes:
            labels = node.operation.arrows or [str(k) for k, _ in enumerate(node.args, 1)]
        arrows = []
        for label, arg in zip(labels, node.args, strict=True):
            if not arg.is_constant():
                written = f'|"{label}"|' if label else ""
                arrows.append(f"{self.ids[arg.index]} -->{written} {self.ids[node.index]}")
        return arrows
