"""What holds for the whole command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from rnnlab import __version__
from rnnlab.cli import commands, main

Rnnlab = Callable[..., subprocess.CompletedProcess[str]]

# What takes a good part of a second to import.
HEAVY = ("numba", "pandas", "matplotlib", "scipy", "pydantic", "rnnlab.engine")


def test_python_runs_the_package(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rnnlab", "cells", "nothing"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words", [("cells", "trace", "lstm"), ("cells", "show", "gru"), ("tasks",)]
)
def test_small_commands_compile_nothing(rnnlab: Rnnlab, tmp_path: Path, words: list[str]) -> None:
    """Once, `cells trace` compiled for a minute to print four steps of three units."""
    place = tmp_path / "kernels"
    done = rnnlab(*words, env={**os.environ, "RNNLAB_CACHE_DIR": str(place)})
    assert done.returncode == 0
    assert done.stderr == ""
    assert not place.exists()


@pytest.mark.parametrize("arguments", [["-h"], ["--help"]])
def test_help(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert all(f"  {name}" in printed for name in commands.commands)


def every_command(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, those inside groups too."""
    for name, command in group.commands.items():
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from every_command(command, *before, name)


EVERY_COMMAND = list(every_command(commands))


def find(words: tuple[str, ...]) -> click.Command:
    command: click.Command = commands
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    return command


def test_commands_inside_groups_are_tested_too() -> None:
    assert {("cells",), ("cells", "show"), ("cells", "trace"), ("gradcheck",)} < set(EVERY_COMMAND)


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
def test_every_command_and_every_option_has_help(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    command = find(words)
    assert command.help
    assert command.short_help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
    for flag in ("-h", "--help"):
        assert main([*words, flag]) == 0
        assert f"Usage: rnnlab {' '.join(words)}" in capsys.readouterr().out


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
def test_every_command_is_in_the_readme_or_the_docs(words: tuple[str, ...]) -> None:
    root = Path(__file__).parents[2]
    pages = [root / "README.md", *(root / "docs").glob("*.md")]
    assert any(f"rnnlab {' '.join(words)}" in page.read_text() for page in pages)


def test_every_setting_is_an_option() -> None:
    from rnnlab.cli.settings import SETTINGS
    from rnnlab.experiments import CopyTaskSpec
    from rnnlab.experiments.settings.schema import Settings

    flags = {flag for option in commands.commands["run"].params for flag in option.opts}
    plurals = {"cells": "cell", "delays": "delay"}
    for key in CopyTaskSpec.model_fields:
        if key not in ("experiment", "name", "question", "out"):  # a question stands in a file
            assert "--" + plurals.get(key, key).replace("_", "-") in flags
    assert [name for name, _, _ in SETTINGS] == list(Settings.model_fields)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"rnnlab {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["run", "--help"],
        ["--version"],
        ["cells"],
        ["cells", "show", "lstm"],
        ["cells", "show", "lstm", "--latex"],
        ["cells", "show", "lstm", "--diagram"],
        ["gradcheck", "--help"],
    ],
)
def test_nothing_heavy_is_imported_for_what_is_light(arguments: list[str]) -> None:
    script = (
        "import sys; from rnnlab.cli import main; code = main(sys.argv[1:]);"
        f"print(code, [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stderr == "0 []\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rum"], "got 'rum': did you mean 'run'?"),
        (["run"], "Missing argument 'EXPERIMENT|FILE.toml'."),
        (["run", "copy-task", "--delay", "x"], "'--delay': 'x' is not a valid integer."),
        (["run", "copy-task", "--detay", "3"], "No such option"),
        (["run", "copy-task", "again"], "Got unexpected extra argument (again)"),
        (["--verbose"], "No such option"),
        (["cells", "shwo"], "got 'shwo': did you mean 'show'?"),
        (["cells", "show"], "Missing argument 'NAME|FILE.py:NAME'."),
        (["gradcheck"], "Missing argument 'NAME|FILE.py:NAME'."),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Error: ")
    assert printed.err.count("\n") == 1
    assert message in printed.err


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_ctrl_c_gives_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(context: click.Context) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "invoke", interrupt)
    assert main(["cells"]) == 130


def test_what_we_got_wrong_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(context: click.Context) -> None:
        raise ValueError("a bug of ours")

    monkeypatch.setattr(commands, "invoke", broken)
    with pytest.raises(ValueError, match="a bug of ours"):
        main(["cells"])


@pytest.mark.parametrize("arguments", [["cells"], ["--help"], ["plot", "--list"]])
@pytest.mark.parametrize("buffered", [True, False])
def test_a_reader_that_goes_away_is_no_error(
    command: list[str], tmp_path: Path, arguments: list[str], buffered: bool
) -> None:
    process = subprocess.Popen(
        [*command, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(PYTHONUNBUFFERED="" if buffered else "1"),
        cwd=tmp_path,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()  # before a line is written
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def _environment(**changes: str) -> dict[str, str]:
    import os

    return {**os.environ, **changes}
