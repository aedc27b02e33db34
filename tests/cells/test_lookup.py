"""Lookup of cells by name, file and definition."""

from __future__ import annotations

import pytest

from rnnlab.cells import find_cell, lstm
from rnnlab.registry import cells

GOOD = '''
from rnnlab import cell, linear, sigmoid, tanh

@cell(keep="u")
def update_gate(x, h):
    """Update-gate RNN (Collins et al. 2017)."""
    u = sigmoid(linear("u", x, h))
    return u * h + (1 - u) * tanh(linear("g", x, h))

@cell(name="plain")
def _other(x, h):
    return tanh(linear("g", x, h))

number = 3
'''


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_file


@pytest.mark.parametrize("name", cells.names())
def test_registered_names(name):
    assert find_cell(name) is cells[name]


def test_a_definition_is_itself():
    assert find_cell(lstm) is lstm


def test_unknown_names_propose_the_nearest():
    with pytest.raises(ValueError, match="got 'ltsm': did you mean 'lstm'"):
        find_cell("ltsm")
    with pytest.raises(
        ValueError, match=r"cell must be one of atr, .*cifg.*, lstm, .*got '': choose one"
    ):
        find_cell("")


@pytest.mark.parametrize("spec", [None, 3, ["lstm"], abs])
def test_what_is_neither_a_name_nor_a_definition(spec):
    with pytest.raises(TypeError, match="cell must be a name or a definition made with @cell"):
        find_cell(spec)


def test_a_cell_of_a_file_by_its_variable_or_its_name(write):
    path = write(GOOD)
    found = find_cell(f"{path}:update_gate")
    assert (found.name, found.maps, found.keep) == ("update-gate", ("u", "g"), "u")
    assert find_cell(f"{path}:update-gate").name == "update-gate"
    assert find_cell(f"{path}:_other").name == find_cell(f"{path}:plain").name == "plain"


def test_a_file_is_not_registered(write):
    find_cell(f"{write(GOOD)}:plain")
    assert "plain" not in cells


def test_a_relative_path(write, monkeypatch):
    monkeypatch.chdir(write(GOOD).parent)
    assert find_cell("mine.py:plain").name == "plain"


def test_a_file_that_is_missing(tmp_path):
    with pytest.raises(ValueError, match=r"file must exist, got '.*absent\.py': check the path"):
        find_cell(f"{tmp_path}/absent.py:name")


def test_a_file_that_fails(write):
    path = write("import math\nmath.sqrt(-1)\n1 / 0\n")
    with pytest.raises(
        ValueError, match=rf"{path}:2: mine\.py must run, got ValueError: math domain"
    ):
        find_cell(f"{path}:name")
    path = write("1 / 0\n", "second.py")
    with pytest.raises(ValueError, match=r"second\.py must run, got ZeroDivisionError: division"):
        find_cell(f"{path}:name")
    path = write("def broken(:\n", "third.py")
    with pytest.raises(ValueError, match=rf"{path}:1: third\.py must run, got SyntaxError"):
        find_cell(f"{path}:name")


def test_a_file_that_raises_a_plain_value_error_is_named(write):
    """`ValueError: bad` alone would not say where it came from."""
    path = write("raise ValueError('bad')\n")
    with pytest.raises(ValueError, match=r"mine\.py must run, got ValueError: bad"):
        find_cell(f"{path}:name")


def test_a_file_whose_equations_are_wrong_names_the_line(write):
    path = write(GOOD.replace("u * h", "u * x"))
    with pytest.raises(ValueError, match=rf"{path}:8: x has I numbers"):
        find_cell(f"{path}:update_gate")


def test_a_wrong_cell_leaves_the_others_of_its_file_usable(write):
    path = write(GOOD.replace("u * h", "u * x"))
    assert find_cell(f"{path}:plain").name == "plain"
    with pytest.raises(ValueError, match="got 'update_gat': did you mean 'update_gate'"):
        find_cell(f"{path}:update_gat")
    # a file that uses the wrong one at once does not run
    path.write_text(f"{path.read_text()}\nlayer = update_gate.arrays\n")
    with pytest.raises(ValueError, match=rf"{path}:8: x has I numbers"):
        find_cell(f"{path}:plain")


def test_a_name_that_rnnlab_does_not_have(write):
    path = write("\nfrom rnnlab import cell, softplus\n")
    formula = r"maximum\(a, 0\) \+ log\(1 \+ exp\(-abs\(a\)\)\)"
    message = f"{path}:2: cannot import softplus from rnnlab: rnnlab has no softplus: write "
    with pytest.raises(ValueError, match=message + formula):
        find_cell(f"{path}:mine")
    path.write_text("from rnnlab import cell, sigmiod\n")
    with pytest.raises(ValueError, match=rf"{path}:1: .*sigmiod from rnnlab: did you mean sigmoid"):
        find_cell(f"{path}:mine")


def test_a_file_that_ends_the_program(write):
    path = write("import sys\nsys.exit(0)\n")
    with pytest.raises(ValueError, match=rf"{path}:2: mine\.py must run, got SystemExit: 0"):
        find_cell(f"{path}:mine")


def test_a_file_without_a_cell(write):
    path = write("def update_gate(x, h):\n    return h\n")
    with pytest.raises(ValueError, match="must define a cell with @cell: decorate"):
        find_cell(f"{path}:update_gate")


def test_a_wrong_name_in_a_file(write):
    path = write(GOOD)
    with pytest.raises(ValueError, match="got 'update_gat': did you mean 'update_gate'"):
        find_cell(f"{path}:update_gat")
    with pytest.raises(ValueError, match="got 'number'"):
        find_cell(f"{path}:number")


def test_a_path_without_a_name(write):
    path = write(GOOD)
    with pytest.raises(ValueError, match=r"mine\.py"):
        find_cell(f"{path}:")
    with pytest.raises(ValueError, match=r"cell must be one of .*mine\.py"):
        find_cell(str(path))
