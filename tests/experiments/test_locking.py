"""One runner a folder: who is kept out, and who is not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rnnlab.experiments.results import status
from rnnlab.experiments.results.reading import RUNNER
from rnnlab.experiments.store import heartbeat
from rnnlab.experiments.store import lock as locking
from rnnlab.experiments.store.lock import Lock, TakenError

HOLD = (
    "import sys; from pathlib import Path; from rnnlab.experiments.store.lock import Lock; "
    "Lock(Path(sys.argv[1])).acquire(); print('held', flush=True); sys.stdin.read()"
)


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_keeps_others_out_until_its_process_is_gone(tmp_path: Path) -> None:
    process = holder(tmp_path / "lock")
    with pytest.raises(TakenError):
        Lock(tmp_path / "lock").acquire()
    process.kill()  # no chance to tidy up
    process.communicate()
    assert (tmp_path / "lock").exists()
    lock = Lock(tmp_path / "lock")
    lock.acquire()
    lock.release()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_on_a_file_that_was_removed_is_none(tmp_path: Path) -> None:
    first, second, third = (Lock(tmp_path / "lock") for _ in range(3))
    first.acquire()
    first.release()
    second.acquire()
    with pytest.raises(TakenError):
        third.acquire()
    second.release()
    third.acquire()
    third.release()


def test_a_file_that_is_removed_before_it_is_locked_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock_it = tmp_path / "lock", locking._lock
    removed: list[int] = []

    def remove_first(descriptor: int) -> None:
        if not removed:
            removed.append(descriptor)
            path.unlink()  # as its holder does who ends in this moment
        lock_it(descriptor)

    monkeypatch.setattr(locking, "_lock", remove_first)
    mine = Lock(path)
    mine.acquire()
    with pytest.raises(TakenError):
        Lock(path).acquire()
    mine.release()


def test_a_lock_that_was_never_taken_is_released_in_peace(tmp_path: Path) -> None:
    Lock(tmp_path / "lock").release()


def state(**changes: object) -> dict[str, object]:
    return {"host": "elsewhere", "pid": 1, "beat": 1000.0, "ended": None, **changes}


def test_a_runner_elsewhere_lives_as_long_as_it_gives_signs_of_life() -> None:
    assert status.is_alive(state(), now=1000.0 + status.SILENT - 1)
    assert not status.is_alive(state(), now=1000.0 + status.SILENT + 1)
    assert not status.is_alive(state(ended="finished"), now=1001.0)


def test_a_runner_here_is_dead_the_moment_its_process_is(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    here = state(host=socket.gethostname(), beat=time.time())
    assert not status.is_alive({**here, "pid": process.pid})
    assert status.is_alive({**here, "pid": os.getpid()})


def test_a_heartbeat_goes_on_by_itself_and_says_how_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "EVERY", 0.02)
    heart = heartbeat.Heartbeat(tmp_path, "rnnlab run x", "2 at a time", before=3)
    first = status.read_state(tmp_path)
    assert first is not None
    deadline = time.monotonic() + 30
    while status.read_state(tmp_path) == first and time.monotonic() < deadline:
        time.sleep(0.02)
    second = status.read_state(tmp_path)
    assert second is not None
    assert second["beat"] > first["beat"]
    assert status.is_alive(second)
    heart.close("interrupted")
    last = status.read_state(tmp_path)
    assert last is not None
    assert last["ended"] == "interrupted"
    assert not status.is_alive(last)
    assert [path.name for path in tmp_path.iterdir()] == [RUNNER]


def test_a_state_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    assert status.read_state(tmp_path) is None
    (tmp_path / RUNNER).write_text("{")
    assert status.read_state(tmp_path) is None
