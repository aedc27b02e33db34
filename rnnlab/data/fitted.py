"""A model of a user's table: the network and what turns tables into its inputs and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from rnnlab.cells import CellDefinition
from rnnlab.data.dataset import load_inputs
from rnnlab.data.encoding import Encoding
from rnnlab.data.scoring import outputs_of
from rnnlab.layers.saving import damaged
from rnnlab.training import SequenceModel
from rnnlab.training.saving import load_noted

KEY = "encoding"


@dataclass(frozen=True)
class FittedModel:
    """A trained network and the encoding of the table that it was trained on.

    Attributes
    ----------
    model : SequenceModel
    encoding : Encoding
        Columns, scaling, vocabulary and classes.
    """

    model: SequenceModel
    encoding: Encoding

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
            A row for each sequence or, where every step has an answer, each time step: the
            sequence, its time where there is one, "predicted_TARGET", and probabilities of classes
            or labels. A forecast stands in the row from which it looks ahead.

        Raises
        ------
        ValueError
            If a column is missing or a value cannot be, with its line.
        """
        encoding = self.encoding
        sequences, inputs = load_inputs(source, encoding, missing)
        outputs = np.concatenate(list(outputs_of(self.model, inputs)))
        columns: dict[str, Any] = {}
        if encoding.read == "last":
            columns[encoding.sequence] = sequences.names
        else:
            for name in (encoding.sequence, encoding.time):
                if name is not None:
                    columns[name] = sequences.table.frame[name].to_numpy(object)
        return pd.DataFrame({**columns, **encoding.decode_outputs(outputs)})


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
