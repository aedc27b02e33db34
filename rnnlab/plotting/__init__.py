"""Figures: a DataFrame in, Axes or a Figure out; nothing is computed and nothing is saved here.

Every figure is registered in `rnnlab.registry.figures` as a `FigureSpec`, which names the table
that it is drawn from. To draw one from the folder of a result::

    spec = rnnlab.registry.figures["gradient-decay"]
    table = pandas.read_csv(folder / spec.table)
    save_figure(spec.figure(table), folder / spec.filename)

Every `plot_` function returns a Figure. It raises a ValueError that names the column if the table
lacks one or has text where numbers are required, and `NothingToDrawError` if it has no row. No
function uses pyplot or a display, or changes the `matplotlib.rcParams` of the caller.
"""

from __future__ import annotations

from rnnlab.plotting._runs import has_intervals
from rnnlab.plotting._tables import NothingToDrawError
from rnnlab.plotting.benchmark import plot_benchmark
from rnnlab.plotting.comparison import plot_comparison
from rnnlab.plotting.figures import FigureSpec, register
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
from rnnlab.plotting.outcomes import plot_learning_rates, plot_outcomes, plot_summary
from rnnlab.plotting.paths import plot_gradient_paths, plot_path_shares
from rnnlab.plotting.saving import save_figure
from rnnlab.plotting.spectra import plot_jacobian_spectrum, plot_lyapunov_spectrum
from rnnlab.plotting.style import cell_style, cell_styles, house_style, styles_of_study
from rnnlab.plotting.survival import plot_survival

__all__ = [
    "FigureSpec",
    "NothingToDrawError",
    "cell_style",
    "cell_styles",
    "has_intervals",
    "house_style",
    "plot_benchmark",
    "plot_clip_rate",
    "plot_comparison",
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
    "plot_summary",
    "plot_survival",
    "register",
    "save_figure",
    "styles_of_study",
]
