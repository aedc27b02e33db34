"""Cases of the benchmark: a cell, a shape, a dtype, and inference or training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from rnnlab.cells import CellDefinition


class Shape(NamedTuple):
    """T time steps, B sequences, I inputs, H units."""

    steps: int
    batch: int
    inputs: int
    hidden: int

    def __str__(self) -> str:
        return ",".join(map(str, self))


#: From a small layer to one that fills the cache of a core; a single sequence; odd sizes.
SHAPES = (
    Shape(100, 32, 10, 64),
    Shape(100, 32, 10, 128),
    Shape(200, 64, 10, 128),
    Shape(1000, 32, 10, 128),
    Shape(100, 64, 128, 256),
    Shape(100, 64, 512, 512),
    Shape(100, 1, 10, 128),
    Shape(57, 20, 7, 100),
)


@dataclass(frozen=True)
class Case:
    """One case: a line of the table.

    Attributes
    ----------
    cell : CellDefinition
    shape : Shape
    dtype : "float32" or "float64"
    work : "training" or "inference"
        A training step is the forward pass and the gradients of all parameters and of the input.
    """

    cell: CellDefinition
    shape: Shape
    dtype: str
    work: Literal["training", "inference"]

    @property
    def flops(self) -> float:
        """Operations of the matrix products: two for each weight, step and sequence.

        A training step has three products for each product of inference.
        """
        weights = 0
        for array in self.cell.arrays.values():
            if array.kind == "weight":
                rows, columns = array.shape(inputs=self.shape.inputs, units=self.shape.hidden)
                weights += rows * columns
        products = 3 if self.work == "training" else 1
        return 2.0 * products * weights * self.shape.steps * self.shape.batch


def read_shape(text: str) -> Shape:
    """Return the shape of a text "T,B,I,H".

    Examples
    --------
    >>> read_shape("100,32,10,64")
    Shape(steps=100, batch=32, inputs=10, hidden=64)
    """
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4 or min(numbers) < 1:
        raise ValueError(
            f"a shape must be four whole numbers of at least 1, T,B,I,H, got {text!r}: "
            "write it like 100,32,10,64"
        )
    return Shape(*numbers)
