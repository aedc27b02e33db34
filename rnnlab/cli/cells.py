"""The command `rnnlab cells`: list the cells, show one, run one sequence through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rnnlab.cli.errors import user_errors
from rnnlab.cli.groups import Commands
from rnnlab.cli.output import heading, print_registry, print_rows, say, vector_text

if TYPE_CHECKING:
    from rnnlab.analysis import Walk
    from rnnlab.cells import CellDefinition


@click.group(cls=Commands, invoke_without_command=True, short_help="List the cells, or show one.")
@click.pass_context
def cells(context: click.Context) -> None:
    """List the cells: name, states, the gate that keeps the memory, parameters, products per step.

    Parameters are counted in I inputs and H units. The products are the matrix products that depend
    on the step before. Cells of installed packages (entry points of the group rnnlab.cells) are
    listed too. A cell of your own is given as FILE.py:NAME, in every command that takes a cell.
    """
    if context.invoked_subcommand is None:
        _list()


def _list() -> None:
    from rnnlab.cells.description import about, recurrent_products
    from rnnlab.registry import cells as known

    def row(name: str, cell: CellDefinition) -> tuple[str, ...]:
        states, products = ", ".join(cell.states), str(recurrent_products(cell))
        return name, states, cell.keep or "-", cell.parameter_formula, products, about(cell)

    headers = ("cell", "states", "keep gate", "parameters", "products", "description")
    print_registry(known, headers, row)


@cells.command(short_help="Show one cell.")
@click.argument("name", metavar="NAME|FILE.py:NAME")
@click.option("--latex", is_flag=True, help="Print only the equations in LaTeX, for a paper.")
@click.option("--diagram", is_flag=True, help="Print only the data flow as Mermaid text.")
def show(name: str, latex: bool, diagram: bool) -> None:
    """Show a cell: equations, derived steps, parameters and direct paths.

    The steps are those of one unit: a_f is the pre-activation of the gate f (the result of the
    matrix products), c_prev the state of the step before, d_c the gradient dL/dc. A direct path is
    the derivative of a state by a state of the step before along all paths without a matrix; it
    decides how far a gradient reaches back.
    """
    from rnnlab.cells import find_cell

    with user_errors():
        cell = find_cell(name)
        if latex and diagram:
            raise ValueError("--latex and --diagram must not be given together: choose one")
    if latex:
        from rnnlab.cells.latex import typeset

        say(typeset(cell))
    elif diagram:
        from rnnlab.cells.diagram import flowchart

        say(flowchart(cell))
    else:
        _show(cell)


def _show(cell: CellDefinition) -> None:
    from rnnlab.cells.description import (
        about,
        direct_path_texts,
        parameter_rows,
        recurrent_products,
    )

    products = recurrent_products(cell)
    say(f"{cell.name}: {about(cell)}")
    for label, attribute in (("Paper", "paper"), ("Differs from the paper", "differs")):
        if text := getattr(cell, attribute, ""):
            say(f"{label}: {text}")
    heading("Equations")
    say(cell.source.rstrip() or "(their file cannot be read)")
    heading("Forward step, derived")
    say(cell.derivation.forward_source().rstrip())
    heading("Backward step, derived")
    say(cell.derivation.backward_source().rstrip())
    heading(
        f"Parameters in I inputs and H units: {cell.parameter_formula}, "
        f"{products} matrix product{'s' if products != 1 else ''} a step"
    )
    print_rows(("name", "shape", "initial value"), parameter_rows(cell), title=False)
    heading("Direct paths, without a matrix")
    say("\n".join(direct_path_texts(cell)) or "none: every path has a matrix")


@cells.command(short_help="Run one sequence through a cell, step by step.")
@click.argument("name", metavar="NAME|FILE.py:NAME")
@click.option("--text", metavar="WORDS", help="Words as the inputs, instead of random numbers.")
@click.option("--steps", type=click.IntRange(1), metavar="N", help="Time steps.  [default: 3]")
@click.option(
    "--inputs",
    type=click.IntRange(1),
    metavar="N",
    help="Input size I. With --text, words are random vectors of this size and not one-hot.  "
    "[default: 3]",
)
@click.option(
    "--hidden",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    metavar="N",
    help="Units H.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of the parameters and of random inputs.",
)
def trace(
    name: str, text: str | None, steps: int | None, inputs: int | None, hidden: int, seed: int
) -> None:
    """Run one sequence through a cell and print every gate, candidate and state of each step.

    The parameters are initialised as for training, and the states are 0 at first. Without --text
    the inputs are standard normal; with --text each distinct word is one-hot, or with --inputs a
    random vector.
    """
    from rnnlab.analysis import random_inputs, walk, words_as_inputs
    from rnnlab.capacity import check_memory
    from rnnlab.cells import find_cell
    from rnnlab.engine.sizes import check_pass

    with user_errors():
        cell = find_cell(name)
        if text is None:
            check_memory("the inputs", 8 * (steps or 3) * (inputs or 3))
            sequence = random_inputs(steps or 3, inputs or 3, seed)
        else:
            if steps is not None:
                raise ValueError(
                    f"--steps must not be given with --text, got {steps}: each word is a step"
                )
            sequence = words_as_inputs(text, inputs, seed)
        check_pass(
            cell,
            steps=len(sequence.vectors),
            batch=1,
            inputs=sequence.vectors.shape[1],
            hidden=hidden,
            bytes_each=8,
        )
    _print_walk(walk(cell, sequence, hidden, seed))


def _print_walk(taken: Walk) -> None:
    layer, inputs = taken.layer, taken.inputs
    cell, size, units = layer.cell, layer.input_size, layer.hidden_size
    count = f"{len(taken.steps)} step{'s' if len(taken.steps) > 1 else ''}"
    say(f"{cell.name}: {count} of {inputs.origin}; I = {size}, H = {units}")
    say(f"  {cell.equations.input.payload} (I,) = ({size},)")
    say(f"  {', '.join(cell.states)} (H,) = ({units},), 0 before the first step")
    for name, array in layer.parameters.items():
        say(f"  {name} {array.shape}{_blocks(cell, name, size, units)}")
    for number, (label, values) in enumerate(zip(inputs.labels, taken.steps, strict=True), 1):
        heading(f"step {number}" + (f": {label}" if label else ""))
        rows = [(name, str(value.shape), vector_text(value)) for name, value in values.items()]
        print_rows(
            ("value", "shape", "numbers"), [("  " + a, b, c) for a, b, c in rows], title=False
        )


def _blocks(cell: CellDefinition, name: str, size: int, units: int) -> str:
    """Return which gates are stacked in a parameter, and the shape of each one's block."""
    array = cell.arrays[name.removesuffix("_l0")]
    if not array.maps:
        return ""
    axes = {"weight": f"(H, I) = ({units}, {size})" if array.source == "x" else "(H, H)"}
    gates = ", ".join(cell.maps[position] for position in array.maps)
    return f": {gates}, each {axes.get(array.kind, '(H,)')}"
