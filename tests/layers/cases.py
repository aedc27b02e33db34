"""Layers with drawn parameters and input, drawn sizes, and all numbers of a pass there and back."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rnnlab.cells import CellDefinition
from rnnlab.layers import Recurrent
from tests.layers.own_cells import EVERY

Sizes = tuple[int, int, int, int]


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


def make_case(
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


@dataclass(frozen=True)
class Combination:
    """A cell, sizes (T, B, I, H), number of layers, whether there are two directions, dtype."""

    cell: str
    sizes: Sizes
    num_layers: int = 1
    bidirectional: bool = False
    dtype: str = "float64"

    def __str__(self) -> str:
        shape = "T{}-B{}-I{}-H{}".format(*self.sizes)
        return f"{self.cell}-{shape}-{self.num_layers}x{1 + self.bidirectional}-{self.dtype}"

    def make(self) -> Case:
        return make_case(
            EVERY[self.cell],
            self.sizes,
            self.dtype,
            num_layers=self.num_layers,
            bidirectional=self.bidirectional,
        )


#: Cells for properties that do not depend on the equations: one state, two, four, one that is the
#: former value of another.
FEW = ("rnn", "lstm", "slstm", "delayed")
#: Ones; odd; a batch that is cut in parts of unequal height; stacked and bidirectional.
FEW_LAYOUTS: list[tuple[Sizes, int, bool]] = [
    ((1, 1, 1, 1), 1, False),
    ((9, 3, 7, 13), 1, False),
    ((4, 37, 3, 19), 1, False),
    ((4, 3, 2, 5), 2, True),
]
FEW_COMBINATIONS = [
    Combination(cell, *layout, dtype)
    for cell in FEW
    for layout in FEW_LAYOUTS
    for dtype in ("float32", "float64")
]

#: I and H wider than a block of the inner dimension (160), of both kinds of products.
WIDE = [
    Combination("lstm", (3, 4, 170, 171), dtype="float32"),
    Combination("gru", (3, 4, 170, 171)),
]
STACKS = [(1, True), (2, False), (2, True), (3, False)]


def draw(cell: str, number: int) -> Combination:
    """Draw sizes and a layout, the same in every session.

    Of three successive numbers one has two directions or more than one layer; dtypes take turns.
    """
    rng = np.random.default_rng([zlib.crc32(cell.encode()), number])

    def size(most: int) -> int:
        return 1 if rng.random() < 0.15 else int(rng.integers(2, most + 1))

    stacked = number % 3 == 2
    layout = STACKS[rng.integers(len(STACKS))] if stacked else (1, False)
    parts = not stacked and rng.random() < 0.3  # a batch that is cut in parts
    batch = int(rng.integers(20, 41)) if parts else size(6)
    sizes = (size(9), batch, size(20), size(9 if stacked else 36))
    return Combination(cell, sizes, *layout, dtype=("float64", "float32")[number % 2])


def battery(fast: int, slow: int = 0, fixed: Iterable[Combination] = ()) -> list[Any]:
    """Return combinations of every cell as parameters of a fixture, and the fixed ones.

    `fast` of each cell, and `slow` more with that mark.
    """
    drawn: list[Any] = [*fixed]
    for name in EVERY:
        drawn += [draw(name, number) for number in range(fast)]
        drawn += [
            pytest.param(draw(name, number), marks=pytest.mark.slow)
            for number in range(fast, fast + slow)
        ]
    return drawn


def everything(case: Case, tape: Any = None) -> dict[str, Any]:
    """Return all numbers of a pass there and back by name, copied."""
    tape = case.forward() if tape is None else tape
    gradients = case.backward(tape)
    found = {"output": tape.output, "d_input": gradients.input}
    found |= {f"final {name}": array for name, array in tape.state._asdict().items()}
    found |= {f"d_parameter {name}": array for name, array in gradients.parameters.items()}
    found |= {f"d_initial {name}": array for name, array in gradients.state._asdict().items()}
    for at in case.rows:
        found |= {f"gate {name} {at}": array for name, array in tape.gates(*at).items()}
        found |= {f"state {name} {at}": array for name, array in tape.states(*at).items()}
        found |= {f"d_state {name} {at}": array for name, array in gradients.states(*at).items()}
    return {name: np.array(array) for name, array in found.items()}


def assert_same_bits(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


def assert_close(one: dict[str, Any], other: dict[str, Any], limit: float) -> None:
    assert one.keys() == other.keys()
    for name, array in one.items():
        scale = max(1.0, np.abs(other[name]).max())
        assert np.abs(array - other[name]).max() <= limit * scale, name
