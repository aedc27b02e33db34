"""Entries of a study's cells: a cell with its options and label."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rnnlab.cells import CellDefinition, find_cell
from rnnlab.experiments.settings.fields import (
    ForgetBias,
    Label,
    OwnCount,
    OwnNames,
    OwnRate,
    knob,
    number_or_text,
)
from rnnlab.experiments.settings.input_files import digest, found, locate_object
from rnnlab.registry import cells, unknown_name

# What an entry may have of its own, instead of what the study says for all; label comes last.
ENTRY_OPTIONS = ("hidden", "parameters", "num_layers", "init", "forget_bias", "lr", "label")


_LATER = {"parameters", "num_layers", "init", "lr"}


class CellEntry(BaseModel):
    """One line of the comparison: a cell, its options and the label it goes by.

    Written as a string, `"lstm,forget_bias=chrono"`, or as a table,
    `{cell = "lstm", forget_bias = "chrono", label = "chrono"}`. The label is what was written
    unless one is given; what a table sweeps, `{cell = "lstm", lr = [0.001, 0.01]}`, has a column
    of its own and is not in it.

    Examples
    --------
    >>> entry = CellEntry.model_validate("lstm,forget_bias=chrono")
    >>> entry.cell, entry.label, entry.forget_bias
    ('lstm', 'lstm,forget_bias=chrono', 'chrono')
    >>> CellEntry.model_validate({"cell": "rnn", "hidden": 80}).label
    'rnn,hidden=80'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cell: Annotated[
        str, knob("a cell's name or FILE.py:NAME", 'name one, such as "lstm"', min_length=1)
    ]
    label: Label
    hidden: OwnCount = None
    parameters: OwnCount = None
    num_layers: OwnCount = None
    init: OwnNames = None
    forget_bias: ForgetBias = None
    lr: OwnRate = None
    folder: Path | None = Field(default=None, exclude=True, repr=False)  # FILE.py is relative to it

    @model_validator(mode="before")
    @classmethod
    def _read(cls, written: Any) -> Any:
        if isinstance(written, str):
            return read_entry(written)
        if isinstance(written, Mapping):
            entry = dict(written)
            options = [
                f"{key}={entry[key]}"
                for key in ENTRY_OPTIONS[:-1]
                if key in entry and not isinstance(entry[key], list)
            ]
            entry.setdefault("label", ",".join([str(entry.get("cell", "?")), *options]))
            return entry
        name = str(getattr(written, "name", ""))
        if name in cells and cells[name] is written:
            return {"cell": name, "label": name}
        raise ValueError(
            'cells must be names such as "lstm", FILE.py:NAME or tables with a key cell, '
            f"got {written!r}: a cell of your own goes into a file that workers can read"
        )

    @property
    def source(self) -> str:
        """The argument of `find_cell`: the name, or the file relative to the spec's folder."""
        return locate_object(self.cell, self.folder)

    def find(self) -> CellDefinition:
        """Return the cell, of a file once for every content of it."""
        cell: CellDefinition = found(find_cell, self.source)
        return cell

    def settings(self) -> dict[str, Any]:
        """Return the entry as a manifest holds it; a cell from a file comes with its digest."""
        # what came later is left out where it says nothing: older results can be continued
        unsaid = {name for name in _LATER if getattr(self, name) is None}
        settings = self.model_dump(mode="json", exclude=unsaid)
        if ":" in self.cell:
            settings["sha256"] = digest(Path(self.source.rpartition(":")[0]))
        return settings


def read_entry(text: str) -> dict[str, Any]:
    """Split `CELL,option=value,...` into the keys of a table.

    Examples
    --------
    >>> read_entry("lstm,forget_bias=0")
    {'cell': 'lstm', 'label': 'lstm,forget_bias=0', 'forget_bias': 0}
    """
    cell, *options = (part.strip() for part in text.split(","))
    entry: dict[str, Any] = {"cell": cell, "label": text.strip()}
    for option in options:
        key, separator, value = (part.strip() for part in option.partition("="))
        key = key.replace("-", "_")
        if key not in ENTRY_OPTIONS:
            raise ValueError(unknown_name(f"option of the cell {cell!r}", key, ENTRY_OPTIONS))
        if not separator or not value:
            raise ValueError(
                f"options of a cell must be written option=value, got {option!r} in {text!r}: "
                f"write {key}=..."
            )
        entry[key] = value if key == "label" else number_or_text(value)
    return entry
