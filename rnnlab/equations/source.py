"""Python source of expressions, with the names of the cell's own variables."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Mapping, Sequence

from rnnlab.equations.expression import Expression, reachable
from rnnlab.equations.operation import ATOM, OPERATIONS, SIGNED
from rnnlab.equations.trace import Equations


class Names:
    """Names of nodes in source.

    `f` is the gate f, `a_f` its pre-activation, `c_prev` the state of the step before, `c` the new
    one, and `d_c_next` the gradient from the later steps.
    """

    def __init__(self, equations: Equations, step: str) -> None:
        self.step = step
        self._names: dict[int, str] = {}
        called = (one.name for one in OPERATIONS.values() if one.python is None)
        self._taken: set[str] = {*keyword.kwlist, "identity", *called}
        self.rename(equations.input, equations.input.payload)
        for name, node in equations.states.items():
            self.rename(node, f"{name}_prev")
        count: dict[str, int] = {}
        for node in equations.maps:
            count[node.payload.name] = count.get(node.payload.name, 0) + 1
        for node in equations.maps:
            name = f"a_{node.payload.name}"
            if count[node.payload.name] > 1:  # one gate, several maps: name what each sees
                name += "_" + "".join(
                    str(arg.payload) if arg.op in ("input", "state") else "v" for arg in node.args
                )
            self.rename(node, name)
        for node in equations.vectors:
            self.rename(node, node.payload.name)
        for name, node in equations.named.items():
            if not self.has(node):
                self.rename(node, name)
        for name, node in zip(equations.states, equations.outputs, strict=True):
            if not self.has(node):
                self.rename(node, name)
        for node in equations.graph.nodes:
            if node.op in ("seed", "given"):
                self.rename(node, node.payload)
            elif node.is_function and not self.has(node) and self.has(node.args[0]):
                self.rename(node, f"{node.op}_{self[node.args[0]]}")

    def has(self, node: Expression) -> bool:
        """Return whether the node has a name."""
        return node.index in self._names

    def is_taken(self, name: str) -> bool:
        """Return whether `name` is in use or not allowed."""
        return name in self._taken

    def __getitem__(self, node: Expression) -> str:
        return self._names[node.index]

    def rename(self, node: Expression, name: str) -> None:
        """Give `node` the name `name`, with underscores appended until it is unique."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        self._names[node.index] = name


def write_statements(
    outputs: Sequence[Expression],
    *,
    known: dict[int, str],
    names: Names,
    constant: Callable[[float], str] = repr,
) -> tuple[list[str], list[str]]:
    """Return the assignments that compute `outputs`.

    Parameters
    ----------
    outputs : sequence of Expression
        The nodes to compute.
    known : dict of int to str
        Variables that hold nodes already, by node index.
    names : Names
        Names of variables; unnamed values that are used twice become t0, t1, ...
    constant : callable
        From a number to its text.

    Returns
    -------
    statements : list of str
    results : list of str
        One expression per output, made of variables.
    """
    order = reachable(outputs, stop=known)
    uses: dict[int, int] = {}
    for node in order:
        if node.index not in known:
            for arg in node.args:
                uses[arg.index] = uses.get(arg.index, 0) + 1
    text: dict[int, tuple[str, int]] = {index: (name, ATOM) for index, name in known.items()}
    statements: list[str] = []
    temporaries = 0
    for node in order:
        if node.index in text:
            continue
        written, level = _write(node, text, constant)
        repeated = uses.get(node.index, 0) > 1 and node.op != "constant"
        if repeated or node.is_function or (names.has(node) and node.op != "constant"):
            if names.has(node):
                name = names[node]
            else:
                while names.is_taken(f"t{temporaries}"):
                    temporaries += 1
                name = f"t{temporaries}"
                temporaries += 1
            statements.append(f"{name} = {written}")
            text[node.index] = (name, ATOM)
        else:
            text[node.index] = (written, level)
    return statements, [text[node.index][0] for node in outputs]


def write_expression(node: Expression, *, known: Mapping[int, str]) -> str:
    """Return one expression as a line for people, in the variables of `known` (by node index).

    Brackets that only fix the order of rounding are left out. A value that is used twice is named
    and written at the end: `t * f + t * g, with t = ...`.
    """
    order = [inner for inner in reachable([node], stop=known) if inner.index not in known]
    uses = [arg.index for inner in order for arg in inner.args]
    text = {index: (name, ATOM) for index, name in known.items()}
    shared: list[str] = []
    for inner in order:
        written = _write(inner, text, short_number, people=True)
        if uses.count(inner.index) > 1 and inner.args:
            name = f"t{len(shared)}"
            shared.append(f"{name} = {written[0]}")
            written = name, ATOM
        text[inner.index] = written
    return text[node.index][0] + (f", with {', '.join(shared)}" if shared else "")


def short_number(value: float) -> str:
    """Return a number as people write it: 1 for 1.0.

    Examples
    --------
    >>> short_number(1.0), short_number(-0.5)
    ('1', '-0.5')
    """
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _write(
    node: Expression,
    text: dict[int, tuple[str, int]],
    constant: Callable[[float], str],
    people: bool = False,
) -> tuple[str, int]:
    """Return the text of a node and how tightly it holds together.

    The order of evaluation in the text is the graph's, unless it is for people to read: then sums
    and products may be regrouped.
    """
    if node.op == "constant":
        return constant(node.payload), ATOM if node.payload >= 0 else SIGNED
    operation = node.operation
    operands = [text[arg.index] for arg in node.args]
    return operation.python_form.fill(operands, regroup=people and operation.commutes)


def write_function(
    name: str,
    *,
    inputs: Iterable[Expression],
    outputs: Sequence[Expression],
    names: Names,
    output_names: Sequence[str] | None = None,
) -> str:
    """Return the source of a function from `inputs` to `outputs`."""
    known = {node.index: names[node] for node in inputs}
    statements, results = write_statements(outputs, known=known, names=names)
    if output_names is not None:
        for position, wanted in enumerate(output_names):
            if results[position] != wanted:
                statements.append(f"{wanted} = {results[position]}")
        results = list(output_names)
    body = "".join(f"    {line}\n" for line in statements)
    return f"def {name}({', '.join(known.values())}):\n{body}    return {', '.join(results)}\n"
