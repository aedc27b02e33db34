"""Layers whose gradients through time can be analysed, and the names of their states."""

from __future__ import annotations

from collections.abc import Mapping

from rnnlab.layers import Recurrent


def state_names(layer: Recurrent) -> tuple[str, ...]:
    """Return the names of the states of a layer in tables.

    Examples
    --------
    >>> import rnnlab
    >>> state_names(rnnlab.GRU(3, 8)), state_names(rnnlab.GRU(3, 8, num_layers=2))
    (('h',), ('h_l0', 'h_l1'))
    """
    if layer.num_layers == 1:
        return layer.cell.states
    return tuple(
        f"{name}_l{number}" for number in range(layer.num_layers) for name in layer.cell.states
    )


def require_analysable(layer: Recurrent) -> None:
    """Raise a ValueError unless gradients through time of a layer can be analysed."""
    if layer.dtype != "float64":
        raise ValueError(
            f"gradients are analysed in float64, got {layer.dtype}: "
            'use astype("float64") of the layer or the model'
        )
    if layer.bidirectional:
        raise ValueError(
            "gradients through time need a layer of one direction, got bidirectional=True: "
            "analyse a layer for each direction"
        )
    if layer.batch_first:
        raise ValueError(
            "gradients through time need a layer with time first, got batch_first=True: "
            "copy its parameters into a layer without it"
        )
    zoneout = 0.0 if layer.regularisers is None else layer.regularisers.zoneout
    if max(zoneout.values(), default=0.0) if isinstance(zoneout, Mapping) else zoneout:
        raise ValueError(
            "gradients through time need a layer whose steps are the cell's own, got "
            f"zoneout={zoneout}: copy its parameters into a layer without zoneout"
        )
