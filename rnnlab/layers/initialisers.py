"""Initial values of a layer's parameters."""

from __future__ import annotations

import math

import numpy as np

from rnnlab.cells import CellDefinition
from rnnlab.cells.definition import INITIALISATIONS as INITIALISATIONS
from rnnlab.engine.protocol import Array
from rnnlab.equations import Uniform
from rnnlab.layers.validation import check_size
from rnnlab.registry import unknown_name


def glorot_uniform(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Draw U(-a, a) with a = sqrt(6 / (rows + columns)) (Glorot & Bengio 2010, equation 16)."""
    bound = math.sqrt(6 / (rows + columns))
    return rng.uniform(-bound, bound, (rows, columns))


def orthogonal(rng: np.random.Generator, size: int) -> Array:
    """Draw an orthogonal (size, size) matrix, uniformly (Saxe et al. 2014; Mezzadri 2007)."""
    q, r = np.linalg.qr(rng.standard_normal((size, size)))
    result: Array = q * np.sign(np.diag(r))
    return result


def chrono_bias(rng: np.random.Generator, size: int, tmax: int) -> Array:
    """Draw ln U(1, tmax - 1): memory times up to `tmax` (Tallec & Ollivier 2018, equation 16)."""
    return np.log(rng.uniform(1, tmax - 1, size))


def initialise(
    cell: CellDefinition,
    inputs: int,
    units: int,
    rng: np.random.Generator,
    *,
    init: str | None = None,
    forget_bias: float | str | None = None,
    chrono_tmax: int | None = None,
) -> dict[str, Array]:
    """Draw the parameters of one direction of a layer, in float64.

    Parameters
    ----------
    cell : CellDefinition
    inputs, units : int
        I, H.
    rng : numpy.random.Generator
    init : str, optional
        "default": Glorot on x, orthogonal per gate on states, biases and vectors as in the
        equations. "glorot": Glorot on both. "torch": all weights and biases
        U(-1/sqrt(H), 1/sqrt(H)), as in PyTorch. "irnn": matrices on states are the identity, those
        on x normal with standard deviation .001, biases 0 (Le, Jaitly & Hinton 2015). If left out,
        what the cell's paper recommends (`cell.init`), otherwise "default".
    forget_bias : float or "chrono", optional
        Initial bias of the gate that keeps the memory.
    chrono_tmax : int, optional
        The longest memory in time steps, for "chrono"; usually the length of the sequences.

    Returns
    -------
    dict of str to array
        By the names in `cell.arrays`.

    Raises
    ------
    ValueError
        For an unknown initialisation or a forget bias that the cell cannot take.
    """
    init = cell.init if init is None else init
    if init not in INITIALISATIONS:
        raise ValueError(unknown_name("init", init, INITIALISATIONS))
    parameters = {}
    for name, array in cell.arrays.items():
        shape = array.shape(inputs=inputs, units=units)
        if array.kind in ("vector", "scalar"):
            parameters[name] = _start(array.init, shape, rng)
        elif init == "torch":
            parameters[name] = rng.uniform(-1, 1, shape) / math.sqrt(units)
        elif array.kind == "bias":
            values = [cell.equations.maps[position].payload.bias for position in array.maps]
            parameters[name] = np.repeat(np.array(values, float), units)
            if init == "irnn":
                parameters[name][:] = 0
        elif array.source == "x":
            blocks = [
                rng.standard_normal((units, inputs)) * 1e-3
                if init == "irnn"
                else glorot_uniform(rng, units, inputs)
                for _ in array.maps
            ]
            parameters[name] = np.concatenate(blocks)
        else:
            blocks = [
                np.eye(units)
                if init == "irnn"
                else glorot_uniform(rng, units, units)
                if init == "glorot"
                else orthogonal(rng, units)
                for _ in array.maps
            ]
            parameters[name] = np.concatenate(blocks)
    if forget_bias is not None:
        set_forget_bias(cell, parameters, units, rng, forget_bias, chrono_tmax)
    return parameters


def _start(init: float | Uniform, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    if isinstance(init, Uniform):
        return rng.uniform(init.low, init.high, shape)
    return np.full(shape, init)


def set_forget_bias(
    cell: CellDefinition,
    parameters: dict[str, Array],
    units: int,
    rng: np.random.Generator,
    forget_bias: float | str,
    chrono_tmax: int | None,
) -> None:
    """Set the bias of the keep gate, and with "chrono" that of the write gate too, in place."""
    if cell.keep is None:
        raise ValueError(
            f"forget_bias needs a cell with a gate that keeps its memory, got {cell.name}: "
            "leave forget_bias out, or name the gate with @cell(keep=...)"
        )
    if isinstance(forget_bias, str) and forget_bias != "chrono":
        raise ValueError(f'forget_bias must be a number or "chrono", got {forget_bias!r}')
    if forget_bias == "chrono":
        if chrono_tmax is None:
            raise ValueError(
                'forget_bias="chrono" needs the longest memory in time steps: '
                "pass chrono_tmax=, usually the length of the sequences"
            )
        tmax = check_size("chrono_tmax", chrono_tmax)
        if tmax < 3:
            raise ValueError(f"chrono_tmax must be at least 3 time steps, got {tmax}")
        bias = chrono_bias(rng, units, tmax)
    else:
        if isinstance(forget_bias, bool) or not isinstance(
            forget_bias, (int, float, np.integer, np.floating)
        ):
            raise TypeError(
                'forget_bias must be a number or "chrono", '
                f"got {type(forget_bias).__name__}: pass 1.0"
            )
        number = float(forget_bias)
        if not math.isfinite(number):
            raise ValueError(f"forget_bias must be finite, got {number}")
        bias = np.full(units, number)
    _set_bias(cell, parameters, cell.keep, bias)
    if forget_bias == "chrono" and cell.write is not None and cell.bias_of(cell.write):
        _set_bias(cell, parameters, cell.write, -bias)


def _set_bias(cell: CellDefinition, parameters: dict[str, Array], gate: str, bias: Array) -> None:
    place = cell.bias_of(gate)
    if place is not None:
        name, block = place
        parameters[name][block * bias.size : (block + 1) * bias.size] = bias
