"""`rnnlab cells`: what there is to compare, what a cell is, and one sequence through it."""

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
    """List the cells: name, states, the gate that keeps the memory, parameters, products a step.

    Parameters are counted in I inputs and H units. The products are the matrix products that each
    time step has to wait for. Cells of installed packages (entry points of the group rnnlab.cells)
    are listed too. A cell of your own is named FILE.py:NAME wherever a cell is asked for.
    """
    if context.invoked_subcommand is None:
        _list()


def _list() -> None:
    from rnnlab.cells.description import about, recurrent_products
    from rnnlab.registry import cells as known

    def row(name: str, cell: CellDefinition) -> tuple[str, ...]:
        states, products = ", ".join(cell.states), str(recurrent_products(cell))
        return name, states, cell.keep or "-", cell.parameter_formula, products, about(cell)

    headers = ("cell", "states", "keeps with", "parameters", "products", "what it is")
    print_registry(known, headers, row)


@cells.command(short_help="Show what a cell is.")
@click.argument("name", metavar="NAME|FILE.py:NAME")
@click.option("--latex", is_flag=True, help="The equations typeset for a paper, and nothing else.")
@click.option("--diagram", is_flag=True, help="The data flow as Mermaid text, and nothing else.")
def show(name: str, latex: bool, diagram: bool) -> None:
    """Show a cell: equations, derived steps, parameters and direct paths.

    The steps work unit by unit: a_f is what the products deliver to the gate f, c_prev the state
    before, d_c the gradient dL/dc. A direct path is the derivative of a state by a state of the
    step before along all paths that pass no matrix: what holds a gradient up over many steps.
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
    print_rows(("name", "shape", "starts at"), parameter_rows(cell), title=False)
    heading("Direct paths, past every matrix")
    say("\n".join(direct_path_texts(cell)) or "none: every path passes a matrix")


@cells.command(short_help="Walk one sequence through a cell.")
@click.argument("name", metavar="NAME|FILE.py:NAME")
@click.option("--text", metavar="WORDS", help="Words to walk through instead of random numbers.")
@click.option("--steps", type=click.IntRange(1), metavar="N", help="Time steps.  [default: 3]")
@click.option(
    "--inputs",
    type=click.IntRange(1),
    metavar="N",
    help="Input size I. With --text: words become random vectors of this size, not one-hot.  "
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
    help="Of the parameters and of random inputs.",
)
def trace(
    name: str, text: str | None, steps: int | None, inputs: int | None, hidden: int, seed: int
) -> None:
    """Walk one sequence through a cell, printing every gate, candidate and state, step by step.

    The parameters are drawn as for training and the states start at 0. Without --text the inputs
    are standard normal; with it each distinct word is one-hot, or a random vector with --inputs.
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
    """Say which gates share a parameter, and the shape of what each has of it."""
    array = cell.arrays[name.removesuffix("_l0")]
    if not array.maps:
        return ""
    axes = {"weight": f"(H, I) = ({units}, {size})" if array.source == "x" else "(H, H)"}
    gates = ", ".join(cell.maps[position] for position in array.maps)
    return f": {gates}, each {axes.get(array.kind, '(H,)')}"
