"""Dropout and zoneout: the rates, the cell with masks in its equations, and the masks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import numpy as np

from rnnlab.cells import CellDefinition
from rnnlab.cells.noise import Mask, added_states, regularised, separate_states
from rnnlab.engine.protocol import Array
from rnnlab.registry import unknown_name

Rates = float | Mapping[str, float]


@dataclass(frozen=True)
class Regularisers:
    """Rates of dropout and zoneout in training; without noise, a layer computes the mean.

    All rates are from 0 to below 1; dropout divides what it leaves by 1 - rate. Masks are drawn by
    `layer.forward(x, noise=...)`, for every step, or once for a sequence with `variational`.

    Parameters
    ----------
    input_dropout : float
        Rate on x.
    dropout : float
        Rate on the output of each layer but the last one: PyTorch's `dropout`.
    output_dropout : float
        Rate on the output of the last layer.
    hidden_dropout : float
        Rate on the states where they enter a product. With `variational`, and equal rates on inputs
        and outputs, this is the variational RNN with tied masks (Gal & Ghahramani 2016, A
        theoretically grounded application of dropout in recurrent neural networks).
    recurrent_dropout : float or dict of str to float
        Rate on what is added to a state, c = f * c + d(i * g) (Semeniuta et al. 2016, Recurrent
        dropout without memory loss). A number applies to every state of the cell with such an
        update; a dict names the states.
    zoneout : float or dict of str to float
        Probability that a unit keeps its former state (Krueger et al. 2017, Zoneout: regularizing
        RNNs by randomly preserving hidden activations). A number applies to every state, but only
        to the output in a cell where one state scales the others (sLSTM); the paper's LSTM is
        {"c": .5, "h": .05}. Without noise the old and the new state are mixed in these shares, as
        in the paper.
    variational : bool
        Whether a mask is drawn once for all steps of a sequence. Zoneout is drawn at every step
        even so.

    Raises
    ------
    ValueError, TypeError
        If a rate is not a number from 0 to below 1.

    Examples
    --------
    >>> import numpy as np, rnnlab
    >>> noise = rnnlab.Regularisers(recurrent_dropout=0.25, zoneout={"h": 0.1})
    >>> layer = rnnlab.LSTM(3, 8, regularisers=noise)
    >>> x = np.ones((5, 2, 3), np.float32)
    >>> one, other, third = (layer.forward(x, noise=seed).output for seed in (1, 1, 2))
    >>> bool((one == other).all()), bool((one == third).all())
    (True, False)
    """

    input_dropout: float = 0.0
    dropout: float = 0.0
    output_dropout: float = 0.0
    hidden_dropout: float = 0.0
    recurrent_dropout: Rates = 0.0
    zoneout: Rates = 0.0
    variational: bool = False

    def __post_init__(self) -> None:
        for name in ("input_dropout", "dropout", "output_dropout", "hidden_dropout"):
            object.__setattr__(self, name, _check_rate(name, getattr(self, name)))
        for name in ("recurrent_dropout", "zoneout"):
            value = getattr(self, name)
            if isinstance(value, Mapping):
                rates = {str(key): _check_rate(f"{name}[{key!r}]", value[key]) for key in value}
                object.__setattr__(self, name, rates)
            else:
                object.__setattr__(self, name, _check_rate(name, value))
        if not isinstance(self.variational, bool):
            raise TypeError(
                f"variational must be True or False, got {self.variational!r}: pass a bool"
            )

    def __hash__(self) -> int:
        return hash(tuple(self._plain().items()))

    def __repr__(self) -> str:
        changed = {f.name: getattr(self, f.name) for f in fields(self)}
        shown = [f"{k}={v!r}" for k, v in changed.items() if v not in (0.0, {})]
        return f"Regularisers({', '.join(shown)})"

    def _plain(self) -> dict[str, Any]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            k: tuple(sorted(v.items())) if isinstance(v, Mapping) else v for k, v in values.items()
        }

    def rates(self, name: str, cell: CellDefinition) -> dict[str, float]:
        """Return the rates of "recurrent_dropout" or "zoneout" by state of a cell, without zeros.

        Raises
        ------
        ValueError
            If the cell does not have a named state, or no state with an update.
        """
        value = getattr(self, name)
        if isinstance(value, Mapping):
            for state in value:
                if state not in cell.states:
                    raise ValueError(unknown_name(f"{name} state", state, cell.states))
            return {state: rate for state, rate in value.items() if rate}
        if not value:
            return {}
        states = separate_states(cell) if name == "zoneout" else added_states(cell)
        if not states:
            raise ValueError(
                "recurrent_dropout needs a cell with a state to which an update is added, as in "
                f"c = f * c + i * g, got {cell.name}: use hidden_dropout or zoneout"
            )
        return dict.fromkeys(states, value)


@cache
def noisy_cell(
    cell: CellDefinition, regularisers: Regularisers | None, *, expected: bool
) -> tuple[CellDefinition, tuple[Mask, ...]]:
    """Return the cell with noise, and its masks; with `expected`, the cell of the mean.

    Raises
    ------
    ValueError
        If the cell cannot take the rates.
    """
    if regularisers is None:
        return cell, ()
    changed, masks = regularised(
        cell,
        hidden=regularisers.hidden_dropout,
        update=regularisers.rates("recurrent_dropout", cell),
        zoneout=regularisers.rates("zoneout", cell),
        expected=expected,
    )
    if changed is not cell:
        changed = replace(changed, made_by=(_noisy_again, (cell, regularisers, expected)))
    return changed, masks


def _noisy_again(
    cell: CellDefinition, regularisers: Regularisers, expected: bool
) -> CellDefinition:
    """Return the cell of `noisy_cell`, the same object for the same arguments."""
    return noisy_cell(cell, regularisers, expected=expected)[0]


def draw_mask(
    rng: np.random.Generator,
    rate: float,
    shape: tuple[int, int, int],
    dtype: Any,
    *,
    scaled: bool = True,
    variational: bool = False,
) -> Array:
    """Draw a mask (T, B, n) of dropout: 0 with probability `rate`, otherwise 1 / (1 - rate).

    Parameters
    ----------
    rng : numpy.random.Generator
    rate : float
    shape : tuple of int
        (T, B, n)
    dtype : dtype
    scaled : bool
        False for a mask of zoneout: 1 with probability `rate`, otherwise 0.
    variational : bool
        Whether all steps of a sequence have the same mask.
    """
    drawn = rng.random((1 if variational else shape[0], *shape[1:]), np.float32) < np.float32(rate)
    mask = drawn.astype(dtype) if not scaled else np.where(drawn, 0, 1 / (1 - rate)).astype(dtype)
    return np.broadcast_to(mask, shape)


def _check_rate(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{name} must be a number, got {type(value).__name__} {value!r}: give .5")
    rate = float(value)
    if not (math.isfinite(rate) and 0 <= rate < 1):
        raise ValueError(
            f"{name} must be from 0 to below 1, got {rate:g}: it is the share that is dropped"
        )
    return rate
