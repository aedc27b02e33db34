"""Gates along sequences: over time, how they are distributed, and how long they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnnlab.experiments.measures.base import OF_A_PHASE, Measure, Probe, Rows

if TYPE_CHECKING:
    from rnnlab.plotting import FigureSpec
    from rnnlab.training import SequenceModel

#: Largest number of units in the map of a gate.
MOST_UNITS = 32


class Gates(Measure):
    """How far gates are open, how often they saturate, and how long they hold the memory."""

    name = "gates"
    about = "gates over time, their distribution and memory times"
    tables = {
        "gates": (*OF_A_PHASE, "gate", "unit", "mean", "shut", "open", "memory_time"),
        "gate-histogram": (*OF_A_PHASE, "gate", "left", "right", "share"),
        "gate-map": (*OF_A_PHASE, "gate", "unit", "step", "value"),
    }

    def at_rest(self, model: SequenceModel, probe: Probe, seed: int) -> Rows:
        """Yield the gates of each unit, their histogram and, for seed 0, one sequence over time."""
        from rnnlab import analysis

        layer = model.layer
        yield "gates", analysis.gate_units(layer, probe.inputs)
        yield "gate-histogram", analysis.gate_histogram(layer, probe.inputs)
        if seed == 0:  # one sequence of one model is a picture, not a statistic
            shown = analysis.gate_map(layer, probe.inputs)
            yield "gate-map", shown[shown["unit"] < MOST_UNITS]

    def figures(self) -> list[FigureSpec]:
        """Return a figure of each table, and one of the memory times."""
        from rnnlab.plotting import (
            FigureSpec,
            plot_gate_distribution,
            plot_gate_map,
            plot_gate_saturation,
            plot_memory_times,
        )
        from rnnlab.statistics import histogram_means, memory_time_shares

        return [
            FigureSpec(
                name="gate-map",
                title="The gate over time",
                description="gates over time and units with the input below",
                reading="One sequence. Light rows are units that hold their memory, dark columns "
                "are steps at which it is overwritten.",
                experiments=("gradient-flow",),
                table="gate-map.csv",
                draw=plot_gate_map,
            ),
            FigureSpec(
                name="gate-distribution",
                title="Values of the gates",
                description="how the values of each gate are distributed",
                reading="A peak at 0 or 1 is a gate that has learned to be shut or open, one in "
                "the middle a gate that does neither.",
                experiments=("gradient-flow",),
                table="gate-histogram.csv",
                aggregate=histogram_means,
                draw=plot_gate_distribution,
            ),
            FigureSpec(
                name="gate-saturation",
                title="Saturation",
                description="how often each unit's gates are open and shut",
                reading="Each point is a unit. Points along the diagonal are gates that are always "
                "open or shut; those at the origin are never either.",
                experiments=("gradient-flow",),
                table="gates.csv",
                draw=plot_gate_saturation,
            ),
            FigureSpec(
                name="memory-times",
                title="Memory times",
                description="effective memory times of the units",
                reading="How many units hold longer than a given number of steps. To solve the "
                "task, they have to reach its delay.",
                experiments=("gradient-flow",),
                table="gates.csv",
                aggregate=memory_time_shares,
                draw=plot_memory_times,
            ),
        ]
