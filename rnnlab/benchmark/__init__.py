"""The engine beside its peers: the same cell, shapes and numbers, interleaved in one process."""

from rnnlab.benchmark.cases import SHAPES, Case, Shape, read_shape
from rnnlab.benchmark.suite import compare, measure

__all__ = ["SHAPES", "Case", "Shape", "compare", "measure", "read_shape"]
