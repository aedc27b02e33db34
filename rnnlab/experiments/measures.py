"""What the gradient flow measures in a model, and the tables that it goes into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rnnlab.training import SequenceModel

Array = NDArray[Any]

_OF_A_PHASE = ("cell", "seed", "phase")
#: The columns of every table, by measure and table.
MEASURES: dict[str, dict[str, tuple[str, ...]]] = {
    "decay": {
        "gradients": (*_OF_A_PHASE, "state", "lag", "norm", "log10_norm", "relative_norm"),
    },
    "jacobians": {
        "jacobians": (*_OF_A_PHASE, "lag", "index", "log10_singular_value"),
        "lyapunov": (*_OF_A_PHASE, "index", "exponent"),
    },
    "paths": {
        "paths": (*_OF_A_PHASE, "state", "lag", "path", "log10_norm", "norm"),
        "shares": (*_OF_A_PHASE, "state", "lag", "path", "share"),
    },
    "gates": {
        "gates": (*_OF_A_PHASE, "gate", "unit", "mean", "shut", "open", "memory_time"),
        "gate-histogram": (*_OF_A_PHASE, "gate", "left", "right", "share"),
        "gate-map": (*_OF_A_PHASE, "gate", "unit", "step", "value"),
    },
    "training": {
        "training": ("cell", "seed", "update", "state", "lag", "log10_norm", "log10_ratio"),
        "clipping": ("cell", "seed", "update", "grad_norm", "clip_rate"),
    },
    "solving": {
        "solving": (
            "cell",
            "seed",
            "state",
            "half_life",
            "updates_to_solve",
            "updates",
            "decay_half_life",
        ),
    },
    "forget-bias": {
        "forget-bias": (
            "cell",
            "seed",
            "forget_bias",
            "state",
            "path",
            "half_life",
            "closed_form",
            "decay_half_life",
        ),
    },
}

#: The figures of the further tables, by name.
FIGURES = {
    "jacobian-spectrum": "jacobians",
    "lyapunov-spectrum": "lyapunov",
    "gradient-paths": "paths",
    "path-shares": "shares",
    "gate-map": "gate-map",
    "gate-distribution": "gate-histogram",
    "gate-saturation": "gates",
    "memory-times": "gates",
    "gradient-training": "training",
    "clip-rate": "clipping",
    "half-life-solving": "solving",
    "half-life-bias": "forget-bias",
}

#: Lags whose singular values are taken, and the whole sequence where it is shorter than the last.
LAGS = (1, 10, 50, 100)
#: Sequences that the costly measures look at, out of the evaluation batch.
FEW = 4
#: Steps of the stream that drives the Lyapunov exponents and the forget-bias curves.
STREAM = 400
#: Lags and units that a table keeps at most: it is a curve that they draw, and tables grow.
MOST_LAGS = {"paths": 51, "shares": 51, "training": 26}
MOST_UNITS = 32
BIASES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)


@dataclass(frozen=True)
class Probe:
    """What a run's models are looked at with, the same in every phase.

    Attributes
    ----------
    inputs : array (T, B, I)
    targets : array or None
        None for noise: there is no loss, and the gradient at the end is random.
    loss : callable
    """

    inputs: Array
    targets: Array | None
    loss: Any

    def few(self) -> Probe:
        """Return the first sequences alone."""
        targets = None if self.targets is None else self.targets[:, :FEW]
        return Probe(self.inputs[:, :FEW], targets, self.loss)

    def stream(self) -> Array:
        """Return the sequences one after the other, as one of at least `STREAM` steps if it can."""
        needed = min(-(-STREAM // len(self.inputs)), self.inputs.shape[1])
        return np.concatenate([self.inputs[:, [b]] for b in range(needed)])

    def end(self, model: SequenceModel) -> tuple[Array, Array | None]:
        """Return dL/dh at the end (B, H), and where each sequence's end is."""
        from rnnlab.analysis.gradient_flow import loss_at_the_end, random_ends

        if self.targets is None:
            return random_ends(model, self.inputs, np.random.default_rng(0)), None
        return loss_at_the_end(model, self.inputs, self.targets, self.loss)


def measure_decay(model: SequenceModel, probe: Probe) -> pd.DataFrame:
    """Return gradients by lag."""
    from rnnlab.analysis.gradient_flow import decay_table

    return decay_table(model, probe.inputs, *probe.end(model))


def measure_phase(
    measure: str, model: SequenceModel, probe: Probe, *, first_seed: bool
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tables of a measure that is taken of a model at rest.

    Parameters
    ----------
    measure : str
        "decay", "jacobians", "paths" or "gates".
    model : SequenceModel
        In float64.
    probe : Probe
    first_seed : bool
        Whether the run has seed 0, which alone gives the gates over time: one sequence of one model
        is a picture, not a statistic.

    Yields
    ------
    table : str
    rows : DataFrame
    """
    from rnnlab import analysis
    from rnnlab.analysis.paths import share_table

    layer, few = model.layer, probe.few()
    if measure == "decay":
        yield "gradients", measure_decay(model, probe)
    elif measure == "jacobians":
        along = analysis.linearise(layer, few.inputs)
        lags = {min(lag, along.steps) for lag in LAGS}
        yield "jacobians", analysis.singular_spectrum(along, sorted(lags))
        yield (
            "lyapunov",
            analysis.lyapunov_spectrum(layer, probe.stream(), seed=np.random.default_rng(0)),
        )
    elif measure == "paths":
        yield "paths", thinned("paths", analysis.path_norms(layer, few.inputs))
        yield "shares", thinned("shares", share_table(layer, probe.inputs, *probe.end(model)))
    elif measure == "gates":
        yield "gates", analysis.gate_units(layer, probe.inputs)
        yield "gate-histogram", analysis.gate_histogram(layer, probe.inputs)
        if first_seed:
            shown = analysis.gate_map(layer, probe.inputs)
            yield "gate-map", shown[shown["unit"] < MOST_UNITS]


def thinned(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Keep lag 1 and evenly spaced lags from 0 on, no more than the table's `MOST_LAGS`.

    Examples
    --------
    >>> thinned("training", pd.DataFrame({"lag": range(61)}))["lag"].tolist()[:5]
    [0, 1, 3, 6, 9]
    """
    step = -(-int(table["lag"].max()) // (MOST_LAGS[name] - 1)) if len(table) else 1
    return table[(table["lag"] % max(step, 1) == 0) | (table["lag"] == 1)]


def measure_forget_bias(model: SequenceModel, probe: Probe) -> pd.DataFrame:
    """Return half-lives at each of `BIASES` on the untrained model; no rows without such a gate."""
    from rnnlab.analysis import forget_bias_half_lives
    from rnnlab.layers import Recurrent

    layer, keep = model.layer, model.layer.cell.keep

    def biased(bias: float) -> Recurrent:
        copy = layer.astype("float64")
        for number in range(layer.num_layers):
            weight, before = copy.gate(str(keep), number)
            copy.set_gate(str(keep), weight, np.full_like(before, bias), number)
        return copy

    biases = BIASES if keep is not None else ()
    return forget_bias_half_lives(biased, probe.stream(), biases)
