"""From what a user writes to a task, and what is said of a task that is not whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnlab.registry import tasks
from rnnlab.tasks import Adding, check_task, find_task

GOOD = '''
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnlab.tasks import Classification, CopyMemory


@dataclass(frozen=True)
class Last(Classification):
    """Say the bit of `lag` steps ago."""

    span = "lag"
    paper = "nobody 1900"
    input_size = output_size = 2
    chance = 0.5
    baseline_loss = 0.6931471805599453

    lag: int

    @property
    def length(self) -> int:
        return self.lag + 1

    def sample(self, batch, rng):
        bits = rng.integers(2, size=(self.length, batch))
        targets = np.full_like(bits, -1)
        targets[-1] = bits[0]
        return bits, targets


class Other:
    pass
'''

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str, name: str = "mine.py") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_file


@pytest.mark.parametrize("name", tasks.names())
def test_registered_names_and_their_classes(name: str) -> None:
    kind = find_task(name)
    assert kind is tasks[name]
    assert find_task(kind) is kind


def test_unknown_names_propose_the_nearest() -> None:
    with pytest.raises(ValueError, match="task must be one of .* got 'ading': did you mean 'addi"):
        find_task("ading")


@pytest.mark.parametrize("spec", [None, 3, Adding(5), int])
def test_what_is_neither_a_name_nor_a_task(spec: Any) -> None:
    with pytest.raises(TypeError, match="task must be a name or a class that derives from"):
        find_task(spec)


def test_a_task_of_a_file_draws_and_scores(write: Write) -> None:
    path = write(GOOD)
    task = find_task(f"{path}:Last")(lag=4)  # type: ignore[call-arg]
    inputs, targets = task.draw(3, np.random.default_rng(0))
    assert inputs.shape == (5, 3, 2)
    np.testing.assert_array_equal(targets[-1], inputs[0, :, 1])
    assert task.score(100 * inputs[::-1], targets)["accuracy"] == 1.0  # the first, said last
    assert "rnnlab_user_mine" not in sys.modules


def test_a_file_is_not_registered(write: Write) -> None:
    find_task(f"{write(GOOD)}:Last")
    assert "Last" not in tasks


def test_what_a_file_imports_is_not_its_own(write: Write) -> None:
    with pytest.raises(
        ValueError, match=r"task of .*mine.py must be one of Last, got 'CopyMemory'"
    ):
        find_task(f"{write(GOOD)}:CopyMemory")
    with pytest.raises(ValueError, match="must define a task that derives from rnnlab.tasks.Task"):
        find_task(f"{write('from rnnlab.tasks import Adding')}:Adding")


def test_a_wrong_name_in_a_file(write: Write) -> None:
    with pytest.raises(ValueError, match="got 'Lats': did you mean 'Last'"):
        find_task(f"{write(GOOD)}:Lats")
    with pytest.raises(ValueError, match="got 'Other'"):
        find_task(f"{write(GOOD)}:Other")


def test_files_that_are_missing_or_fail(write: Write, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the task's file must exist, got '.*absent\.py'"):
        find_task(f"{tmp_path}/absent.py:Last")
    with pytest.raises(ValueError, match=r"mine\.py must run, got ZeroDivisionError"):
        find_task(f"{write('1 / 0')}:Last")


BROKEN: list[tuple[str, str, str]] = [
    ('    paper = "nobody 1900"\n', "", "Last must define paper: help.rnnlab.tasks.Task"),
    ("    chance = 0.5\n", "", "Last must define chance"),
    ("def sample", "def simple", r"Last must define sample\(\)"),
    ("def length", "def lengths", "Last must define length"),
    (
        "@dataclass(frozen=True)",
        "@dataclass",
        "Last must be a frozen dataclass: write @dataclass",
    ),
    (
        "@dataclass(frozen=True)\n",
        "",
        "Last must be a frozen dataclass: write @dataclass",
    ),
    ('span = "lag"', 'span = "delay"', "Last.span must be one of its settings, got 'delay': choo"),
    (
        "    span =",
        '    loss = "hinge"\n    span =',
        "Last.loss must be one of cross-entropy, .*hi",
    ),
    (
        "    span =",
        '    headline = "f1"\n    span =',
        "Last.headline must be one of its metrics, got 'f",
    ),
    (
        "    span =",
        '    metrics = ("accuracy",)\n    span =',
        'Last.metrics must be a tuple that begins with "loss", got',
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), BROKEN)
def test_what_a_task_lacks_is_said_with_its_file(
    write: Write, old: str, new: str, message: str
) -> None:
    assert old in GOOD
    path = write(GOOD.replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"mine\.py:1[0-9]: {message}") as raised:
        find_task(f"{path}:Last")
    assert "\n" not in str(raised.value)


def test_all_that_is_missing_is_said_at_once(write: Write) -> None:
    text = (
        "from dataclasses import dataclass\nfrom rnnlab.tasks import Task\n"
        "@dataclass(frozen=True)\nclass Bare(Task):\n    '''Nothing.'''\n    lag: int = 1\n"
    )
    with pytest.raises(
        ValueError, match="Bare must define loss, metrics, .*, chance, baseline_loss, meas"
    ):
        find_task(f"{write(text)}:Bare")


def test_no_task_at_all() -> None:
    with pytest.raises(TypeError, match="thing must be a class that derives from rnnlab.tasks.T"):
        check_task("thing", 3)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("acme:Last", "last  "),
        ("acme:Other", "task 'last' of acme 1.0: last must be a class that derives from rnnlab"),
        ("acme:absent", "must load from acme:absent, got AttributeError"),
    ],
)
def test_an_installed_package_offers_a_task(tmp_path: Path, target: str, expected: str) -> None:
    """A real distribution, laid out as an installer leaves it, in a process of its own."""
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[rnnlab.tasks]\nlast = {target}\n")
    (tmp_path / "acme.py").write_text(GOOD)
    paths = [str(tmp_path), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "rnnlab.cli", "tasks"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "copy-memory" in done.stdout  # whatever becomes of the package
    assert expected in done.stdout + done.stderr
