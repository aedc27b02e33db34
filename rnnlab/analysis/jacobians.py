"""Exact Jacobians of a recurrent layer, of single steps and over a lag."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rnnlab.analysis.linearisation import Linearised, LinearisedStep, Paths
from rnnlab.engine.protocol import Array

#: Derivatives with respect to the states before, by the index of the state: (K, B, rows, H), with K
#: and B 1 where it is the same for all. An absent block is 0.
Blocks = dict[int, Array]
#: Number of steps whose Jacobians are in memory at a time.
CHUNK = 16


def step_jacobians(
    along: Linearised, first: int = 0, last: int | None = None, paths: Paths = "all"
) -> Array:
    """Return ds_{t+1}/ds_t of all states together, for steps `first` to `last`.

    Parameters
    ----------
    along : Linearised
    first, last : int
        Steps, `last` excluded; all by default.
    paths : "all", "cut" or "direct"
        The paths that count: all; those that pass no matrix on h; those that pass no matrix.

    Returns
    -------
    array (K, B, N, N)
        With N = S * H rows and columns, in a stack all layers', by the order of `along.names`.
        Entry [k, b, i, j] is d(new state i)/d(state before j) of sequence b.

    Examples
    --------
    >>> import rnnlab
    >>> from rnnlab.analysis import linearise
    >>> layer = rnnlab.LSTM(3, 8, dtype="float64", seed=0)
    >>> along = linearise(layer, np.ones((5, 2, 3)))
    >>> step_jacobians(along).shape
    (5, 2, 16, 16)
    >>> f = layer.forward(np.ones((5, 2, 3))).gates()["f"]
    >>> direct = step_jacobians(along, paths="direct")[:, :, 8:, 8:]  # dc_t/dc_{t-1}
    >>> bool(np.allclose(direct, f[..., None] * np.eye(8)))
    True
    """
    last = along.steps if last is None else last
    window = slice(first, last)
    shape = (last - first, along.batch, along.size, along.size)
    jacobian = np.zeros(shape)
    count, units = len(along.layers[0].cell.states), along.units
    d_x: Blocks = {}
    for number, part in enumerate(along.layers):
        rows = _blocks_of(part, window, paths, number * count, d_x, units)
        for k, blocks in enumerate(rows):
            row = (number * count + k) * units
            for column, block in blocks.items():
                at = slice(column * units, (column + 1) * units)
                jacobian[:, :, row : row + units, at] = block
        d_x = {} if paths == "direct" else rows[0]
    return jacobian


def _blocks_of(
    part: LinearisedStep, window: slice, paths: Paths, offset: int, d_x: Blocks, units: int
) -> list[Blocks]:
    """Return the derivatives of a layer's new states; `offset` is the index of its first state."""
    equations, operands = part.cell.equations, part.cell.derivation.operands
    states = [node.index for node in equations.states.values()]
    ends = {node.index: len(states) + p for p, node in enumerate(operands)}
    found: dict[int, Blocks] = {}

    def end(v: int) -> Blocks:
        if v not in found:
            blocks: Blocks = {}
            for m in range(len(equations.maps)):
                if (v, m) in part.on_map:
                    scale = part.on_map[v, m][window][..., None]
                    for column, block in delivered(m).items():
                        _add(blocks, column, scale * block)
            for j in range(len(states)):
                if (v, j) in part.on_state:
                    diagonal = part.on_state[v, j][window][..., None] * np.eye(units)
                    _add(blocks, offset + j, diagonal)
            found[v] = blocks
        return found[v]

    def delivered(m: int) -> Blocks:
        blocks: Blocks = {}
        for place, operand in enumerate(equations.maps[m].args):
            matrix = part.weights[m, place]
            if operand.op == "input":
                for column, block in d_x.items():
                    _add(blocks, column, matrix @ block)
            elif not part.passes(m, place, paths):
                continue
            elif operand.index in states:
                _add(blocks, offset + states.index(operand.index), matrix[None, None])
            else:
                for column, block in end(ends[operand.index]).items():
                    _add(blocks, column, matrix @ block)
        return blocks

    return [end(v) for v in range(len(states))]


def _add(blocks: Blocks, column: int, block: Array) -> None:
    blocks[column] = blocks[column] + block if column in blocks else block


def products(
    along: Linearised, rows: slice | None = None, paths: Paths = "all"
) -> Iterator[tuple[int, Array, Array]]:
    """Multiply the Jacobians from the last step back: ds_T/ds_{T-k} for k = 0 to T.

    Parameters
    ----------
    along : Linearised
    rows : slice, optional
        Rows of ds_T; all by default.
    paths : Paths

    Yields
    ------
    lag : int
    product : array (B, R, N)
        Scaled to a largest entry of 1, so that thousands of steps neither under- nor overflow.
    log : array (B,)
        The natural logarithm of the scale; -inf where the product is 0.
    """
    product = np.tile(np.eye(along.size)[rows or slice(None)], (along.batch, 1, 1))
    log = np.zeros(along.batch)
    yield 0, product, log
    for end in range(along.steps, 0, -CHUNK):
        start = max(end - CHUNK, 0)
        jacobians = step_jacobians(along, start, end, paths)
        for t in range(end - 1, start - 1, -1):
            product = product @ jacobians[t - start]
            largest = np.abs(product).max(axis=(1, 2))
            with np.errstate(divide="ignore"):
                log = log + np.log(largest)
            product = product / np.where(largest > 0, largest, 1.0)[:, None, None]
            yield along.steps - t, product, log
