"""Expressions as readable Python: names from the cell's own variables, brackets where needed."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Mapping, Sequence

from rnnlab.equations.expression import Expression, reachable
from rnnlab.equations.functions import ELEMENTWISE, FUNCTIONS
from rnnlab.equations.trace import Equations

_BINARY = {
    "greater": (" > ", 0),
    "add": (" + ", 1),
    "subtract": (" - ", 1),
    "multiply": (" * ", 2),
    "divide": (" / ", 2),
}
_UNARY, _ATOM = 3, 4


class Names:
    """What nodes are called in source.

    `f` is the gate f, `a_f` its pre-activation, `c_prev` the state before, `c` the new one, and
    `d_c_next` what arrives from later steps.
    """

    def __init__(self, equations: Equations, step: str) -> None:
        self.step = step
        self._names: dict[int, str] = {}
        self._taken: set[str] = {*keyword.kwlist, *ELEMENTWISE, *FUNCTIONS}
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
            elif node.op in ELEMENTWISE and not self.has(node) and self.has(node.args[0]):
                self.rename(node, f"{node.op}_{self[node.args[0]]}")

    def has(self, node: Expression) -> bool:
        """Tell whether the node has a name of its own."""
        return node.index in self._names

    def is_taken(self, name: str) -> bool:
        """Tell whether something is called `name`, or nothing can be."""
        return name in self._taken

    def __getitem__(self, node: Expression) -> str:
        return self._names[node.index]

    def rename(self, node: Expression, name: str) -> None:
        """Call `node` by `name`, with underscores added until nothing else is called so."""
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
    """Write the assignments that compute `outputs`.

    Parameters
    ----------
    outputs : sequence of Expression
        What is wanted.
    known : dict of int to str
        The variables that hold nodes already, by node index.
    names : Names
        Variables are named after these; other values that are used twice become t0, t1, ...
    constant : callable
        How a number is written.

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
    text: dict[int, tuple[str, int]] = {index: (name, _ATOM) for index, name in known.items()}
    statements: list[str] = []
    temporaries = 0
    for node in order:
        if node.index in text:
            continue
        written, level = _write(node, text, constant)
        repeated = uses.get(node.index, 0) > 1 and node.op != "constant"
        if repeated or node.op in ELEMENTWISE or (names.has(node) and node.op != "constant"):
            if names.has(node):
                name = names[node]
            else:
                while names.is_taken(f"t{temporaries}"):
                    temporaries += 1
                name = f"t{temporaries}"
                temporaries += 1
            statements.append(f"{name} = {written}")
            text[node.index] = (name, _ATOM)
        else:
            text[node.index] = (written, level)
    return statements, [text[node.index][0] for node in outputs]


def write_expression(node: Expression, *, known: Mapping[int, str]) -> str:
    """Write one expression on one line, in the variables of `known` (by node index).

    For people: without the brackets that only fix the order of rounding. What is used twice is
    written behind: `t * f + t * g, with t = ...`.
    """
    order = [inner for inner in reachable([node], stop=known) if inner.index not in known]
    uses = [arg.index for inner in order for arg in inner.args]
    text = {index: (name, _ATOM) for index, name in known.items()}
    shared: list[str] = []
    for inner in order:
        written = _write(inner, text, short_number, associative=True)
        if uses.count(inner.index) > 1 and inner.args:
            name = f"t{len(shared)}"
            shared.append(f"{name} = {written[0]}")
            written = name, _ATOM
        text[inner.index] = written
    return text[node.index][0] + (f", with {', '.join(shared)}" if shared else "")


def short_number(value: float) -> str:
    """Write a number as people do: 1 for 1.0.

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
    associative: bool = False,
) -> tuple[str, int]:
    if node.op == "constant":
        return constant(node.payload), _ATOM if node.payload >= 0 else _UNARY
    if node.op in _BINARY:
        symbol, level = _BINARY[node.op]
        left, right = (text[arg.index] for arg in node.args)
        # - and / do not associate; equal levels on the right are bracketed throughout, so that
        # the order of evaluation is the graph's, unless sums and products may be regrouped.
        bare = level + 1 if not associative or node.op not in ("add", "multiply") else level
        a = left[0] if left[1] >= max(level, 1) else f"({left[0]})"
        b = right[0] if right[1] >= bare else f"({right[0]})"
        return f"{a}{symbol}{b}", level
    args = [text[arg.index] for arg in node.args]
    if node.op == "negative":
        return f"-{args[0][0] if args[0][1] >= _UNARY else f'({args[0][0]})'}", _UNARY
    return f"{node.op}({', '.join(arg[0] for arg in args)})", _ATOM


def write_function(
    name: str,
    *,
    inputs: Iterable[Expression],
    outputs: Sequence[Expression],
    names: Names,
    output_names: Sequence[str] | None = None,
) -> str:
    """Write a whole function from `inputs` to `outputs`."""
    known = {node.index: names[node] for node in inputs}
    statements, results = write_statements(outputs, known=known, names=names)
    if output_names is not None:
        for position, wanted in enumerate(output_names):
            if results[position] != wanted:
                statements.append(f"{wanted} = {results[position]}")
        results = list(output_names)
    body = "".join(f"    {line}\n" for line in statements)
    return f"def {name}({', '.join(known.values())}):\n{body}    return {', '.join(results)}\n"
