"""Cells that installed packages offer: real distributions, laid out in a folder of their own.

Each test runs a process that has the folder on its path, as an installed package would be.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CELLS = '''
"""Cells of a third party."""

from rnnlab import cell, linear, sigmoid, tanh


@cell(keep="f")
def leaky(x, h):
    """Leaky unit (Acme 2020)."""
    f = sigmoid(linear("f", x, h, bias=1.0))
    return f * h + (1 - f) * tanh(linear("g", x, h))


not_a_cell = 3
'''

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., None]:
    """Return `install(distribution, entry_points, **modules)`: as an installer leaves it."""

    def lay_out(name: str, entry_points: dict[str, str], **modules: str) -> None:
        site = tmp_path / "site"
        info = site / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"{key} = {value}\n" for key, value in entry_points.items()]
        (info / "entry_points.txt").write_text("[rnnlab.cells]\n" + "".join(lines))
        for module, text in modules.items():
            (site / f"{module}.py").write_text(text)

    return lay_out


@pytest.fixture
def python(tmp_path: Path) -> Run:
    """Return `python(*arguments)`, run in an empty folder with the packages on its path."""
    work = tmp_path / "work"
    work.mkdir()
    rnnlab = str(Path(__file__).parents[2])
    paths = [str(tmp_path / "site"), rnnlab, os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


def rnnlab_cells(python: Run) -> tuple[list[str], list[str]]:
    """Return the names that `rnnlab cells` lists, and the lines on stderr."""
    done = python("-m", "rnnlab.cli", "cells")
    assert done.returncode == 0, done.stderr
    return [line.split()[0] for line in done.stdout.splitlines()], done.stderr.splitlines()


def test_an_offered_cell_is_listed_found_and_proposed(install, python) -> None:
    install("acme-cells", {"leaky": "acme:leaky"}, acme=CELLS)
    names, warnings = rnnlab_cells(python)
    assert names[:2] == ["rnn", "rnn-relu"]
    assert names[-1] == "leaky"
    assert warnings == []
    script = (
        "import rnnlab; from rnnlab.cells import find_cell; cell = find_cell('leaky');"
        "print(cell.name, cell.keep, find_cell('leaky') is cell);"
        "print(rnnlab.Recurrent('leaky', 2, 3).parameter_count)"
    )
    done = python("-c", script)
    assert done.stdout == "leaky f True\n36\n", done.stderr
    done = python("-m", "rnnlab.cli", "run", "copy-task", "--cell", "leeky")
    assert done.returncode == 2
    assert "got 'leeky': did you mean 'leaky'?" in done.stderr


def test_an_offered_cell_runs_in_an_experiment(install, python) -> None:
    """By its name, and as the definition that the package exports."""
    install("acme-cells", {"leaky": "acme:leaky"}, acme=CELLS)
    tiny = {"delays": [3], "seeds": 1, "updates": 2, "hidden": 4, "batch": 3, "jobs": 2}
    script = (
        "import rnnlab, acme; result = rnnlab.run('copy-task', out='r', "
        f"cells=[acme.leaky, 'gru'], evaluation_batch=4, payload=2, **{tiny});"
        "print(sorted(set(result.metrics.cell)))"
    )
    done = python("-c", script)
    assert done.stdout == "['gru', 'leaky']\n", done.stderr


@pytest.mark.parametrize("words", ["import rnnlab", "import rnnlab.cells"])
def test_importing_loads_nothing_of_others(install, python, words: str) -> None:
    install("acme-cells", {"leaky": "acme:leaky"}, acme=CELLS)
    done = python("-c", f"import sys; {words}; print('acme' in sys.modules)")
    assert done.stdout == "False\n", done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["cells", "--help"], ["run", "--help"]])
def test_help_loads_nothing_of_others(install, python, arguments: list[str]) -> None:
    install("acme-cells", {"leaky": "acme:leaky"}, acme="raise SystemExit('loaded')\n")
    done = python("-m", "rnnlab.cli", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


#: Modules that offer no cell: their source, the name that is offered, and what the warning says.
BROKEN = [
    (None, "leaky", "must load from {}:leaky, got ModuleNotFoundError: No module"),
    (CELLS, "leeky", "must load from {}:leeky, got AttributeError: module '{}'"),
    ("1 / 0", "leaky", "must load from {}:leaky, got ZeroDivisionError: division"),
    ("def (", "leaky", "must load from {}:leaky, got SyntaxError: "),
    (CELLS, "not_a_cell", "must lead to a cell made with @cell, got int: write"),
    (CELLS.replace("f * h", "f * x"), "leaky", "x has I numbers, not one per unit"),
]


def test_a_broken_offer_names_its_package_and_disturbs_no_other_cell(install, python) -> None:
    for number, (source, target, _) in enumerate(BROKEN):
        module = f"acme{number}"
        modules = {} if source is None else {module: source}
        install(f"acme-{number}", {f"leaky-{number}": f"{module}:{target}"}, **modules)
    install("other-cells", {"calm": "other:calm"}, other=CELLS.replace("leaky", "calm"))
    names, warnings = rnnlab_cells(python)
    assert not any(name.startswith("leaky") for name in names)
    assert {"lstm", "calm"} <= set(names)
    assert len(warnings) == len(BROKEN)
    for number, (_, _, message) in enumerate(BROKEN):
        (warning,) = [w for w in warnings if f"cell 'leaky-{number}' of acme-{number} 1.0" in w]
        assert warning.startswith("Warning: ")
        assert message.replace("{}", f"acme{number}") in warning
    asked = python("-m", "rnnlab.cli", "run", "copy-task", "--cell", "leaky-2")
    assert asked.returncode == 2
    assert asked.stderr.count("\n") == 1
    assert "cell 'leaky-2' of acme-2 1.0" in asked.stderr
    assert "ZeroDivisionError" in asked.stderr
    assert python("-c", "from rnnlab.cells import find_cell; find_cell('calm')").returncode == 0


def test_an_offer_under_another_name_than_its_cells(install, python) -> None:
    install("acme-cells", {"lazy": "acme:leaky"}, acme=CELLS)
    _, warnings = rnnlab_cells(python)
    assert len(warnings) == 1
    assert "must have the name of its cell, 'leaky', got 'lazy': rename" in warnings[0]


def test_a_name_that_rnnlab_has_is_refused_with_the_remedy(install, python) -> None:
    install("acme-cells", {"lstm": "acme:leaky"}, acme="raise SystemExit('loaded')\n")
    names, warnings = rnnlab_cells(python)
    assert names.count("lstm") == 1
    assert warnings == [
        "Warning: cell 'lstm' of acme-cells 1.0 must have a name of its own, "
        "got one that rnnlab has: rename it there"
    ]
    done = python(
        "-c", "from rnnlab.cells import find_cell, lstm; print(find_cell('lstm') is lstm)"
    )
    assert done.stdout == "True\n"


def test_a_name_that_two_packages_offer_is_neithers(install, python) -> None:
    install("acme-cells", {"leaky": "acme:leaky"}, acme=CELLS)
    install("other-cells", {"leaky": "other:leaky"}, other=CELLS)
    names, warnings = rnnlab_cells(python)
    assert "leaky" not in names
    assert len(warnings) == 1
    assert "must come from one package, got " in warnings[0]
    assert "acme-cells 1.0" in warnings[0]
    assert "other-cells 1.0" in warnings[0]
    assert warnings[0].endswith(": uninstall all but one")
