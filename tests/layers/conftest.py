"""Fixtures of the layers' tests: cells, cases and the truth that they are compared with."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from rnnlab.cells import CellDefinition
from tests.layers.autograd import autograd
from tests.layers.cases import Case, Combination, everything
from tests.layers.cases import make_case as make
from tests.layers.own_cells import EVERY


@pytest.fixture(params=EVERY.values(), ids=list(EVERY))
def any_cell(request: pytest.FixtureRequest) -> CellDefinition:
    """Every registered cell and the tests' own."""
    definition: CellDefinition = request.param
    return definition


@pytest.fixture(params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def make_case() -> Callable[..., Case]:
    """Return `make_case(cell, (T, B, I, H), dtype, seed, num_layers, bidirectional)`."""
    return make


@pytest.fixture
def case(combination: Combination) -> Case:
    """Return the layer of the module's `combination`, made again for each test."""
    return combination.make()


@pytest.fixture(scope="module")
def expected(combination: Combination) -> dict[str, Any]:
    """Return all its numbers, computed once for all tests of a module."""
    return everything(combination.make())


@pytest.fixture
def torch_truth() -> Callable[[Case], SimpleNamespace]:
    """Return `torch_truth(case)`: states and all gradients by PyTorch's autograd, in float64."""
    return autograd
