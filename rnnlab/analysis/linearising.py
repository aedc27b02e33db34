"""Linearisation of a layer along sequences, from the derived backward step of its cell."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from rnnlab.analysis.analysable import require_analysable, state_names
from rnnlab.analysis.linearisation import Linearised, LinearisedStep, Local
from rnnlab.analysis.rounding import Rounding
from rnnlab.cells import CellDefinition
from rnnlab.engine import ReferenceEngine
from rnnlab.engine.protocol import Array
from rnnlab.equations import identity
from rnnlab.layers import Recurrent


def linearise(
    layer: Recurrent,
    x: Array,
    state: Sequence[Array] | None = None,
    *,
    last: int | None = None,
    rounding: Rounding | None = None,
) -> Linearised:
    """Linearise a layer along sequences.

    Parameters
    ----------
    layer : Recurrent
        In float64 and of one direction.
    x : array (T, B, I)
    state : tuple of (num_layers, B, H) arrays, optional
        The initial state, as for `layer.forward`.
    last : int, optional
        Number of steps at the end that are linearised; all by default.
    rounding : Rounding, optional
        Random errors in every operation: see `rnnlab.analysis.rounding`.

    Returns
    -------
    Linearised

    Raises
    ------
    ValueError
        If the layer is in float32 or bidirectional.

    Examples
    --------
    >>> import rnnlab
    >>> layer = rnnlab.LSTM(3, 8, dtype="float64", num_layers=2)
    >>> along = linearise(layer, np.zeros((5, 2, 3)))
    >>> along.names, along.size
    (('h_l0', 'c_l0', 'h_l1', 'c_l1'), 32)
    """
    require_analysable(layer)
    tape = layer.forward(x, state)
    steps, batch, _ = tape.output.shape
    first = 0 if last is None else max(steps - last, 0)
    read = np.asarray(x, layer.dtype)
    parts = []
    for number in range(layer.num_layers):
        over_time = list(tape.states(number).values())
        before = [values[first:-1] for values in over_time]
        parts.append(_linearise(layer, number, read[first:], before, rounding))
        read = over_time[0][1:]
    return Linearised(steps - first, batch, layer.hidden_size, state_names(layer), tuple(parts))


def twin_of(layer: Recurrent, x: Array) -> Callable[[], Linearised]:
    """Return a function that linearises with rounding errors, once: see `linearise`."""
    return functools.cache(lambda: linearise(layer, x, rounding=Rounding()))


def _linearise(
    layer: Recurrent,
    number: int,
    x: Array,
    before: Sequence[Array],
    rounding: Rounding | None,
) -> LinearisedStep:
    cell = layer.cell
    equations, derivation = cell.equations, cell.derivation
    parameters = {name: layer.parameters[f"{name}_l{number}"] for name in cell.arrays}
    with np.errstate(all="ignore"):  # where() computes both of its branches
        values = ReferenceEngine(cell, layer.dtype).step(parameters, x, before)
        used = values if rounding is None else rounding.evaluate_step(equations, values)
    wanted = {
        "on_state": derivation.state_gradients,
        "on_map": derivation.map_gradients,
        "within": derivation.output_gradients,
    }
    gradients = [node for nodes in wanted.values() for node in nodes]
    local: dict[str, Local] = {name: {} for name in wanted}
    seeds = (*derivation.state_seeds, *derivation.operand_seeds)
    for v, chosen in enumerate(seeds):
        one_hot = {seed.index: np.array(float(seed is chosen)) for seed in seeds}
        with np.errstate(all="ignore"):
            found = equations.evaluate(gradients, {**values, **one_hot})
            if rounding is not None:
                found = rounding.evaluate(gradients, {**used, **one_hot}, found)
        for name, nodes in wanted.items():
            for column, node in enumerate(nodes):
                value = np.asarray(found[node.index], np.float64)
                if value.any():
                    local[name][v, column] = np.broadcast_to(value, before[0].shape)
    weights = _matrices(cell, parameters, layer.hidden_size)
    return LinearisedStep(cell, weights, **local, rounded=rounding or identity)


def _matrices(
    cell: CellDefinition, parameters: dict[str, Array], units: int
) -> dict[tuple[int, int], Array]:
    """Return the block of a weight array that each product uses, by (map, place of operand)."""
    found = {}
    for m, node in enumerate(cell.equations.maps):
        for place, operand in enumerate(node.args):
            array = cell.arrays[cell.weight_name(cell.source_of(operand))]
            row = array.maps.index(m) * units
            found[m, place] = parameters[array.name][row : row + units]
    return found
