"""Singular values of Jacobians over a lag, and Lyapunov exponents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnnlab.experiments.measures.base import OF_A_PHASE, Measure, Probe, Rows

if TYPE_CHECKING:
    from rnnlab.plotting import FigureSpec
    from rnnlab.training import SequenceModel

#: Lags of the singular values; the whole sequence where it is shorter than the last.
LAGS = (1, 10, 50, 100)


class Jacobians(Measure):
    """Singular values of ds_T/ds_{T-k}, and Lyapunov exponents."""

    name = "jacobians"
    about = "singular values of Jacobians and Lyapunov exponents"
    tables = {
        "jacobians": (*OF_A_PHASE, "lag", "index", "log10_singular_value"),
        "lyapunov": (*OF_A_PHASE, "index", "exponent"),
    }

    def at_rest(self, model: SequenceModel, probe: Probe, seed: int) -> Rows:
        """Yield singular values on a few sequences and exponents along the stream."""
        from rnnlab import analysis

        along = analysis.linearise(model.layer, probe.few().inputs)
        lags = {min(lag, along.steps) for lag in LAGS}
        yield "jacobians", analysis.singular_spectrum(along, sorted(lags))
        numbers = np.random.default_rng(0)
        yield "lyapunov", analysis.lyapunov_spectrum(model.layer, probe.stream(), seed=numbers)

    def figures(self) -> list[FigureSpec]:
        """Return the figures of both spectra."""
        from rnnlab.plotting import FigureSpec, plot_jacobian_spectrum, plot_lyapunov_spectrum
        from rnnlab.statistics import lyapunov_medians, spectrum_medians

        return [
            FigureSpec(
                name="jacobian-spectrum",
                title="Singular values over a lag",
                description="singular values of the Jacobian over 1 to 100 steps",
                reading="Each line is a lag k. A direction above 1 grows over k steps, one below 1 "
                "fades; how far to the right a line stays up says how many directions the memory "
                "has left.",
                experiments=("gradient-flow",),
                table="jacobians.csv",
                aggregate=spectrum_medians,
                draw=plot_jacobian_spectrum,
            ),
            FigureSpec(
                name="lyapunov-spectrum",
                title="Lyapunov exponents",
                description="the Lyapunov exponents of each cell",
                reading="The same in the long run. An exponent near 0 is a direction that holds "
                "what it is given; above 0 gradients explode, far below 0 the direction is lost "
                "within a few steps.",
                experiments=("gradient-flow",),
                table="lyapunov.csv",
                aggregate=lyapunov_medians,
                draw=plot_lyapunov_spectrum,
            ),
        ]
