"""Linearisation of a recurrent layer along sequences: the effect of small changes of its states.

The step of a cell is pointwise except for its products, so its derivative consists of local
derivatives, one number per unit, and learned matrices. The local derivatives come from the derived
backward step, evaluated at the states along the sequence; the matrices are parameters. Every
Jacobian and every gradient of `rnnlab.analysis` is composed of them, for every cell.

With `v` the outputs of the pointwise part (the new states, then the computed operands of products)
and `a_m` the results of the products::

    dv = sum_j  on_state[v, j] ds_j  +  sum_m  on_map[v, m] da_m        (per unit)
    da_m = sum over operands o of m of  W[m, o] do                      (matrices)

Paths are separated by leaving matrices out of the second line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnnlab.cells import CellDefinition
from rnnlab.engine.protocol import Array
from rnnlab.equations import identity

#: The paths that count: "all"; "cut", those that pass no matrix on h, as if h were detached there
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
        The matrix of map m on its operand p, (H, H) or, on x, (H, I).
    on_state, on_map, within : dict of (int, int) to array (T, B, H)
        Derivatives of output v with respect to a state before, a map, and the node of a new state
        that v is or depends on within the step. Those that are 0 everywhere are left out. Outputs
        are the S new states, then the computed operands.
    rounded : callable
        Function applied to every product before it is added: the identity or a `Rounding`.
    """

    cell: CellDefinition
    weights: dict[tuple[int, int], Array]
    on_state: Local
    on_map: Local
    within: Local
    rounded: Callable[[Array], Array] = identity

    def passes(self, m: int, place: int, paths: Paths) -> bool:
        """Return whether `paths` pass the matrix of map m on its operand number `place`."""
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
            dL/ds_{t+1} of each state along paths from later steps; leading axes hold several
            gradients at a time.
        paths : Paths

        Returns
        -------
        nodes : list of array (..., B, H)
            dL/ds_{t+1} with the state as a node: paths within the step count too.
        before : list of array (..., B, H)
            dL/ds_t along paths from this and later steps.
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

        # A later operand may depend on an earlier one, not the other way round.
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

    Returned by `linearise`. Its states are those of all layers: `names` lists them, the lowest
    layer first, in the order of the blocks of H rows and columns of every Jacobian.

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
        """Number of rows of a Jacobian: every unit of every state."""
        return len(self.names) * self.units

    @property
    def output_state(self) -> int:
        """Index in `names` of the state that is the output: h of the top layer."""
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
