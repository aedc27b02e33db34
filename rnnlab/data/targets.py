"""What is asked of a model: which kind of answer, where, and what the table says it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from rnnlab.data.roles import Roles
from rnnlab.data.sequences import Sequences
from rnnlab.engine.protocol import Array
from rnnlab.registry import unknown_name

Kind = Literal["classification", "multi-label", "regression"]
Read = Literal["every", "last"]
KINDS = ("classification", "multi-label", "regression")
READS = ("every", "last")
#: Whole numbers with at most so many different values, each of them held by some rows, are taken
#: for classes.
FEW, ROWS_EACH = 10, 3


@dataclass(frozen=True)
class Task:
    """What kind of answer is asked, and at which steps.

    Attributes
    ----------
    kind : "classification", "multi-label" or "regression"
    read : "every" or "last"
    found : tuple of str
        What was inferred, in words.
    """

    kind: Kind
    read: Read
    found: tuple[str, ...] = ()


def infer_task(
    sequences: Sequences, roles: Roles, kind: str | None = None, read: str | None = None
) -> Task:
    """Complete what the user says about the task by what the target columns hold.

    One column of words, or of at most 10 whole numbers that come again and again (3 rows for each
    on average), is a classification; several
    columns of 0 and 1 are labels; anything else is a regression. Where no sequence has two
    different targets, a sequence has one answer; otherwise every step that has a target has one.

    Raises
    ------
    ValueError
        If there is no such kind, or it does not fit the columns.
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
            f"a classification must have one target, got {', '.join(roles.targets)}: "
            "several columns of 0 and 1 are labels (--task multi-label)"
        )
    if roles.horizon and read == "last":
        raise ValueError(
            f"a forecast must be read at every step, got read last with horizon {roles.horizon}: "
            "leave out one of them"
        )
    if roles.horizon:
        read = "every"
    if read is None:
        read = "last" if _one_each(sequences, roles) else "every"
        one = "no sequence has two different targets"
        several = "targets change within a sequence"
        found.append(
            f"one answer a sequence, because {one}" if read == "last" else
            f"an answer at every step that has a target, because {several}"
        )  # fmt: skip
    return Task(cast("Kind", kind), cast("Read", read), tuple(found))


def _kind(sequences: Sequences, roles: Roles) -> tuple[str, str]:
    table, names = sequences.table, roles.targets
    if len(names) > 1:
        numbers = [table.numbers(name) for name in names]
        if all(np.isin(column[~np.isnan(column)], (0, 1)).all() for column in numbers):
            return "multi-label", "its targets are columns of 0 and 1"
        return "regression", "it has several targets that are not all 0 and 1"
    (name,) = names
    if table.share_of_numbers(name) < 1:
        words = table.frame[name][~table.is_missing(name, number=True)]
        first = words.iloc[0] if len(words) else ""
        return "classification", f'"{name}" holds words such as {first!r}'
    values = table.numbers(name)
    values = values[~np.isnan(values)]
    different = np.unique(values)
    few = len(different) <= FEW and len(different) * ROWS_EACH <= len(values)
    if not roles.horizon and few and (different == np.round(different)).all():
        return "classification", f'"{name}" has {len(different)} different whole numbers'
    return "regression", f'"{name}" holds numbers'


def _one_each(sequences: Sequences, roles: Roles) -> bool:
    for name in roles.targets:
        values = sequences.table.frame[name].to_numpy(object)
        for start, end in zip(sequences.starts[:-1], sequences.starts[1:], strict=True):
            if len(set(values[start:end]) - {""}) > 1:
                return False
    return True


def answers(sequences: Sequences, roles: Roles, task: Task) -> list[Array]:
    """Return the answers of each sequence as the table gives them.

    Returns
    -------
    list of array
        For a classification of texts (T,), else float64 (T, O); T is 1 with `read` "last". "" or
        NaN where no answer is asked; in a forecast the one at step t is the target at t + horizon.

    Raises
    ------
    ValueError
        At a value that cannot be a target, and at a sequence without any.
    """
    table, whole = sequences.table, _whole(sequences, roles, task)
    collected = []
    for number, (start, end) in enumerate(
        zip(sequences.starts[:-1], sequences.starts[1:], strict=True)
    ):
        values = whole[start:end]
        place = f"{table.place(int(start))}: sequence {sequences.names[number]}"
        if roles.horizon:
            if len(values) <= roles.horizon:
                raise ValueError(
                    f"{place} must be longer than the horizon of {roles.horizon} steps, got "
                    f"{len(values)}: leave it out, or look less far ahead"
                )
            ahead = np.full_like(values, "" if values.dtype == object else np.nan)
            ahead[: -roles.horizon] = values[roles.horizon :]
            values = ahead
        asked = values != "" if values.dtype == object else ~np.isnan(values)
        if not asked.any() or (task.read == "last" and not asked.any(axis=0).all()):
            raise ValueError(f"{place} must have a target, got none: fill it in or leave it out")
        if task.read == "last":
            values = _the_one(sequences, roles, values, asked, int(start))
        collected.append(values)
    return collected


def _whole(sequences: Sequences, roles: Roles, task: Task) -> Array:
    """Return the target of every row: texts (N,), or float64 (N, O)."""
    table = sequences.table
    if task.kind == "classification":
        words: Array = table.frame[roles.targets[0]].to_numpy(object)
        return words
    values = np.stack([table.numbers(name) for name in roles.targets], axis=1)
    wrong = np.argwhere(~np.isnan(values) & ~np.isin(values, (0, 1)))
    if task.kind == "multi-label" and len(wrong):
        row, column = (int(index) for index in wrong[0])
        raise ValueError(
            f"{table.place(row, roles.targets[column])}: a label must be 0 or 1, got "
            f"{values[row, column]:g}: numbers are a regression (--task regression)"
        )
    return values


def _the_one(sequences: Sequences, roles: Roles, values: Array, asked: Array, start: int) -> Array:
    """Return the one answer of a sequence, with an axis of length 1 in front."""
    columns = values[:, None] if values.ndim == 1 else values
    held = asked[:, None] if asked.ndim == 1 else asked
    chosen = []
    for number, name in enumerate(roles.targets):
        rows = np.flatnonzero(held[:, number])
        first = columns[rows[0], number]
        other = rows[columns[rows, number] != first]
        if other.size:
            row = int(other[0])
            raise ValueError(
                f"{sequences.table.place(start + row, name)}: a sequence must have one target, got "
                f"{columns[row, number]} after {first}: ask at every step (--read every)"
            )
        chosen.append(first)
    return np.array(chosen[:1] if values.ndim == 1 else [chosen], values.dtype)
