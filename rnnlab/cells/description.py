"""Texts about a cell: summary, matrix products, parameters, direct paths."""

from __future__ import annotations

import re

from rnnlab.cells.definition import CellDefinition
from rnnlab.cells.layout import ParameterArray
from rnnlab.equations.expression import reachable
from rnnlab.equations.source import short_number


def about(cell: CellDefinition) -> str:
    """Return the cell's summary, with its paper if the summary has no year."""
    paper = cell.paper
    if not paper or re.search(r"\d{4}", cell.summary):
        return cell.summary
    return f"{cell.summary} [{paper}]".lstrip()


def recurrent_products(cell: CellDefinition) -> int:
    """Return how many matrix products of a step depend on the step before.

    Maps on the same value are one product; products on the input run before the time loop.

    Examples
    --------
    >>> from rnnlab.cells import lstm
    >>> recurrent_products(lstm)  # four gates, one product on h
    1
    """
    operands = {arg.index: arg for node in cell.equations.maps for arg in node.args}
    return sum(
        any(node.op == "state" for node in reachable([operand])) for operand in operands.values()
    )


def initial_text(cell: CellDefinition, array: ParameterArray) -> str:
    """Return the default initial value of a parameter, by block if blocks differ."""
    names = [cell.maps[position] for position in array.maps]
    init = cell.init
    if init != "default" and array.kind != "vector":  # the paper's recommendation
        return f"by init={init!r}, a block each for {' '.join(names)}"
    if array.kind == "weight":
        how = "Glorot uniform" if array.source == "x" else "orthogonal"
        return f"{how}, a block each for {' '.join(names)}"
    if array.kind == "bias":
        biases = [cell.equations.maps[position].payload.bias for position in array.maps]
        return ", ".join(f"{name} {_value(bias)}" for name, bias in zip(names, biases, strict=True))
    return _value(array.init)


def _value(init: object) -> str:
    return short_number(float(init)) if isinstance(init, (int, float)) else str(init)


def direct_path_texts(cell: CellDefinition) -> list[str]:
    """Return a line for each direct path, with the names of the derived step.

    Examples
    --------
    >>> from rnnlab.cells import gru
    >>> direct_path_texts(gru)
    ['dh_t/dh_{t-1} = z']
    """
    derivation = cell.derivation
    return [
        f"d{state}_t/d{before}_{{t-1}} = {derivation.write(path)}"
        for (state, before), path in derivation.direct_paths.items()
    ]


def parameter_rows(cell: CellDefinition) -> list[tuple[str, str, str]]:
    """Return name, shape and initial value of each parameter of a layer."""
    return [
        (f"{name}_l0", array.shape_text, initial_text(cell, array))
        for name, array in cell.arrays.items()
    ]
