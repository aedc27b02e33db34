"""Rows of metrics.csv by their use: results, evaluations on the way, and those that choose.

The rows of a task are its evaluations. Those of a table have the column `part`: two rows an epoch
of the parts train and validation, and one of the part test, which is the result.
"""

from __future__ import annotations

import pandas as pd


def judged_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that runs are judged by: of a table, those of the test part."""
    return _part(rows, "test")


def watched_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the evaluations on the way: of a table, those of the validation part."""
    return _part(rows, "validation")


def choosing(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that settings are chosen by: of a table, validation at the best epochs.

    The test part chooses nothing, so that its scores flatter no setting.

    Examples
    --------
    >>> rows = pd.DataFrame(
    ...     {
    ...         "cell": "gru",
    ...         "seed": 0,
    ...         "part": ["train", "validation", "train", "validation", "test"],
    ...         "epoch": [1, 1, 2, 2, 1],
    ...         "loss": [0.5, 0.6, 0.4, 0.7, 0.8],
    ...     }
    ... )
    >>> choosing(rows)["loss"].tolist()
    [0.6]
    """
    if not has_parts(rows):
        return judged_rows(rows)
    names = list(rows.columns)
    key = [*names[: names.index("seed") + 1], "epoch"]
    return watched_rows(rows).merge(judged_rows(rows)[key], on=key, how="inner")


def has_parts(rows: pd.DataFrame) -> bool:
    """Return whether rows are those of a table."""
    return "part" in rows and bool(rows["part"].notna().any())


def _part(rows: pd.DataFrame, part: str) -> pd.DataFrame:
    return rows[rows["part"] == part] if has_parts(rows) else rows
