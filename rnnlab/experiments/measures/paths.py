"""Paths of the gradient: norms along single paths, and the share that each carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnnlab.experiments.measures.base import OF_A_PHASE, Measure, Probe, Rows, thinned

if TYPE_CHECKING:
    from rnnlab.plotting import FigureSpec
    from rnnlab.training import SequenceModel

#: Largest number of lags in a table.
MOST_LAGS = 51


class Paths(Measure):
    """Norms of ds_T/ds_{T-k} along single paths, and the share of the gradient on each."""

    name = "paths"
    about = "norms along single paths and the share of the gradient on each"
    tables = {
        "paths": (*OF_A_PHASE, "state", "lag", "path", "log10_norm", "norm"),
        "shares": (*OF_A_PHASE, "state", "lag", "path", "share"),
    }

    def at_rest(self, model: SequenceModel, probe: Probe, seed: int) -> Rows:
        """Yield norms on a few sequences, and shares on all."""
        from rnnlab.analysis import path_norms
        from rnnlab.analysis.paths import share_table

        layer = model.layer
        yield "paths", thinned(path_norms(layer, probe.few().inputs), MOST_LAGS)
        shares = share_table(layer, probe.inputs, *probe.end(model))
        yield "shares", thinned(shares, MOST_LAGS)

    def figures(self) -> list[FigureSpec]:
        """Return the figures of norms and shares."""
        from rnnlab.plotting import FigureSpec, plot_gradient_paths, plot_path_shares
        from rnnlab.statistics import path_medians, share_medians

        return [
            FigureSpec(
                name="gradient-paths",
                title="Paths of the derivative",
                description="exact derivative of the memory and its direct path, by lag",
                reading="Where the line of a single path is below the exact one, the rest of the "
                "gradient passes through matrices.",
                experiments=("gradient-flow",),
                table="paths.csv",
                aggregate=path_medians,
                draw=plot_gradient_paths,
            ),
            FigureSpec(
                name="path-shares",
                title="Shares of the paths",
                description="share of the gradient that each path carries, by lag",
                reading="How much of the gradient of the loss arrives along each path. A share "
                "above 1 is cancelled by a negative one.",
                experiments=("gradient-flow",),
                table="shares.csv",
                aggregate=share_medians,
                draw=plot_path_shares,
            ),
        ]
