"""Benchmark of the engine and its peers: the same cells, sizes and data, a process for each."""

from rnnlab.benchmark.cases import SHAPES, Case, Shape, read_shape
from rnnlab.benchmark.programs import Program, Programs
from rnnlab.benchmark.suite import compare, measure, summarise

__all__ = [
    "SHAPES",
    "Case",
    "Program",
    "Programs",
    "Shape",
    "compare",
    "measure",
    "read_shape",
    "summarise",
]
