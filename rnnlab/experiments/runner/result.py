"""Result of a study, as `rnnlab.run` returns it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True, repr=False)
class Result:
    """The result of a study; a notebook shows its summary and figure.

    Attributes
    ----------
    path : Path
        The folder of its files.
    metrics : DataFrame
        The table of rows: metrics.csv of a study of tasks, gradients.csv of gradient flow.
    summary : DataFrame
        The table of summary.csv.
    figure : Path or None
        The main figure.
    """

    path: Path
    metrics: pd.DataFrame
    summary: pd.DataFrame
    figure: Path | None = None

    def __repr__(self) -> str:
        rows = f"metrics {len(self.metrics)} rows, summary {len(self.summary)} rows"
        return f"<result in {self.path}: {rows}>"

    def _repr_html_(self) -> str:
        from rnnlab.plotting.notebook import result_html

        return result_html(repr(self).strip("<>"), self.summary, self.figure)
