"""Gradients by lag, which every study of gradient flow measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnnlab.experiments.measures.base import OF_A_PHASE, Measure, Probe, Rows

if TYPE_CHECKING:
    from rnnlab.plotting import FigureSpec
    from rnnlab.training import SequenceModel


class Decay(Measure):
    """Norm of the gradient of the last loss with respect to the state k steps before."""

    name = "decay"
    about = "gradients by lag"
    tables = {"gradients": (*OF_A_PHASE, "state", "lag", "norm", "log10_norm", "relative_norm")}

    def at_rest(self, model: SequenceModel, probe: Probe, seed: int) -> Rows:
        """Yield the gradients by lag."""
        from rnnlab.analysis.gradient_flow import decay_table

        yield "gradients", decay_table(model, probe.inputs, *probe.end(model))

    def figures(self) -> list[FigureSpec]:
        """Return the figure of the decay."""
        from rnnlab.plotting import FigureSpec, plot_gradient_decay
        from rnnlab.statistics import decay_bands

        return [
            FigureSpec(
                name="gradient-decay",
                title="Decay with the lag",
                description="relative gradient norm against lag, at the start and after training",
                experiments=("gradient-flow",),
                table="gradients.csv",
                aggregate=decay_bands,
                draw=plot_gradient_decay,
            )
        ]
