"""A recurrent layer along one sequence, linearised: what a small change of a state does next.

A cell's step is pointwise but for its products, so that its derivative is made of two things: the
local derivatives, one number per unit, and the learned matrices. The first come from the derived
backward step, evaluated at the states that the layer went through; the second are parameters. Every
Jacobian and every gradient of `rnnlab.analysis` is put together from them, whatever the cell.

With `v` the ends of the pointwise part (the new states, then the computed operands of products) and
`a_m` what the products deliver::

    dv = sum_j  on_state[v, j] ds_j  +  sum_m  on_map[v, m] da_m        (per unit)
    da_m = sum over operands o of m of  W[m, o] do                      (matrices)

Leaving matrices out of the second line leaves paths out: that is how paths are told apart.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnnlab.analysis.rounding import Rounding
from rnnlab.cells import CellDefinition
from rnnlab.engine import ReferenceEngine
from rnnlab.engine.protocol import Array
from rnnlab.equations import identity
from rnnlab.layers import Recurrent

#: Which paths count: "all"; "cut", those that pass no matrix on h, as if h were detached there
#: (Arpit et al. 2018, arXiv 1810.03023); "direct", those that pass no matrix at all.
Paths = Literal["all", "cut", "direct"]
Local = dict[tuple[int, int], Array]


@dataclass(frozen=True)
class LinearisedStep:
    """One layer of a stack along a sequence.

    Attributes
    ----------
    cell : CellDefinition
    weights : dict of (int, int) to array
        The matrix of map m on its operand at place p, (H, H) or, on x, (H, I).
    on_state, on_map, within : dict of (int, int) to array (T, B, H)
        Of end v: by state before, by map, and by the node of a new state that v is or rests on
        within the step. What is 0 throughout is left out. The ends are the S new states, then the
        computed operands.
    rounded : callable
        What is done to every product before it is added: nothing, or a `Rounding`.
    """

    cell: CellDefinition
    weights: dict[tuple[int, int], Array]
    on_state: Local
    on_map: Local
    within: Local
    rounded: Callable[[Array], Array] = identity

    def passes(self, m: int, place: int, paths: Paths) -> bool:
        """Tell whether `paths` go through the matrix of map m on its operand at `place`."""
        source = self.cell.stands_for(self.cell.equations.maps[m].args[place])
        return paths == "all" or (paths == "cut" and source != self.cell.states[0])

    def pull(
        self, t: int, seeds: Sequence[Array], paths: Paths
    ) -> tuple[list[Array], list[Array], Array | float]:
        """Take gradients one time step back.

        Parameters
        ----------
        t : int
            The step, from s_t to s_{t+1} in the slots of `Tape.states`.
        seeds : sequence of array (..., B, H)
            dL/ds_{t+1} of each state as it arrives from beyond the step; axes in front are several
            gradients at a time.
        paths : Paths

        Returns
        -------
        nodes : list of array (..., B, H)
            dL/ds_{t+1} with the state as a node: the paths within the step included.
        before : list of array (..., B, H)
            dL/ds_t as it arrives from beyond the step before.
        d_x : array (..., B, I) or 0.0
        """
        equations, operands = self.cell.equations, self.cell.derivation.operands
        count = len(self.cell.states)
        arrived: list[Array | float] = [*seeds, *(0.0 for _ in operands)]

        def on(local: Local, column: int) -> Array | float:
            total: Array | float = 0.0
            for v, seed in enumerate(arrived):
                if (v, column) in local and not isinstance(seed, float):
                    total = total + self.rounded(local[v, column][t] * seed)
            return total

        # A later operand may rest on an earlier one, never the other way round.
        for number in reversed(range(len(operands))):
            total: Array | float = 0.0
            for m, place in self._places_of(operands[number].index):
                d = on(self.on_map, m)
                if self.passes(m, place, paths) and not isinstance(d, float):
                    total = total + self.rounded(d) @ self.weights[m, place]
            arrived[count + number] = total
        on_maps = [on(self.on_map, m) for m in range(len(equations.maps))]
        zeros = np.zeros_like(seeds[0])
        before: list[Array] = []
        for j, node in enumerate(equations.states.values()):
            arriving: Array = zeros + on(self.on_state, j)
            for m, place in self._places_of(node.index):
                d = on_maps[m]
                if self.passes(m, place, paths) and not isinstance(d, float):
                    arriving = arriving + self.rounded(d) @ self.weights[m, place]
            before.append(arriving)
        d_x: Array | float = 0.0
        for m, place in self._places_of(equations.input.index):
            d = on_maps[m]
            if not isinstance(d, float):
                d_x = d_x + self.rounded(d) @ self.weights[m, place]
        nodes = [zeros + on(self.within, k) for k in range(count)]
        return nodes, before, d_x

    def _places_of(self, operand: int) -> list[tuple[int, int]]:
        """Return (map, place) of every product on the node of that index."""
        return [
            (m, place)
            for m, node in enumerate(self.cell.equations.maps)
            for place, argument in enumerate(node.args)
            if argument.index == operand
        ]


@dataclass(frozen=True)
class Linearised:
    """A recurrent layer, stacked or not, along a batch of sequences.

    Made by `linearise`. Its states are those of all layers: `names` lists them, the lowest layer's
    first, and that is the order of the blocks of H rows and columns in every Jacobian.

    Attributes
    ----------
    steps, batch, units : int
        T, B, H.
    names : tuple of str
        "h", "c"; in a stack "h_l0", "c_l0", "h_l1", ...
    layers : tuple of LinearisedStep
        The lowest first.
    """

    steps: int
    batch: int
    units: int
    names: tuple[str, ...]
    layers: tuple[LinearisedStep, ...]

    @property
    def size(self) -> int:
        """The rows of a Jacobian: every unit of every state."""
        return len(self.names) * self.units

    @property
    def output_state(self) -> int:
        """The place in `names` of the state that is the output: h of the top layer."""
        return len(self.names) - len(self.layers[-1].cell.states)

    def pull(
        self, t: int, seeds: Sequence[Array], paths: Paths = "all"
    ) -> tuple[list[Array], list[Array]]:
        """Take gradients one time step back: see `LinearisedStep.pull`, for all layers."""
        count = len(self.layers[0].cell.states)
        nodes: list[Array] = []
        before: list[Array] = []
        d_x: Array | float = 0.0
        for number in reversed(range(len(self.layers))):
            own = list(seeds[number * count : (number + 1) * count])
            if paths != "direct":  # the input of the layer above is a product on this one's output
                own[0] = own[0] + d_x
            found, earlier, d_x = self.layers[number].pull(t, own, paths)
            nodes, before = found + nodes, earlier + before
        return nodes, before


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
        Only so many steps at the end are linearised; all unless given.
    rounding : Rounding, optional
        Errors that are put into every operation: see `rnnlab.analysis.rounding`.

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


def state_names(layer: Recurrent) -> tuple[str, ...]:
    """Return what the states of a layer are called in tables.

    Examples
    --------
    >>> import rnnlab
    >>> state_names(rnnlab.GRU(3, 8)), state_names(rnnlab.GRU(3, 8, num_layers=2))
    (('h',), ('h_l0', 'h_l1'))
    """
    if layer.num_layers == 1:
        return layer.cell.states
    return tuple(
        f"{name}_l{number}" for number in range(layer.num_layers) for name in layer.cell.states
    )


def require_analysable(layer: Recurrent) -> None:
    """Raise a ValueError unless gradients along the layer mean something in float64."""
    if layer.dtype != "float64":
        raise ValueError(
            f"gradients are analysed in float64, got {layer.dtype}: "
            'use astype("float64") of the layer or the model'
        )
    if layer.bidirectional:
        raise ValueError(
            "gradients through time need a layer of one direction, got bidirectional=True: "
            "analyse a layer for each direction"
        )
    if layer.batch_first:
        raise ValueError(
            "gradients through time need a layer with time first, got batch_first=True: "
            "copy its parameters into a layer without it"
        )
    zoneout = 0.0 if layer.regularisers is None else layer.regularisers.zoneout
    if max(zoneout.values(), default=0.0) if isinstance(zoneout, Mapping) else zoneout:
        raise ValueError(
            "gradients through time need a layer whose steps are the cell's own, got "
            f"zoneout={zoneout}: copy its parameters into a layer without zoneout"
        )


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
