"""Paths of a gradient: direct through the cell, or through the matrices."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from rnnlab.analysis.analysable import require_analysable
from rnnlab.analysis.backward_trace import log_mean, log_norm, norms_by_lag, trace_back
from rnnlab.analysis.gradient_flow import loss_at_the_end
from rnnlab.analysis.linearisation import Linearised, Paths
from rnnlab.analysis.linearising import linearise, twin_of
from rnnlab.cells import CellDefinition
from rnnlab.engine.protocol import Array
from rnnlab.equations.expression import reachable
from rnnlab.layers import Recurrent
from rnnlab.training import SequenceModel, softmax_cross_entropy
from rnnlab.training.loss_contract import Loss

#: Paths of `Linearised` by their names in tables. Tables also have "keep", the textbook formula of
#: the direct path: the product of the gate that keeps the memory.
PATHS: dict[str, Paths] = {"exact": "all", "cut": "cut", "direct": "direct"}


def path_norms(layer: Recurrent, inputs: Array) -> pd.DataFrame:
    """Compare ds_T/ds_{T-k} of every state with the same along single paths.

    Parameters
    ----------
    layer : Recurrent
        In float64 and of one direction.
    inputs : array (T, B, I)

    Returns
    -------
    DataFrame
        state, lag (0 to T), path, log10_norm, norm:

        - path "exact" is the whole derivative with s_{T-k} as a node: its paths to other states of
          the same step count. "cut" leaves out paths that pass a matrix on h, as if h were detached
          there (h-detach, Arpit et al. 2018); "direct" those that pass any matrix, which leaves the
          product of the forget gates for the LSTM, and the like for other cells. "keep" is the
          product of the gate that `@cell(keep=...)` names, for the states whose direct path it is
          part of; where it differs from "direct", as in a peephole LSTM, the textbook formula does.
        - norm is the root mean square of the singular values, ||.||_F / sqrt(H), so 1 at lag 0:
          the remaining part of a gradient of random direction. It is the mean over the batch.
          It is 0 where the derivative is rounding alone.

    Examples
    --------
    >>> import rnnlab
    >>> layer = rnnlab.LSTM(3, 8, dtype="float64", seed=0)
    >>> table = path_norms(layer, np.ones((20, 2, 3))).query("state == 'c' and lag == 20")
    >>> sorted(table["path"]), bool(table["norm"].nunique() == 2)  # direct, cut and keep are one
    (['cut', 'direct', 'exact', 'keep'], True)
    """
    require_analysable(layer)
    along, twin = linearise(layer, inputs), twin_of(layer, inputs)
    tables = []
    for place, state in enumerate(along.names):
        logs = {
            name: np.where(_is_known(along, twin, place, paths), log, -np.inf)
            for name, paths in PATHS.items()
            for log in [_square_roots(along, place, paths)]
        }
        number, own = divmod(place, len(layer.cell.states))
        if layer.cell.states[own] in kept_states(layer.cell):
            gate = layer.forward(inputs).gates(number)[str(layer.cell.keep)]
            logs["keep"] = _product_back(gate)
        for path, log in logs.items():
            mean = log_mean(log)  # over the batch
            with np.errstate(over="ignore", under="ignore"):
                table = pd.DataFrame({"state": state, "lag": np.arange(len(mean)), "path": path})
                tables.append(table.assign(log10_norm=mean / math.log(10), norm=np.exp(mean)))
    return pd.concat(tables, ignore_index=True)


def path_shares(
    model: SequenceModel, inputs: Array, targets: Array, loss: Loss = softmax_cross_entropy
) -> pd.DataFrame:
    """Return the share of the gradient of a loss at the last step on each path, by lag.

    Parameters
    ----------
    model : SequenceModel
    inputs, targets : array
        As for `gradient_decay`.
    loss : callable

    Returns
    -------
    DataFrame
        state, lag, path ("direct", "around_h", "around_other"), share: with g the whole gradient
        dL/ds_{T-k} and p its part along a path, <p, g> / <g, g>, the median over the batch.
        "direct" passes no matrix, "around_h" a matrix on h, "around_other" matrices on other states
        alone. For one sequence the three shares add up to 1; a share above 1 is cancelled by a
        negative one. NaN where the gradient is 0 or rounding alone.
    """
    require_analysable(model.layer)
    d_end, ends = loss_at_the_end(model, inputs, targets, loss)
    return share_table(model.layer, inputs, d_end, ends)


def share_table(
    layer: Recurrent, inputs: Array, d_end: Array, ends: Array | None = None
) -> pd.DataFrame:
    """Return the table of `path_shares` for dL/dh (B, H) after step `ends` of each sequence."""
    along = linearise(layer, inputs)
    known = np.isfinite(norms_by_lag(along, twin_of(layer, inputs), d_end, ends))  # (lags, states)
    ends = np.full(along.batch, along.steps) if ends is None else ends
    lags = np.arange(ends.min() + 1)
    at = ends - lags[:, None], np.arange(along.batch)  # (lags, B): the slot of each lag
    found, scales = {}, {}
    for name, paths in PATHS.items():
        traced = [
            (np.stack(gradients, axis=1), scale)  # (B, states, H), (B,)
            for gradients, scale in trace_back(along, d_end, ends=ends, paths=paths)
        ][::-1]
        found[name] = np.stack([gradient for gradient, _ in traced])[at]  # (lags, B, states, H)
        scales[name] = np.stack([scale for _, scale in traced])[at][..., None]
    direct, cut = (
        _projection(found[name], found["exact"], scales[name] - scales["exact"])
        for name in ("direct", "cut")
    )
    shares = {"direct": direct, "around_h": 1 - cut, "around_other": cut - direct}
    tables = [
        pd.DataFrame({"state": state, "lag": lags, "path": path, "share": medians})
        for k, state in enumerate(along.names)
        for path, share in shares.items()
        for medians in [np.where(known[:, k], _median(share[..., k]), np.nan)]
    ]
    return pd.concat(tables, ignore_index=True)


def kept_states(cell: CellDefinition) -> list[str]:
    """Return the states whose direct path has the gate that keeps the memory.

    Examples
    --------
    >>> from rnnlab.cells import find_cell
    >>> kept_states(find_cell("lstm")), kept_states(find_cell("gru")), kept_states(find_cell("rnn"))
    (['c'], ['h'], [])
    """
    gate = cell.equations.gates.get(cell.keep or "")
    if gate is None:
        return []
    return [
        state
        for state in cell.states
        if (path := cell.derivation.direct_paths.get((state, state))) is not None
        and any(node.index == gate.index for node in reachable([path]))
    ]


def _is_known(along: Linearised, twin: Callable[[], Linearised], place: int, paths: Paths) -> Array:
    """Return by lag (T+1, 1) whether ds_T/ds_{T-k} is more than rounding.

    One random direction of ds_T is enough: all others are of the same size.
    """
    direction = np.random.default_rng(0).standard_normal((along.batch, along.units))
    logs = norms_by_lag(along, twin, direction, state=place, paths=paths)
    return np.isfinite(logs[:, [place]])


def _square_roots(along: Linearised, place: int, paths: Paths) -> Array:
    """Return log(||ds_T/ds_{T-k}||_F / sqrt(H)) by lag and sequence (T+1, B)."""
    units = along.units
    basis = np.tile(np.eye(units)[:, None, :], (1, along.batch, 1))  # (H, B, H): a row at a time
    logs = []
    for gradients, scale in trace_back(along, basis, state=place, paths=paths):
        rows = log_norm(gradients[place]) + scale  # (H, B)
        logs.append(0.5 * log_mean(2 * rows, axis=0))
    return np.stack(logs)


def _product_back(gate: Array) -> Array:
    """Return the logarithm of the root mean square of a gate's product, (T, B, H) to (T+1, B)."""
    with np.errstate(divide="ignore"):
        logs = np.cumsum(np.log(np.abs(gate[::-1])), axis=0)
    logs = np.concatenate([np.zeros((1, *logs.shape[1:])), logs])
    return 0.5 * log_mean(2 * logs, axis=-1)


def _projection(part: Array, whole: Array, log_ratio: Array) -> Array:
    """Return <p, g> / <g, g> over units; `log_ratio` is the log of p's scale by that of g."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore", under="ignore"):
        unit = whole / np.abs(whole).max(axis=-1, keepdims=True)  # squares underflow
        share: Array = (part * unit).sum(axis=-1) / (whole * unit).sum(axis=-1)
        return np.where(share == 0, 0.0, share * np.exp(log_ratio))


def _median(shares: Array) -> Array:
    """Return the median over the batch (lags, B) of finite numbers; NaN where there are none."""
    shares = np.where(np.isfinite(shares), shares, np.nan)
    known = ~np.isnan(shares).all(axis=1)
    medians = np.full(len(shares), np.nan)
    medians[known] = np.nanmedian(shares[known], axis=1)
    return medians
