"""Tasks of users' own: what breaks the convention is one line with the file's own line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab.cli import main
from rnnlab.experiments.runner.outcomes import OwnCodeFailedError
from rnnlab.tasks import find_task
from rnnlab.user_code import UserCodeError

GOOD = '''\
from dataclasses import dataclass
import random
import numpy as np
from rnnlab.tasks import Task, squared_errors

calls = []


@dataclass(frozen=True)
class Echo(Task):
    """Say the number of `lag` steps ago."""

    loss = "mean-squared-error"
    metrics = ("loss", "mse")
    headline = "mse"
    higher_is_better = False
    solved_at = 0.1
    span = "lag"
    paper = "nobody 1900"
    input_size = output_size = 2
    chance = 1.0
    baseline_loss = 1.0

    lag: int = 2

    @property
    def length(self):
        return self.lag + 1

    def sample(self, batch, rng):
        calls.append(batch)
        x = rng.standard_normal((self.length, batch, 2))
        y = np.full_like(x, np.nan)
        y[-1] = x[0]
        return x, y

    def measure(self, outputs, targets):
        error = float(squared_errors(outputs, targets).mean())
        return {"loss": error, "mse": error}
'''

# What is replaced by what, where the error has to point, and what it has to say.
WRONG = [
    # sample
    ("return x, y", "raise KeyError('no')", "raise KeyError", "Echo.sample must run, got KeyErro"),
    ("return x, y", "1 / 0", "1 / 0", "got ZeroDivisionError: division by zero; correct it there"),
    ("return x, y", "pass", "def sample", "must return inputs and targets, got NoneType: end it"),
    ("return x, y", "return x", "def sample", "must return inputs and targets, got float64 (3, 3,"),
    ("return x, y", "return x, y, x", "def sample", "inputs and targets, got 3 values: end it wi"),
    ("return x, y", "return None, y", "def sample", "the inputs of Echo.sample must be ints (T, "),
    ("return x, y", "return x, None", "def sample", "the targets of Echo.sample must be floats of"),
    ("return x, y", "return x[1:], y", "def sample", "must be ints (T, B) = (3, 3) or floats (T,"),
    ("return x, y", "return x, y[..., :1]", "def sample", "(3, 3, 2), got float64 (3, 3, 1): mea"),
    ("return x, y", "return x * np.nan, y", "def sample", "the inputs of Echo.sample must be fin"),
    ("return x, y", "return x, y * np.nan", "def sample", "must contain an answer, but every "),
    ("return x, y", "return x.astype(complex), y", "def sample", "floats (T, B, I), got complex1"),
    ("return x, y", "return x.astype(int), y", "def sample", "classes have two axes, numbers thr"),
    ("return x, y", "return x[..., 0].astype(int) + 9, y", "def sample", "must be classes 0 to 1"),
    ("return x, y", "return x.tolist(), y", "def sample", "got list: make sample agree with leng"),
    ("rng.standard", "np.random.standard", "def sample", "must draw the same inputs from equal g"),
    ("y[-1] = x[0]", "y[-1] = random.random()", "def sample", "must draw the same targets from e"),
    ("x = rng", "x = len(calls) + rng", "def sample", "draw all random numbers from rng, and keep"),
    ("x = rng", "object.__setattr__(self, 'lag', 3); x = rng", "def sample", "got lag=3 after a "),
    # measure
    ("error = float", "raise IndexError", "raise IndexError", "Echo.measure must run, got IndexE"),
    ("error = float", "outputs += 1; error = float", "outputs += 1", "got ValueError: output arr"),
    ("error = float", "targets[0] = 1; error = float", "targets[0]", "got ValueError: assignment"),
    ("return {", "return error or {", "def measure", "must return a dict of loss, mse, got float"),
    ("return {", "{", "def measure", "must return a dict of loss, mse, got NoneType: end it with"),
    (', "mse": error', "", "def measure", "must return loss, mse, got loss: make it agree with"),
    ("error}", 'error, "more": 1.0}', "def measure", "loss, mse, got loss, mse, more: mak"),
    ('"mse": error', '"rmse": error', "def measure", "loss, mse, got loss, rmse: make it"),
    ('"mse": error', '"mse": None', "def measure", "mse of Echo.measure must be a number, got No"),
    ('"mse": error', '"mse": [error]', "def measure", "must be a number, got list: return float("),
    ('"mse": error', '"mse": "good"', "def measure", "must be a number, got str: return float(.."),
    ('"mse": error', '"mse": True', "def measure", "must be a number, got bool: return float(...)"),
    ("errors(outputs, targets).mean()", "errors(outputs, targets).mean() * np.nan", "def measure",
     "loss of Echo.measure must be finite where the outputs are, got nan"),
    ("error = float", "int(outputs.sum()); error = float", "int(outputs", "got ValueError: canno"),
    # what it states
    ("chance = 1.0", "chance = float('nan')", "chance =", "Echo.chance must be a finite number, "),
    ("chance = 1.0", "chance = '1'", "chance =", "Echo.chance must be a finite number, got '1'"),
    ("baseline_loss = 1.0", "baseline_loss = None", "baseline_loss =", "must be a finite number,"),
    ("solved_at = 0.1", "solved_at = float('inf')", "solved_at =", "must be a finite number, got"),
    ("self.lag + 1", "self.lag + 1.0", "def length", "Echo.length must be a whole number of at l"),
    ("self.lag + 1", "0", "def length", "Echo.length must be a whole number of at least 1, got 0"),
    ("self.lag + 1", "self.leg", "self.leg", "Echo.length must run, got AttributeError: 'Echo' o"),
    ("= output_size = 2", "= output_size = True", "input_size", "input_size must be a whole numb"),
    ("    lag: int", "    input_names = ('a',)\n    lag: int", "input_names", "must be 2 texts, "),
    ("    lag: int", "    def held_out(self):\n        pass\n    lag: int", "def held_out",
     "must return a task of the same sizes and metrics, got None: return self unless the data"),
    ("self.lag + 1", "10**15", None, " sequences of Echo (T = 1000"),
]  # fmt: skip

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> Path:
        (tmp_path / "mine.py").write_text(text)
        return tmp_path / "mine.py"

    return write_file


def test_the_good_one_is_good(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(GOOD)
    task: Any = find_task(f"{path}:Echo")()
    inputs, targets = task.draw(4, np.random.default_rng(0))
    # the check draws from generators of its own
    np.testing.assert_array_equal(targets[-1], inputs[0])
    np.testing.assert_array_equal(
        inputs, np.random.default_rng(0).standard_normal((3, 4, 2)).astype("float32")
    )
    assert main(["tasks", "show", f"{path}:Echo"]) == 0
    assert "Sizes: T = 3, I = 2, O = 2" in capsys.readouterr().out


@pytest.mark.parametrize(("old", "new", "on", "message"), WRONG)
def test_what_is_wrong_is_one_line_with_the_files_own_line(
    write: Write,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    old: str,
    new: str,
    on: str | None,
    message: str,
) -> None:
    assert old in GOOD
    path = write(GOOD.replace(old, new, 1))
    lines = path.read_text().splitlines()
    place = ""
    if on is not None:
        place = f"{path}:{next(n for n, line in enumerate(lines, 1) if on in line)}: "
    # from Python
    task: Any = find_task(f"{path}:Echo")()
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # what it says is looked at below
        task.draw(4, np.random.default_rng(0))
    if on is not None:
        assert isinstance(caught.value, UserCodeError)
    assert message in str(caught.value)
    assert str(caught.value).startswith(place)
    # from the command line
    out = tmp_path / "out"
    for command in (
        ["tasks", "show", f"{path}:Echo"],
        ["run", "task-study", "--task", f"{path}:Echo", "--cell", "rnn", f"--out={out}"],
    ):
        assert main(command) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith(f"Error: {place}")
        assert message in printed.err
        assert printed.err.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_what_fails_in_the_middle_of_a_study_is_one_line_too(
    write: Write, capsys: pytest.CaptureFixture[str], tmp_path: Path, jobs: int
) -> None:
    """The first sample is good; the batches of training are not."""
    path = write(GOOD.replace("x = rng", "assert batch < 9, 'too\\nmany'\n        x = rng"))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "assert" in text)
    command = ["run", "task-study", "--task", f"{path}:Echo", "--cell", "rnn", "--hidden=3"]
    out = tmp_path / "out"
    assert main([*command, "--updates=2", "--seeds=2", f"--jobs={jobs}", f"--out={out}"]) == 2
    printed = capsys.readouterr().err.splitlines()
    message = f"{path}:{line}: Echo.sample must run, got AssertionError: too many"
    assert printed[-1].startswith(f"Error: {message}")
    assert "in the run rnn," in printed[-1]
    assert not any("Traceback" in text or message in text for text in printed[:-1])
    with pytest.raises(OwnCodeFailedError, match="too many"):
        rnnlab.run(
            "task-study", tmp_path / "py", task=f"{path}:Echo", cells="rnn", hidden=3, jobs=jobs
        )


def test_a_constructor_that_fails(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(GOOD + "\n    def __post_init__(self):\n        {}['lag']\n")
    assert main(["tasks", "show", f"{path}:Echo"]) == 2
    assert f"{path}:{len(path.read_text().splitlines())}: task" in capsys.readouterr().err
