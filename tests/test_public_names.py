"""Public names of the package: each is there, and importing the package loads none of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import rnnlab
from rnnlab import equations

ROOMS = {file.parent.name for file in Path(rnnlab.__file__).parent.glob("*/__init__.py")}


def test_every_name_is_there() -> None:
    for name in rnnlab.__all__:
        assert getattr(rnnlab, name) is getattr(rnnlab, name), name
    assert {*rnnlab.__all__, "cli"} >= ROOMS


def test_functions_of_equations_are_in_their_room_too() -> None:
    shared = set(equations.__all__) & set(rnnlab.__all__)
    assert {"linear", "vector", "sigmoid", "where"} <= shared
    assert all(getattr(rnnlab, name) is getattr(equations, name) for name in shared)


def test_importing_the_package_loads_no_room() -> None:
    script = "import sys, rnnlab; print(*(n for n in sys.modules if n.startswith('rnnlab.')))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["rnnlab.version"]
