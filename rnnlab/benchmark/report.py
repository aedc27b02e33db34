"""Files of a benchmark: rounds.csv, benchmark.csv, comparison.csv, benchmark.png, manifest.json."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from rnnlab.benchmark.cases import SHAPES, Case, read_shape
from rnnlab.benchmark.programs import AVX2, Programs
from rnnlab.benchmark.rivals import installed_rivals, threads_to_try
from rnnlab.benchmark.suite import compare, measure, summarise
from rnnlab.cells import CellDefinition
from rnnlab.engine import instruction_set
from rnnlab.experiments.results.tables import to_csv
from rnnlab.experiments.store import manifest
from rnnlab.experiments.store.writing import make_writable, write_whole

FILES = ("benchmark.csv", "comparison.csv", "rounds.csv", "benchmark.png", "manifest.json")


def run_benchmark(
    cells: Sequence[CellDefinition],
    shapes: Sequence[str],
    works: Sequence[Any],
    dtypes: Sequence[str],
    *,
    repeats: int,
    seconds: float,
    avx2: bool,
    out: Path,
    force: bool,
    tell: Callable[[str], None],
) -> tuple[pd.DataFrame, list[Path]]:
    """Measure every combination and write the files; return the comparison and their paths.

    Raises
    ------
    ValueError
        If a shape is wrong, if the folder cannot be written, if it contains a benchmark already and
        `force` is not set, or if the processor does not have `avx2`.
    """
    if avx2 and instruction_set() not in ("AVX2", "AVX-512"):
        raise ValueError(f"avx2 needs a processor with AVX2, this one has {instruction_set()}")
    chosen = [read_shape(shape) for shape in shapes] or list(SHAPES)
    make_writable(out)
    if (out / FILES[0]).exists() and not force:
        raise ValueError(
            f"{out} must not contain a benchmark, got {FILES[0]}: replace it with --force, or "
            "choose another folder with --out"
        )
    settings = {
        "cells": [cell.name for cell in cells],
        "shapes": [str(shape) for shape in chosen],
        "work": list(works),
        "dtypes": list(dtypes),
        "repeats": repeats,
        "seconds": seconds,
        "avx2": avx2,
    }
    start = manifest.now()
    cases = [Case(*case) for case in product(cells, chosen, dtypes, works)]
    rivals = [rival for rival in installed_rivals() if any(map(rival.accepts, cases))]
    tables = []
    with Programs(rivals, threads_to_try(), AVX2 if avx2 else None) as programs:
        for number, case in enumerate(cases, start=1):
            tell(f"[{number}/{len(cases)}] {case.cell.name} {case.work} {case.dtype} {case.shape}")
            tables.append(measure(case, programs, repeats=repeats, seconds=seconds))
    rounds = pd.concat(tables, ignore_index=True)
    table, comparison = summarise(rounds), compare(rounds)
    for name, content in zip(FILES[:3], (table, comparison, rounds), strict=True):
        write_whole(out / name, to_csv(content))
    from rnnlab.plotting import plot_benchmark, save_figure

    save_figure(plot_benchmark(table), out / FILES[3])
    document = {
        "command": " ".join(["rnnlab", *sys.argv[1:]]),
        "settings": settings,
        **manifest.circumstances(),
        "instruction_set": "AVX2" if avx2 else instruction_set(),
        "environment": AVX2 if avx2 else {},
        "rivals": {name: manifest.version(name) for name in ("torch", "jax")},
        "start": start,
        "end": manifest.now(),
    }
    write_whole(out / FILES[4], json.dumps(document, indent=2) + "\n")
    return comparison, [out / name for name in FILES]
