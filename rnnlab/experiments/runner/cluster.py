"""Runs on the workers of a Dask cluster; the results are written by this process.

Dask gives the runs of a worker that dies to another one, `distributed.scheduler.allowed-failures`
times (3 unless configured). Start workers with one thread each, `dask worker ADDRESS --nthreads 1`:
a run keeps one core busy. They need rnnlab and, under the same paths, the files that a study names.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Generator, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from rnnlab.experiments.errors import RefusedError
from rnnlab.experiments.kinds.base import Experiment
from rnnlab.experiments.progress import Progress
from rnnlab.experiments.runner.outcomes import Failed, Outcome
from rnnlab.experiments.runner.processes import attempt
from rnnlab.experiments.settings.runs import Run
from rnnlab.registry import experiments

CONNECT = 10  # seconds to wait for the scheduler
LISTEN_EVERY = 0.5  # seconds that nothing comes from the workers before it looks up


def compute_on_cluster(
    client: Any,
    experiment: Experiment[Any],
    runs: Sequence[Run],
    progress: Progress,
) -> Generator[Outcome]:
    """Yield the outcome of every run, computed by a cluster's workers, as they finish.

    Parameters
    ----------
    client : distributed.Client
        As `connect` returns it; closed by the caller.
    """
    # what the workers report, (number, updates), and futures that are done
    news: SimpleQueue[Any] = SimpleQueue()
    topic = f"rnnlab-{uuid.uuid4()}"
    waiting: dict[Any, Run] = {}
    try:
        client.subscribe_topic(topic, lambda event: news.put(event[1]))
        for number, run in enumerate(runs):
            key = f"{topic}-{number}"
            future = client.submit(_on_worker, experiment.name, run, topic, number, key=key)
            waiting[future] = run
            future.add_done_callback(news.put)
        while waiting:
            with contextlib.suppress(Empty):
                one = news.get(timeout=LISTEN_EVERY)  # for ever, it would not hear a Ctrl-C
                if one in waiting:
                    yield _outcome(one, waiting.pop(one))
                elif isinstance(one, tuple) and runs[one[0]] in waiting.values():
                    progress.step(runs[one[0]], one[1])
    finally:
        client.cancel(list(waiting))


def connect(address: str) -> Any:
    """Return a client of the scheduler at `address`, such as "tcp://10.0.0.1:8786".

    Raises
    ------
    RefusedError
        If Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise RefusedError(
            "dask must be installed to compute on a cluster: pip install 'rnnlab[dask]'"
        ) from None
    try:
        return Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise RefusedError(
            f"dask must be the address of a scheduler that answers, got {address!r}: {reason}; "
            "start one with: dask scheduler"
        ) from None


def _outcome(future: Any, run: Run) -> Outcome:
    from distributed.scheduler import KilledWorker

    if future.status == "finished":
        outcome: Outcome = future.result()
        return outcome
    error = future.exception() if future.status == "error" else None
    if isinstance(error, KilledWorker):
        return Failed(run, "the workers that computed it died, one after the other")
    return Failed(run, f"Dask gave it up: {future.status} {error or ''}".rstrip())


# ---- on the worker ----


def _on_worker(experiment: str, run: Run, topic: str, number: int) -> Outcome:
    from distributed import get_worker

    from rnnlab.engine import set_num_threads

    set_num_threads(1)
    worker = get_worker()
    worker.log_event(topic, (number, 0))
    kind: Experiment[Any] = experiments[experiment]
    return attempt(kind, run, lambda update: worker.log_event(topic, (number, update)))
