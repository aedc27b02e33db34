"""Half-lives of the untrained model at several biases of the gate that keeps the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnnlab.experiments.measures.base import Measure, Probe, Rows

if TYPE_CHECKING:
    from rnnlab.layers import Recurrent
    from rnnlab.plotting import FigureSpec
    from rnnlab.training import SequenceModel

BIASES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)


class ForgetBias(Measure):
    """Half-lives at each of `BIASES`; no rows for a cell without such a gate."""

    name = "forget-bias"
    about = "half-lives at the start for several forget biases"
    tables = {
        "forget-bias": (
            *("cell", "seed", "forget_bias", "state", "path", "half_life", "closed_form"),
            "decay_half_life",
        )
    }

    def at_start(self, model: SequenceModel, probe: Probe) -> Rows:
        """Yield the half-lives of the model's layer with each bias in place of its own."""
        from rnnlab.analysis import forget_bias_half_lives

        layer, keep = model.layer, model.layer.cell.keep

        def biased(bias: float) -> Recurrent:
            copy = layer.astype("float64")
            for number in range(layer.num_layers):
                weight, before = copy.gate(str(keep), number)
                copy.set_gate(str(keep), weight, np.full_like(before, bias), number)
            return copy

        biases = BIASES if keep is not None else ()
        yield "forget-bias", forget_bias_half_lives(biased, probe.stream(), biases)

    def figures(self) -> list[FigureSpec]:
        """Return the figure of half-lives against the bias."""
        from rnnlab.plotting import FigureSpec, plot_forget_bias
        from rnnlab.statistics import forget_bias_medians

        return [
            FigureSpec(
                name="half-life-bias",
                title="Half-life and forget bias",
                description="half-life against the forget bias, with the closed form",
                reading="On the grey line a gradient lives as long as the gate alone would let it; "
                "above it, other paths carry it further.",
                experiments=("gradient-flow",),
                table="forget-bias.csv",
                aggregate=forget_bias_medians,
                draw=plot_forget_bias,
            )
        ]
