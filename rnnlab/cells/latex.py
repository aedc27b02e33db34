r"""LaTeX of a cell's equations.

W is a matrix on x, U a matrix on the output or on a value computed in its place, V a matrix on
another state or computed value. An operation without a LaTeX form of its own is set by its name, in
\operatorname.
"""

from __future__ import annotations

from rnnlab.cells.definition import CellDefinition
from rnnlab.equations import Expression
from rnnlab.equations.expression import reachable
from rnnlab.equations.operation import ATOM, LOOSE, PRODUCT, SUM
from rnnlab.equations.source import short_number

_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
    "omega",
)


def typeset(cell: CellDefinition) -> str:
    r"""Return the equations of a cell as a LaTeX `aligned` environment.

    Parameters
    ----------
    cell : CellDefinition

    Returns
    -------
    str
        Text to be put between `\[` and `\]`; needs amsmath. One line per named value and new state,
        in the order of evaluation.

    Examples
    --------
    >>> from rnnlab.cells import rnn
    >>> print(typeset(rnn))
    \begin{aligned}
    h_{t} &= \tanh(W_{h} x_{t} + U_{h} h_{t-1} + b_{h})
    \end{aligned}
    """
    writer = _Writer(cell)
    lines = [f"{left} &= {right}" for left, right in writer.lines()]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def symbol(name: str, *time: str) -> str:
    r"""Return a variable's name as a symbol, with its index of time.

    Examples
    --------
    >>> symbol("f", "t"), symbol("p_i"), symbol("h_new", "t"), symbol("alpha"), symbol("gate")
    ('f_{t}', 'p_{i}', 'h_{\\mathrm{new},t}', '\\alpha', '\\mathrm{gate}')
    """
    head, _, below = name.strip("_").partition("_")
    letters = head.rstrip("0123456789")
    numbers = head[len(letters) :]
    subscripts = [numbers, *(_word(part) for part in below.split("_")), *time]
    subscript = ",".join(part for part in subscripts if part)
    return _word(letters) + (f"_{{{subscript}}}" if subscript else "")


def is_second_bias(cell: CellDefinition, node: Expression) -> bool:
    """Return whether a map's bias is the second one of its gate (the GRU's b_hn)."""
    twins = [
        other
        for other in cell.equations.maps
        if other.payload.name == node.payload.name and other.payload.bias is not None
    ]
    return len(twins) > 1 and all(arg.op != "input" for arg in node.args)


def _word(word: str) -> str:
    if word in _GREEK:
        return f"\\{word}"
    return word if len(word) < 2 or word.isdigit() else rf"\mathrm{{{word}}}"


class _Writer:
    """LaTeX of the nodes of one cell; named ones are written as symbols."""

    def __init__(self, cell: CellDefinition) -> None:
        self.cell = cell
        equations = cell.equations
        others = {array.source for array in cell.arrays.values()} - {None, "x", cell.states[0]}
        self._several_others = len(cell.states) > 2 or len(others) > 1
        self.symbols = {equations.input.index: symbol(str(equations.input.payload), "t")}
        for name, node in equations.states.items():
            self.symbols[node.index] = symbol(name, "t-1")
        self.defined: dict[int, Expression] = {}
        for name, node in zip(equations.states, equations.outputs, strict=True):
            # a state that is returned unchanged, or twice, gets a line of its own at the end
            if node.index not in self.symbols and not self._is_gate(node):
                self._define(node, symbol(name, "t"))
        used = {node.index for node in reachable((*equations.outputs, *equations.maps))}
        for name, node in equations.named.items():
            if node.index in used and node.index not in self.symbols:
                # a variable that has a state's name but is not its new value
                stem = rf"\tilde{{{symbol(name)}}}_{{t}}" if name in equations.states else ""
                self._define(node, stem or symbol(name, "t"))

    def _is_gate(self, node: Expression) -> bool:
        return any(node is gate for gate in self.cell.equations.gates.values())

    def _define(self, node: Expression, text: str) -> None:
        self.symbols[node.index] = text
        self.defined[node.index] = node

    def lines(self) -> list[tuple[str, str]]:
        """Return the left and right side of each equation, in the order of evaluation."""
        lines = [
            (self.symbols[index], self._formula(self.defined[index])[0])
            for index in sorted(self.defined)
        ]
        known = {left for left, _ in lines}
        equations = self.cell.equations
        for name, node in zip(equations.states, equations.outputs, strict=True):
            if symbol(name, "t") not in known:
                lines.append((symbol(name, "t"), self._write(node)[0]))
        return lines

    def _write(self, node: Expression) -> tuple[str, int]:
        """Return the text of an operand: its symbol, if it has one, or its formula."""
        if node.index in self.symbols:
            return self.symbols[node.index], ATOM
        return self._formula(node)

    def _formula(self, node: Expression) -> tuple[str, int]:
        """Return the formula of a node and how tightly it holds together."""
        if node.op == "constant":
            return short_number(node.payload), ATOM if node.payload >= 0 else LOOSE
        if node.op == "linear":
            return self._linear(node)
        if node.op == "vector":
            return symbol(node.payload.name), ATOM
        if node.op == "given":
            return symbol(node.payload, "t"), ATOM
        operation, operands = node.operation, node.args
        form = operation.latex_form
        if operation.latex_of_number and any(arg.is_constant() for arg in operands):
            form = operation.latex_of_number
            operands = tuple(sorted(operands, key=lambda arg: not arg.is_constant()))
        return form.fill([self._write(arg) for arg in operands])

    def _linear(self, node: Expression) -> tuple[str, int]:
        name = symbol(node.payload.name)
        terms = []
        for operand in node.args:
            source = self.cell.source_of(operand)
            letter = {"x": "W", self.cell.states[0]: "U"}.get(source, "V")
            if letter == "V" and self._several_others:
                letter = f"V^{{({symbol(source)})}}"
            text, level = self._write(operand)
            terms.append(f"{letter}_{{{name}}} " + (text if level == ATOM else f"({text})"))
        if node.payload.bias is not None:
            terms.append(f"b_{{{'h' if is_second_bias(self.cell, node) else ''}{name}}}")
        return " + ".join(terms), SUM if len(terms) > 1 else PRODUCT
