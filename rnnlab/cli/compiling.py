"""Compilation of kernels before a command needs them, with a message."""

from __future__ import annotations

import time

from rnnlab.cells import CellDefinition


def compile_first(cell: CellDefinition, dtype: str) -> None:
    """Compile a cell's kernels, with a line on stderr, unless they are in the cache."""
    from rnnlab.engine import is_cached, prepare

    if is_cached(cell, dtype):
        return
    from rnnlab.cli.progress import Lines

    lines = Lines()
    lines.compiling(cell.name, dtype)
    start = time.perf_counter()
    prepare(cell, dtype)
    lines.compiled(cell.name, dtype, time.perf_counter() - start)
