"""Cells that no file of the package holds, and an independent truth for any cell: PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from rnnlab import (
    cell,
    exp,
    hard_sigmoid,
    identity,
    linear,
    log,
    maximum,
    minimum,
    relu,
    scalar,
    sigmoid,
    softsign,
    sqrt,
    tanh,
    uniform,
    vector,
    where,
)
from rnnlab.cells import CellDefinition
from rnnlab.layers import Recurrent
from rnnlab.registry import cells as registry


@cell
def delayed(x, h, before):
    """A state that is returned as it came: `before` is h of two steps ago."""
    h_new = tanh(linear("g", x, h) + linear("b", before))
    return h_new, h


@cell
def low_rank(x, h):
    """A product on a raw product, and three stages."""
    v = linear("v", h)
    u = linear("u", v, bias=None)
    return tanh(linear("h", x) + linear("w", u) + v * 0.5)


@cell(keep="load")
def awkward(x, h, memory):
    """Variables called as the kernels' own words are; every function; a vector; arithmetic."""
    load = sigmoid(linear("load", x, h) + vector("lambda", init=0.3))
    unit = tanh(linear("unit", x, memory))
    t0 = linear("exp", x) + linear("exp", h)
    lane0 = relu(t0 * t0 - 0.1) / (1 + exp(-t0))
    units = where(unit > lane0, unit, 0.5 * lane0) - vector("unit", init=-0.2)
    memory = load * memory + (1 - load) * units
    store = tanh(linear("store", memory, bias=None) - t0 / 2)
    return store * load, memory


@cell(positive=("n",))
def every_function(x, h, n):
    """Whatever the language has beside what cells use most; scalars; a state that is positive."""
    a = linear("a", x, h)
    size = 1 + abs(linear("b", x, n))
    n = maximum(log(size), minimum(sqrt(n), 2.0)) + vector("u", init=uniform(0, 1)) ** 2
    s = scalar("s", init=uniform(0.5, 1))
    h = softsign(a * s) * hard_sigmoid(identity(h)) + size**-0.3 - scalar("t") * n**s
    return h, n


@cell(keep="f")
def several_operands(x, h, c):
    """Gates on several computed values, with names and without, beside h, c and the new c."""
    before = c
    i = tanh(linear("i", x, h))
    b = sigmoid(linear("b", x, c))
    f = sigmoid(linear("f", x, i, b))
    g = tanh(linear("g", h, i * b, bias=None) + linear("g", x, b * b - 0.5))
    c = f * c + (1 - f) * g
    return tanh(linear("o", before, c, bias=None) + linear("p", i, b, h, f * g)), c


EXTRA = (delayed, low_rank, awkward, every_function, several_operands)
# By hand: what names the array of each operand where the contract's short rule does not say it.
NAMED: dict[str, Sequence[tuple[str, ...]]] = {
    "several-operands": [
        ("x", "h"),
        ("x", "c"),
        ("x", "i_", "b"),
        ("h", "g2"),
        ("x", "g3"),
        ("c", "new_c"),
        ("i_", "b", "h", "p4"),
    ],
    "nested-lstm": [("x", "h")] * 4 + [("x_n", "h_n")] * 4,
}
EVERY = {**{name: registry[name] for name in registry}, **{c.name: c for c in EXTRA}}

# Cells that differ in what they ask of the engine see every size; the rest of the catalogue, which
# is equations alone, sees these odd ones (H no multiple of a vector, a batch that is cut in parts)
# and all the others with the slow tests.
THOROUGH = {"rnn", "rnn-relu", "lstm", "peephole-lstm", "gru", *(c.name for c in EXTRA)}
CATALOGUE_SIZES = {(9, 3, 7, 13), (4, 37, 3, 19), (5, 3, 4, 7)}

# T, B, I, H: ones; odd; no multiple of a vector; wider than a block of the inner dimension (160);
# batches that are cut in parts (20 and more) and parts that are no multiple of a tile.
SIZES = [
    (1, 1, 1, 1),
    (2, 1, 3, 5),
    (9, 3, 7, 13),
    (5, 17, 1, 33),
    (6, 37, 19, 8),
    (4, 37, 3, 19),
    (3, 4, 170, 171),
]
#: Layers and directions that the four cells of most comparisons are stacked in; the rest see one.
STACKS = [((4, 3, 2, 5), *layout) for layout in ((1, True), (2, False), (2, True), (3, False))]
STACKS.append(((1, 1, 1, 1), 2, True))
STACKED = ("rnn", "lstm", "peephole-lstm", "gru")


def _is_slow(definition: CellDefinition, sizes: tuple[int, ...]) -> bool:
    return definition.name not in THOROUGH and sizes not in CATALOGUE_SIZES


def _battery() -> list[Any]:
    found = []
    for name, definition in EVERY.items():
        for sizes in SIZES:
            marks = [pytest.mark.slow] if _is_slow(definition, sizes) else []
            found.append(pytest.param((definition, sizes, 1, False), marks=marks))
        stacks = STACKS if name in STACKED else [((3, 2, 3, 7), 2, True)]
        found += [pytest.param((definition, *stack)) for stack in stacks]
    return found


@pytest.hookimpl(tryfirst=True)  # before pytest drops the slow ones
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark sizes beyond `CATALOGUE_SIZES` as slow where a test names them for any cell."""
    for item in items:
        given = item.callspec.params if hasattr(item, "callspec") else {}
        if not {"any_cell", "battery_sizes"} <= given.keys():
            continue
        if _is_slow(given["any_cell"], given["battery_sizes"]):
            item.add_marker(pytest.mark.slow)


def _name(combination: tuple[CellDefinition, tuple[int, ...], int, bool]) -> str:
    definition, sizes, num_layers, bidirectional = combination
    shape = "T{}-B{}-I{}-H{}".format(*sizes)
    return f"{definition.name}-{shape}-{num_layers}x{1 + bidirectional}"


@pytest.fixture(params=_battery(), ids=_name)
def combination(request: pytest.FixtureRequest) -> Any:
    """A cell, the sizes (T, B, I, H), the number of layers and whether there are two directions."""
    return request.param


@pytest.fixture(params=EVERY.values(), ids=list(EVERY))
def any_cell(request: pytest.FixtureRequest) -> CellDefinition:
    """Every registered cell and the ones above."""
    definition: CellDefinition = request.param
    return definition


@pytest.fixture(params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@dataclass
class Case:
    """A layer whose every parameter is drawn, and everything for a pass there and back."""

    layer: Recurrent
    x: Any
    state: Any
    d_output: Any
    d_state: Any

    def forward(self) -> Any:
        return self.layer.forward(self.x, self.state)

    @property
    def rows(self) -> list[tuple[int, bool]]:
        """Return (layer, reverse) of every row of a state."""
        ways = (False, True) if self.layer.bidirectional else (False,)
        return [(k, reverse) for k in range(self.layer.num_layers) for reverse in ways]

    def backward(self, tape: Any = None) -> Any:
        tape = self.forward() if tape is None else tape
        return self.layer.backward(tape, self.d_output, self.d_state, through_time=True)


def _make_case(
    definition: CellDefinition | str,
    sizes: tuple[int, int, int, int],
    dtype: str = "float64",
    seed: int = 1,
    num_layers: int = 1,
    bidirectional: bool = False,
) -> Case:
    steps, batch, inputs, units = sizes
    rng = np.random.default_rng([seed, *sizes])
    layer = Recurrent(
        definition,
        inputs,
        units,
        num_layers=num_layers,
        bidirectional=bidirectional,
        dtype=dtype,
        seed=rng,
    )
    for array in layer.parameters.values():  # zeros (biases, peepholes) would hide mistakes
        # so small that no run is chaotic: float32 could not follow one
        spread = 0.3 if array.ndim == 1 else 0.3 / np.sqrt(array.shape[1])
        array += spread * rng.standard_normal(array.shape)

    def draw(*shape: int) -> Any:
        return rng.standard_normal(shape).astype(dtype)

    count, ways = len(layer.cell.states), 1 + bidirectional
    rows = num_layers * ways
    x = draw(steps, batch, inputs)
    state = {name: 0.5 * draw(rows, batch, units) for name in layer.cell.states}
    for name in layer.cell.positive:
        state[name] = 0.5 + np.abs(state[name])
    return Case(
        layer,
        x,
        layer.state_type(**state),
        draw(steps, batch, ways * units),
        layer.state_type(*(draw(rows, batch, units) for _ in range(count))),
    )


@pytest.fixture(name="make_case")
def make_case_fixture() -> Callable[..., Case]:
    """Return `make_case(cell, (T, B, I, H), dtype, seed, num_layers, bidirectional)`."""
    return _make_case


# The truth: the cell's own function, as it was written, run on PyTorch's tensors. It shares neither
# the traced graph nor the derivatives with the package; parameters are looked up by the contract's
# rule for their arrays.


@dataclass
class _Call:
    name: str
    sources: tuple[str, ...]
    biased: bool


@dataclass
class TorchCell:
    """A cell's function with linear, vector and the functions replaced by PyTorch's."""

    cell: CellDefinition
    calls: list[_Call] = field(default_factory=list)
    #: The smallest distance from a kink, such as relu's at 0: finite differences keep off it.
    nearest_kink: float = np.inf

    def _watch(self, distance: Any) -> None:
        self.nearest_kink = min(self.nearest_kink, float(distance.detach().abs().min()))

    def _relu(self, value: Any) -> Any:
        self._watch(value)
        return torch.relu(value)

    def _abs(self, value: Any) -> Any:
        self._watch(value)
        return torch.abs(value)

    def _hard_sigmoid(self, value: Any) -> Any:
        self._watch(value.detach().abs() - 3)
        return torch.clamp(value / 6 + 0.5, 0, 1)  # hardsigmoid's slope has float32's 1/6

    def _minimum(self, *values: Any) -> Any:
        self._watch(values[0] - values[1])
        return torch.minimum(*map(torch.as_tensor, values))

    def _maximum(self, *values: Any) -> Any:
        self._watch(values[0] - values[1])
        return torch.maximum(*map(torch.as_tensor, values))

    def _call(self, linear: Any, vector: Any, arguments: Sequence[Any]) -> tuple[Any, ...]:
        functions = {
            "linear": linear,
            "vector": vector,
            "scalar": vector,
            "sigmoid": torch.sigmoid,
            "tanh": torch.tanh,
            "relu": self._relu,
            "exp": torch.exp,
            "log": torch.log,
            "sqrt": torch.sqrt,
            "abs": self._abs,
            "hard_sigmoid": self._hard_sigmoid,
            "softsign": torch.nn.functional.softsign,
            "identity": lambda value: value,
            "minimum": self._minimum,
            "maximum": self._maximum,
            "where": torch.where,
        }
        written: Any = self.cell.function
        run = FunctionType(written.__code__, {**written.__globals__, **functions})
        returned = run(*arguments)
        return returned if isinstance(returned, tuple) else (returned,)

    def _look(self) -> None:
        """Learn from one run on what each `linear` acts."""
        seen: list[tuple[str, tuple[Any, ...], bool]] = []

        def linear(name: str, *operands: Any, bias: float | None = 0.0) -> Any:
            seen.append((name, operands, bias is not None))
            return torch.zeros(1)

        arguments = [torch.zeros(1) for _ in range(1 + len(self.cell.states))]
        returned = self._call(linear, lambda *_, **__: torch.zeros(1), arguments)
        known = dict(zip(map(id, arguments), ("x", *self.cell.states), strict=True))
        for state, value in zip(self.cell.states, returned, strict=True):
            known.setdefault(id(value), state)
        for k, (name, operands, biased) in enumerate(seen):
            sources = tuple(known.get(id(value), self.cell.states[0]) for value in operands)
            if self.cell.name in NAMED:
                sources = NAMED[self.cell.name][k]
            self.calls.append(_Call(name, sources, biased))
        self.nearest_kink = np.inf

    def run(
        self, parameters: dict[str, Any], x: Any, states: Sequence[Any], suffix: str
    ) -> list[list[Any]]:
        """Return each state over time, a list of (B, H) with the initial one in slot 0."""
        if not self.calls:
            self._look()
        units = states[0].shape[-1]
        position = 0

        def linear(name: str, *operands: Any, bias: float | None = 0.0) -> Any:
            nonlocal position
            call, total = self.calls[position], 0
            for value, source in zip(operands, call.sources, strict=True):
                array = ("weight_ih" if source == "x" else f"weight_{source}h") + suffix
                block = sum(source in other.sources for other in self.calls[:position])
                weight = parameters[array][block * units : (block + 1) * units]
                total = total + value @ weight.T
            if bias is not None and "x" in call.sources:
                before = [c for c in self.calls[:position] if c.biased and "x" in c.sources]
                start = len(before) * units
                total = total + parameters["bias" + suffix][start : start + units]
            elif bias is not None:
                total = total + parameters[f"bias_h{name}{suffix}"]
            position += 1
            return total

        over_time = [[state] for state in states]
        for x_t in x:
            position = 0
            before = [trajectory[-1] for trajectory in over_time]
            new = self._call(linear, lambda name, **_: parameters[name + suffix], [x_t, *before])
            for trajectory, value in zip(over_time, new, strict=True):
                # s_t is a node of its own, also where it is a copy of another state.
                trajectory.append(value.clone() if any(value is s for s in before) else value)
        return over_time


@pytest.fixture
def torch_truth() -> Callable[[Case], SimpleNamespace]:
    """Return `torch_truth(case)`: states and all gradients by PyTorch's autograd, in float64.

    `states` and `through_time` are lists in the order of a state's rows.
    """

    def truth(case: Case) -> SimpleNamespace:
        def leaf(array: Any) -> Any:
            return torch.tensor(np.asarray(array, np.float64), requires_grad=True)

        cell = TorchCell(case.layer.cell)
        parameters = {name: leaf(array) for name, array in case.layer.parameters.items()}
        x = leaf(case.x)
        trajectories: list[list[list[Any]]] = []
        y = x
        for k in range(case.layer.num_layers):
            outputs = []
            for layer, reverse in case.rows:
                if layer != k:
                    continue
                row = len(trajectories)
                initial = [leaf(array[row]) for array in case.state]
                suffix = f"_l{k}_reverse" if reverse else f"_l{k}"
                over_time = cell.run(parameters, y.flip(0) if reverse else y, initial, suffix)
                output = torch.stack(over_time[0][1:])
                outputs.append(output.flip(0) if reverse else output)
                trajectories.append(over_time)
            y = torch.cat(outputs, dim=-1)
        loss = (y * torch.tensor(case.d_output)).sum()
        for row, over_time in enumerate(trajectories):
            for trajectory, d in zip(over_time, case.d_state, strict=True):
                loss = loss + (trajectory[-1] * torch.tensor(d[row])).sum()
        nodes = [node for row in trajectories for trajectory in row for node in trajectory]
        wanted = [*parameters.values(), x, *nodes]
        found = torch.autograd.grad(loss, wanted, materialize_grads=True)
        numbers = iter([gradient.numpy() for gradient in found])
        names = case.layer.cell.states
        return SimpleNamespace(
            loss=float(loss.detach()),
            output=y.detach().numpy(),
            states=[
                {
                    name: np.stack([node.detach().numpy() for node in trajectory])
                    for name, trajectory in zip(names, over_time, strict=True)
                }
                for over_time in trajectories
            ],
            parameters={name: next(numbers) for name in parameters},
            input=next(numbers),
            through_time=[
                {
                    name: np.stack([next(numbers) for _ in trajectory])
                    for name, trajectory in zip(names, over_time, strict=True)
                }
                for over_time in trajectories
            ],
            nearest_kink=cell.nearest_kink,
        )

    return truth
