"""The figures of the gradient lab in the registry: which table each of them draws."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from rnnlab import registry
from rnnlab.plotting.figures import FigureSpec
from rnnlab.plotting.gates import (
    plot_gate_distribution,
    plot_gate_map,
    plot_gate_saturation,
    plot_memory_times,
)
from rnnlab.plotting.gradient_training import plot_clip_rate, plot_gradient_training
from rnnlab.plotting.half_life import plot_forget_bias, plot_half_life_solving
from rnnlab.plotting.paths import plot_gradient_paths, plot_path_shares
from rnnlab.plotting.spectra import plot_jacobian_spectrum, plot_lyapunov_spectrum


def _register(
    name: str,
    table: str,
    draw: Callable[[pd.DataFrame], Figure],
    aggregate: str | None,
    description: str,
) -> None:
    spec = FigureSpec(
        description=description,
        experiment="gradient-flow",
        table=f"{table}.csv",
        filename=f"{name}.png",
        draw=draw,
        aggregate=aggregate,
    )
    registry.figures.register(name, spec)


_register(
    "jacobian-spectrum",
    "jacobians",
    plot_jacobian_spectrum,
    "spectrum_medians",
    "singular values of the Jacobian over 1 to 100 steps (--measure jacobians)",
)
_register(
    "lyapunov-spectrum",
    "lyapunov",
    plot_lyapunov_spectrum,
    "lyapunov_medians",
    "the Lyapunov exponents of each cell (--measure jacobians)",
)
_register(
    "gradient-paths",
    "paths",
    plot_gradient_paths,
    "path_medians",
    "exact derivative of the memory beside its direct path, by lag (--measure paths)",
)
_register(
    "path-shares",
    "shares",
    plot_path_shares,
    "share_medians",
    "share of the gradient that each path carries, by lag (--measure paths)",
)
_register(
    "gate-map",
    "gate-map",
    plot_gate_map,
    None,
    "gates over time and units with the input below (--measure gates)",
)
_register(
    "gate-distribution",
    "gate-histogram",
    plot_gate_distribution,
    "histogram_means",
    "how the values of each gate are distributed (--measure gates)",
)
_register(
    "gate-saturation",
    "gates",
    plot_gate_saturation,
    None,
    "how often each unit's gates are open and shut (--measure gates)",
)
_register(
    "memory-times",
    "gates",
    plot_memory_times,
    "memory_time_shares",
    "effective memory times of the units (--measure gates)",
)
_register(
    "gradient-training",
    "training",
    plot_gradient_training,
    "training_medians",
    "gradient norms and one-step ratios, lag against update (--measure training)",
)
_register(
    "clip-rate",
    "clipping",
    plot_clip_rate,
    "clipping_medians",
    "how often the gradient was clipped, against updates (--measure training)",
)
_register(
    "half-life-solving",
    "solving",
    plot_half_life_solving,
    None,
    "updates until solved against the half-life at the start (--measure solving)",
)
_register(
    "half-life-bias",
    "forget-bias",
    plot_forget_bias,
    "forget_bias_medians",
    "half-life against the forget bias, with the closed form (--measure forget-bias)",
)
