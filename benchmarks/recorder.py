"""Time of recording gradients: training with and without a `GradientRecorder` every 50 updates.

    python benchmarks/recorder.py [CELL ...]

The quick copy task at delay 60 (T = 66, 64 units, batch 32), 4 recorded sequences, one thread.
Rounds of 100 updates with and without recorder take turns. Printed are the medians of 11 rounds and
the smallest and the largest ratio, in CPU time, on which other programs have little influence.
"""

from __future__ import annotations

import statistics
import sys
import time
from itertools import islice

import numpy as np

import rnnlab
from rnnlab.analysis import GradientRecorder
from rnnlab.tasks import CopyMemory
from rnnlab.training import SequenceModel, make_optimizer, train

ROUNDS, UPDATES, EVERY, WATCHED = 11, 100, 50, 4


def nothing(_: SequenceModel) -> dict[str, float]:
    """Evaluate nothing."""
    return {}


def seconds(cell: str, watch: bool) -> float:
    """Time one round of training from the same start; drawing the batches is not counted."""
    task = CopyMemory(60, 3, 8)
    model = SequenceModel(rnnlab.Recurrent(cell, task.input_size, 64), task.output_size)
    rng = np.random.default_rng(0)
    batches = iter(list(islice(task.batches(32, rng), UPDATES)))
    probe = task.draw(WATCHED, rng, dtype="float64")
    recorder = GradientRecorder(*probe, every=EVERY) if watch else None
    evaluations = train(
        model,
        batches,
        make_optimizer("adam", model.parameters, 0.005),
        updates=UPDATES,
        evaluate=nothing,
        evaluate_every=UPDATES,
        clip_norm=1.0,
        callback=recorder,
    )
    start = time.process_time()
    list(evaluations)
    return time.process_time() - start


def main() -> None:
    """Print a line a cell."""
    rnnlab.set_num_threads(1)
    for cell in sys.argv[1:] or ["rnn", "lstm", "peephole-lstm", "gru"]:
        seconds(cell, watch=True)  # compile, warm up
        pairs = [(seconds(cell, watch=False), seconds(cell, watch=True)) for _ in range(ROUNDS)]
        ratios = [watched / plain for plain, watched in pairs]
        plain = statistics.median(plain for plain, _ in pairs)
        # a round of 100 updates is looked at 3 times (updates 0, 50, 100), training of n updates
        # n / 50 + 1 times: what one look costs is the difference by 3
        look = statistics.median((w - p) / 3 for p, w in pairs)
        share = look / (plain * EVERY / UPDATES)
        print(
            f"{cell:14} update {1e3 * plain / UPDATES:5.2f} ms, look {1e3 * look:5.1f} ms: "
            f"{share:5.1%} at a look every {EVERY} updates "
            f"(rounds of {UPDATES}: {min(ratios):.2f} to {max(ratios):.2f} times)"
        )


if __name__ == "__main__":
    main()
