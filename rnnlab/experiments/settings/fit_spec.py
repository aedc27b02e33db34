"""The settings of a fit to a user's table, validated."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from rnnlab.experiments.settings.cell_entry import ENTRY_OPTIONS, CellEntry
from rnnlab.experiments.settings.fields import Finite, Limit, Natural, Positive, Seeds, knob, plain
from rnnlab.experiments.settings.input_files import digest
from rnnlab.registry import unknown_name


def split_names(value: Any) -> Any:
    """Return names of columns as a list: a text has commas between them, as a line of CSV has.

    Numbers, as which a DataFrame may call its columns, become text.

    Examples
    --------
    >>> split_names('a, "temp, inside", b'), split_names(["temp, inside", 3])
    (['a', 'temp, inside', 'b'], ['temp, inside', '3'])
    """
    if isinstance(value, str):
        value = next(csv.reader([value], skipinitialspace=True), [])
    elif isinstance(value, int | float) and not isinstance(value, bool):
        value = [value]
    return [column_name(name) for name in value] if isinstance(value, list | tuple) else value


def column_name(value: Any) -> Any:
    """Return the name of a column as text: a DataFrame may call it by a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else value


def _shares_or_column(value: Any) -> Any:
    return column_name(value) if isinstance(value, int) else value


Amount = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
Rate = Annotated[float, Field(strict=True, ge=0, lt=1)]
Count = Annotated[Natural, knob("a whole number of at least 1", "give 1 or more")]
Clip = Annotated[Limit, knob('a number above 0 or "none"', "give a limit such as 1, or none")]
ForgetBias = Annotated[
    Finite | Literal["chrono"] | None,
    knob('a number or "chrono"', "give a number such as 1, or chrono"),
]
Steps = Annotated[int, Field(strict=True, ge=0)]
Columns = Annotated[
    list[str],
    BeforeValidator(split_names),
    knob("names of columns", 'name them with commas between, such as a,b,"c, inside"'),
]
Column = Annotated[
    str | None,
    BeforeValidator(column_name),
    knob("the name of a column", "name one of the table's"),
]


def _no_limit(value: Any) -> Any:
    return None if value == "none" else value


class FitSpec(BaseModel):
    """A model of a user's data: which columns, which cells, and how they are trained.

    Attributes
    ----------
    data : Path
        A CSV file.
    sequence, time, features, target, ignore, text, weight : column or columns
        What is left out is inferred: see `rnnlab.data.roles`.
    task, read : str or None
        See `rnnlab.data.answers`.
    horizon : int
        Steps ahead of a forecast; 0 for none.
    split : list of float, str or None
        The shares of train, validation and test, or the column that says; None: a column called
        "split" says it, else the shares of `rnnlab.data.splitting`.
    split_seed : int or None
        Of the shuffling; the same for all runs. None where a column says the parts.
    missing : str
        "error", "drop" or "ffill".
    cells : list of CellEntry
    hidden, num_layers : int
    bidirectional : bool
    forget_bias : float, "chrono" or None
    seeds, batch, epochs : int
        Epochs are passes over the training part, at most.
    patience : int or None
        Epochs without a lower validation loss before it stops.
    lr : float
    optimizer : str
    schedule : str
        "constant", "cosine", "step" or "plateau"; with warmup (epochs), lr_factor, lr_every and
        lr_patience as `rnnlab.training.Schedule` has them.
    weight_decay : float
        Decoupled, of weight matrices.
    dropout, zoneout : float
        Of the outputs of every layer, and of its states, while training: see
        `rnnlab.Regularisers`.
    clip, clip_value : float or None
        One at most.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    experiment: Literal["fit"] = "fit"
    data: Path
    sequence: Column = None
    time: Column = None
    features: Columns = []
    target: Columns = []
    ignore: Columns = []
    text: Columns = []
    weight: Column = None
    task: Annotated[str | None, knob("a kind of answer", "try classification")] = None
    read: Annotated[str | None, knob("every or last", "leave it out")] = None
    horizon: Annotated[Steps, knob("a whole number of steps", "give 1 or more")] = 0
    split: Annotated[
        list[float] | str | None,
        BeforeValidator(_shares_or_column),
        knob("three shares or a column", "give shares such as .7,.15,.15, or a column's name"),
    ] = None
    split_seed: Annotated[Steps | None, knob("a whole number of at least 0", "give 0")] = None
    missing: Annotated[str, knob("error, drop or ffill", "leave it out")] = "error"
    cells: Annotated[
        list[CellEntry],
        BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
        knob("a list of at least one cell", 'name one, such as "gru"', min_length=1),
    ] = ["gru"]  # type: ignore[list-item]  # validated, as the next line says
    hidden: Count = 32
    num_layers: Count = 1
    bidirectional: Annotated[bool, knob("true or false", "leave it out")] = False
    forget_bias: ForgetBias = None
    seeds: Seeds = 3
    batch: Count = 32
    epochs: Count = 100
    patience: Annotated[
        Steps | None,
        BeforeValidator(_no_limit),
        knob("a whole number of epochs or none", "give 10, or none for no early stop"),
    ] = 10
    lr: Annotated[Positive, knob("a number above 0", "try 0.003")] = 0.003
    optimizer: Annotated[str, knob("a name", "name one, such as adam")] = "adam"
    schedule: Annotated[str, knob("a name", "name one, such as cosine")] = "constant"
    warmup: Annotated[Steps, knob("a whole number of epochs", "give 0 for none")] = 0
    lr_factor: Annotated[
        float, knob("a number between 0 and 1", "try 0.5", strict=True, gt=0, lt=1)
    ] = 0.5
    lr_every: Annotated[Natural, knob("a whole number of epochs", "try 30")] = 30
    lr_patience: Annotated[Steps, knob("a whole number of epochs", "try 5")] = 5
    weight_decay: Annotated[Amount, knob("a number of at least 0", "give 0 for none")] = 0.0
    dropout: Annotated[Rate, knob("a number from 0 to below 1", "give 0 for none")] = 0.0
    zoneout: Annotated[Rate, knob("a number from 0 to below 1", "give 0 for none")] = 0.0
    clip: Clip = 1.0
    clip_value: Clip = None
    out: Path = Field(default=Path(), exclude=True)
    # of a study; a fit has none
    question: str | None = Field(default=None, exclude=True)
    reference: str | None = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _agree(self) -> FitSpec:
        twice = [label for label in self.labels if self.labels.count(label) > 1]
        if twice:
            raise ValueError(
                f"labels of cells must be different, got {twice[0]} twice: "
                "drop one or give it a label of its own"
            )
        return self

    @property
    def labels(self) -> list[str]:
        """The labels of the entries, in their order."""
        return [entry.label for entry in self.cells]

    def entry(self, label: str) -> CellEntry:
        """Return the entry that goes by `label`."""
        return next(entry for entry in self.cells if entry.label == label)

    def settings(self) -> dict[str, Any]:
        """Return what decides the numbers, as a manifest holds it, the data by their digest."""
        settings = self.model_dump(mode="json", exclude={"data"})
        cells = [entry.settings() for entry in self.cells]
        data = {"data": self.data.name, "data_sha256": digest(self.data)}
        return {**settings, "cells": cells, **data}


def fit_spec(options: Mapping[str, Any]) -> FitSpec:
    """Return checked settings; what is None is left at its default.

    Raises
    ------
    ValueError
        On the first setting that is wrong: one line with what must hold, what came, the remedy.
    """
    given = {name: value for name, value in options.items() if value is not None}
    for short, long in (("cell", "cells"), ("targets", "target")):
        if short in given:
            given[long] = given.pop(short)
    given.setdefault("cells", ["gru"])
    if given.get("clip_value") is not None and "clip" not in given:
        given["clip"] = "none"  # one way of clipping replaces the other
    try:
        spec = FitSpec.model_validate({key: plain(value) for key, value in given.items()})
    except ValidationError as error:
        raise ValueError(_explain(error)) from None
    if spec.clip is not None and spec.clip_value is not None:
        raise ValueError(
            f"clip and clip_value must not both be set, got {spec.clip:g} and "
            f"{spec.clip_value:g}: clip by norm (clip) or by value (clip_value)"
        )
    return _settled(spec)


def _settled(spec: FitSpec) -> FitSpec:
    """Check names, and give the cells that can take it the common forget bias."""
    from rnnlab.training import Schedule
    from rnnlab.training.optimizers import optimizers

    optimizers[spec.optimizer]  # an error with the nearest name if there is no such optimiser
    schedule_of(spec, Schedule)
    entries = []
    for entry in spec.cells:
        _check_entry(entry)
        definition = entry.find()
        common = spec.forget_bias if definition.keep == "f" else None
        bias = common if entry.forget_bias is None else entry.forget_bias
        if entry.forget_bias is not None and definition.keep is None:
            raise ValueError(
                "forget_bias must go to a cell with a gate that keeps its memory, got "
                f"{entry.label}: leave the option out, {definition.name} has none"
            )
        entries.append(entry.model_copy(update={"forget_bias": bias}))
    if spec.forget_bias is not None and entries == spec.cells:
        raise ValueError(
            f"forget_bias must reach a cell with a gate f, got {spec.forget_bias} for "
            f"{', '.join(spec.labels)}: name a cell such as lstm, or leave forget_bias out"
        )
    return spec.model_copy(update={"cells": entries})


def _check_entry(entry: CellEntry) -> None:
    """Refuse what only studies of tasks have: a size by parameters, and sweeps."""
    if entry.parameters is not None:
        raise ValueError(
            f"the size of a cell must be given by its units in a fit, got {entry.label}: "
            "write hidden=... instead of parameters=..."
        )
    for name in ("hidden", "num_layers", "init", "forget_bias", "lr"):
        if isinstance(getattr(entry, name), list):
            raise ValueError(
                f"{name} of a cell must be one value in a fit, got {getattr(entry, name)} for "
                f"{entry.label}: write an entry for each"
            )


def schedule_of(spec: FitSpec, kind: Any) -> Any:
    """Return the schedule that the settings describe, of the class `kind`."""
    return kind(
        spec.schedule,
        steps=spec.epochs,
        warmup=spec.warmup,
        factor=spec.lr_factor,
        every=spec.lr_every,
        patience=spec.lr_patience,
    )


def _explain(error: ValidationError) -> str:
    """Turn the first of pydantic's findings into the project's one line."""
    first = error.errors()[0]
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    key = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        if key == "cells":
            return unknown_name("key of a cell entry", str(first["loc"][-1]), ENTRY_OPTIONS)
        return unknown_name("setting of a fit", key, FitSpec.model_fields)
    field = FitSpec.model_fields[key]
    if key == "cells" and len(first["loc"]) > 2:
        option = str(first["loc"][2])
        field, key = CellEntry.model_fields[option], f"cells[{first['loc'][1]}].{option}"
    extra: Any = field.json_schema_extra or {}
    remedy = extra.get("remedy", "change it")
    return f"{key} must be {field.description}, got {first['input']!r}: {remedy}"
