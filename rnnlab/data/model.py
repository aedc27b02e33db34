"""Models of tables: a network, and the encoding of the table that it was trained on."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import ValidationError

from rnnlab.cells import CellDefinition
from rnnlab.data.encoding import Encoding
from rnnlab.data.leaks import require_causal
from rnnlab.data.loading import load_inputs
from rnnlab.data.scoring import outputs_of
from rnnlab.data.table import read_table
from rnnlab.layers.saving import damaged
from rnnlab.training import SequenceModel
from rnnlab.training.loading import load_noted

KEY = "encoding"


@dataclass(frozen=True)
class FittedModel:
    """A trained network and the encoding of the table that it was trained on.

    Attributes
    ----------
    model : SequenceModel
    encoding : Encoding
        Columns, scaling, vocabulary and classes.

    Raises
    ------
    ValueError
        For a forecast by a bidirectional network, which reads what it forecasts.
    """

    model: SequenceModel
    encoding: Encoding

    def __post_init__(self) -> None:
        require_causal(self.encoding.horizon, self.model.layer.bidirectional)

    def __repr__(self) -> str:
        return f"<rnnlab.FittedModel: {self.encoding.summary}; {self.model!r}>"

    def _repr_html_(self) -> str:
        encoding, layer = self.encoding, self.model.layer
        rows = {
            "predicts": encoding.summary,
            "features": ", ".join(feature.name for feature in encoding.features),
            "sequence": encoding.sequence,
            "time": encoding.time or "order of the rows",
            "cell": layer.cell.name,
            "layers": f"{layer.num_layers} of {layer.hidden_size} units",
            "parameters": str(self.model.parameter_count),
        }
        cells = "".join(
            f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in rows.items()
        )
        return f"<table>{cells}</table>"

    def save(self, path: str | PathLike[str]) -> Path:
        """Write both into one safetensors file, without pickle; `load_fitted` reads it."""
        return self.model.save(path, notes={KEY: self.encoding.model_dump(mode="json")})

    def predict(self, source: str | Path | pd.DataFrame, *, missing: str = "error") -> pd.DataFrame:
        """Predict from a table with the columns that the model was trained on.

        Parameters
        ----------
        source : path or DataFrame
            A CSV file; targets need not be in it.
        missing : "error", "drop" or "ffill"
            What happens to a row in which a feature is missing.

        Returns
        -------
        DataFrame
            Where every step has an answer, a row for each row of the table that has all features,
            in the table's order and with its index; a forecast is in the row from which it looks
            ahead. With one answer per sequence, a row for each sequence in the order of their
            first rows; its index is that of the sequence's last row, where the answer is read. So
            `table["p"] = model.predict(table)["predicted_TARGET"]` puts each answer where it
            belongs. The columns are the sequence and its time as the table has them,
            "predicted_TARGET", and probabilities of classes or labels.

        Raises
        ------
        ValueError
            If a column is missing or a value cannot be, with its line.
        """
        encoding = self.encoding
        table = read_table(source)
        sequences, inputs = load_inputs(table, encoding, missing)
        outputs = np.concatenate(outputs_of(self.model, inputs))
        # a line of the file belongs to one row only, and lines grow
        rows = np.searchsorted(table.lines, sequences.table.lines)
        names = [encoding.sequence]
        if encoding.read == "last":
            rows = rows[sequences.starts[1:] - 1]
        else:
            order = np.argsort(rows)
            rows, outputs = rows[order], outputs[order]
            names += [] if encoding.time is None else [encoding.time]
        if isinstance(source, pd.DataFrame):
            positions = [list(table.columns).index(name) for name in names]
            given = source.iloc[rows, positions]
        else:
            words = {name: table[name].words[rows] for name in names}
            given = pd.DataFrame(words, index=rows, dtype=object)
        return given.assign(**encoding.decode_outputs(outputs))


def load_fitted(
    path: str | PathLike[str], *, cell: str | CellDefinition | None = None
) -> FittedModel:
    """Read a model of a table.

    Parameters
    ----------
    path : str or path
        As `rnnlab fit` or `FittedModel.save` wrote it.
    cell : str or CellDefinition, optional
        A cell of your own that the model runs; a file holds no code.

    Raises
    ------
    FileNotFoundError
    ValueError
        If the file is of another kind, such as a model without a table.
    """
    model, notes = load_noted(path, cell=cell)
    if not isinstance(model, SequenceModel) or notes is None or KEY not in notes:
        raise ValueError(
            f"{path} must be a model of a table, got one without: "
            "take a file that rnnlab fit wrote, or use rnnlab.load"
        )
    try:
        encoding = Encoding.model_validate_json(json.dumps(notes[KEY]), strict=True)
    except ValidationError as error:
        raise damaged(Path(path), "say how its table is encoded", "encoding", error) from error
    layer = model.layer
    for what, wanted, found in (
        ("input_size", encoding.input_size, layer.input_size),
        ("output_size", encoding.output_size, model.output_size),
        ("read", encoding.read, model.read),
    ):
        if wanted != found:
            raise ValueError(
                f"{path} must hold a network for its table, with {what}={wanted}, got {found}: "
                "take the file as rnnlab fit wrote it"
            )
    return FittedModel(model, encoding)
