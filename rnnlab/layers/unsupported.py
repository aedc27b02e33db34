"""Keyword arguments of PyTorch's layers that have another form here, and misspelt ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rnnlab.registry import unknown_name

#: For each of PyTorch's names, the values that mean what rnnlab does anyway, and what to use.
_PYTORCH: dict[str, tuple[tuple[Any, ...], str]] = {
    "dropout": (
        (0,),
        "pass regularisers=rnnlab.Regularisers(dropout={value!r}), and train with "
        "layer.forward(x, noise=rng): without noise there is no dropout",
    ),
    "bias": (
        (True,),
        "the equations of the cell say which maps have a bias; for a cell without, write "
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


def refuse_options(cell: str, options: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise an error for keyword arguments that a layer does not have.

    PyTorch's names pass with the values that change nothing, such as `dropout=0`.

    Parameters
    ----------
    cell : str
        Name of the cell.
    options : mapping
        The arguments.
    known : iterable of str
        Names of the arguments that a layer has.

    Raises
    ------
    ValueError
        For an argument of PyTorch's layers that has another form here.
    TypeError
        For any other name.

    Examples
    --------
    >>> refuse_options("lstm", {"dropout": 0.0, "bias": True}, [])
    >>> refuse_options("lstm", {"num_layer": 2}, ["num_layers", "seed"])
    Traceback (most recent call last):
    ...
    TypeError: argument must be one of num_layers, seed, got 'num_layer': did you mean 'num_layers'?
    """
    for name, value in options.items():
        if name not in _PYTORCH or (name == "nonlinearity" and cell not in ("rnn", "rnn-relu")):
            raise TypeError(unknown_name("argument", name, known))
        harmless, remedy = _PYTORCH[name]
        if name == "nonlinearity" and cell == "rnn-relu":
            harmless = ("relu",)
        if not any(value is one or (type(value) is not bool and value == one) for one in harmless):
            allowed = " or ".join(map(repr, harmless))
            raise ValueError(
                f"{name} must be {allowed}, got {value!r}: {remedy.format(value=value)}"
            )
