"""Losses on the readout, each with its gradient."""

from __future__ import annotations

import numpy as np

from rnnlab.engine.protocol import Array


def softmax_cross_entropy(logits: Array, targets: Array) -> tuple[float, Array]:
    """Mean cross-entropy of softmax(logits) against class numbers, over all positions.

    Parameters
    ----------
    logits : array (..., O)
    targets : int array (...)
        Classes 0 to O-1.

    Returns
    -------
    loss : float
        In nats, averaged over positions, summed in float64.
    d_logits : array (..., O)
        In the dtype of `logits`.

    Raises
    ------
    ValueError
        If the shapes do not match or a class does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> loss, d = softmax_cross_entropy(np.zeros((1, 4)), np.array([2]))
    >>> round(loss, 4), d.tolist()
    (1.3863, [[0.25, 0.25, -0.75, 0.25]])
    """
    targets = np.asarray(targets)
    if targets.shape != logits.shape[:-1]:
        raise ValueError(
            f"targets must have shape {logits.shape[:-1]}, got {targets.shape}: "
            "one class for every position of the logits"
        )
    if targets.dtype.kind not in "iu":
        raise TypeError(f"targets must be ints, got {targets.dtype}: use targets.astype(int)")
    classes = logits.shape[-1]
    if targets.size and (targets.min() < 0 or targets.max() >= classes):
        raise ValueError(
            f"targets must be classes 0 to {classes - 1}, got {targets.min()} to {targets.max()}: "
            "enlarge the readout's output_size"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # infinities become a loss of NaN
        shifted = logits - logits.max(axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=-1, keepdims=True)
    chosen = np.take_along_axis(shifted, targets[..., None], axis=-1)
    loss = float((np.log(sums) - chosen).mean(dtype=np.float64))
    gradient = exponentials / sums
    flat = gradient.reshape(-1, classes)
    flat[np.arange(flat.shape[0]), targets.reshape(-1)] -= 1
    gradient /= targets.size
    return loss, gradient


def mean_squared_error(outputs: Array, targets: Array) -> tuple[float, Array]:
    """Mean of (outputs - targets)^2 over all numbers.

    Parameters
    ----------
    outputs, targets : array (..., O)

    Returns
    -------
    loss : float
    d_outputs : array (..., O)

    Examples
    --------
    >>> import numpy as np
    >>> mean_squared_error(np.array([[1.0, 3.0]]), np.array([[1.0, 1.0]]))
    (2.0, array([[0., 2.]]))
    """
    targets = np.asarray(targets)
    if targets.shape != outputs.shape:
        raise ValueError(
            f"targets must have shape {outputs.shape}, got {targets.shape}: "
            "one number for every output"
        )
    difference = outputs - targets.astype(outputs.dtype)
    loss = float(np.square(difference, dtype=np.float64).mean())
    return loss, difference * (2 / difference.size)


LOSSES = {"cross-entropy": softmax_cross_entropy, "mean-squared-error": mean_squared_error}
