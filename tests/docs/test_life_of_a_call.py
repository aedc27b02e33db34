"""docs/life-of-a-call.md names modules and functions that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "life-of-a-call.md").read_text(encoding="utf-8")
MODULES = sorted(set(re.findall(r"`(\w+/[\w/]+\.py)`", TEXT)))


def test_modules_are_named() -> None:
    assert len(MODULES) > 15


@pytest.mark.parametrize("module", MODULES)
def test_a_module_exists(module: str) -> None:
    assert (ROOT / "rnnlab" / module).is_file()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("layers/recurrent.py", "class Recurrent"),
        ("engine/compiled_engine.py", "class CompiledEngine"),
        ("cells/lookup.py", "def find_cell"),
        ("experiments/settings/spec.py", "class Spec"),
        ("experiments/settings/runs.py", "class Run"),
    ],
)
def test_a_name_is_defined_there(module: str, name: str) -> None:
    assert re.search(rf"^{name}\b", (ROOT / "rnnlab" / module).read_text(), re.MULTILINE)
