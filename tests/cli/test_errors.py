"""Messages of the library on the command line: options instead of parameters."""

from __future__ import annotations

import click
import pytest

from rnnlab.cli import main
from rnnlab.cli.errors import user_errors, with_options
from rnnlab.cli.fit import fit
from rnnlab.registry import optimizers
from rnnlab.training import SGD


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('leave it out with missing="drop"', "leave it out with --missing drop"),
        ("with horizon=N, or ignore=['a', 'b']", "with --horizon N, or --ignore a,b"),
        ("ignore=['temp in', 'temp, out']", """--ignore 'temp in,"temp, out"'"""),
        ("shares with split=[0.7, 0.15, 0.15]: try", "shares with --split 0.7,0.15,0.15: try"),
        ("with split_seed=, or weight_decay=", "with --split-seed, or --weight-decay"),
        ('(task="multi-label")', "(--task multi-label)"),
        ("leave out bidirectional=True", "leave out --bidirectional"),
        ("use time=\"the day\"; or time='t'", "use --time 'the day'; or --time t"),
        # not a parameter of the command, or not named as one
        ("got input_size=3 and k1=5", "got input_size=3 and k1=5"),
        (
            "write hidden=... instead of parameters=...",
            "write hidden=... instead of parameters=...",
        ),
        ("the cell lstm,hidden=80", "the cell lstm,hidden=80"),
        ("got 'time=3' and lr = 0.1", "got 'time=3' and lr = 0.1"),
    ],
)
def test_parameters_become_options_of_the_command(message: str, expected: str) -> None:
    assert with_options(message, fit) == expected


def test_the_current_command_decides() -> None:
    @click.command()
    @click.option("--delay", "--delays", "delays")
    def command(delays: str | None) -> None:
        with user_errors():
            raise ValueError("give delays=[5, 10], not missing='drop'")

    with pytest.raises(click.ClickException) as caught, command.make_context("x", []) as context:
        command.invoke(context)
    assert caught.value.message == "give --delays 5,10, not missing='drop'"
    with pytest.raises(click.ClickException, match="delays=5"), user_errors():
        raise ValueError("delays=5")  # outside of a command


@pytest.mark.parametrize("command", ["fit", "run"])
def test_help_lists_the_names_of_a_registry(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for names in ("_loaders", "_loaded"):
        monkeypatch.setattr(optimizers, names, dict(getattr(optimizers, names)))
    optimizers.register("lion", SGD)
    assert main([command, "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "sgd, rmsprop, adam or lion." in text
