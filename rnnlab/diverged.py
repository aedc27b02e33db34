"""Policy for diverged runs: what a run counts with whose loss or parameters are no longer finite.

A diverged run is never left out, so that a cell does not gain by the runs that it breaks. In the
order of application:

1. **Rows.** The row of the evaluation at which a run broke has the scores of `worst_scores`: 0 for
   an accuracy, NaN for anything else, because an error has no worst value. Later rows do not exist.
2. **Ranks and learning curves.** Such a NaN counts as worse than every number (`worse_than_all`).
3. **Means.** Such a NaN counts with the score of an answer without a model (`as_without_model`):
   the chance level of a task, the worse baseline of a table. A mean with infinity says nothing.
4. **Solved.** A run that solved the task at some evaluation has solved it, even if it diverged
   later. One that diverged before is censored at the largest number of updates in the study.

`rnnlab.tasks` and `rnnlab.data` write the rows, `rnnlab.statistics` does the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: The status of the last row of a diverged run.
DIVERGED = "diverged"


def is_accuracy(metric: str) -> bool:
    """Return whether a metric is an accuracy, by its name: within 0 and 1, and larger is better.

    Examples
    --------
    >>> is_accuracy("recall_accuracy"), is_accuracy("mse")
    (True, False)
    """
    return metric.endswith("accuracy")


def worst_scores(metrics: Iterable[str]) -> dict[str, float]:
    """Return the scores of a diverged run: 0 for accuracies, NaN for the others.

    Examples
    --------
    >>> worst_scores(["loss", "accuracy"])
    {'loss': nan, 'accuracy': 0.0}
    """
    return {metric: 0.0 if is_accuracy(metric) else math.nan for metric in metrics}


def worse_than_all(values: ArrayLike, *, higher_is_better: bool) -> NDArray[np.float64]:
    """Replace NaN by the infinity that is worse than every number.

    Examples
    --------
    >>> worse_than_all([0.5, math.nan], higher_is_better=False).tolist()
    [0.5, inf]
    """
    numbers = np.asarray(values, np.float64)
    return np.where(np.isnan(numbers), -math.inf if higher_is_better else math.inf, numbers)


def as_without_model(values: ArrayLike, without_model: float) -> NDArray[np.float64]:
    """Replace what is not finite by the score of an answer without a model.

    Parameters
    ----------
    values : array_like
    without_model : float
        NaN, where it is not known, changes nothing.

    Examples
    --------
    >>> as_without_model([0.5, math.inf], 0.25).tolist()
    [0.5, 0.25]
    """
    numbers = np.asarray(values, np.float64)
    if math.isnan(without_model):
        return numbers
    return np.where(np.isfinite(numbers), numbers, without_model)
