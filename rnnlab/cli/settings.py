"""Options for the settings of models and training, which `rnnlab run` and `rnnlab fit` share.

They are those of `rnnlab.experiments.settings.schema.Settings`, which a light command line cannot
import for its help; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from rnnlab.cli.names import NameOption
from rnnlab.registry import Registry, optimizers, schedules

Command = TypeVar("Command", bound=Callable[..., Any])

# Name, what its values look like, and help.
SETTINGS = (
    ("hidden", "N", "Units of each cell."),
    ("parameters", "N", "Largest number of parameters of a model, instead."),
    ("num_layers", "N", "Layers on top of each other; 1 unless given."),
    ("bidirectional", "", "Read sequences from the end too."),
    ("init", "NAME", "default, glorot, torch or irnn; the one of the cell's paper unless given."),
    ("forget_bias", "X|chrono", "For every cell that has a gate f."),
    ("dropout", "X", "Of the outputs of every layer, in training."),
    ("zoneout", "X", "Of the states of every layer, in training."),
    ("optimizer", "NAME", "NAMES."),
    ("lr", "X", "Learning rate."),
    ("schedule", "NAME", "Of the rate: NAMES."),
    ("warmup", "N", "Updates of a task, epochs of a table, in which the rate rises first."),
    ("lr_factor", "X", "By which step and plateau cut the rate."),
    ("lr_every", "N", "Updates or epochs between the cuts of step."),
    ("lr_patience", "N", "Evaluations that plateau waits."),
    ("weight_decay", "X", "Decoupled, of weight matrices."),
    ("clip", "X|none", "Largest global norm of a gradient."),
    ("clip_value", "X|none", "Largest absolute value in a gradient instead."),
    ("batch", "N", "Sequences of a batch."),
    ("updates", "N", "Batches that a model of a task is trained on."),
    ("epochs", "N", "Passes over the training part of a table, at most."),
    ("patience", "N|none", "Evaluations without a lower validation loss before training stops."),
    ("truncate", "N", "Steps of a window of truncated back-propagation through time."),
    ("evaluate_every", "N", "Updates between evaluations."),
    ("evaluation_batch", "N", "Fresh sequences of an evaluation."),
)
_KINDS: dict[str, type] = {"N": int, "X": float}
_REGISTRIES: dict[str, Registry[Any]] = {"optimizer": optimizers, "schedule": schedules}


class OneOrMore(click.ParamType[Any]):
    """A value, or several between commas, which a study sweeps.

    Parameters
    ----------
    kind : type
        Type of each value: int, float, or str for what may be a number or a word.
    """

    def __init__(self, kind: type) -> None:
        self.name = kind.__name__
        self._kind = click.types.convert_type(kind)
        self._reads_words = kind is str

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value, or the list of them."""
        from rnnlab.experiments.settings.fields import number_or_text

        found = [self._kind.convert(text.strip(), param, ctx) for text in str(value).split(",")]
        if self._reads_words:
            found = [number_or_text(text) for text in found]
        return found[0] if len(found) == 1 else found


def swept(option: str, kind: type = str, **attributes: Any) -> Callable[[Command], Command]:
    """Add an option whose values may be swept."""
    return click.option(option, type=OneOrMore(kind), **attributes)


def settings_options(
    defaults: Mapping[str, Any], leave_out: tuple[str, ...] = ()
) -> Callable[[Command], Command]:
    """Add an option for each setting; `defaults` are stated in its help."""

    def add(command: Command) -> Command:
        for name, metavar, text in reversed(SETTINGS):
            if name in leave_out:
                continue
            flag, said = f"--{name.replace('_', '-')}", text
            if name in defaults:
                said += f"  [default: {defaults[name]}]"
            if not metavar:
                command = click.option(flag, is_flag=True, default=None, help=said)(command)
                continue
            kind = _KINDS.get(metavar, str)
            named = _REGISTRIES.get(name)
            more = {} if named is None else {"cls": NameOption, "registry": named}
            command = swept(flag, kind, metavar=metavar, help=said, **more)(command)
        return command

    return add
