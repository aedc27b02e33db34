"""Cache of kernels on disk: shared by processes, never stale, never corrupt, and optional."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rnnlab
from rnnlab.engine.matmul import row_strip

# A cell is small to compile; the two loops of the dtype are most of the time.
CELL = """
import numpy as np, rnnlab
from rnnlab import cell, linear, tanh
from rnnlab.engine import is_cached, prepare

@cell
def mine(x, h):
    return {equation}

cached = is_cached(mine, "float32")
print(cached if prepare(mine, "float32") != cached else "contradiction", end=" ")
layer = rnnlab.Recurrent(mine, 1, 1)
layer.parameters["weight_ih_l0"][:] = 1
layer.parameters["weight_hh_l0"][:] = 0
x = np.full((3, 1, 1), 0.5, np.float32)
tape = layer.forward(x)
gradients = layer.backward(tape, np.ones((3, 1, 1), np.float32))
print(round(float(tape.output[-1, 0, 0]), 4), round(float(gradients.input[-1, 0, 0]), 4))
"""
TANH = CELL.format(equation='tanh(linear("h", x, h))')
TWICE = CELL.format(equation='2 * tanh(linear("h", x, h))')


def files(folder: Path) -> set[tuple[str, int]]:
    return {(str(p), p.stat().st_mtime_ns) for p in folder.rglob("*.nb*")}


def test_a_second_process_loads_and_an_edited_cell_is_compiled(run_python, tmp_path):
    place = {"RNNLAB_CACHE_DIR": str(tmp_path)}
    assert run_python(TANH, **place).stdout.split() == ["False", "0.4621", "0.7864"]
    written = files(tmp_path)
    assert written
    assert run_python(TANH, **place).stdout.split() == ["True", "0.4621", "0.7864"]
    assert files(tmp_path) == written  # nothing was compiled
    # The same name with other equations: another kernel, while the loops are loaded.
    assert run_python(TWICE, **place).stdout.split() == ["False", "0.9242", "1.5729"]
    added = files(tmp_path) - written
    assert written <= files(tmp_path)
    assert all("mine_" in name for name, _ in added)
    assert run_python(TANH, **place).stdout.split() == ["True", "0.4621", "0.7864"]


def test_editing_the_engine_gives_another_folder(run_python, tmp_path):
    package = Path(rnnlab.__file__).parent
    copy = tmp_path / "rnnlab"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    script = "from rnnlab.engine.caching import fingerprint; print(fingerprint())"
    prints = {run_python(script, PYTHONPATH=str(tmp_path)).stdout}
    for name in ("matmul.py", "vector_math.py", "sequence.py", "intrinsics.py"):
        path = copy / "engine" / name
        path.write_text(path.read_text() + "\n# edited\n")
        prints.add(run_python(script, PYTHONPATH=str(tmp_path)).stdout)
    assert len(prints) == 5


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_costs_one_warning(run_python, tmp_path):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    result = run_python(TANH, RNNLAB_CACHE_DIR=str(blocked))
    assert result.stdout.split() == ["False", "0.4621", "0.7864"]
    assert result.stderr.count("RuntimeWarning") == 1
    assert "cannot be written" in result.stderr
    assert "set RNNLAB_CACHE_DIR" in result.stderr


@pytest.mark.slow
def test_processes_that_compile_at_once_do_not_corrupt_the_cache(run_python, tmp_path):
    root = Path(rnnlab.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root), "RNNLAB_CACHE_DIR": str(tmp_path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TANH], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        out, _ = process.communicate(timeout=500)
        assert process.returncode == 0
        assert out.split()[1:] == ["0.4621", "0.7864"]
    result = run_python(TANH, RNNLAB_CACHE_DIR=str(tmp_path))
    assert result.stdout.split() == ["True", "0.4621", "0.7864"]


@pytest.mark.slow
def test_a_truncated_kernel_is_compiled_again(run_python, tmp_path):
    """As a full disk leaves it."""
    place = {"RNNLAB_CACHE_DIR": str(tmp_path)}
    run_python(TANH, **place)
    for path in tmp_path.rglob("*.nbi"):
        path.write_bytes(path.read_bytes()[:20])
    assert run_python(TANH, **place).stdout.split()[1:] == ["0.4621", "0.7864"]


def test_what_one_function_makes_has_a_name_each():
    """Numba distinguishes equal names by a counter of the process, which another process repeats.

    Kernels loaded from two processes' files then used tiles of another height: products were wrong
    once both a layer and `matmul` had been loaded.
    """
    shapes = [(h, w, 2, lanes) for h in range(1, 9) for w in (1, 2, 4) for lanes in (4, 8, 16)]
    names = {row_strip(*shape).py_func.__qualname__ for shape in shapes}
    assert len(names) == len(shapes)
