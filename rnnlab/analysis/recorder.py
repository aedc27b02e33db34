"""Recorder of gradients during training."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from rnnlab.analysis.gradient_flow import gradient_decay
from rnnlab.engine.protocol import Array
from rnnlab.layers.arrays import as_numbers
from rnnlab.layers.validation import check_size
from rnnlab.training import SequenceModel, Update, softmax_cross_entropy
from rnnlab.training.loss_contract import Loss


class GradientRecorder:
    """A callback of `rnnlab.training.train` that keeps gradients by lag and the clip rate.

    Parameters
    ----------
    inputs, targets : array
        The sequences that gradients are measured on, as for `gradient_decay`; a few are enough, and
        the time of a measurement is proportional to their number.
    every : int
        Number of updates between two measurements; the first is before the first update.
    loss : callable

    Examples
    --------
    >>> import itertools, rnnlab
    >>> from rnnlab.training import Batch, make_optimizer, train
    >>> model = SequenceModel(rnnlab.GRU(3, 8, seed=0), output_size=2, seed=0)
    >>> x, targets = np.ones((9, 4, 3), np.float32), np.zeros((9, 4), int)
    >>> recorder = GradientRecorder(x[:, :2], targets[:, :2], every=2)
    >>> evaluations = list(
    ...     train(
    ...         model,
    ...         itertools.repeat(Batch(x, targets)),
    ...         make_optimizer("adam", model.parameters, 0.01),
    ...         updates=4,
    ...         evaluate=lambda model: {},
    ...         evaluate_every=4,
    ...         clip_norm=1.0,
    ...         callback=recorder,
    ...     )
    ... )
    >>> sorted(set(recorder.norms["update"]))
    [0, 2, 4]
    """

    def __init__(
        self, inputs: Array, targets: Array, *, every: int, loss: Loss = softmax_cross_entropy
    ) -> None:
        self.every = check_size("every", every)
        numbers = as_numbers("inputs", inputs).astype(np.float64, copy=False)
        self._batch = numbers, as_numbers("targets", targets)
        self._loss = loss
        self._norms: list[pd.DataFrame] = []
        self._updates: list[tuple[int, float, bool]] = []
        self._clipping: list[tuple[int, float, float]] = []

    def __call__(self, update: Update[SequenceModel]) -> None:
        """Record the norm of an update's gradient and, every so many updates, gradients by lag."""
        if update.number > 0:
            self._updates.append((update.number, update.grad_norm, update.clipped))
        if update.number % self.every == 0:
            self._measure(update.model, update.number)

    def _measure(self, model: SequenceModel, number: int) -> None:
        if self._updates:
            norms = [norm for _, norm, _ in self._updates]
            clipped = [cut for _, _, cut in self._updates]
            self._clipping.append((number, math.fsum(norms) / len(norms), float(np.mean(clipped))))
            self._updates.clear()
        wide = model.astype("float64")
        if not all(np.isfinite(array).all() for array in wide.parameters.values()):
            return  # the training loop reports the divergence
        with np.errstate(over="ignore", invalid="ignore"):
            table = gradient_decay(wide, *self._batch, self._loss)
        self._norms.append(table[["state", "lag", "log10_norm"]].assign(update=number))

    @property
    def norms(self) -> pd.DataFrame:
        """Gradients by lag at every measurement: update, state, lag, log10_norm, log10_ratio.

        The last is Pascanu's one-step ratio (Pascanu, Mikolov & Bengio 2013, section 2.2), log10 of
        ||dL/ds_{T-k}|| / ||dL/ds_{T-k+1}||: above 0 the gradient grows in that step, below it
        fades; NaN at lag 0 and where there is no gradient at the lag before.
        """
        columns = ["update", "state", "lag", "log10_norm"]
        if not self._norms:
            return pd.DataFrame(columns=[*columns, "log10_ratio"])
        table = pd.concat(self._norms, ignore_index=True)[columns]
        with np.errstate(invalid="ignore"):
            ratio = table.groupby(["update", "state"], sort=False)["log10_norm"].diff()
        ratio = ratio.mask(np.isposinf(ratio))
        return table.assign(log10_ratio=ratio)

    @property
    def clipping(self) -> pd.DataFrame:
        """Clipping up to every measurement: update, grad_norm, clip_rate.

        Over the updates since the measurement before, the mean norm of the gradient before clipping
        and the share of updates whose gradient was clipped.
        """
        return pd.DataFrame(self._clipping, columns=["update", "grad_norm", "clip_rate"])
