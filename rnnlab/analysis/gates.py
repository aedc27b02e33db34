"""Gates of a layer along sequences: how far they open, saturation, and memory times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from rnnlab.cells import CellDefinition
from rnnlab.engine.protocol import Array
from rnnlab.equations import Expression
from rnnlab.equations.bounds import bounds
from rnnlab.layers import Recurrent
from rnnlab.layers.arrays import as_array

#: A gate counts as shut below the first and as open above the second (Karpathy, Johnson & Fei-Fei
#: 2015, Visualizing and understanding recurrent networks, section 4.2).
SHUT, OPEN = 0.1, 0.9


def is_gate(node: Expression) -> bool:
    """Return whether a value is between 0 and 1 for any input, by the bounds of its equations.

    Examples
    --------
    >>> from rnnlab.cells import find_cell
    >>> {name: is_gate(node) for name, node in find_cell("gru").equations.gates.items()}
    {'r': True, 'z': True, 'n': False}
    """
    least, largest = bounds(node)
    return least >= 0 and largest <= 1


def gates_of(cell: CellDefinition) -> dict[str, Expression]:
    """Return the gates of a cell by name: named values within 0 and 1, then `1 - f` and the like.

    The latter are direct paths from a state to itself, for equations that hold the memory with a
    value that has no name.

    Examples
    --------
    >>> from rnnlab.cells import find_cell
    >>> list(gates_of(find_cell("lstm"))), list(gates_of(find_cell("mgu")))
    (['i', 'f', 'o'], ['f', '1 - f'])
    """
    found = {name: node for name, node in cell.equations.gates.items() if is_gate(node)}
    known = {node.index for node in found.values()}
    for (state, before), path in cell.derivation.direct_paths.items():
        new = path.index not in known and path.op != "constant"
        if state == before and new and is_gate(path):
            found[cell.derivation.write(path)] = path
    return found


def memory_gates(cell: CellDefinition) -> list[str]:
    """Return those of `gates_of` that hold the memory.

    That is the one which `@cell(keep=...)` names or, where none is named, every gate that is the
    direct path of a state to itself.

    Examples
    --------
    >>> from rnnlab.cells import find_cell
    >>> [memory_gates(find_cell(name)) for name in ("lstm", "gru", "mgu", "rnn")]
    [['f'], ['z'], ['1 - f'], []]
    """
    gates = gates_of(cell)
    if cell.keep in gates:
        return [str(cell.keep)]
    paths = cell.derivation.direct_paths
    direct = {path.index for (state, before), path in paths.items() if state == before}
    return [name for name, node in gates.items() if node.index in direct]


def gate_values(layer: Recurrent, inputs: Array) -> dict[str, Array]:
    """Return every gate of a layer over time, (T, B, H).

    Parameters
    ----------
    layer : Recurrent
        Of any dtype, stacked or bidirectional.
    inputs : array (T, B, I)

    Returns
    -------
    dict of str to array
        By the gate's name; in a stack "f_l0", "f_l1", and of the backward direction "f_l0_reverse",
        in its own time.
    """
    return {label + suffix: values for suffix, label, values in _values(layer, inputs)}


def gate_units(layer: Recurrent, inputs: Array) -> pd.DataFrame:
    """Return the mean, the saturation and the memory time of each unit's gates.

    Parameters
    ----------
    layer : Recurrent
    inputs : array (T, B, I)

    Returns
    -------
    DataFrame
        gate, unit, mean, shut, open, memory_time: the mean and the shares of steps with the gate
        below .1 and above .9, over time and batch; and for a gate that holds the memory
        1 / (1 - mean), for a gate that is near 1 and stays there about the steps after which 1/e of
        it is left; inf for a gate that never opens to forget, NaN for the others.

    Examples
    --------
    >>> import rnnlab
    >>> layer = rnnlab.LSTM(3, 8, forget_bias=5.0, seed=0)
    >>> table = gate_units(layer, np.zeros((50, 4, 3), np.float32))
    >>> bool(table.query("gate == 'f'")["memory_time"].between(100, 200).all())
    True
    """
    holding = set(memory_gates(layer.cell))
    tables = []
    for suffix, label, values in _values(layer, inputs):
        mean = values.mean(axis=(0, 1), dtype=np.float64)
        with np.errstate(divide="ignore"):
            time = 1 / (1 - np.minimum(mean, 1.0))
        tables.append(
            pd.DataFrame(
                {
                    "gate": label + suffix,
                    "unit": np.arange(values.shape[2]),
                    "mean": mean,
                    "shut": (values < SHUT).mean(axis=(0, 1)),
                    "open": (values > OPEN).mean(axis=(0, 1)),
                    "memory_time": time if label in holding else np.nan,
                }
            )
        )
    columns = ["gate", "unit", "mean", "shut", "open", "memory_time"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def gate_histogram(layer: Recurrent, inputs: Array, bins: int = 20) -> pd.DataFrame:
    """Return the distribution of the values of each gate between 0 and 1.

    Parameters
    ----------
    layer : Recurrent
    inputs : array (T, B, I)
    bins : int
        Number of bins of equal width.

    Returns
    -------
    DataFrame
        gate, left, right (the bin), share (of all units, steps and sequences).

    Examples
    --------
    >>> import rnnlab
    >>> table = gate_histogram(rnnlab.GRU(3, 8, seed=0), np.zeros((5, 4, 3), np.float32), bins=2)
    >>> table.groupby("gate")["share"].sum().tolist()
    [1.0, 1.0]
    """
    edges = np.linspace(0, 1, bins + 1)
    tables = [
        pd.DataFrame(
            {
                "gate": label + suffix,
                "left": edges[:-1],
                "right": edges[1:],
                "share": np.histogram(values, edges)[0] / values.size,
            }
        )
        for suffix, label, values in _values(layer, inputs)
    ]
    columns = ["gate", "left", "right", "share"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def gate_map(layer: Recurrent, inputs: Array, gate: str | None = None) -> pd.DataFrame:
    """Return a gate over time and units along one sequence, and the input.

    Parameters
    ----------
    layer : Recurrent
    inputs : array (T, B, I)
        The first sequence is used.
    gate : str, optional
        Its name in `gate_values`; by default the first gate that holds the memory, or the output
        where a cell has no gate.

    Returns
    -------
    DataFrame
        gate, unit, step (1 to T), value; then the input as gate "x".

    Raises
    ------
    ValueError
        If the layer has no such gate.
    """
    one = as_array("inputs", inputs)[:, :1]
    holding = memory_gates(layer.cell)
    values = {}
    for suffix, label, over_time in _values(layer, one):
        values[label + suffix] = over_time
        if gate is None and label in holding:
            gate = label + suffix
    if gate is None:
        gate, shown = layer.cell.states[0], layer.forward(one).output
    elif gate in values:
        shown = values[gate]
    else:
        raise ValueError(
            f"gate must be one of {', '.join(values) or 'none'} for {layer.cell.name}, "
            f"got {gate!r}: name one of these, or leave it out"
        )
    return pd.concat([_long(gate, shown[:, 0]), _long("x", one[:, 0])], ignore_index=True)


def _long(name: str, values: Array) -> pd.DataFrame:
    """Turn (T, units) into rows, unit by unit."""
    steps, units = values.shape
    return pd.DataFrame(
        {
            "gate": name,
            "unit": np.repeat(np.arange(units), steps),
            "step": np.tile(np.arange(1, steps + 1), units),
            "value": values.T.ravel(),
        }
    )


def _values(layer: Recurrent, inputs: Array) -> Iterator[tuple[str, str, Array]]:
    """Yield suffix, name and values (T, B, H) of every gate of every direction."""
    cell = layer.cell
    if layer.batch_first:
        raise ValueError(
            "gates over time need a layer with time first, got batch_first=True: copy its "
            "parameters into a layer without it"
        )
    wanted = gates_of(cell)
    tape = layer.forward(inputs)
    several = layer.num_layers > 1 or layer.bidirectional
    for number in range(layer.num_layers):
        for reverse in (False, True) if layer.bidirectional else (False,):
            suffix = (f"_l{number}" + "_reverse" * reverse) * several
            named = tape.gates(number, reverse)
            known = {cell.equations.gates[name].index: values for name, values in named.items()}
            found: Mapping[int, Array] = cell.equations.evaluate(list(wanted.values()), known)
            for name, node in wanted.items():
                yield suffix, name, found[node.index]
