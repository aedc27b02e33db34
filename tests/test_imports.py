"""Circles that import-linter cannot see: a module that imports names of its own package."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = [path for path in sorted(ROOT.glob("rnnlab/**/*.py")) if path.name != "__init__.py"]


def own_packages(path: Path) -> set[str]:
    """Return the packages that a module is in."""
    folders = path.relative_to(ROOT).parent.parts
    return {".".join(folders[:depth]) for depth in range(1, len(folders) + 1)}


def names_from_own_packages(tree: ast.AST, own: set[str]) -> list[str]:
    """Return what a module imports of a package that it is in, other than modules there."""
    found = []
    for node in ast.walk(tree):  # imports inside functions and under TYPE_CHECKING too
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name in own]
        elif isinstance(node, ast.ImportFrom) and node.module in own:
            folder = ROOT / node.module.replace(".", "/")
            modules = {path.stem for path in folder.iterdir()}
            found += [f"{node.module}.{one.name}" for one in node.names if one.name not in modules]
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_imports_names_of_its_own_package(path: Path) -> None:
    """The package imports the module: names come from the modules that define them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert names_from_own_packages(tree, own_packages(path)) == []


def test_the_check_sees_what_is_wrong() -> None:
    own = {"rnnlab", "rnnlab.cells"}
    for text in (
        "from rnnlab.cells import find_cell",
        "from rnnlab import __version__",
        "import rnnlab.cells",
        "def f():\n    from rnnlab.cells import lstm",
    ):
        assert names_from_own_packages(ast.parse(text), own), text
    assert not names_from_own_packages(ast.parse("from rnnlab.cells import latex"), own)
