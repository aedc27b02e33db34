"""Forward trace of one sequence through a cell: every named value at every step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnlab.cells import CellDefinition
from rnnlab.engine import PassInputs, ReferenceEngine
from rnnlab.engine.protocol import Array
from rnnlab.layers import Recurrent
from rnnlab.layers.seeding import Seed, random_numbers


@dataclass(frozen=True)
class Inputs:
    """A sequence to trace.

    Attributes
    ----------
    labels : tuple of str
        Name of each step: a word, or an empty text.
    vectors : array (T, I)
    origin : str
        Where the vectors come from, in words.
    """

    labels: tuple[str, ...]
    vectors: Array
    origin: str


@dataclass(frozen=True)
class Walk:
    """Forward trace of a cell along a sequence.

    Attributes
    ----------
    layer : Recurrent
        In float64, with its parameters.
    inputs : Inputs
    steps : tuple of dict of str to array
        The values of each step in the order of evaluation: the input, the states before (with
        names that end in _{t-1}), every named value and the new states.
    """

    layer: Recurrent
    inputs: Inputs
    steps: tuple[dict[str, Array], ...]


def random_inputs(steps: int, size: int, seed: Seed = None) -> Inputs:
    """Draw a standard normal sequence.

    Parameters
    ----------
    steps, size : int
        T, I.
    seed : int or numpy.random.Generator, optional
        Seed of the numbers. If left out, fresh entropy.
    """
    vectors = random_numbers(seed, "inputs")[0].standard_normal((steps, size))
    return Inputs(("",) * steps, vectors, "standard normal numbers")


def words_as_inputs(text: str, size: int | None, seed: Seed = None) -> Inputs:
    """Turn the words of a text into vectors.

    Parameters
    ----------
    text : str
        Words between spaces; case counts.
    size : int, optional
        I of a random embedding: a standard normal vector for each distinct word. Left out, words
        are one-hot, and I is the number of distinct words.
    seed : int or numpy.random.Generator, optional
        Seed of the embedding. If left out, fresh entropy.

    Raises
    ------
    ValueError
        If there is no word.

    Examples
    --------
    >>> words_as_inputs("to be or not to be", None, 0).vectors[[0, 4]]
    array([[1., 0., 0., 0.],
           [1., 0., 0., 0.]])
    """
    words = text.split()
    if not words:
        raise ValueError(f"the text must have at least one word, got {text!r}: write some words")
    distinct = list(dict.fromkeys(words))
    if size is None:
        table = np.eye(len(distinct))
        origin = f"one-hot over {len(distinct)} distinct words"
    else:
        table = random_numbers(seed, "inputs")[0].standard_normal((len(distinct), size))
        origin = f"a random vector of {size} for each of {len(distinct)} distinct words"
    return Inputs(tuple(words), table[[distinct.index(word) for word in words]], origin)


def walk(cell: CellDefinition | str, inputs: Inputs, hidden: int, seed: Seed = None) -> Walk:
    """Run one sequence through a new layer and keep every named value.

    The reference engine runs it, in NumPy: nothing is compiled, and the numbers equal those of the
    layer up to rounding.

    Parameters
    ----------
    cell : CellDefinition or str
    inputs : Inputs
    hidden : int
        H.
    seed : int or numpy.random.Generator, optional
        Seed of the layer's parameters. If left out, fresh entropy; `Walk.layer.seed` keeps it.

    Returns
    -------
    Walk

    Examples
    --------
    >>> taken = walk("gru", words_as_inputs("John likes coffee", None, 0), hidden=2)
    >>> list(taken.steps[0])
    ['x', 'h_{t-1}', 'r', 'z', 'n', 'h']
    """
    layer = Recurrent(cell, inputs.vectors.shape[1], hidden, dtype="float64", seed=seed)
    parameters = {name.removesuffix("_l0"): array for name, array in layer.parameters.items()}
    x = np.ascontiguousarray(inputs.vectors[:, None, :], layer.dtype)  # a batch of one
    zeros = [np.zeros((1, hidden), layer.dtype) for _ in layer.cell.states]
    record = ReferenceEngine(layer.cell, layer.dtype).forward(PassInputs(parameters, x, zeros))
    equations = layer.cell.equations
    states = dict(zip(layer.cell.states, record.states, strict=True))
    # Sorted by node number, which is the order of evaluation. A state follows a value that is the
    # same node, and the value that it only copies.
    found = [
        (node.index, name, value[:, 0])
        for name, node in equations.gates.items()
        if (value := record.value(node.index)) is not None
    ]
    for (name, over_time), node in zip(states.items(), equations.outputs, strict=True):
        copied = node.op in ("state", "constant") or any(n == node.index for n, _, _ in found)
        place = len(equations.graph.nodes) if copied else node.index
        found.append((place, name, over_time[1:, 0]))
    found.sort(key=lambda entry: entry[0])
    steps = []
    for t, x in enumerate(inputs.vectors):
        before = {f"{name}_{{t-1}}": over_time[t, 0] for name, over_time in states.items()}
        values = {name: over_time[t] for _, name, over_time in found}
        steps.append({str(equations.input.payload): x, **before, **values})
    return Walk(layer, inputs, tuple(steps))
