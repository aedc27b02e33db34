"""Dropout and zoneout in a cell's equations.

The noise is a mask, an array that is an input of the step next to x. Nothing here is random: the
masks are drawn elsewhere, and the gradients are exact for the masks that were drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rnnlab.cells.definition import CellDefinition
from rnnlab.equations import Expression
from rnnlab.equations.rewriting import rewrite, updates


@dataclass(frozen=True)
class Mask:
    """One mask of a cell with noise.

    Attributes
    ----------
    name : str
        Name in the equations.
    rate : float
        Probability that a unit is dropped, or keeps its state.
    scaled : bool
        Whether the units that are not dropped are divided by 1 - rate.
    """

    name: str
    rate: float
    scaled: bool


def regularised(
    cell: CellDefinition,
    *,
    hidden: float = 0.0,
    update: Mapping[str, float] | None = None,
    zoneout: Mapping[str, float] | None = None,
    expected: bool = False,
) -> tuple[CellDefinition, tuple[Mask, ...]]:
    """Put masks into a cell's equations.

    Parameters
    ----------
    cell : CellDefinition
    hidden : float
        Rate of dropout on states and computed values that are operands of a product, one mask for
        each weight array (Gal & Ghahramani 2016, equation 7, with tied masks).
    update : mapping of str to float, optional
        By state, the rate of dropout on its update, d(g) in c = f * c + i * d(g) (Semeniuta et al.
        2016, equation 10).
    zoneout : mapping of str to float, optional
        By state, the probability that a unit keeps its state (Krueger et al. 2017, equations 3 and
        4). Other states that read the new value within the step read it before zoneout.
    expected : bool
        Whether the masks are replaced by their means: 1 for dropout, the rates of zoneout.

    Returns
    -------
    cell : CellDefinition
        A cell of the same states and parameter arrays; `cell` itself if there is no noise.
    masks : tuple of Mask
        The masks, in the order of `equations.given`.

    Raises
    ------
    ValueError
        If `update` names a state without an update (see `rewriting.updates`), if `zoneout` names
        one that another state scales, or if `hidden` is above 0 and no state is in a product.
    """
    update, zoneout = update or {}, zoneout or {}
    for name in zoneout:
        if name not in separate_states(cell):
            raise ValueError(
                f"zoneout needs a state that no other state scales, got {name} of {cell.name}, "
                f"where {' and '.join(cell.positive)} scales the others: "
                f"use it on {' and '.join(separate_states(cell))}"
            )
    for name in update:
        if not updates(cell.equations, name):
            raise ValueError(
                f"recurrent dropout needs a state to which an update is added, as in "
                f"c = f * c + i * g, got {name} of {cell.name}: use hidden_dropout or zoneout"
            )
    if hidden and all(node.op == "input" for linear in cell.equations.maps for node in linear.args):
        raise ValueError(
            f"hidden_dropout needs a cell with a product on a state, got {cell.name}: use zoneout"
        )
    if expected:
        hidden, update = 0.0, {}
    if not (hidden or update or zoneout):
        return cell, ()
    masks: dict[str, Mask] = {}

    def masked(name: str, rate: float, node: Expression, scaled: bool = True) -> Expression:
        masks.setdefault(name, Mask(name, rate, scaled))
        return node.graph.node("given", payload=name)

    def operand(old: Expression, new: Expression) -> Expression:
        if not hidden:
            return new
        return new * masked(f"mask_{cell.source_of(old)}", hidden, new)

    def added(state: str, new: Expression) -> Expression:
        if state not in update:
            return new
        return new * masked(f"mask_update_{state}", update[state], new)

    def carried(state: str, before: Expression, new: Expression) -> Expression:
        if state not in zoneout:
            return new
        if expected:
            return zoneout[state] * before + (1 - zoneout[state]) * new
        kept = masked(f"zoneout_{state}", zoneout[state], new, scaled=False)
        return kept * before + (1 - kept) * new

    found = rewrite(cell.equations, operand=operand, update=added, state=carried)
    sources = {
        found.operands[node.index].index: cell.source_of(node)
        for linear in cell.equations.maps
        for node in linear.args
        if node.op != "input"
    }
    changed = replace(cell, equations=found.equations, operand_sources=sources)
    given = tuple(masks[str(node.payload)] for node in found.equations.given)
    return changed, given


def added_states(cell: CellDefinition) -> tuple[str, ...]:
    """Return the states to which an update is added, except those that must stay positive.

    Examples
    --------
    >>> from rnnlab.cells import gru, lstm, rnn
    >>> added_states(lstm), added_states(gru), added_states(rnn)
    (('c',), ('h',), ())
    """
    return tuple(
        name for name in cell.states if name not in cell.positive and updates(cell.equations, name)
    )


def separate_states(cell: CellDefinition) -> tuple[str, ...]:
    """Return the states that may keep their value while the others change.

    A positive state is a normaliser: the other states are divided by it, so that one of them kept
    alone would have a wrong scale. Only the output is separate then.

    Examples
    --------
    >>> from rnnlab.cells import lstm
    >>> from rnnlab.registry import cells
    >>> separate_states(lstm), separate_states(cells["slstm"])
    (('h', 'c'), ('h',))
    """
    return cell.states[:1] if cell.positive else cell.states
