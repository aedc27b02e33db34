"""Array libraries that can evaluate a cell's equations.

Operations are made of Python's operators and of functions that every array namespace has (see
`Operation.compute`). A library states only what it has better: functions whose own derivative is
right at every point, where the composition's is not. Its module is imported at the first use.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnnlab.registry import Registry


@dataclass(frozen=True)
class Library:
    """An array library.

    Attributes
    ----------
    name : str
    namespace : module
        Functions of its arrays by the names of NumPy: exp, tanh, where, clip, asarray, stack, ...
    functions : mapping of str to callable
        Functions that replace an operation's own meaning, by the operation's name.
    """

    name: str
    namespace: Any
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


def _numpy() -> Library:
    return Library("numpy", importlib.import_module("numpy"))


def _torch() -> Library:
    torch = _imported("torch")
    return Library("torch", torch, {"sigmoid": torch.sigmoid, "relu": torch.relu})


def _jax() -> Library:
    nn = _imported("jax.nn")
    functions = {"sigmoid": nn.sigmoid, "relu": nn.relu}
    return Library("jax", importlib.import_module("jax.numpy"), functions)


def _imported(module: str) -> Any:
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{package} must be installed to evaluate cells on its arrays: pip install {package}"
        ) from error


libraries: Registry[Library] = Registry("array library")
libraries.register_lazily("numpy", _numpy)
libraries.register_lazily("torch", _torch)
libraries.register_lazily("jax", _jax)
