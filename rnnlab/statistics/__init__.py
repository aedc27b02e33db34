"""Statistics over seeds: means, medians and intervals, and comparisons of cells.

Every function turns a DataFrame into a DataFrame or numbers; summaries, figures and reports use
the same ones. `rnnlab.diverged` says how diverged runs count.
"""

from __future__ import annotations

from rnnlab.statistics.best_settings import at_best, best_settings
from rnnlab.statistics.comparison import compare, holm, letter_groups
from rnnlab.statistics.fit import summarise_fit, summarise_targets
from rnnlab.statistics.gradient_flow import decay_bands, summarise_gradient_flow
from rnnlab.statistics.gradient_medians import (
    clipping_medians,
    forget_bias_medians,
    histogram_means,
    lyapunov_medians,
    memory_time_shares,
    path_medians,
    share_medians,
    spectrum_medians,
    training_medians,
)
from rnnlab.statistics.intervals import mean_interval, median_interval, success_interval
from rnnlab.statistics.learning_curves import learning_curves
from rnnlab.statistics.outcome_table import outcomes, overall
from rnnlab.statistics.run_outcomes import conditions_of, labelled, runs_of
from rnnlab.statistics.summary import summarise_condition
from rnnlab.statistics.survival import kaplan_meier, median_updates, survival_curves

__all__ = [
    "at_best",
    "best_settings",
    "clipping_medians",
    "compare",
    "conditions_of",
    "decay_bands",
    "forget_bias_medians",
    "histogram_means",
    "holm",
    "kaplan_meier",
    "labelled",
    "learning_curves",
    "letter_groups",
    "lyapunov_medians",
    "mean_interval",
    "median_interval",
    "median_updates",
    "memory_time_shares",
    "outcomes",
    "overall",
    "path_medians",
    "runs_of",
    "share_medians",
    "spectrum_medians",
    "success_interval",
    "summarise_condition",
    "summarise_fit",
    "summarise_gradient_flow",
    "summarise_targets",
    "survival_curves",
    "training_medians",
]
