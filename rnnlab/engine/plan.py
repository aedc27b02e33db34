"""Plan of a cell's step: its matrix products, its stages, and the values that are kept.

Each `linear` of the cell is a *lane*: H numbers a row, to which products are added, starting from
the bias. A step runs in stages. Stage 0 starts after the products on x and on the previous states;
a `linear` on a computed value is complete one stage after that value. The products on computed
values run between two stages. A cell without computed operands has one stage.

Results of functions that the backward step needs overwrite the lanes that they were computed from,
so that the tape of a step is about as large as its pre-activations.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from rnnlab.cells import CellDefinition
from rnnlab.equations import Expression
from rnnlab.equations.expression import LEAVES, reachable


@dataclass(frozen=True)
class Place:
    """Where a value is stored: in a lane, in an extra buffer, or as the new value of a state."""

    kind: Literal["lane", "value", "state"]
    index: int


@dataclass(frozen=True)
class Product:
    """One matrix product of a step: lanes += source @ weights.T.

    Attributes
    ----------
    source : "x", "state" or "operand"
        Kind of the left factor: the input, a state of the step before, a computed operand.
    index : int
        Number of the state or operand.
    array : str
        Name of the parameter array that holds the weights.
    blocks : tuple of int
        Blocks of H rows of that array, in the order of the lanes that they feed.
    first_lane : int
        First of these lanes, which are neighbours.
    stage : int
        Stage before whose pointwise kernel the product runs.
    """

    source: Literal["x", "state", "operand"]
    index: int
    array: str
    blocks: tuple[int, ...]
    first_lane: int
    stage: int


@dataclass(frozen=True, eq=False)
class Plan:
    """Plan of one step of a cell.

    Attributes
    ----------
    cell : CellDefinition
    lanes : tuple of int
        The map of each lane, by its position in `cell.maps`.
    stages : int
        Number of stages.
    stage_of : dict of int to int
        The stage in which each node of the graph (by index) is computed.
    products : tuple of Product
        The products in the order in which they run.
    operands : tuple of Place
        Where each computed operand is stored.
    given : tuple of Place
        Where each array from outside is stored: in the first extra buffers.
    places : dict of int to Place
        Where nodes (by index) are stored.
    values : int
        Number of extra buffers.
    keeps_lanes : bool
        Whether the backward step reads the lanes, so that the tape holds them at every time step.
    """

    cell: CellDefinition
    lanes: tuple[int, ...]
    stages: int
    stage_of: dict[int, int]
    products: tuple[Product, ...]
    operands: tuple[Place, ...]
    given: tuple[Place, ...]
    places: dict[int, Place]
    values: int
    keeps_lanes: bool

    def __reduce__(self) -> tuple[Any, ...]:
        return make_plan, (self.cell,)

    def lane_of(self, node: Expression) -> int:
        """Return the lane of a `linear` node."""
        return self.lanes.index(node.payload.position)

    def stage(self, node: Expression) -> int:
        """Return the stage in which `node` is known."""
        return self.stage_of[node.index]


@cache
def make_plan(cell: CellDefinition) -> Plan:
    """Return the plan of a cell's step."""
    derivation = cell.derivation
    equations = cell.equations
    ends = (*equations.outputs, *equations.maps)
    forward = reachable((*ends, *derivation.operands))
    stage_of: dict[int, int] = {}
    for node in forward:
        if node.op == "linear":
            computed = [arg for arg in node.args if arg.op not in ("input", "state")]
            stage_of[node.index] = max((1 + stage_of[arg.index] for arg in computed), default=0)
        else:
            stage_of[node.index] = max((stage_of[arg.index] for arg in node.args), default=0)
    lanes = _order_lanes(cell)
    places, values = _place(cell, forward, stage_of, lanes)
    kept_in_lanes = any(
        places[node.index].kind == "lane" for node in derivation.kept if node.index in places
    )
    return Plan(
        cell=cell,
        lanes=lanes,
        stages=1 + max(stage_of.values()),
        stage_of=stage_of,
        products=_products(cell, stage_of, lanes),
        operands=tuple(places[node.index] for node in derivation.operands),
        given=tuple(places[node.index] for node in equations.given),
        places=places,
        values=values,
        keeps_lanes=kept_in_lanes,
    )


def _runs(positions: list[int]) -> list[tuple[int, int]]:
    """Return (first, count) of every run of neighbours in sorted `positions`."""
    runs: list[tuple[int, int]] = []
    for position in sorted(positions):
        if runs and sum(runs[-1]) == position:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((position, 1))
    return runs


def _order_lanes(cell: CellDefinition) -> tuple[int, ...]:
    """Return the lanes in an order in which each operand feeds neighbours and needs one product.

    Maps with the same operands stay together in their order. All orders of these groups are tried
    if there are at most seven, as in every published cell so far.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for node in cell.equations.maps:
        key = tuple(sorted(arg.index for arg in node.args))
        groups.setdefault(key, []).append(node.payload.position)
    operands = {index for key in groups for index in key}
    orders = itertools.permutations(groups) if len(groups) <= 7 else iter([tuple(groups)])

    def count_runs(order: tuple[tuple[int, ...], ...]) -> int:
        sequence = [key for key in order for _ in groups[key]]
        return sum(
            len(_runs([lane for lane, key in enumerate(sequence) if operand in key]))
            for operand in operands
        )

    best = min(orders, key=count_runs)  # the first of equals: the order of appearance
    return tuple(position for key in best for position in groups[key])


def _products(
    cell: CellDefinition, stage_of: dict[int, int], lanes: tuple[int, ...]
) -> tuple[Product, ...]:
    maps = cell.equations.maps
    operands: dict[int, Expression] = {}
    for node in maps:
        for arg in node.args:
            operands[arg.index] = arg
    computed = [node.index for node in cell.derivation.operands]
    states = [node.index for node in cell.equations.states.values()]
    products = []
    for index, operand in operands.items():
        array = cell.arrays[cell.weight_name(cell.source_of(operand))]
        fed = [
            lane
            for lane, position in enumerate(lanes)
            if any(arg is operand for arg in maps[position].args)
        ]
        for first, count in _runs(fed):
            products.append(
                Product(
                    source="x"
                    if operand.op == "input"
                    else "state"
                    if operand.op == "state"
                    else "operand",
                    index=0
                    if operand.op == "input"
                    else states.index(index)
                    if operand.op == "state"
                    else computed.index(index),
                    array=array.name,
                    blocks=tuple(
                        array.maps.index(lanes[lane]) for lane in range(first, first + count)
                    ),
                    first_lane=first,
                    stage=0 if operand.op in ("input", "state") else 1 + stage_of[index],
                )
            )
    order = {"x": 0, "state": 1, "operand": 2}
    return tuple(sorted(products, key=lambda product: (product.stage, order[product.source])))


def _place(
    cell: CellDefinition,
    forward: list[Expression],
    stage_of: dict[int, int],
    lanes: tuple[int, ...],
) -> tuple[dict[int, Place], int]:
    """Return a place for each value that is used after its own stage, and the number of buffers."""
    derivation = cell.derivation
    equations = cell.equations
    places = {node.index: Place("value", k) for k, node in enumerate(equations.given)}
    for position, node in enumerate(equations.outputs):
        if node.op not in LEAVES:
            places.setdefault(node.index, Place("state", position))
    wanted = {node.index for node in (*derivation.kept, *derivation.operands)}
    for node in forward:  # results of functions that a later stage uses
        for arg in node.args:
            if arg.is_function and stage_of[arg.index] < stage_of[node.index]:
                wanted.add(arg.index)
    raw = _raw_lanes(cell, forward, stage_of, wanted | set(places))
    operands = {node.index for node in derivation.operands}
    for node in equations.maps:
        if node.index not in operands and (node.index in raw or node.index in wanted):
            places[node.index] = Place("lane", lanes.index(node.payload.position))
    taken = {place.index for place in places.values() if place.kind == "lane"}
    lane_stage = {lanes.index(n.payload.position): stage_of[n.index] for n in equations.maps}
    lane_nodes = {node.index for node in equations.maps}
    values = len(equations.given)
    stored = [node for node in forward if node.index in wanted and node.index not in places]
    # First the results that can overwrite a lane that they were computed from, then the others.
    for own in (True, False):
        for node in stored:
            if node.index in places:
                continue
            if node.index in operands:  # a contiguous matrix for the product that takes it
                places[node.index] = Place("value", values)
                values += 1
                continue
            others = {other.index for other in stored if other is not node}
            inputs = reachable([node], stop=others | lane_nodes)
            natural = [lanes.index(leaf.payload.position) for leaf in inputs if leaf.op == "linear"]
            candidates = natural if own else list(range(len(lanes)))
            free = [
                lane
                for lane in candidates
                if lane not in taken and lane_stage[lane] <= stage_of[node.index]
            ]
            if free:
                taken.add(free[0])
                places[node.index] = Place("lane", free[0])
            elif not own:
                places[node.index] = Place("value", values)
                values += 1
    return places, values


def _raw_lanes(
    cell: CellDefinition, forward: list[Expression], stage_of: dict[int, int], stored: set[int]
) -> set[int]:
    """Return the `linear` nodes (by index) whose own values a later stage reads."""
    raw = set()
    targets = [node for node in forward if node.index in stored]
    targets += [node for node in cell.equations.outputs if node.index not in stored]
    lane_nodes = {node.index for node in cell.equations.maps}
    for target in targets:
        stage = stage_of[target.index]
        earlier = {index for index in stored if index != target.index and stage_of[index] < stage}
        for node in reachable([target], stop=earlier | lane_nodes):
            if node.op == "linear" and node is not target and stage_of[node.index] < stage:
                raw.add(node.index)
    return raw
