"""Figures: a DataFrame in, Axes or a Figure out; nothing is computed and nothing is saved here.

Every figure is registered in `rnnlab.registry.figures` as a `FigureSpec`, which says what a caller
has to do with it:

1. read `spec.table` from the folder of the experiment `spec.experiment`;
2. if `spec.aggregate` is not None, pass the table through the function of that name in
   `rnnlab.statistics` (plotting computes nothing, so it names what it needs);
3. `figure = spec.draw(table)`;
4. `save_figure(figure, folder / spec.filename)`.

That is::

    spec = rnnlab.registry.figures["gradient-decay"]
    table = pandas.read_csv(folder / spec.table)
    if spec.aggregate is not None:
        table = getattr(rnnlab.statistics, spec.aggregate)(table)
    save_figure(spec.draw(table), folder / spec.filename)

No function touches pyplot, a display or the caller's `matplotlib.rcParams`.
"""

from __future__ import annotations

from rnnlab.plotting import gradient_figures as _registered  # noqa: F401  # by being imported
from rnnlab.plotting._tables import NothingToDrawError
from rnnlab.plotting.benchmark import plot_benchmark
from rnnlab.plotting.comparison import plot_comparison
from rnnlab.plotting.copy_task import plot_copy_task
from rnnlab.plotting.figures import FigureSpec
from rnnlab.plotting.gates import (
    plot_gate_distribution,
    plot_gate_map,
    plot_gate_saturation,
    plot_memory_times,
)
from rnnlab.plotting.gradient_decay import plot_gradient_decay
from rnnlab.plotting.gradient_training import plot_clip_rate, plot_gradient_training
from rnnlab.plotting.half_life import plot_forget_bias, plot_half_life_solving
from rnnlab.plotting.learning_curves import plot_learning_curves
from rnnlab.plotting.loss_curves import plot_loss_curves
from rnnlab.plotting.outcomes import plot_learning_rates, plot_outcomes
from rnnlab.plotting.paths import plot_gradient_paths, plot_path_shares
from rnnlab.plotting.saving import save_figure
from rnnlab.plotting.spectra import plot_jacobian_spectrum, plot_lyapunov_spectrum
from rnnlab.plotting.style import cell_style, cell_styles, house_style, styles_of_study
from rnnlab.plotting.survival import plot_survival
from rnnlab.plotting.task_study import plot_task_study

__all__ = [
    "FigureSpec",
    "NothingToDrawError",
    "cell_style",
    "cell_styles",
    "house_style",
    "plot_benchmark",
    "plot_clip_rate",
    "plot_comparison",
    "plot_copy_task",
    "plot_forget_bias",
    "plot_gate_distribution",
    "plot_gate_map",
    "plot_gate_saturation",
    "plot_gradient_decay",
    "plot_gradient_paths",
    "plot_gradient_training",
    "plot_half_life_solving",
    "plot_jacobian_spectrum",
    "plot_learning_curves",
    "plot_learning_rates",
    "plot_loss_curves",
    "plot_lyapunov_spectrum",
    "plot_memory_times",
    "plot_outcomes",
    "plot_path_shares",
    "plot_survival",
    "plot_task_study",
    "save_figure",
    "styles_of_study",
]
