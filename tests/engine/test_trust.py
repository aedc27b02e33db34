"""Safety of the kernels' folder: one in which other users can write is not used."""

from __future__ import annotations

import os
import pickle
import stat
from pathlib import Path

import pytest

from rnnlab.engine.trust import make_private, reason_to_distrust

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="no user numbers")
as_root = pytest.mark.skipif(
    getattr(os, "getuid", lambda: 1)() != 0, reason="only root can give files away"
)

STRANGER = 54321

KERNEL = """
from numba import njit
from rnnlab.engine.caching import enable_cache, kernel_folder

def successor(x):
    return x + 1

kernel = njit(successor)
enable_cache(kernel, successor)
print(kernel(1))
print(kernel_folder())
"""


class Planted:
    """What runs as soon as it is read."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "cache" / "kernels" / "abc"
    make_private(made)
    return made


def test_folders_are_made_for_their_owner_alone(folder, tmp_path):
    for path in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    make_private(folder)  # it may be there
    assert reason_to_distrust(folder) is None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o720, 0o1777])
def test_a_folder_that_others_can_write(folder, mode):
    folder.chmod(mode)
    reason = reason_to_distrust(folder)
    assert reason == f"{folder} can be written by others (chmod go-w would end that)"


@pytest.mark.parametrize("above", [0, 1])
def test_a_parent_that_others_can_write(folder, above):
    parent = folder.parents[above]
    for mode in (0o770, 0o777):
        parent.chmod(mode)
        reason = reason_to_distrust(folder)
        assert reason is not None
        assert reason.startswith(f"{parent} can be written by others")
    for mode in (0o1777, 0o755):  # as /tmp, as /home
        parent.chmod(mode)
        assert reason_to_distrust(folder) is None


@as_root
def test_what_belongs_to_somebody_else(folder):
    planted = folder / "kernel.nbi"
    planted.write_bytes(b"")
    link = folder / "link.nbi"
    for path in (folder, folder.parent, planted):
        os.chown(path, STRANGER, -1)
        assert reason_to_distrust(folder) == f"{path} belongs to another user (uid {STRANGER})"
        os.chown(path, 0, -1)
    elsewhere = folder.parent / "elsewhere"
    elsewhere.write_bytes(b"")
    os.chown(elsewhere, STRANGER, -1)
    link.symlink_to(elsewhere)
    assert reason_to_distrust(folder) == f"{link} belongs to another user (uid {STRANGER})"


def test_a_file_that_others_can_write(folder):
    file = folder / "kernel.nbi"
    file.write_bytes(b"")
    file.chmod(0o666)
    assert reason_to_distrust(folder) is None  # no one else reaches it
    folder.chmod(0o755)
    assert reason_to_distrust(folder) == f"{file} can be written by others (delete it)"


def test_a_planted_kernel_runs_only_where_no_one_else_could_have_planted_it(run_python, tmp_path):
    """Once, it ran from a folder of any owner that anybody could write."""
    place, marker = tmp_path / "cache", tmp_path / "marker"

    def run():
        done = run_python(KERNEL, RNNLAB_CACHE_DIR=str(place))
        result, used = done.stdout.splitlines()
        assert result == "2"
        return Path(used), done.stderr

    used, warnings = run()
    assert warnings == ""
    assert used.is_relative_to(place)
    (index,) = used.glob("successor*.nbi")
    index.write_bytes(pickle.dumps(Planted(marker)))
    run()
    assert marker.exists()  # a cache is a program: this is why it has to be private
    marker.unlink()
    index.write_bytes(pickle.dumps(Planted(marker)))
    link = tmp_path / "link"
    for path in (used, place):
        mode = path.stat().st_mode
        path.chmod(0o777)
        private, warnings = run()
        assert not marker.exists()
        assert warnings.count("RuntimeWarning") == 1
        assert f"{path} can be written by others" in warnings
        assert not private.is_relative_to(place)
        assert not private.exists()  # removed at the end
        path.chmod(mode)
    place.chmod(0o777)
    link.symlink_to(place)
    done = run_python(KERNEL, RNNLAB_CACHE_DIR=str(link))
    assert f"{place} can be written by others" in done.stderr
    assert not marker.exists()
