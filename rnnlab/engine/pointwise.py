"""Source code of the pointwise kernels, which compute a stage unit by unit.

A kernel takes a table of addresses (see `abi`) and runs over rows (sequences of the batch) and
units. Its body consists of the cell's derived statements between loads and stores.
"""

from __future__ import annotations

from rnnlab.engine import abi
from rnnlab.engine.plan import Place, Plan
from rnnlab.equations.expression import Expression, reachable
from rnnlab.equations.source import Names, write_statements


def table_of(plan: Plan) -> abi.Table:
    """Return the layout of a cell's table of addresses."""
    return abi.table_layout(plan.values, len(plan.cell.states), len(plan.operands))


class _Variables(Names):
    """A cell's names with a trailing underscore, which no name of the kernel's own has.

    A gate may be called `unit` or `load`, like the kernel's own variables and functions.
    """

    def __init__(self, names: Names) -> None:
        self._cell = names

    def has(self, node: Expression) -> bool:
        return self._cell.has(node)

    def is_taken(self, name: str) -> bool:
        return name.endswith("_")

    def __getitem__(self, node: Expression) -> str:
        return f"{self._cell[node]}_"


class _Kernel:
    """Builder of one kernel's source: its pointers, loads, statements and stores."""

    def __init__(self, plan: Plan, name: str) -> None:
        self.plan = plan
        self.table = table_of(plan)
        self.name = name
        self.variables = _Variables(plan.cell.derivation.names)
        self.pointers: dict[str, tuple[int, str]] = {}  # variable: table position, offset
        self.loads: dict[int, tuple[str, str]] = {}  # node: variable, what to load
        self.stores: list[tuple[str, Expression, bool]] = []  # pointer, node, whether to add

    def lane(self, lane: int, gradient: bool = False) -> str:
        position = abi.D_LANES if gradient else abi.LANES
        return self._pointer(f"{'d_' * gradient}lane{lane}", position, "lane_stride", lane)

    def vector(self, number: int, gradient: bool = False) -> str:
        position = abi.D_VECTORS if gradient else abi.VECTORS
        return self._pointer(f"{'d_' * gradient}vector{number}", position, None, number)

    def matrix(self, name: str, position: int) -> str:
        return self._pointer(name, position, "units", 0)

    def place(self, place: Place) -> str:
        if place.kind == "lane":
            return self.lane(place.index)
        if place.kind == "value":
            return self.matrix(f"value{place.index}", self.table.value + place.index)
        return self.matrix(f"after{place.index}", self.table.after + place.index)

    def _pointer(self, name: str, position: int, row: str | None, block: int) -> str:
        offset = [f"row * {row}"] if row else []
        offset += [f"{block} * units"] if block else []
        self.pointers[name] = (position, " + ".join(offset) or "0")
        return name

    def load(self, node: Expression, source: str) -> None:
        self.loads[node.index] = (self.variables[node], source)

    def load_leaves(self, outputs: list[Expression], stop: set[int]) -> None:
        """Load the leaves that `outputs` need: states before, given arrays, vectors, seeds."""
        equations = self.plan.cell.equations
        derivation = self.plan.cell.derivation
        table = self.table
        needed = {node.index for node in reachable(outputs, stop=stop)}
        for k, node in enumerate(equations.states.values()):
            if node.index in needed:
                self.load(node, self.matrix(f"before{k}", table.before + k))
        for node, place in zip(equations.given, self.plan.given, strict=True):
            if node.index in needed:
                self.load(node, self.place(place))
        for k, node in enumerate(equations.vectors):
            if node.index in needed:
                self.load(node, self.vector(k))
        for k, node in enumerate(derivation.state_seeds):
            if node.index in needed:
                self.load(node, self.matrix(f"d_state{k}", table.d_state + k))
        for k, node in enumerate(derivation.operand_seeds):
            if node.index in needed:
                self.load(node, self.matrix(f"d_operand{k}", table.d_operand + k))

    def source(self) -> str:
        """Return the kernel's source: a loop over units within a loop over rows."""
        statements, results = write_statements(
            [node for _, node, _ in self.stores],
            known={index: name for index, (name, _) in self.loads.items()},
            names=self.variables,
            constant=lambda value: f"real({value!r})",
        )
        body = [f"{name} = load({source}, unit)" for name, source in self.loads.values()]
        body += statements
        for (target, _, adds), result in zip(self.stores, results, strict=True):
            value = f"load({target}, unit) + {result}" if adds else result
            body.append(f"store({target}, unit, {value})")
        row_args = ", ".join([*self.pointers, "units"])
        bases = "".join(
            f"    base_{name} = entry(table, {position})\n"
            for name, (position, _) in self.pointers.items()
        )
        moved = ", ".join(
            [f"advance(base_{name}, {offset})" for name, (_, offset) in self.pointers.items()]
            + ["units"]
        )
        return (
            f"def {self.name}_row({row_args}):\n"
            "    vectorise_fully()\n"
            "    for unit in range(units):\n"
            + "".join(f"        {line}\n" for line in body)
            + f"\n\ndef {self.name}(table, rows, units, lane_stride):\n"
            + bases
            + f"    for row in range(rows):\n        {self.name}_row({moved})\n"
        )


def forward_source(plan: Plan, stage: int, name: str) -> str:
    """Return the kernel that computes and stores a stage's results, operands and new states."""
    kernel = _Kernel(plan, name)
    equations = plan.cell.equations
    nodes = {node.index: node for node in equations.graph.nodes}
    for index, place in plan.places.items():
        node = nodes[index]
        is_there = node.op == "given" or (node.op == "linear" and place.kind == "lane")
        if plan.stage_of[index] == stage and not is_there and place.kind != "state":
            kernel.stores.append((kernel.place(place), node, False))
    for k, node in enumerate(equations.outputs):
        if plan.stage(node) == stage:
            kernel.stores.append((kernel.place(Place("state", k)), node, False))
    outputs = [node for _, node, _ in kernel.stores]
    known = {index for index in plan.places if plan.stage_of[index] < stage}
    known |= {node.index for node in equations.maps}
    for node in reachable(outputs, stop=known):
        if node.op == "linear" and (plan.stage(node) == stage or node.index not in plan.places):
            kernel.load(node, kernel.lane(plan.lane_of(node)))
        elif node.index in known:
            kernel.load(node, kernel.place(plan.places[node.index]))
    kernel.load_leaves(outputs, known)
    return kernel.source()


def _load_kept(kernel: _Kernel, outputs: list[Expression]) -> None:
    plan = kernel.plan
    available = set(plan.cell.derivation.available)
    for node in reachable(outputs, stop=available):
        if node.index in available:
            kernel.load(node, kernel.place(plan.places[node.index]))
    kernel.load_leaves(outputs, available)


def backward_source(plan: Plan, stage: int, name: str) -> str:
    """Return the kernel of a stage's backward step: dL/d lanes; in stage 0, dL/d states before."""
    kernel = _Kernel(plan, name)
    derivation = plan.cell.derivation
    for node, gradient in zip(plan.cell.equations.maps, derivation.map_gradients, strict=True):
        if plan.stage(node) == stage:
            kernel.stores.append((kernel.lane(plan.lane_of(node), gradient=True), gradient, False))
    if stage == 0:
        for k, gradient in enumerate(derivation.state_gradients):
            target = kernel.matrix(f"d_state{k}", kernel.table.d_state + k)
            kernel.stores.append((target, gradient, False))
        for k, gradient in enumerate(derivation.vector_gradients):
            kernel.stores.append((kernel.vector(k, gradient=True), gradient, True))
    _load_kept(kernel, [node for _, node, _ in kernel.stores])
    return kernel.source()


def through_time_source(plan: Plan, name: str) -> str:
    """Return the kernel that stores dL/ds_t of the new states, before stage 0's backward step."""
    kernel = _Kernel(plan, name)
    for k, gradient in enumerate(plan.cell.derivation.output_gradients):
        target = kernel.matrix(f"through_time{k}", kernel.table.through_time + k)
        kernel.stores.append((target, gradient, False))
    _load_kept(kernel, [node for _, node, _ in kernel.stores])
    return kernel.source()
