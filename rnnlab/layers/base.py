"""Base class of a layer: architecture, parameters, gates, copies and files."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np

from rnnlab.cells import CellDefinition
from rnnlab.engine.protocol import Array, EngineFactory
from rnnlab.layers.architecture import Architecture
from rnnlab.layers.direction import Direction
from rnnlab.layers.gates import read_gate, write_gate
from rnnlab.layers.parameters import Parameters, check_own
from rnnlab.layers.regularisers import Regularisers
from rnnlab.layers.seeding import seed_text
from rnnlab.layers.stack import Stack
from rnnlab.layers.states import find_row


class Layer:
    """A layer that has its parameters; `Recurrent` draws them and runs the layer.

    Attributes
    ----------
    architecture : Architecture
        The cell, the sizes and the options; each is an attribute of the layer too.
    seed : int or None
        The seed that the initial parameters were drawn from; None where a generator was given.
    """

    def __init__(
        self, architecture: Architecture, arrays: dict[str, Array], seed: int | None
    ) -> None:
        self.architecture = architecture
        self.seed = seed
        self._stack = Stack(architecture, arrays)
        self._parameters = Parameters(arrays, self._stack.shapes, self.dtype)
        self._identity = uuid.uuid4().bytes  # copies and pickles keep it

    @classmethod
    def with_parameters(
        cls, architecture: Architecture, parameters: Mapping[str, Array], seed: int | None = None
    ) -> Self:
        """Return a layer with copies of given parameters, cast to its dtype; draws none.

        Parameters
        ----------
        architecture : Architecture
        parameters : mapping of str to array
            Arrays by the names, and in the shapes, of `Recurrent.parameter_shapes`.
        seed : int, optional
            The seed that the parameters were drawn from.
        """
        layer, arrays = cls.__new__(cls), dict[str, Array]()
        Layer.__init__(layer, architecture, arrays, seed)
        for name in layer.parameter_shapes:
            arrays[name] = np.array(parameters[name], architecture.dtype, order="C")
        return layer

    def __repr__(self) -> str:
        facts = [str(self.architecture), f"parameters={self.parameter_count}"]
        facts += [] if self.seed is None else [f"seed={seed_text(self.seed)}"]
        return f"<rnnlab.Recurrent {' '.join(facts)}>"

    def __setattr__(self, name: str, value: Any) -> None:
        if re.fullmatch(r"(weight|bias)_\w+_l\d+(_reverse)?", name):
            raise AttributeError(
                f"parameters are no attributes, got {name}: use layer.parameters[{name!r}] = array"
            )
        super().__setattr__(name, value)

    @property
    def cell(self) -> CellDefinition:
        """The cell that the layer runs."""
        return self.architecture.cell

    @property
    def input_size(self) -> int:
        """I."""
        return self.architecture.input_size

    @property
    def hidden_size(self) -> int:
        """H."""
        return self.architecture.hidden_size

    @property
    def num_layers(self) -> int:
        """Number of stacked layers."""
        return self.architecture.num_layers

    @property
    def bidirectional(self) -> bool:
        """Whether each layer has a backward direction."""
        return self.architecture.bidirectional

    @property
    def learn_initial_state(self) -> bool:
        """Whether the initial states are parameters."""
        return self.architecture.learn_initial_state

    @property
    def regularisers(self) -> Regularisers | None:
        """Dropout and zoneout in training."""
        return self.architecture.regularisers

    @property
    def dtype(self) -> str:
        """Either "float32" or "float64"."""
        return self.architecture.dtype

    @property
    def batch_first(self) -> bool:
        """Whether sequences are (B, T, ...)."""
        return self.architecture.batch_first

    @property
    def engine(self) -> str | EngineFactory:
        """Engine that runs the layer: a registered name, or a function that makes it."""
        return self.architecture.engine

    @property
    def directions(self) -> int:
        """D, 1 or 2."""
        return self.architecture.directions

    @property
    def output_size(self) -> int:
        """Size of the last axis of the output, D*H."""
        return self.architecture.output_size

    @property
    def state_type(self) -> Any:
        """Named tuple of the cell's states."""
        return self.architecture.state_type

    @property
    def parameter_count(self) -> int:
        """Number of learned numbers."""
        return self.architecture.parameter_count

    @property
    def parameters(self) -> Parameters:
        """Live arrays by name, to be changed in place or by assignment, which copies.

        An unknown name, a wrong shape or dtype, NaN and infinities are errors at the assignment.

        For layer k, with `_reverse` appended for the backward direction and an input of size D*H
        for k > 0: `weight_ih_l{k}` (G*H, I), `weight_hh_l{k}` (G*H, H), `bias_l{k}` (G*H,), and by
        the rule of the cell's equations further ones; learned initial states are `h0_l{k}` (H,).
        """
        return self._parameters

    @parameters.setter
    def parameters(self, value: object) -> None:
        check_own(self._parameters, value)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of `parameters` by name."""
        return self._stack.shapes

    def gate(self, name: str, layer: int = 0, reverse: bool = False) -> tuple[Array, Array]:
        """Return copies of a gate's weight over [h, x] and its bias, as textbooks print them.

        Parameters
        ----------
        name : str
            Name of the gate in the equations, such as "f".
        layer : int
            Number of the layer in the stack, from 0.
        reverse : bool
            Whether to take the backward direction.

        Returns
        -------
        weight : array (H, H + I)
            Columns over the concatenation [h, x], with x of size D*H for a layer above the first; a
            map on further states has them in front, [c, h, x]. Zeros where the gate has no matrix.
        bias : array (H,)
            The bias of the map that sees x, where there is one.
        """
        return read_gate(self._direction(layer, reverse), name)

    def set_gate(
        self, name: str, weight: Array, bias: Array, layer: int = 0, reverse: bool = False
    ) -> None:
        """Set a gate's weight over [h, x] and its bias, in the form that `gate` returns them."""
        write_gate(self._direction(layer, reverse), name, weight, bias)

    def astype(self, dtype: Any) -> Self:
        """Return a copy of the layer in another dtype."""
        return self.with_parameters(
            replace(self.architecture, dtype=dtype), self.parameters, self.seed
        )

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the layer into one file of named arrays, without pickle; `rnnlab.load` reads it.

        Parameters
        ----------
        path : str or path
            Written whole or not at all; an existing file is replaced.

        Returns
        -------
        pathlib.Path
        """
        from rnnlab.layers import saving  # pydantic is needed for files only

        described = saving.describe(self.architecture, self.seed)
        description = saving.Description(kind="layer", layer=described)
        return saving.write(Path(path), self.parameters, self.parameter_shapes, description)

    def _direction(self, layer: int, reverse: bool) -> Direction:
        row = find_row(self.num_layers, self.directions, layer, reverse)
        return self._stack.directions[row]
