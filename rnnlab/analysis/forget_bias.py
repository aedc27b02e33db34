"""Half-lives of the gradient at initialisation, by the bias of the gate that keeps the memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from rnnlab.analysis.gradient_flow import decay_half_life, half_life
from rnnlab.analysis.paths import kept_states, path_norms
from rnnlab.engine.protocol import Array
from rnnlab.layers import Recurrent
from rnnlab.limits import check_number


def closed_form_half_life(forget_bias: float) -> float:
    """Return ln(1/2) / ln(sigmoid(b)): steps after which a gate held at its bias has halved.

    Examples
    --------
    >>> [round(closed_form_half_life(bias), 1) for bias in (0, 1, 3, 5)]
    [1.0, 2.2, 14.3, 103.2]
    """
    check_number("forget_bias", forget_bias)
    # ln(sigmoid(b)) = -ln(1 + exp(-b)), without the loss of digits for a large b
    return math.log(2) / float(np.logaddexp(0.0, -forget_bias))


def forget_bias_half_lives(
    make_layer: Callable[[float], Recurrent], inputs: Array, biases: Sequence[float]
) -> pd.DataFrame:
    """Measure the half-life of the gradient of the memory at each forget bias and path.

    Parameters
    ----------
    make_layer : callable
        From a forget bias to a layer of float64 whose cell keeps its memory with a gate.
    inputs : array (T, B, I)
        Longer than the half-lives of interest: one that is not reached within T is inf.
    biases : sequence of float

    Returns
    -------
    DataFrame
        forget_bias, state, path ("exact", "direct" or "keep", as in `path_norms`), half_life (steps
        until ds_T/ds_{T-k} has halved), closed_form (`closed_form_half_life`), decay_half_life
        (steps, from the slope, as the function of that name).

    Examples
    --------
    >>> import rnnlab
    >>> def lstm(bias: float) -> Recurrent:
    ...     return rnnlab.LSTM(3, 8, forget_bias=bias, dtype="float64")
    >>> table = forget_bias_half_lives(lstm, np.zeros((60, 1, 3)), [0.0, 3.0])
    >>> table.query("path == 'keep'")["half_life"].round(1).tolist()
    [1.0, 14.3]
    """
    tables = []
    for bias in biases:
        layer = make_layer(bias)
        kept = kept_states(layer.cell)
        norms = path_norms(layer, inputs)
        for (state, path), curve in norms.groupby(["state", "path"], sort=False):
            if path == "cut" or str(state).partition("_l")[0] not in kept:
                continue
            tables.append(
                {
                    "forget_bias": float(bias),
                    "state": state,
                    "path": path,
                    "half_life": half_life(curve["norm"].to_numpy()),
                    "closed_form": closed_form_half_life(bias),
                    "decay_half_life": decay_half_life(curve["log10_norm"].to_numpy()),
                }
            )
    columns = ["forget_bias", "state", "path", "half_life", "closed_form", "decay_half_life"]
    return pd.DataFrame(tables, columns=columns)
