"""Time of a whole sweep: `rnnlab run copy-task` and the same training in PyTorch.

    python benchmarks/sweep.py                  # 200 of the 1,200 updates of the quick preset
    python benchmarks/sweep.py --updates 1200   # all of them

Cells, sizes, batches, optimiser, clipping and evaluations are the same. Wall time includes the
start of rnnlab's processes, its files and its figures. PyTorch trains one run after the other, with
the number of threads that makes it fastest. It has no peephole LSTM: that is a loop over time, with
the input product taken out of it, and the ratio is also given without that cell. Kernels are
compiled before. rnnlab and PyTorch take turns, and each number is the median of the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import rnnlab
from rnnlab.experiments import Run, load_spec
from rnnlab.experiments.kinds.build import problem_of, streams
from rnnlab.experiments.settings.grid import runs
from rnnlab.experiments.store.manifest import available_threads, cpu_model

ROUNDS = 3
TARGET, TARGET_JOBS = 3.0, 1.3


class Peephole(torch.nn.Module):
    """The peephole LSTM, i and f seeing c_{t-1} and o seeing c_t: the input product at once."""

    def __init__(self, inputs: int, hidden: int, *, batch_first: bool = False) -> None:
        super().__init__()
        self.hidden = hidden
        self.inputs = torch.nn.Linear(inputs, 4 * hidden)
        self.states = torch.nn.Linear(hidden, 4 * hidden, bias=False)
        self.peepholes = torch.nn.Parameter(torch.zeros(3, hidden))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Return the output (T, B, H) for x (T, B, I)."""
        h = c = x.new_zeros(x.shape[1], self.hidden)
        p_i, p_f, p_o = self.peepholes
        outputs = []
        for gates_x in self.inputs(x):
            i, f, g, o = (gates_x + self.states(h)).chunk(4, dim=1)
            i, f = torch.sigmoid(i + p_i * c), torch.sigmoid(f + p_f * c)
            c = f * c + i * torch.tanh(g)
            h = torch.sigmoid(o + p_o * c) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), None


LAYERS: dict[str, Any] = {
    "rnn": torch.nn.RNN,
    "lstm": torch.nn.LSTM,
    "peephole-lstm": Peephole,
    "gru": torch.nn.GRU,
}


def train_in_torch(run: Run, updates: int) -> float:
    """Train one model as the study does, and return the seconds that it took."""
    start = time.perf_counter()
    task, settings, random = problem_of(run), run.settings, streams(run)
    torch.manual_seed(run.seed)
    layer = LAYERS[run.cell](task.input_size, settings.hidden)
    readout = torch.nn.Linear(settings.hidden, task.output_size)
    parameters = [*layer.parameters(), *readout.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=settings.lr)
    for update in range(1, updates + 1):
        inputs, targets = task.draw(settings.batch, random.data)
        outputs = readout(layer(torch.from_numpy(inputs))[0])
        loss = torch.nn.functional.cross_entropy(
            outputs.flatten(0, 1), torch.from_numpy(targets).flatten()
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, settings.clip)
        optimizer.step()
        if update % settings.evaluate_every == 0 or update == updates:
            inputs, targets = task.draw(settings.evaluation_batch, random.evaluation)
            with torch.no_grad():
                outputs = readout(layer(torch.from_numpy(inputs))[0])
            task.score(outputs.numpy(), targets)
    return time.perf_counter() - start


def fastest_threads(grid: list[Run]) -> int:
    """Return the number of threads with which PyTorch trains a few updates of all cells fastest."""
    seconds = {}
    for threads in (1, available_threads()):
        torch.set_num_threads(threads)
        for run in grid[:: max(1, len(grid) // 8)]:
            train_in_torch(run, 3)
        seconds[threads] = sum(train_in_torch(run, 10) for run in grid)
    return min(seconds, key=lambda threads: seconds[threads])


def sweep_in_torch(spec: Any, grid: list[Run], updates: int) -> dict[str, float]:
    """Return the wall time of each cell's runs, and of all."""
    seconds = dict.fromkeys(spec.labels, 0.0)
    for run in grid:
        seconds[run.cell] += train_in_torch(run, updates)
    return seconds | {"all": sum(seconds.values())}


def sweep_in_rnnlab(options: dict[str, Any], jobs: int) -> dict[str, float]:
    """Return the training time of each cell's runs, and the wall time of the whole study."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        result = rnnlab.run("copy-task", out=Path(folder) / "out", jobs=jobs, **options)
        wall = time.perf_counter() - start
        last = result.metrics.groupby(["cell", "delay", "seed"], sort=False)["seconds"].last()
    return {str(cell): float(s) for cell, s in last.groupby("cell").sum().items()} | {"all": wall}


def main() -> None:
    """Measure, print the ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--updates", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    options = {"updates": given.updates, "seeds": given.seeds}
    options["evaluate_every"] = min(60, given.updates)
    spec = load_spec("copy-task", options)
    grid = list(runs(spec))
    rnnlab.run(
        "copy-task", out=Path(tempfile.mkdtemp()) / "out", jobs=1, **options | {"updates": 1}
    )
    threads = fastest_threads(grid)
    torch.set_num_threads(threads)
    rounds: dict[str, list[dict[str, float]]] = {"one": [], "two": [], "torch": []}
    for _ in range(given.rounds):
        rounds["one"].append(sweep_in_rnnlab(options, jobs=1))
        rounds["two"].append(sweep_in_rnnlab(options, jobs=2))
        rounds["torch"].append(sweep_in_torch(spec, grid, given.updates))

    def median(who: str, what: str) -> float:
        return statistics.median(one[what] for one in rounds[who])

    print(f"{cpu_model()}, {available_threads()} hardware threads, NumPy {np.__version__}, PyTorch "
          f"{torch.__version__} on {threads} thread{'s' if threads > 1 else ''}")  # fmt: skip
    print(
        f"{len(grid)} runs of {given.updates} updates, median of {given.rounds} rounds, seconds\n"
    )
    print("cell            rnnlab  PyTorch  ratio")
    for cell in spec.labels:
        ours, theirs = median("one", cell), median("torch", cell)
        print(f"{cell:14} {ours:7.1f} {theirs:8.1f} {theirs / ours:6.1f}   training alone, one job")
    for who, name in (("one", "one job"), ("two", "two jobs")):
        ours, theirs = median(who, "all"), median("torch", "all")
        print(f"whole sweep    {ours:7.1f} {theirs:8.1f} {theirs / ours:6.1f}   wall time, {name}")
    without = median("torch", "all") - median("torch", "peephole-lstm")
    share = 1 - median("one", "peephole-lstm") / sum(median("one", cell) for cell in spec.labels)
    ours = median("two", "all") * share
    ratio = without / ours
    print(f"without the peephole LSTM, two jobs: {ours:.1f} against {without:.1f}, {ratio:.1f}")
    both = median("torch", "all") / median("two", "all")
    gain = median("one", "all") / median("two", "all")
    print(f"\nPyTorch over rnnlab {both:.1f} (target {TARGET:g}), one job over two {gain:.2f} "
          f"(target {TARGET_JOBS:g})")  # fmt: skip


if __name__ == "__main__":
    main()
