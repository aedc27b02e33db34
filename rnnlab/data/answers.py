"""Answers: their kind, the steps that have one, and their values in the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np

from rnnlab.data.roles import Roles
from rnnlab.data.sequences import Sequences
from rnnlab.data.table import Table
from rnnlab.engine.protocol import Array
from rnnlab.registry import unknown_name
from rnnlab.training.model import READS

Kind = Literal["classification", "multi-label", "regression"]
Read = Literal["every", "last"]
KINDS = ("classification", "multi-label", "regression")
#: Whole numbers are classes if there are at most FEW different ones, each of them the answer
#: ANSWERS_EACH times on average.
FEW, ANSWERS_EACH = 10, 3


@dataclass(frozen=True)
class Answers:
    """The kind of the answers, and the steps that have one.

    Attributes
    ----------
    kind : "classification", "multi-label" or "regression"
    read : "every" or "last"
        Whether every time step has an answer, or each sequence one.
    found : tuple of str
        What was inferred, as sentences.
    """

    kind: Kind
    read: Read
    found: tuple[str, ...] = ()


def infer_answers(
    sequences: Sequences, roles: Roles, kind: str | None = None, read: str | None = None
) -> Answers:
    """Complete what the user says about the answers by what the target columns hold.

    One column of words, or of at most 10 whole numbers that are repeated (3 answers for each on
    average, and a sequence in which the target does not change is one answer), is a classification;
    several columns of 0 and 1 are labels; anything else is a regression. A column holds numbers if
    at least half of its values are numbers. Where no sequence has two different targets, a sequence
    has one answer; otherwise every step that has a target has one.

    Raises
    ------
    ValueError
        If the kind does not exist or does not fit the columns, or a value is no number among
        numbers.
    """
    for name, value, known in (("task", kind, KINDS), ("read", read, READS)):
        if value is not None and value not in known:
            raise ValueError(unknown_name(name, value, known))
    found = []
    if kind is None:
        kind, why = _kind(sequences, roles)
        found.append(f"{kind}, because {why}")
    if kind == "classification" and len(roles.targets) > 1:
        raise ValueError(
            f"a classification must have one target, got {', '.join(roles.targets)}: several "
            'columns of 0 and 1 are labels, predict them with task="multi-label"'
        )
    if roles.horizon and read == "last":
        raise ValueError(
            "a forecast must be read at every step, got read last with horizon "
            f"{roles.horizon}: leave out one of them"
        )
    if roles.horizon:
        read = "every"
    if read is None:
        read = "last" if _one_each(sequences, _values(sequences.table, roles, kind)) else "every"
        found.append(
            "one answer a sequence, because no sequence has two different targets"
            if read == "last"
            else "an answer at every step that has a target, because targets change within a "
            "sequence"
        )
    return Answers(cast("Kind", kind), cast("Read", read), tuple(found))


def _kind(sequences: Sequences, roles: Roles) -> tuple[str, str]:
    """Return the kind of the answers, and the reason."""
    table, names = sequences.table, roles.targets
    if len(names) > 1:
        numbers = _numbers(table, names)
        if np.isin(numbers[~np.isnan(numbers)], (0, 1)).all():
            return "multi-label", "its targets are columns of 0 and 1"
        return "regression", "it has several targets that are not all 0 and 1"
    (name,) = names
    if not table[name].is_number:
        table.refuse_local_numbers(name, 'take all for words with task="classification"')
        words = _words(table, name)
        return "classification", f'"{name}" holds words such as {words[words != ""][0]!r}'
    values = _numbers(table, names)
    there = _there(values)
    different = np.unique(values[there])
    if _one_each(sequences, values):
        count = sum(bool(there[span].any()) for span in sequences.spans)
    else:
        count = int(there.sum())
    few = len(different) <= FEW and len(different) * ANSWERS_EACH <= count
    if not roles.horizon and few and (different == np.round(different)).all():
        return "classification", f'"{name}" has {len(different)} different whole numbers'
    return "regression", f'"{name}" holds numbers'


def _values(table: Table, roles: Roles, kind: str) -> Array:
    """Return the targets of every row: texts (N, 1) of classes, else float64 (N, O).

    A missing target is "" or NaN, however the file writes it.
    """
    if kind == "classification":
        return _words(table, roles.targets[0])[:, None]
    return _numbers(table, roles.targets)


def _words(table: Table, column: str) -> Array:
    """Return a column as texts (N,), "" where a value is missing."""
    held = table[column]
    words: Array = held.words.copy()
    words[held.missing] = ""
    return words


def _numbers(table: Table, columns: tuple[str, ...]) -> Array:
    remedy = "correct it or leave the field empty"
    if len(columns) == 1:
        remedy = (
            'correct it, leave the field empty, or take all for words with task="classification"'
        )
    return np.stack([table.numbers(name, remedy=remedy) for name in columns], axis=1)


def _there(values: Array) -> Array:
    """Return where there is a target."""
    there: Array = values != "" if values.dtype == object else ~np.isnan(values)
    return there


def _one_each(sequences: Sequences, values: Array) -> bool:
    """Return whether no column of `values` (N, O) has two different targets in a sequence."""
    there = _there(values)
    for column, held in zip(values.T, there.T, strict=True):
        for span in sequences.spans:
            targets = column[span][held[span]]
            if (targets != targets[:1]).any():
                return False
    return True


def collect_answers(sequences: Sequences, roles: Roles, wanted: Answers) -> list[Array]:
    """Return the answers of each sequence as the table gives them.

    Returns
    -------
    list of array
        Texts (T,) of a classification, else float64 (T, O); T is 1 with `read` "last". "" or NaN
        where there is no answer; in a forecast the answer of step t is the target at t + horizon.

    Raises
    ------
    ValueError
        At a value that cannot be a target, and at a sequence without a target.
    """
    values = _values(sequences.table, roles, wanted.kind)
    if wanted.kind == "multi-label":
        _check_labels(sequences.table, roles, values)
    if wanted.kind == "classification":
        sequences.table.require_one_spelling(roles.targets[0], "a class")
    collected = []
    for number, span in enumerate(sequences.spans):
        held = values[span]
        if roles.horizon:
            held = _ahead(sequences, number, held, roles.horizon)
        _check_there(sequences, roles, wanted, number, _there(held))
        if wanted.read == "last":
            held = _the_one(sequences, roles, held, span.start)
        collected.append(held[:, 0] if wanted.kind == "classification" else held)
    return collected


def last_known(sequences: Sequences, roles: Roles, wanted: Answers) -> list[Array] | None:
    """Return the last target that is known before each answer, as the table gives it.

    Returns
    -------
    list of array or None
        For each sequence texts (T,) or float64 (T, O); in a forecast the last target up to the row,
        else the last one before the row; "" or NaN where there is none. None with one answer per
        sequence, which has no past.
    """
    if wanted.read == "last":
        return None
    values = _values(sequences.table, roles, wanted.kind)
    empty: Any = "" if values.dtype == object else np.nan
    found = []
    for span in sequences.spans:
        held = values[span]
        rows = np.where(_there(held), np.arange(len(held))[:, None], -1)
        rows = np.maximum.accumulate(rows, axis=0)
        if not roles.horizon:
            rows = np.concatenate([np.full_like(rows[:1], -1), rows[:-1]])
        last = np.take_along_axis(held, np.maximum(rows, 0), axis=0)
        last[rows < 0] = empty
        found.append(last[:, 0] if wanted.kind == "classification" else last)
    return found


def keep_answers(
    known: list[Array], sequences: Sequences, closed: Sequences, kept: Array, wanted: Answers
) -> list[Array]:
    """Return the answers that remain when rows are left out: each belongs to its row.

    Parameters
    ----------
    known : list of array
        Answers of `sequences`, from `collect_answers`.
    sequences, closed : Sequences
        All sequences, and those that remain.
    kept : int array
        Positions of the rows of `closed` in `sequences`.
    wanted : Answers

    Returns
    -------
    list of array
        Answers of the sequences in `closed`. The one answer of a sequence remains, whichever row
        it was in.

    Raises
    ------
    ValueError
        At a sequence that has rows left, but no answer.
    """
    if wanted.read == "last":
        return [known[s] for s in np.unique(sequences.owners[kept])]
    left = closed.cut(np.concatenate(known)[kept])
    for number, held in enumerate(left):
        if not _there(held).any():
            raise ValueError(
                f"{closed.place(number)} must have a target in a row without a missing feature: "
                "fill it in or leave the sequence out"
            )
    return left


def _check_labels(table: Table, roles: Roles, values: Array) -> None:
    wrong = np.argwhere(~np.isnan(values) & ~np.isin(values, (0, 1)))
    if len(wrong):
        row, column = (int(index) for index in wrong[0])
        raise ValueError(
            f"{table.place(row, roles.targets[column])}: a label must be 0 or 1, got "
            f'{values[row, column]:g}: predict numbers with task="regression"'
        )


def _ahead(sequences: Sequences, number: int, values: Array, horizon: int) -> Array:
    """Return the targets (T, O) of one sequence `horizon` rows later, none at its end."""
    if len(values) <= horizon:
        raise ValueError(
            f"{sequences.place(number)} must be longer than the horizon of {horizon} steps, got "
            f"{len(values)}: leave it out, or choose a smaller horizon"
        )
    ahead = np.full_like(values, "" if values.dtype == object else np.nan)
    ahead[:-horizon] = values[horizon:]
    return ahead


def _check_there(
    sequences: Sequences, roles: Roles, wanted: Answers, number: int, there: Array
) -> None:
    """Refuse a sequence without a target: of each column where it has one answer, else of any."""
    without = [name for name, held in zip(roles.targets, there.T, strict=True) if not held.any()]
    if without and (wanted.read == "last" or len(without) == len(roles.targets)):
        raise ValueError(
            f"{sequences.place(number, without[0])} must have a target: fill it in or leave the "
            "sequence out"
        )


def _the_one(sequences: Sequences, roles: Roles, values: Array, start: int) -> Array:
    """Return the one answer (1, O) of a sequence with targets (T, O)."""
    there = _there(values)
    chosen = np.empty_like(values[:1])
    for number, name in enumerate(roles.targets):
        rows = np.flatnonzero(there[:, number])
        first = values[rows[0], number]
        other = rows[values[rows, number] != first]
        if other.size:
            row = int(other[0])
            raise ValueError(
                f"{sequences.table.place(start + row, name)}: a sequence must have one target, got "
                f'{values[row, number]} after {first}: give an answer at every step (read="every")'
            )
        chosen[0, number] = first
    return chosen
