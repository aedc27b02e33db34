"""Settings of a user's table, and the dataset that they describe."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rnnlab.experiments.settings.fields import knob
from rnnlab.experiments.settings.input_files import digest
from rnnlab.experiments.settings.runs import TaskPoint

if TYPE_CHECKING:
    from rnnlab.data import Dataset

TABLE = "table"  # the source of a task that is a table
COLUMNS = ("features", "target", "ignore", "text")  # settings that are lists of columns


def split_names(value: Any) -> Any:
    """Return names of columns as a list: a text has commas between them, as a line of CSV has.

    Numbers, as which a DataFrame may name its columns, become text.

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
    """Return the name of a column as text: a DataFrame may name it by a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else value


def shares_or_column(value: Any) -> Any:
    """Return three shares as numbers, or the name of a column, which may be quoted.

    Examples
    --------
    >>> shares_or_column(".5,.3,.2"), shares_or_column("part")
    ([0.5, 0.3, 0.2], 'part')
    """
    if isinstance(value, int):
        return column_name(value)
    if not isinstance(value, str):
        return value
    names = split_names(value)
    if len(names) < 2:
        return names[0] if names else value
    try:
        return [float(share) for share in names]
    except ValueError:
        raise ValueError(
            f"split must be three shares or the name of a column, got {value!r}: "
            "give shares such as .7,.15,.15"
        ) from None


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
Whole = Annotated[int, Field(strict=True, ge=0)]


class TableSettings(BaseModel):
    """A user's table: its file, the roles of its columns, and its split.

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
        Shares of train, validation and test, or the column that assigns sequences to them; None: a
        column called "split", else the shares of `rnnlab.data.splitting`.
    split_seed : int or None
        Seed of the shuffling, the same for all runs. None where a column assigns the parts.
    missing : str
        "error", "drop" or "ffill".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Annotated[Path, knob("a CSV file", "name one: rnnlab fit DATA.csv")]
    sequence: Column = None
    time: Column = None
    features: Columns = []
    target: Columns = []
    ignore: Columns = []
    text: Columns = []
    weight: Column = None
    task: Annotated[str | None, knob("a kind of answer", "try classification")] = None
    read: Annotated[str | None, knob("every or last", "leave it out")] = None
    horizon: Annotated[Whole, knob("a whole number of steps", "give 1 or more")] = 0
    split: Annotated[
        list[float] | str | None,
        BeforeValidator(shares_or_column),
        knob("three shares or a column", "give shares such as .7,.15,.15, or a column's name"),
    ] = None
    split_seed: Annotated[Whole | None, knob("a whole number of at least 0", "give 0")] = None
    missing: Annotated[str, knob("error, drop or ffill", "leave it out")] = "error"

    def file_settings(self, key: str) -> dict[str, Any]:
        """Return the file as a manifest holds it: its name and its digest."""
        return {key: self.data.name, f"{key}_sha256": digest(self.data)}


NAMES = tuple(TableSettings.model_fields)


def table_point(table: TableSettings, columns: tuple[tuple[str, Any], ...]) -> TaskPoint:
    """Return a table as a task at one setting; the columns of the tables name it."""
    settings = {name: getattr(table, name) for name in NAMES}
    settings["data"] = str(table.data)
    return TaskPoint(TABLE, tuple((k, _frozen(v)) for k, v in settings.items()), columns, None)


def dataset_at(point: TaskPoint) -> Dataset:
    """Return the dataset of a table, read once in a process as long as the file is unchanged."""
    file = Path(dict(point.settings)["data"])
    changed = file.stat().st_mtime_ns if file.is_file() else None
    return _dataset(point.settings, changed)


@lru_cache(maxsize=8)
def _dataset(settings: tuple[tuple[str, Any], ...], changed: int | None) -> Dataset:  # noqa: ARG001  # the cache goes by it
    values = {name: list(v) if isinstance(v, tuple) else v for name, v in settings}
    return load_table(TableSettings.model_validate(values))


def load_table(
    table: TableSettings,
    source: pd.DataFrame | None = None,
    *,
    bidirectional: bool = False,
) -> Dataset:
    """Read the table that the settings describe, from a DataFrame where one is given."""
    from rnnlab.data import load_dataset

    columns = {name: getattr(table, name) for name in NAMES if name != "data"}
    data = table.data if source is None else source
    return load_dataset(data, bidirectional=bidirectional, **columns)


def resolved_split(table: TableSettings, data: Dataset) -> dict[str, Any]:
    """Return the settings of the split as they were resolved, for the manifest."""
    from rnnlab.data.splitting import SEED, SHARES

    if data.split is not None:
        return {"split": data.split, "split_seed": None}
    seed = SEED if table.split_seed is None else table.split_seed
    return {"split": list(table.split or SHARES), "split_seed": seed}


def written_table(settings: Mapping[str, Any], file: Path) -> TableSettings:
    """Return checked settings of a table that an entry of a study names."""
    return TableSettings.model_validate({**settings, "data": file})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
