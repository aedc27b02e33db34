"""`rnnlab cells`, its `show` and `trace`, and `rnnlab gradcheck`: what they print."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from rnnlab.analysis import walk, words_as_inputs
from rnnlab.cells import lstm
from rnnlab.cells.diagram import flowchart
from rnnlab.cells.latex import typeset
from rnnlab.cli import main
from rnnlab.cli.output import vector_text
from rnnlab.registry import cells

Capture = pytest.CaptureFixture[str]

FILE = '''
from rnnlab import cell, linear, sigmoid, tanh

@cell(keep="f")
def cifg(x, h, c):
    """Coupled gates."""
    f = sigmoid(linear("f", x, h, bias=1.0))
    g = tanh(linear("g", x, h))
    o = sigmoid(linear("o", x, h))
    c = f * c + (1 - f) * g
    return o * tanh(c), c
'''


@pytest.fixture
def cifg(tmp_path: Path) -> str:
    """Return FILE.py:NAME of a cell outside the package."""
    path = tmp_path / "my_cells.py"
    path.write_text(FILE)
    return f"{path}:cifg"


def printed(capsys: Capture, *arguments: str) -> str:
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert "Error" not in captured.err
    return captured.out


def test_the_list_says_how_large_and_how_long_a_step_is(capsys: Capture) -> None:
    lines = {line.split()[0]: line for line in printed(capsys, "cells").splitlines()}
    assert re.split(r"\s{2,}", lines["lstm"])[:5] == ["lstm", "h, c", "f", "4H(I+H+1)", "1"]
    assert "Gers et al. 2000" in lines["lstm"]
    assert re.split(r"\s{2,}", lines["rnn"])[:5] == ["rnn", "h", "-", "H(I+H+1)", "1"]


def test_show_says_all_that_follows_from_the_equations(capsys: Capture) -> None:
    text = printed(capsys, "cells", "show", "lstm")
    parts = text.split("\n\n")
    assert parts[0].startswith("lstm: Long short-term memory")
    assert '    f = sigmoid(linear("f", x, h, bias=1.0))\n' in parts[1]
    assert parts[2] == f"Forward step, derived\n{lstm.derivation.forward_source().rstrip()}"
    assert parts[3] == f"Backward step, derived\n{lstm.derivation.backward_source().rstrip()}"
    assert parts[4].startswith("Parameters in I inputs and H units: 4H(I+H+1), 1 matrix product a ")
    assert "bias_l0       (4H,)    i 0, f 1, g 0, o 0" in parts[4]
    assert parts[5].splitlines()[1:] == [
        "dh_t/dc_{t-1} = o * (1 - tanh_c * tanh_c) * f",
        "dc_t/dc_{t-1} = f",
    ]


@pytest.mark.parametrize("name", ["lstm", "slstm", "minimalrnn"])
def test_a_cell_shows(capsys: Capture, name: str) -> None:
    assert printed(capsys, "cells", "show", name).startswith(f"{name}: ")
    assert printed(capsys, "cells", "show", name, "--latex") == typeset(cells[name]) + "\n"
    assert printed(capsys, "cells", "show", name, "--diagram") == flowchart(cells[name]) + "\n"


def test_a_cell_without_direct_paths_says_so(capsys: Capture) -> None:
    assert printed(capsys, "cells", "show", "rnn").endswith("none: every path has a matrix\n")


def test_a_cell_of_a_file(capsys: Capture, cifg: str) -> None:
    assert "dc_t/dc_{t-1} = f\n" in printed(capsys, "cells", "show", cifg)
    assert r"(1 - f_{t}) \odot g_{t}" in printed(capsys, "cells", "show", cifg, "--latex")
    assert "1 − ·" in printed(capsys, "cells", "show", cifg, "--diagram")  # noqa: RUF001
    assert "\nstep 3\n" in printed(capsys, "cells", "trace", cifg)
    assert "All gradients of cifg agree" in printed(capsys, "gradcheck", cifg)


def test_trace_prints_every_value_of_every_word(capsys: Capture) -> None:
    text = "John likes black coffee"
    lines = printed(capsys, "cells", "trace", "lstm", "--text", text, "--hidden", "3").splitlines()
    assert lines[:6] == [
        "lstm: 4 steps of one-hot over 4 distinct words; I = 4, H = 3",
        "  x (I,) = (4,)",
        "  h, c (H,) = (3,), 0 before the first step",
        "  weight_ih_l0 (12, 4): i, f, g, o, each (H, I) = (3, 4)",
        "  weight_hh_l0 (12, 3): i, f, g, o, each (H, H)",
        "  bias_l0 (12,): i, f, g, o, each (H,)",
    ]
    assert [line for line in lines if line.startswith("step")] == [
        "step 1: John",
        "step 2: likes",
        "step 3: black",
        "step 4: coffee",
    ]
    rows = [re.match(r"  (\S+)\s+(\(\d+,\))  \[(.*)\]", line) for line in lines[7:]]
    found = [(m[1], m[2], [float(word) for word in m[3].split()]) for m in rows if m]
    names = ["x", "h_{t-1}", "c_{t-1}", "i", "f", "g", "o", "c", "h"]
    assert [name for name, _, _ in found] == names * 4
    expected = walk("lstm", words_as_inputs(text, None, 0), hidden=3, seed=0)
    values = [value for step in expected.steps for value in step.values()]
    for (_, shape, numbers), value in zip(found, values, strict=True):
        assert shape == str(value.shape)
        np.testing.assert_allclose(numbers, value, atol=6e-5)


@pytest.mark.parametrize("name", ["lstm", "slstm", "minimalrnn"])
def test_a_cell_traces(capsys: Capture, name: str) -> None:
    text = printed(capsys, "cells", "trace", name, "--steps=2", "--inputs=2", "--hidden=3")
    assert text.startswith(f"{name}: 2 steps of standard normal numbers; I = 2, H = 3\n")
    for word in (*cells[name].states, *cells[name].equations.gates):
        assert text.count(f"\n  {word} ") >= 2


def test_words_as_random_vectors(capsys: Capture) -> None:
    text = printed(capsys, "cells", "trace", "gru", "--text=a b", "--inputs=5", "--seed=3")
    assert "2 steps of a random vector of 5 for each of 2 distinct words; I = 5" in text


def test_long_vectors_are_shortened() -> None:
    assert vector_text(np.arange(9.0)).count(".") == 6 + 3
    assert vector_text(np.arange(8.0)).count(".") == 8
    assert "\n" not in vector_text(np.arange(5000.0))
    assert "e-09" in vector_text(np.array([1e-9, 2e-9]))


def test_gradcheck_prints_every_gradient(capsys: Capture) -> None:
    lines = printed(capsys, "gradcheck", "peephole-lstm", "--hidden=2", "--batch=1").splitlines()
    assert lines[0].split("  ")[0] == "gradient of"
    assert [re.split(r"\s{2,}", line)[:2] for line in lines[1:-1]] == [
        ["weight_ih_l0", "(8, 3)"],
        ["weight_hh_l0", "(8, 2)"],
        ["bias_l0", "(8,)"],
        ["p_i_l0", "(2,)"],
        ["p_f_l0", "(2,)"],
        ["p_o_l0", "(2,)"],
        ["input x", "(5, 1, 3)"],
        ["state h", "(1, 2)"],
        ["state c", "(1, 2)"],
    ]
    assert re.fullmatch(
        r"All gradients of peephole-lstm agree: largest error .*e-\d+, limit 1e-06", lines[-1]
    )


def test_a_wrong_gradient_is_named_and_ends_in_code_1(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, cifg: str
) -> None:
    """1, not 2: the user wrote the equations, the gradients are rnnlab's."""
    import dataclasses

    from rnnlab.equations.operation import OPERATIONS

    right = OPERATIONS["sigmoid"]
    wrong = dataclasses.replace(right, gradient=lambda d, y, _: (d * y * (1 - y) * 1.01,))
    monkeypatch.setitem(OPERATIONS, "sigmoid", wrong)
    assert main(["gradcheck", cifg]) == 1
    captured = capsys.readouterr()
    rows = captured.out.splitlines()[1:]
    assert len(rows) == 6
    error = captured.err.splitlines()[-1]
    match = re.fullmatch(
        r"Error: the gradient of (\w+)\[(.*)\] must agree with differences to 1e-06, got (.*) "
        r"against (.*), an error of (.*): please report it with the cell's equations",
        error,
    )
    assert match, error
    assert float(match[5]) == max(float(re.split(r"\s{2,}", row)[2]) for row in rows)
    assert main(["gradcheck", cifg, "--tolerance=0.5"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("cells show ltsm", "got 'ltsm': did you mean 'lstm'?"),
        ("cells show lstm --latex --diagram", "must not be given together: choose one"),
        ("cells show absent.py:cell", "the cell's file must exist, got 'absent.py'"),
        ("cells trace ltsm", "got 'ltsm': did you mean 'lstm'?"),
        ("cells trace lstm --text=a --steps=2", "--steps must not be given with --text, got 2"),
        ("cells trace lstm --text=", "the text must have at least one word, got ''"),
        ("cells trace lstm --hidden=0", "0 is not in the range x>=1"),
        ("gradcheck ltsm", "got 'ltsm': did you mean 'lstm'?"),
        ("gradcheck lstm --tolerance=0", "0.0 is not in the range"),
        ("gradcheck lstm --steps=none", "'none' is not a valid integer range"),
    ],
)
def test_what_the_user_got_wrong_is_one_line_and_code_2(
    capsys: Capture, arguments: str, message: str
) -> None:
    assert main(arguments.split()) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
