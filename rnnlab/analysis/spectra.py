"""Singular values and Lyapunov exponents of products of Jacobians, over thousands of steps.

A product of a few dozen Jacobians that is multiplied out has its largest singular value and
rounding errors. Here it is stored as orthogonal and triangular factors, the scale of every row as a
logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy.linalg.lapack

from rnnlab.analysis.analysable import require_analysable
from rnnlab.analysis.jacobians import CHUNK, step_jacobians
from rnnlab.analysis.linearisation import Linearised
from rnnlab.analysis.linearising import linearise
from rnnlab.engine.protocol import Array
from rnnlab.layers import Recurrent
from rnnlab.layers.seeding import Seed, random_numbers

#: Default share of the steps after which the Lyapunov frame has converged.
DISCARD = 0.2
# LAPACK's numbers end at 1e-308: rows with larger distances are computed in groups.
_SPAN = 280 * math.log(10)


def singular_spectrum(along: Linearised, lags: Sequence[int]) -> pd.DataFrame:
    """Return the singular values of ds_T/ds_{T-k}, all states together, at chosen lags.

    Parameters
    ----------
    along : Linearised
    lags : sequence of int
        k, from 1 to T.

    Returns
    -------
    DataFrame
        lag, index (1 for the largest), log10_singular_value (mean over the batch: a geometric mean
        of the singular values; -inf where one of them is 0, or rounding alone).

    Raises
    ------
    ValueError
        If a lag is not within 1 and T.

    Notes
    -----
    Going back from T, the transposed Jacobians are folded into U D V with U orthogonal, D diagonal
    and held as logarithms, and V triangular up to the order of its columns with rows of length 1
    (the stratification of Loh et al. 1992, used for such products in physics). The singular values
    of D V come from LAPACK's one-sided Jacobi method (Drmac & Veselic 2008), which keeps the
    relative accuracy of the small ones.

    Examples
    --------
    >>> import rnnlab
    >>> from rnnlab.analysis import linearise
    >>> layer = rnnlab.RNN(1, 2, dtype="float64")
    >>> layer.parameters["weight_hh_l0"][:] = np.diag([0.5, 1e-9])
    >>> along = linearise(layer, np.zeros((100, 1, 1)))
    >>> singular_spectrum(along, [100])["log10_singular_value"].round(3).tolist()
    [-30.103, -900.0]
    """
    lags = sorted(set(lags))
    if not lags or lags[0] < 1 or lags[-1] > along.steps:
        raise ValueError(
            f"lags must be whole numbers from 1 to T={along.steps}, got {lags}: "
            "drop the others, or pass longer sequences"
        )
    q = np.tile(np.eye(along.size), (along.batch, 1, 1))
    log_d, v = np.zeros((along.batch, along.size)), q.copy()
    tables = []
    for end in range(along.steps, along.steps - lags[-1], -CHUNK):
        start = max(end - CHUNK, along.steps - lags[-1])
        jacobians = step_jacobians(along, start, end)
        for t in range(end - 1, start - 1, -1):
            q, log_d, v = _fold(jacobians[t - start].swapaxes(1, 2) @ q, log_d, v)
            lag = along.steps - t
            if lag in lags:
                logs = np.stack(
                    [_log_singular_values(d, rows) for d, rows in zip(log_d, v, strict=True)]
                )
                table = pd.DataFrame({"lag": lag, "index": np.arange(1, along.size + 1)})
                tables.append(table.assign(log10_singular_value=logs.mean(axis=0) / math.log(10)))
    return pd.concat(tables, ignore_index=True)


def _fold(z: Array, log_d: Array, v: Array) -> tuple[Array, Array, Array]:
    """Bring Z D V, with rows of D and V and columns of Z in any order, to Q D' V' with Q'Q = 1."""
    with np.errstate(divide="ignore"):
        reach = log_d + np.log(np.linalg.norm(z, axis=1))
    order = np.argsort(-reach, axis=1, kind="stable")  # large columns first, as pivoting would
    log_d = np.take_along_axis(log_d, order, axis=1)
    v = np.take_along_axis(v, order[:, :, None], axis=1)
    q, r = _factors(np.take_along_axis(z, order[:, None, :], axis=2))
    # R D V row by row: each is a sum over rows of V whose weights may differ by hundreds of decades
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.abs(r)) + log_d[:, None, :]
        scale = logs.max(axis=2)
        weights = np.where(np.isfinite(scale)[..., None], np.exp(logs - scale[..., None]), 0.0)
        v = (np.sign(r) * weights) @ v
        length = np.linalg.norm(v, axis=2)
        log_d = np.where(length > 0, scale + np.log(length), -np.inf)
    return q, log_d, v / np.where(length > 0, length, 1.0)[..., None]


def _factors(z: Array) -> tuple[Array, Array]:
    """Return Q and R of each matrix, with 0 on the diagonal for a dependent column.

    The part of a column that is independent of those before it is rounding if it is below N eps of
    its length: a cell that forgets a direction of its states exactly has such columns.
    """
    q, r = np.linalg.qr(z)
    least = z.shape[2] * np.finfo(np.float64).eps * np.linalg.norm(r, axis=1)  # (..., columns)
    rounding = np.abs(r) <= least[:, None, :]
    lost = np.diagonal(rounding, axis1=1, axis2=2)
    r[lost[:, :, None] & rounding] = 0.0  # a lost column's row of R takes the rounding of others
    return q, r


def _log_singular_values(log_d: Array, v: Array) -> Array:
    """Return the logarithms of the singular values of D V, the largest first."""
    order = np.argsort(-log_d, kind="stable")
    log_d, v = log_d[order], v[order]
    rank = int(np.isfinite(log_d).sum())
    # D V = D R' Q' with R' lower triangular: rows that are far apart in D are nearly decoupled.
    lower = _factors(v[:rank].T[None])[1][0].T
    lost = int((np.diagonal(lower) == 0).sum())  # rows that depend on those above
    found = np.full(len(log_d), -np.inf)
    start = 0
    while start < rank:
        stop = _end_of_group(log_d[:rank], start)
        scale = np.exp(log_d[start:stop] - log_d[start])
        part = (scale[:, None] * lower[start:stop, start:stop]).T  # columns are scaled: "C" below
        values, _, _, work, _, info = scipy.linalg.lapack.dgejsv(
            part, joba=0, jobu=3, jobv=3, jobr=0, jobt=0, jobp=0
        )
        if info != 0:  # it says that sweeps did not converge; no matrix of ours has ever
            raise ArithmeticError(f"LAPACK's dgejsv must converge, got info={info}: report it")
        with np.errstate(divide="ignore"):
            found[start:stop] = np.log(values) + np.log(work[0] / work[1]) + log_d[start]
        start = stop
    found = -np.sort(-found)
    found[rank - lost :] = -np.inf
    return found


def _end_of_group(log_d: Array, start: int) -> int:
    """Return where rows that LAPACK can take together end: at a gap, if they are not the last."""
    stop = int(np.searchsorted(-log_d, -log_d[start] + _SPAN, side="right"))
    if stop == len(log_d) or stop - start < 2:
        return stop
    first = start + (stop - start) // 2
    return first + 1 + int(np.argmax(log_d[first:stop] - log_d[first + 1 : stop + 1]))


def lyapunov_spectrum(
    layer: Recurrent,
    x: Array,
    state: Sequence[Array] | None = None,
    *,
    discard: int | None = None,
    seed: Seed = None,
) -> pd.DataFrame:
    """Return the Lyapunov exponents of a layer driven by an input, by QR at every step.

    Parameters
    ----------
    layer : Recurrent
        In float64 and of one direction; stacked layers are one system.
    x : array (T, B, I)
        The longer, the better: exponents settle as 1 / T. Over 400 steps those of 32 units depend
        on the frame (`seed`) by .1 to 5 %.
    state : tuple of (num_layers, B, H) arrays, optional
        The initial state.
    discard : int, optional
        Steps at the beginning that do not count, until frame and states have settled; a fifth of T
        unless given.
    seed : int or numpy.random.Generator, optional
        Seed of the frame that is carried along. If left out, fresh entropy.

    Returns
    -------
    DataFrame
        index (1 for the largest), exponent (nats a step, mean over the batch), low, high (the
        smallest and the largest of the batch). exp(exponent) is the factor by which a small change
        in that direction grows or shrinks a step. It is -inf for a direction that a step loses, all
        but its rounding.

    Raises
    ------
    ValueError
        If the layer cannot be analysed or no step is left to count.

    Notes
    -----
    Benettin et al. 1980; for gated networks Engelken, Wolf & Abbott 2023, Lyapunov spectra of
    chaotic recurrent neural networks. Where the largest exponent is above 0, gradients explode in
    the long run; where it is below, they vanish.

    Examples
    --------
    >>> import rnnlab
    >>> layer = rnnlab.RNN(1, 2, dtype="float64")
    >>> layer.parameters["weight_hh_l0"][:] = [[0.5, 1.0], [0.0, 0.25]]
    >>> table = lyapunov_spectrum(layer, np.zeros((400, 1, 1)), seed=0)
    >>> np.exp(table["exponent"]).round(3).tolist()
    [0.5, 0.25]
    """
    require_analysable(layer)
    steps, batch = np.asarray(x).shape[:2]
    discard = int(DISCARD * steps) if discard is None else discard
    if not 0 <= discard < steps:
        raise ValueError(
            f"discard must be from 0 to T-1={steps - 1} steps, got {discard}: "
            "some have to be left to count"
        )
    size = layer.num_layers * len(layer.cell.states) * layer.hidden_size
    frame = random_numbers(seed, "frame")[0].standard_normal((batch, size, size))
    frame = np.linalg.qr(frame)[0]
    total = np.zeros((batch, size))
    for start in range(0, steps, CHUNK):
        piece = x[start : start + CHUNK]
        jacobians = step_jacobians(linearise(layer, piece, state))
        _, state = layer(piece, state)
        for t, jacobian in enumerate(jacobians, start):
            frame, r = _factors(jacobian @ frame)
            if t >= discard:
                with np.errstate(divide="ignore"):
                    total += np.log(np.abs(np.diagonal(r, axis1=1, axis2=2)))
    exponents = -np.sort(-total / (steps - discard), axis=1)
    return pd.DataFrame(
        {
            "index": np.arange(1, size + 1),
            "exponent": exponents.mean(axis=0),
            "low": exponents.min(axis=0),
            "high": exponents.max(axis=0),
        }
    )
