"""Keyword arguments of a layer; errors for misspelt ones and for PyTorch's that differ here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from rnnlab.engine import EngineFactory
from rnnlab.layers.regularisers import Regularisers
from rnnlab.layers.seeding import Seed
from rnnlab.registry import unknown_name


class LayerOptions(TypedDict, total=False):
    """Keyword arguments of a layer; see `Recurrent`."""

    bidirectional: bool
    learn_initial_state: bool
    regularisers: Regularisers | None
    dtype: Any
    batch_first: bool
    seed: Seed
    init: str | None
    forget_bias: float | str | None
    chrono_tmax: int | None
    engine: str | EngineFactory


#: For each of PyTorch's names, the values that change nothing here, and what to use for others.
_PYTORCH: dict[str, tuple[tuple[Any, ...], str]] = {
    "dropout": (
        (0,),
        "pass regularisers=rnnlab.Regularisers(dropout={value!r}), and train with "
        "layer.forward(x, noise=rng): without noise there is no dropout",
    ),
    "bias": (
        (True,),
        "the equations of the cell determine which maps have a bias; for a cell without, write "
        "linear(..., bias=None) in a cell of your own",
    ),
    "proj_size": (
        (0,),
        "choose hidden_size, or map the output with rnnlab.training.SequenceModel(layer, "
        "output_size)",
    ),
    "nonlinearity": (
        ("tanh",),
        'rnnlab.RNN has tanh, rnnlab.Recurrent("rnn-relu", input_size, hidden_size) has relu',
    ),
    "device": ((None, "cpu"), "layers run on the processor; leave device out"),
}


def refuse_options(cell: str, options: Mapping[str, Any]) -> None:
    """Raise an error for keyword arguments that a layer does not have.

    PyTorch's names are accepted with the values that change nothing, such as `dropout=0`.

    Parameters
    ----------
    cell : str
        Name of the cell.
    options : mapping
        The arguments.

    Raises
    ------
    ValueError
        For an argument of PyTorch's layers that has another form here.
    TypeError
        For any other name.

    Examples
    --------
    >>> refuse_options("lstm", {"dropout": 0.0, "bias": True})
    >>> refuse_options("lstm", {"num_layer": 2})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    TypeError: argument must be one of batch_first, ..., got 'num_layer': did you mean 'num_layers'?
    """
    for name, value in options.items():
        if name not in _PYTORCH or (name == "nonlinearity" and cell not in ("rnn", "rnn-relu")):
            known = ("num_layers", *LayerOptions.__annotations__)
            raise TypeError(unknown_name("argument", name, known))
        harmless, remedy = _PYTORCH[name]
        if name == "nonlinearity" and cell == "rnn-relu":
            harmless = ("relu",)
        if not any(value is one or (type(value) is not bool and value == one) for one in harmless):
            allowed = " or ".join(map(repr, harmless))
            raise ValueError(
                f"{name} must be {allowed}, got {value!r}: {remedy.format(value=value)}"
            )
