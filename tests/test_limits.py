"""Every limit, rate and tolerance is a finite number within its bounds, wherever it is given."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

from rnnlab.analysis import check_gradients, closed_form_half_life
from rnnlab.cli.main import commands
from rnnlab.cli.numbers import FiniteRange
from rnnlab.experiments import load_spec
from rnnlab.experiments.settings.load import read_spec
from rnnlab.limits import check_number
from rnnlab.training import Schedule, clip_by_global_norm, clip_by_value, make_optimizer

NO_NUMBERS = [math.nan, math.inf, -math.inf]
WEIGHTS = {"w": np.ones((2, 2))}


def made(name: str, **options: Any) -> Callable[[float], Any]:
    (argument,) = (key for key, value in options.items() if value is None)
    rate = {} if argument == "learning_rate" else {"learning_rate": 0.1}
    return lambda value: make_optimizer(name, WEIGHTS, **rate, **{**options, argument: value})


TAKE_A_NUMBER: dict[str, Callable[[float], Any]] = {
    "tolerance": lambda value: check_gradients("rnn", tolerance=value),
    "clipping bound": lambda value: clip_by_global_norm(dict(WEIGHTS), value),
    "the clipping bound": lambda value: clip_by_value(dict(WEIGHTS), value),
    "learning_rate": made("sgd", learning_rate=None),
    "momentum": made("sgd", momentum=None),
    "decay": made("rmsprop", decay=None),
    "epsilon": made("adam", epsilon=None),
    "beta1": made("adam", beta1=None),
    "beta2": made("adam", beta2=None),
    "weight_decay": made("sgd", weight_decay=None),
    "factor": lambda value: Schedule("step", factor=value),
    "forget_bias": closed_form_half_life,
    "lr": lambda value: load_spec("copy-task", {"lr": value}),
    "clip": lambda value: load_spec("copy-task", {"clip": value}),
    "clip_value": lambda value: load_spec("copy-task", {"clip": "none", "clip_value": value}),
}


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("name", TAKE_A_NUMBER)
def test_what_is_not_finite_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"{name} must be .*got -?(nan|inf)"):
        TAKE_A_NUMBER[name](value)


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize(
    "name", ["lr", "lr_factor", "weight_decay", "dropout", "zoneout", "clip", "clip_value"]
)
def test_settings_of_a_fit_are_finite(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"{name} must be .*got -?(nan|inf)"):
        read_spec("fit", {"data": "table.csv", "target": "y", name: value})


def options_of(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), name)
            assert inner is not None
            yield from options_of(inner, (*words, name))
        return
    for option in command.params:
        yield words, option


def test_no_range_of_a_command_takes_what_is_not_finite() -> None:
    """click's FloatRange takes NaN, and infinity where one side is open."""
    found = [
        (words, option)
        for words, option in options_of(commands)
        if isinstance(option.type, click.FloatRange)
    ]
    assert len(found) >= 2
    for words, option in found:
        assert isinstance(option.type, FiniteRange), (words, option.name)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "0", "-1", "1e400"])
def test_a_tolerance_that_would_let_everything_pass(value: str) -> None:
    result = CliRunner().invoke(commands, ["gradcheck", "gru", "--tolerance", value])
    assert result.exit_code == 2
    assert re.search(r"Invalid value for '--tolerance': .*", result.output)
    assert "All gradients" not in result.output


@pytest.mark.parametrize(
    ("value", "bounds", "message"),
    [
        (0.0, {"above": 0}, r"^rate must be more than 0, got 0: try 1$"),
        (1.0, {"least": 0, "below": 1}, r"at least 0 and below 1, got 1"),
        (2, {"most": 1}, r"at most 1, got 2"),
        (math.nan, {}, r"must be finite, got nan"),
        (10**400, {"least": 0}, r"must be finite and at least 0, got inf"),
    ],
)
def test_bounds(value: float, bounds: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_number("rate", value, remedy="try 1", **bounds)


@pytest.mark.parametrize("value", [True, "1", None, 1j, np.ones(1)])
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(TypeError, match="rate must be a number, got"):
        check_number("rate", value)


def test_numpy_numbers_are_numbers() -> None:
    assert check_number("rate", np.float32(0.5), above=0) == 0.5
    assert check_number("rate", np.int64(2), least=2, most=2) == 2.0
