"""Independent truth for every cell: its own function, run on PyTorch's tensors.

It shares neither the traced graph nor the derivatives with the package; parameters are looked up by
the contract's rule for their arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import torch

from rnnlab.cells import CellDefinition
from tests.layers.cases import Case

#: By hand: the name of the array of each operand, where it does not follow from the short rule.
NAMED: dict[str, Sequence[tuple[str, ...]]] = {
    "nested-lstm": [("x", "h")] * 4 + [("x_n", "h_n")] * 4,
    "several-operands": [
        ("x", "h"),
        ("x", "c"),
        ("x", "i_", "b"),
        ("h", "g2"),
        ("x", "g3"),
        ("c", "new_c"),
        ("i_", "b", "h", "p4"),
    ],
}


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


def autograd(case: Case) -> SimpleNamespace:
    """Return states and all gradients by PyTorch's autograd, in float64.

    `states` and `through_time` are lists in the order of a state's rows.
    """

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
