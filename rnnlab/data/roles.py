"""Roles of columns: those that the user names, and those that follow from the columns' names."""

from __future__ import annotations

from dataclasses import dataclass, field

from rnnlab.data.table import Table

_NAMES = {
    "sequence": ("sequence", "sequence_id", "seq", "seq_id", "series", "series_id", "id"),
    "time": ("time", "timestamp", "datetime", "date", "step", "t"),
    "target": ("target", "label", "class", "y"),
    "split": ("split",),
}


@dataclass(frozen=True)
class Roles:
    """The role of each column.

    Attributes
    ----------
    sequence : str
        Column that is equal in all rows of a sequence.
    time : str or None
        Column that orders the rows of a sequence; None: they are in the order of the file.
    features, targets : tuple of str
    split : str or None
        Column of "train", "validation" or "test".
    weight : str or None
        Column of the weights of sequences in the loss.
    horizon : int
        Steps between the features and the target that is predicted; 0 unless it is a forecast.
    found : tuple of str
        What was inferred, as sentences.
    """

    sequence: str
    time: str | None
    features: tuple[str, ...]
    targets: tuple[str, ...]
    split: str | None = None
    weight: str | None = None
    horizon: int = 0
    found: tuple[str, ...] = field(default=(), compare=False)


def assign_roles(
    table: Table,
    *,
    sequence: str | None = None,
    time: str | None = None,
    features: tuple[str, ...] = (),
    targets: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
    split: str | None = None,
    weight: str | None = None,
    horizon: int = 0,
    find_split: bool = True,
) -> Roles:
    """Complete the roles that the user names, and check that the columns exist.

    A sequence, time, target or split column that is not named is looked for by its name (such as
    "series", "timestamp", "label", "split"). All remaining columns are features, except those in
    `ignore`; in a forecast the targets are features too. With `find_split` False no column assigns
    the parts, and one that is called "split" is no feature unless it is named as one.

    Raises
    ------
    ValueError
        If a column does not exist, has two roles, or no column is the sequence or the target.

    Examples
    --------
    >>> import pandas as pd
    >>> from rnnlab.data.table import read_table
    >>> table = read_table(pd.DataFrame([[1, 1, 0.5, "up"]], columns=["id", "t", "a", "label"]))
    >>> roles = assign_roles(table)
    >>> roles.sequence, roles.time, roles.features, roles.targets
    ('id', 't', ('a',), ('label',))
    """
    found: list[str] = []
    named = {*features, *targets, *(c for c in (sequence, time, split, weight) if c is not None)}
    for ignored in ignore:
        if ignored in named:
            raise ValueError(
                f'column "{ignored}" must have a role or be ignored, got both: name it once, '
                "leave it out of ignore= or of its role"
            )
    table.require(ignore, "ignored column")
    taken = {*named, *ignore}

    def look_for(role: str, note: str = "by its name") -> str | None:
        for wanted in _NAMES[role]:
            for column in table.columns:
                if column.lower() == wanted and column not in taken:
                    found.append(f'{role} column "{column}", {note}')
                    taken.add(column)
                    return column
        return None

    sequence = sequence or look_for("sequence")
    if sequence is None:
        raise ValueError(
            f"{table.name} must have a column that names the sequence of each row, got "
            f"{', '.join(table.columns)}: name it with sequence="
        )
    table.require([sequence], "sequence column")
    time = time or look_for("time")
    if time is None:
        found.append("no time column: rows of a sequence are in the order of the file")
    else:
        table.require([time], "time column")
    if not targets:
        target = look_for("target")
        if target is None:
            raise ValueError(
                f"{table.name} must have a column to predict, got "
                f"{', '.join(table.columns)}: name it with target="
            )
        targets = (target,)
    table.require(targets, "target column")
    unused = None
    if split is None and find_split:
        split = look_for("split")
    elif split is None:
        unused = look_for("split", "not used: the parts are shares of the sequences")
    for role, column in (("split", split), ("weight", weight)):
        if column is not None:
            table.require([column], f"{role} column")
    if not features:
        others = {sequence, time, split, unused, weight, *ignore, *(() if horizon else targets)}
        features = tuple(column for column in table.columns if column not in others)
        if not features:
            raise ValueError(
                f"{table.name} must have a feature besides {', '.join(sorted(taken))}: name it "
                "with features="
            )
        found.append(f"features {', '.join(features)}, the columns that are left")
    table.require(features, "feature column")
    roles = Roles(sequence, time, features, targets, split, weight, horizon, tuple(found))
    _check(roles)
    return roles


def _check(roles: Roles) -> None:
    """Refuse a column with two roles; the time may be a feature, and in a forecast the targets."""
    for name, group in (("features", roles.features), ("targets", roles.targets)):
        twice = [column for column in group if group.count(column) > 1]
        if twice:
            raise ValueError(f'{name} must differ, got "{twice[0]}" twice: drop one')
    seen: dict[str, str] = {roles.sequence: "the sequence"}
    singles = (("the time", roles.time), ("the split", roles.split), ("the weight", roles.weight))
    columns = [(role, column) for role, column in singles if column is not None]
    columns += [("a target", column) for column in roles.targets]
    allowed = {roles.time, *(roles.targets if roles.horizon else ())}
    columns += [("a feature", column) for column in roles.features if column not in allowed]
    for role, column in columns:
        if column in seen:
            remedy = "name another column for one of them"
            if seen[column] == "a target":
                remedy = "predict it N steps ahead with horizon=N"
            raise ValueError(
                f'column "{column}" must have one role, got {seen[column]} and {role}: {remedy}'
            )
        seen[column] = role
