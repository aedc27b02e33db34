"""Gradients during training, and how often they are clipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnnlab.experiments.measures.base import FinishedTraining, Measure, Probe, Rows, thinned

if TYPE_CHECKING:
    from rnnlab.analysis import GradientRecorder
    from rnnlab.plotting import FigureSpec

#: Largest number of lags in a table.
MOST_LAGS = 26


class GradientsInTraining(Measure):
    """Gradients by lag at regular intervals of training, and the clip rate between them."""

    name = "training"
    about = "gradients by lag during training and how often they are clipped"
    tables = {
        "training": ("cell", "seed", "update", "state", "lag", "log10_norm", "log10_ratio"),
        "clipping": ("cell", "seed", "update", "grad_norm", "clip_rate"),
    }
    needs_training = True

    def watcher(self, probe: Probe, every: int) -> GradientRecorder:
        """Return a recorder on a few sequences of the task."""
        from rnnlab.analysis import GradientRecorder

        few = probe.few()
        return GradientRecorder(few.inputs, np.asarray(few.targets), every=every, loss=few.loss)

    def of_training(self, training: FinishedTraining) -> Rows:
        """Yield what was recorded."""
        yield "training", thinned(training.watcher.norms, MOST_LAGS)
        yield "clipping", training.watcher.clipping

    def figures(self) -> list[FigureSpec]:
        """Return the figures of gradients and of clipping."""
        from rnnlab.plotting import FigureSpec, plot_clip_rate, plot_gradient_training
        from rnnlab.statistics import clipping_medians, training_medians

        return [
            FigureSpec(
                name="gradient-training",
                title="Gradients during training",
                description="gradient norms and one-step ratios, lag against update",
                reading="Light where the gradient reaches far back. Within the white lines it "
                "grows from one lag to the next.",
                experiments=("gradient-flow",),
                table="training.csv",
                aggregate=training_medians,
                draw=plot_gradient_training,
            ),
            FigureSpec(
                name="clip-rate",
                title="Clipping",
                description="how often the gradient was clipped, against updates",
                reading="How often the gradient was clipped, and its norm before: a rate near 1 "
                "says that the bound, not the learning rate, decides the size of a step.",
                experiments=("gradient-flow",),
                table="clipping.csv",
                aggregate=clipping_medians,
                draw=plot_clip_rate,
            ),
        ]
