"""What a cell is, in words and formulas: its size, its parameters, its direct paths."""

from __future__ import annotations

import inspect
import math
import re
import textwrap

from rnnlab.cells.definition import CellDefinition
from rnnlab.cells.layout import ParameterArray
from rnnlab.equations.expression import reachable
from rnnlab.equations.source import short_number

# Sizes that no product of small numbers makes, so that a shape says where each axis comes from.
_INPUTS, _UNITS = 1_000_003, 10_007


def about(cell: CellDefinition) -> str:
    """Return the cell's summary, with its paper where the summary names no year."""
    paper = cell.paper
    if not paper or re.search(r"\d{4}", cell.summary):
        return cell.summary
    return f"{cell.summary} [{paper}]".lstrip()


def parameter_formula(cell: CellDefinition) -> str:
    """Return how many numbers a layer of the cell learns, in I inputs and H units.

    Examples
    --------
    >>> from rnnlab.cells import gru, lstm
    >>> parameter_formula(lstm), parameter_formula(gru)
    ('4H(I+H+1)', 'H(3I+3H+4)')
    """

    def count(inputs: int, units: int) -> int:
        shapes = [array.shape(inputs=inputs, units=units) for array in cell.arrays.values()]
        return sum(math.prod(shape) for shape in shapes)

    # The count is fixed + HI * by_input + HH * by_unit + H * single: four values tell all four.
    fixed = count(0, 0)
    by_unit = (count(0, 2) - 2 * count(0, 1) + fixed) // 2
    single = count(0, 1) - fixed - by_unit
    by_input = count(1, 1) - count(0, 1)
    factor = math.gcd(by_input, by_unit, single)
    terms = [
        (str(number // factor) if number > factor or not letter else "") + letter
        for number, letter in ((by_input, "I"), (by_unit, "H"), (single, ""))
        if number
    ]
    inside = "+".join(terms)
    product = f"{factor if factor > 1 else ''}H({inside})"
    return f"{product}+{fixed}" if fixed else product


def recurrent_products(cell: CellDefinition) -> int:
    """Return how many matrix products of a step lie on the recurrent path.

    Maps on the same value are one product; those on the input alone run ahead of the time loop.

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


def shape_text(array: ParameterArray) -> str:
    """Return the shape of a parameter in I and H, such as (4H, I)."""

    def axis(size: int) -> str:
        if size == _INPUTS:
            return "I"
        if size % _UNITS == 0:
            return f"{size // _UNITS if size > _UNITS else ''}H"
        return str(size)

    axes = [axis(size) for size in array.shape(inputs=_INPUTS, units=_UNITS)]
    return f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"


def initial_text(cell: CellDefinition, array: ParameterArray) -> str:
    """Return what a parameter starts at by default, block by block where blocks differ."""
    names = [cell.maps[position] for position in array.maps]
    init = cell.init
    if init != "default" and array.kind != "vector":  # what its paper recommends
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


def source_text(cell: CellDefinition) -> str:
    """Return the equations as they were written; empty where their file cannot be read."""
    try:
        return textwrap.dedent(inspect.getsource(cell.function))
    except (OSError, TypeError):  # typed at a prompt, or the file is gone
        return ""


def direct_path_texts(cell: CellDefinition) -> list[str]:
    """Return every direct path as a line, with the names of the derived step.

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
        (f"{name}_l0", shape_text(array), initial_text(cell, array))
        for name, array in cell.arrays.items()
    ]
