"""`rnnlab bench`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import click

from rnnlab.cli.errors import user_errors
from rnnlab.cli.numbers import FiniteRange
from rnnlab.cli.output import print_rows, say

CELLS = ("rnn", "lstm", "peephole-lstm", "gru")


@click.command(short_help="Compare the speed with PyTorch and JAX.")
@click.option(
    "--cell",
    "--cells",
    "cells",
    multiple=True,
    metavar="NAME",
    help="A cell by NAME or FILE.py:NAME, or all for every registered cell. May be repeated.  "
    "[default: rnn, lstm, peephole-lstm, gru]",
)
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="T,B,I,H",
    help="Steps, sequences, inputs, units. May be repeated.  [default: eight shapes]",
)
@click.option(
    "--work",
    type=click.Choice(["training", "inference", "both"]),
    default="both",
    show_default=True,
    help="A training step includes all gradients.",
)
@click.option(
    "--dtype",
    "dtypes",
    multiple=True,
    type=click.Choice(["float32", "float64"]),
    help="May be repeated.  [default: float32]",
)
@click.option("--repeats", type=click.IntRange(3), default=15, show_default=True, help="Rounds.")
@click.option(
    "--seconds",
    type=FiniteRange(0),
    default=20,
    show_default=True,
    help="Time limit for the rounds of one case; there are at least 3 rounds.",
)
@click.option(
    "--avx2",
    is_flag=True,
    help="Keep all programs to AVX2, where the processor has AVX-512.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("results/benchmark"),
    show_default=True,
    metavar="DIR",
    help="Folder of benchmark.csv, comparison.csv, rounds.csv, benchmark.png and manifest.json.",
)
@click.option("--force", is_flag=True, help="Replace an existing benchmark in DIR.")
def bench(
    cells: tuple[str, ...],
    shapes: tuple[str, ...],
    work: str,
    dtypes: tuple[str, ...],
    repeats: int,
    seconds: float,
    avx2: bool,
    out: Path,
    force: bool,
) -> None:
    """Time rnnlab on this machine, and PyTorch and JAX if they are installed.

    Each program runs in its own process, and they take turns. The table has medians, how many times
    faster rnnlab is than the fastest rival (each at its best number of threads; median and
    quartiles of the rounds), and rnnlab's rate as a share of NumPy's rate for large matrices.
    """
    with user_errors():
        from rnnlab.benchmark.cases import read_shape
        from rnnlab.benchmark.report import run_benchmark
        from rnnlab.cells import find_cell
        from rnnlab.engine.sizes import check_pass
        from rnnlab.registry import cells as known

        names = list(known) if cells == ("all",) else list(cells or CELLS)
        found = [find_cell(name) for name in names]
        for cell, text in product(found, shapes):
            check_pass(cell, **read_shape(text)._asdict())
        comparison, files = run_benchmark(
            found,
            shapes,
            ["training", "inference"] if work == "both" else [work],
            dtypes or ("float32",),
            repeats=repeats,
            seconds=seconds,
            avx2=avx2,
            out=out,
            force=force,
            tell=lambda line: say(line, err=True),
        )
    rows = [_row(record) for record in comparison.to_dict("records")]
    headers = (
        "cell",
        "work",
        "dtype",
        "T,B,I,H",
        "rnnlab ms",
        "rival",
        "rival ms",
        "times faster",
        "quartiles",
    )
    print_rows((*headers, "GFLOP/s", "of the limit"), rows, title=True)
    for file in files:
        say(file)


def _row(record: Mapping[Hashable, Any]) -> tuple[str, ...]:
    shape = ",".join(str(record[key]) for key in ("steps", "batch", "inputs", "hidden"))
    numbers = (
        f"{record['rnnlab_ms']:.2f}",
        record["rival"],
        f"{record['rival_ms']:.2f}",
        f"{record['ratio']:.2f}",
        f"{record['ratio_low']:.2f} to {record['ratio_high']:.2f}",
        f"{record['gflops']:.0f}",
        f"{record['limit_share']:.0%}",
    )
    return (record["cell"], record["work"], record["dtype"], shape, *numbers)
