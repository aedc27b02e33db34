"""Everything that Python lets a person write in a cell: it works, or one line says what to write.

A `#` in a cell's text marks the line that the error has to name.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnnlab.cells import CellDefinition, find_cell
from rnnlab.equations import EquationError
from rnnlab.equations.advice import FORMULAS, vocabulary

HEAD = """\
import functools, math, random, time
import numpy as np
import rnnlab
from rnnlab import (
    cell, exp, hard_sigmoid, identity, linear, log, maximum, minimum, relu, scalar, sigmoid,
    softsign, sqrt, tanh, uniform, vector, where,
)

matrix, half, counter = np.ones((3, 3)), np.float32(0.5), [0]


def count():
    counter[0] += 1
    return counter[0]


def mean(a):
    return a.mean()  # HELPER


def squashed(*values, by=tanh):
    return by(sum(values))


"""

Read = Callable[[str], CellDefinition]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads a cell `mine` from a file that begins with HEAD."""

    def find(text: str) -> CellDefinition:
        path = tmp_path / "mine.py"
        path.write_text(HEAD + text)
        return find_cell(f"{path}:mine")

    return find


def of_body(body: str) -> str:
    """Return a cell whose pre-activation `a` goes through `body`."""
    lines = ["@cell", "def mine(x, h):", '    a = linear("a", x, h)']
    return "\n".join([*lines, textwrap.indent(body, "    "), ""])


# What a person writes, and the equations it has to mean.
WORKS = [
    ("a += h\nreturn tanh(a)", "return tanh(a + h)"),
    ("a *= 2\na -= 1\na /= 4\na **= 2\nreturn a", "return ((a * 2 - 1) / 4) ** 2"),
    ("return [tanh(a)]", "return tanh(a)"),
    ("return (tanh(a),)", "return tanh(a)"),
    ("if (t := tanh(a)) is not None:\n    return t * t", "return tanh(a) * tanh(a)"),
    ("return squashed(a, h)", "return tanh(a + h)"),
    ("return squashed(a, h, by=sigmoid)", "return sigmoid(a + h)"),
    ("return half * a + np.array(0.25)", "return 0.5 * a + 0.25"),
    ("return np.float64(2) - a", "return 2 - a"),
    ("return where(np.float64(0) < a, a, h)", "return where(a > 0, a, h)"),
    ("return functools.reduce(maximum, [a, h, 0])", "return maximum(maximum(a, h), 0)"),
    ("return sum(p * a for p in (1, 2, 3))", "return 6 * a"),
    ("p, q = tanh(a), sigmoid(a)\nreturn p * q", "return tanh(a) * sigmoid(a)"),
    ("flag = True\nreturn tanh(a) if flag else h", "return tanh(a)"),
    ("print(f'{a}')\nreturn tanh(a)", "return tanh(a)"),
    ("return +a if len([a, h]) == 2 else h", "return a"),
    ("return (1 + abs(a)) ** h", "return exp(h * log(1 + abs(a)))"),
    ("try:\n    return tanh(a)\nfinally:\n    pass", "return tanh(a)"),
    ("return (lambda v: v * v)(a)", "return a * a"),
    ("match 3:\n    case 3:\n        return tanh(a)", "return tanh(a)"),
    ("return tanh(a + vector('p', init=half))", "return tanh(a + vector('p', init=0.5))"),
]


@pytest.mark.parametrize(("written", "meant"), WORKS)
def test_what_works_means_what_it_says(read: Read, written: str, meant: str) -> None:
    found = read(of_body(written))
    expected = read(of_body(meant))
    # sums of numbers may be grouped otherwise: what is computed counts
    values: dict[int, Any] = {
        found.equations.maps[0].index: 0.7,
        found.equations.states["h"].index: -0.3,
    }
    values |= {node.index: 0.5 for node in found.equations.vectors}
    ours, theirs = (c.equations.outputs[0] for c in (found, expected))
    result = found.equations.evaluate([ours], values)[ours.index]
    wanted = expected.equations.evaluate([theirs], values)[theirs.index]
    assert float(result) == pytest.approx(float(wanted), rel=1e-14)


BODIES = [
    # branches and loops
    ("return a if a > 0 else h  #", "cannot branch on a value: use where"),
    ("while a > 0:  #\n    a = a - 1\nreturn a", "cannot branch on a value: use where"),
    ("return where(a > 0 and h > 0, a, h)  #", "use where.* for if, and, or, not and chained"),
    ("return where(not a > 0, a, h)  #", "cannot branch on a value: use where"),
    ("return where((a > 0) & (h > 0), a, h)  #", r"not combined with & \| ~: use where\(a > b, wh"),
    ("return where(~(a > 0), a, h)  #", r"not combined with & \| ~"),
    ("return where(0 < a < 1, a, h)  #", "cannot branch on a value"),
    ("assert a > 0  #\nreturn a", "cannot branch on a value"),
    ("for v in a:  #\n    pass\nreturn a", "cannot be unpacked, indexed or counted: give each"),
    ("return sorted([a, h])[0]  #", "cannot branch on a value"),
    ("return max(a, 0)  #", r"maximum\(a, b\) of rnnlab for Python's min and max"),
    # a value taken for an array
    ("p, q = a  #\nreturn p", "cannot be unpacked, indexed or counted"),
    ("return h[-3]  #", "cannot be unpacked, .* what earlier steps held a state of its own"),
    ("a[0] = 1  #\nreturn a", "cannot be unpacked, indexed or counted"),
    ("return a * len(h)  #", "cannot be unpacked, indexed or counted"),
    ("return a * x.shape[0]  #", r"a value has no \.shape: .* one unit of one sequence"),
    ("return a.T  #", r"a value has no \.T: "),
    ("return a.tanh()  #", r"no \.tanh: use tanh of rnnlab \(from rnnlab import tanh\)"),
    ("return a @ h  #", r"no @ between values: linear\(name, value\) is the only product over"),
    ("return matrix @ h  #", r"NumPy's matmul does not take a cell's values: linear\(name, val"),
    ("return matrix * h  #", r"numbers only, got ndarray: .*vector\(name\) for a learned one per"),
    ("return np.dot(a, h)  #", r"dot does not take a cell's values: linear\(name, value\)"),
    ("return np.concatenate([a, h])  #", r"linear\(name, a, b\) has a matrix for each operand"),
    # functions that equations do not have
    ("return math.cos(a)  #", "Python's cos does not take .*: rnnlab has no cos: write it with"),
    ("return math.sqrt(a)  #", "Python's sqrt does not .* use sqrt of rnnlab"),
    ("return np.cos(a)  #", "NumPy's cos does not take .*: rnnlab has no cos"),
    ("return np.tanh(a)  #", "NumPy's tanh does not take .*: use tanh of rnnlab"),
    ("return np.sqrt(a)  #", "NumPy's sqrt does not take .*: use sqrt of rnnlab"),
    ("return np.where(a > 0, a, h)  #", "NumPy's where does not take .*: use where of rnnlab"),
    ("return rnnlab.softplus(a)  #", r"rnnlab has no softplus: write maximum\(a, 0\) \+ log"),
    ("return softplus(a)  #", r"'softplus' is not defined: rnnlab has no softplus: write maxim"),
    ("return sigmiod(a)  #", "'sigmiod' is not defined: did you mean 'sigmoid'"),
    ("gate = sigmoid(a)\nreturn gat * h  #", "'gat' is not defined: did you mean 'gate'"),
    ("return tanh(a) * elu(h)  #", r"no elu: write where\(a > 0, a, exp\(minimum\(a, 0\)\) - 1\)"),
    ("return float(a) * h  #", "a value is not a number while the cell is defined: use it"),
    ("return int(a) * h  #", "a value is not a number while the cell is defined"),
    ("return complex(a) * h  #", "a value is not a number while the cell is defined"),
    ("return a * range(h)[0]  #", "Python's range does not take a cell's values|is not a number"),
    ("return round(a)  #", "no %, // and rounding: .* the slope 0 everywhere"),
    ("return math.floor(a)  #", "no %, // and rounding"),
    ("return a % 2  #", "no %, // and rounding"),
    ("return 2 % a  #", "no %, // and rounding"),
    ("return a // 2  #", "no %, // and rounding"),
    ("return divmod(a, 2)[0]  #", "no %, // and rounding"),
    ("return pow(a, 2, 3)  #", "equations are made of arithmetic"),
    ("return mean(a)", r"a value has no \.mean: .*one unit of one sequence, and only linear\(name"),
    ("print(f'{a:.3f}')  #\nreturn a", "has no digits while the cell is defined: print it witho"),
    ("return h(a - 1)  #", r"a value is not a function and cannot be called: write \* for"),
    ("return tanh(a, h)  #", "takes 1 positional argument but 2 were given: equations are made"),
    ("return tanh  #", "must return a value for state h, got function: return the name"),
    # numbers that are none
    ("return a * 1j  #", "numbers only, got complex: compute real and imaginary parts apart"),
    ("return a * np.complex64(1j)  #", "numbers only, got complex: compute real and"),
    ("return a * None  #", "numbers only, got NoneType: a function that returns nothing gives No"),
    ("return a * True  #", "numbers only, got bool: use a Python number"),
    ("return a * np.True_  #", "numbers only, got bool: use a Python number"),
    ("return a + '1'  #", "numbers only, got str"),
    ("return a + [h]  #", "numbers only, got list"),
    ("return a * float('nan')  #", "must be finite, got nan"),
    ("return a / 0  #", "divides by 0"),
    ("return a * (1 / 0)  #", "must run on values, got ZeroDivisionError: division by zero"),
    ("return a == h  #", r"compare with > and < only: where\(a > b, p, q\)"),
    ("return linear('b', [x, h])  #", r"got list: write the operands one after the other"),
    ("return linear('b', tanh)  #", "got function: call the function, and pass what it returns"),
    ("return linear(x, h)  #", r'the name in linear\(...\) must be a word such as "f"'),
    ("return linear('b', x, bias=a)  #", "bias of linear.'b'. must be a finite number or None"),
    # what is returned
    ("return  #", "must return its new states: end it with `return h`"),
    ("pass  #", "must return its new states: end it with `return h`"),
    ("return a, h  #", r"must return one value per state \(h\), got 2: end it with `return h`"),
    ("return {'h': a}  #", "must return a value for state h, got dict: .*`return h`"),
    ("return 0.0  #", "must return a value for state h, got float"),
    ("raise RuntimeError('not yet')  #", "must run on values, got RuntimeError: not yet; correct"),
    ("return z  #\nz = a", "'z'.*: assign it on every path, before it is used"),
    # what is not the same each time
    ("return a * random.random()  #", "must compute the same each time it runs, got .* and then"),
    ("return a * np.random.rand()  #", "a random number, the time or a counter would be frozen"),
    ("return a + time.perf_counter()  #", "would be frozen at its first value; write the number"),
    ("p = vector('p', init=random.random())  #\nreturn a * p", r"init=uniform\(low, high\)"),
    ("b = linear('b', x, bias=random.random())  #\nreturn a * b", "must compute the same each"),
    ("return a if count() % 2 else tanh(a)", "must compute the same each time it runs"),
    ("return tanh(a) * count()  #", r"runs, got \d+ and then \d+: .*a counter"),
]


@pytest.mark.parametrize(("body", "message"), BODIES)
def test_what_does_not_work_names_the_line_and_what_to_write(
    read: Read, body: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refuses(read, of_body(body), message)
    assert capsys.readouterr().out == ""


HEADS = [
    ("@cell\ndef mine(x, h, alpha=0.5):  #", r"got alpha=0.5: write .* scalar\('alpha', init="),
    ("@cell\ndef mine(x, *states):  #", r"x and its states by position: drop \* and \*\*"),
    ("@cell\ndef mine(x, *, h):  #", r"by position: drop \* and \*\*"),
    ("@cell\ndef mine(x, h, **more):  #", r"by position: drop \* and \*\*"),
    ("@cell\ndef mine(x):  #", r"x and at least one state, got \(x\): write def mine\(x, h\)"),
    ("@cell\nasync def mine(x, h):  #", "must be a plain function, got one with async or yield"),
    ("@cell(keep='f')  #\ndef mine(x, h):", "keep gate must be one of g, got 'f': choose one"),
    ("@cell(name='2nd')  #\ndef mine(x, h):", "name must be letters, digits and hyphens"),
    ("@cell(keep=3)  #\ndef mine(x, h):", "keep of @cell must be a text, got 3: write it in quote"),
    ("@cell(name=3)  #\ndef mine(x, h):", "name of @cell must be a text, got 3"),
    ("@cell(paper=None)  #\ndef mine(x, h):", "paper of @cell must be a text, got None"),
    ("@cell(init='glorrot')  #\ndef mine(x, h):", "init must be one of .*: did you mean 'glorot'"),
    ("@cell(init=None)  #\ndef mine(x, h):", "init must be one of default, glorot, irnn, torch, g"),
    ("@cell(positive='h')  #\ndef mine(x, h):", "positive of @cell must be a tuple of states, got"),
    ("@cell(positive=('c',))  #\ndef mine(x, h):", "state must be one of h, got 'c'"),
    ("@cell\ndef mine(h, x):  #", "a state cannot be called x"),
]


@pytest.mark.parametrize(("head", "message"), HEADS)
def test_a_definition_that_is_wrong_in_itself(read: Read, head: str, message: str) -> None:
    first = re.search(r"\((\w+)", head.partition("def")[2])
    assert first is not None
    refuses(read, f"{head}\n    return tanh(linear('g', {first[1]}))\n", message)


def test_a_generator(read: Read) -> None:
    refuses(read, "@cell\ndef mine(x, h):  #\n    yield linear('g', x)\n", "with async or yield")


def refuses(read: Read, text: str, message: str) -> None:
    """Check that a cell is refused with the marked line of its file, in one line."""
    whole = (HEAD + text).splitlines()
    marked = [n for n, line in enumerate(whole, 1) if line.rstrip().endswith("#")]
    if not marked and "mean(a)" in text:
        marked = [n for n, line in enumerate(whole, 1) if "HELPER" in line]
    with pytest.raises(EquationError, match=message) as caught:
        read(text)
    error = str(caught.value)
    assert "\n" not in error
    assert "Expression" not in error
    file, line, _ = error.split(":", 2)
    assert Path(file).name == "mine.py"
    if marked:
        assert [int(line)] == marked, error


def test_every_formula_that_is_proposed_is_a_cell(read: Read) -> None:
    names = {"a": "a", "b": "(1 + h * h)", "low": "-1", "high": "1"}
    for name, formula in FORMULAS.items():
        assert name not in vocabulary()
        written = re.sub(r"\b(a|b|low|high)\b", lambda found: names[found[0]], formula)
        assert read(of_body(f"return {written}")).states == ("h",)
