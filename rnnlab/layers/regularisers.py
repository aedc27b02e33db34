"""Noise in training: its options, the cell with masks in its equations, and the masks."""

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
    """Noise that a layer is trained with; without it, layers answer with its mean.

    All rates lie from 0 to below 1; what dropout leaves is divided by 1 - rate. Masks are drawn by
    `layer.forward(x, noise=...)`, once a step, or once a sequence with `variational`.

    Parameters
    ----------
    input_dropout : float
        On x.
    dropout : float
        On the output of each layer but the last one: PyTorch's `dropout`.
    output_dropout : float
        On the output of the last layer.
    hidden_dropout : float
        On the states where they enter a product. With `variational`, and equal rates on inputs and
        outputs, this is the variational RNN with tied masks (Gal & Ghahramani 2016, A theoretically
        grounded application of dropout in recurrent neural networks).
    recurrent_dropout : float or dict of str to float
        On what is added to a state, c = f * c + d(i * g) (Semeniuta et al. 2016, Recurrent dropout
        without memory loss). A number goes to every state of the cell that has such an update; a
        dict names them.
    zoneout : float or dict of str to float
        The probability that a unit's state stays as it was (Krueger et al. 2017, Zoneout:
        regularizing RNNs by randomly preserving hidden activations). A number goes to every state,
        but to the output alone in a cell where one state scales the others (sLSTM); the paper's
        LSTM is {"c": .5, "h": .05}. Without noise the old and the new state are mixed
        in these shares, as in the paper.
    variational : bool
        Whether a mask is drawn once for a sequence and holds at all its steps. Zoneout is drawn at
        every step all the same.

    Raises
    ------
    ValueError, TypeError
        For a rate that is no number from 0 to below 1.

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
        """Return "recurrent_dropout" or "zoneout" by the states of a cell, zeros left out.

        Raises
        ------
        ValueError
            If a state is named that the cell does not have, or has no update.
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
    """Return the cell that runs in training, and its masks; with `expected`, the one without noise.

    Raises
    ------
    ValueError
        If the cell cannot take what is asked for.
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
    """Draw a mask (T, B, n): of dropout, 0 with probability `rate` and else 1 / (1 - rate).

    Parameters
    ----------
    rng : numpy.random.Generator
    rate : float
    shape : tuple of int
        (T, B, n)
    dtype : dtype
    scaled : bool
        False for zoneout's: 1 with probability `rate` and else 0.
    variational : bool
        Whether all steps of a sequence have the same.
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
