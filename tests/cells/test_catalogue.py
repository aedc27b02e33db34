"""The catalogue: one file a cell, discovered, in a fixed order, imported at the first use."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import rnnlab.cells
from rnnlab.cells import CellDefinition, catalogue
from rnnlab.registry import Registry, cells

# Tables, figures and the published files follow this order.
ORDER = (
    "rnn rnn-relu lstm peephole-lstm gru nig nfg nog niaf noaf cifg np fgr gru-reset-before "
    "peephole-lstm-full mgu minimalrnn janet ugrnn ran atr ligru mut1 mut2 mut3 irnn indrnn scrn "
    "star fastgrnn cornn lem multiplicative-lstm slstm lstm-1997 reslstm wmc-lstm "
    "memory-controller-lstm nested-lstm nas fastrnn cfn brc nbrc sgu dsgu miru1 miru2 sgrn lightru "
    "intersection-rnn tau-gru rhn-2 rhn-3 mingru minlstm sru qrnn hgrn t-rnn t-gru t-lstm "
    "nlru unicornn"
)


def test_the_order_of_the_cells():
    assert cells.names() == ORDER.split()


@pytest.mark.parametrize("function_name", catalogue.function_names())
def test_a_file_holds_the_cell_of_its_name(function_name):
    definition = getattr(rnnlab.cells, function_name)
    assert isinstance(definition, CellDefinition)
    assert definition.function.__name__ == function_name
    assert cells[definition.name] is definition
    module = sys.modules[definition.function.__module__]
    assert module.__name__ == f"rnnlab.cells.catalogue.{function_name}"
    assert [v for v in vars(module).values() if isinstance(v, CellDefinition)] == [definition]


def test_no_file_has_the_name_of_a_module_of_the_package():
    others = {module.name for module in pkgutil.iter_modules(rnnlab.cells.__path__)}
    assert not others & set(catalogue.function_names())


def test_a_new_file_is_found_and_follows_the_others(tmp_path, monkeypatch):
    (tmp_path / "leaky_.py").write_text(
        "from rnnlab import cell, linear, tanh\n"
        "@cell\n"
        "def leaky_(x, h):\n"
        '    return 0.5 * h + tanh(linear("g", x, h))\n'
    )
    monkeypatch.setattr(catalogue, "__path__", [*catalogue.__path__, str(tmp_path)])
    found: Registry[CellDefinition] = Registry("cell")
    catalogue.register_all(found)
    assert found.names() == [*ORDER.split(), "leaky"]
    assert (found["leaky"].name, found["leaky"].states) == ("leaky", ("h",))
    del sys.modules["rnnlab.cells.catalogue.leaky_"], vars(catalogue)["leaky_"]


def test_a_file_is_imported_at_the_first_use():
    script = (
        "import sys; import rnnlab.cells; from rnnlab.registry import cells; list(cells);"
        "loaded = lambda: [n.rpartition('.')[2] for n in sys.modules if '.catalogue.' in n];"
        "print(loaded()); rnnlab.cells.gru; cells['peephole-lstm']; print(loaded())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == "[]\n['gru', 'peephole_lstm']\n"


def test_an_unknown_attribute():
    with pytest.raises(AttributeError, match=r"module 'rnnlab\.cells' has no attribute 'ltsm'"):
        _ = rnnlab.cells.ltsm
    assert {"lstm", "np_", "find_cell"} <= set(dir(rnnlab.cells))
