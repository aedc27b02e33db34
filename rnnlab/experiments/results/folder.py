"""Kinds of result folders, and the commands that work on each."""

from __future__ import annotations

from pathlib import Path

from rnnlab.experiments.results.reading import read_manifest

# What a folder holds, by the experiment that its manifest or else its tables show.
_NAMES = {
    "copy-task": "a copy-task study",
    "task-study": "a study of tasks",
    "gradient-flow": "a gradient-flow study",
    "fit": "a fit of a table (rnnlab fit)",
    "bench": "a benchmark (rnnlab bench)",
}
_TABLES = {"benchmark.csv": "bench", "gradients.csv": "gradient-flow", "metrics.csv": "task-study"}
STUDIES = ("copy-task", "task-study", "fit")


def kind_of(folder: Path) -> str | None:
    """Return which experiment a folder is the result of, None if it holds no result.

    Raises
    ------
    ValueError
        If its manifest is not what a run writes.
    """
    manifest = read_manifest(folder)
    experiment = None if manifest is None else manifest["settings"].get("experiment")
    if experiment in _NAMES:
        return str(experiment)
    found = next((kind for name, kind in _TABLES.items() if (folder / name).exists()), None)
    if found == "task-study" and "part" in _first_line(folder / "metrics.csv"):
        return "fit"
    return found


def described(folder: Path) -> str:
    """Return in words what a folder holds, and which commands work on it.

    Raises
    ------
    ValueError
        If its manifest is not what a run writes.
    """
    kind = kind_of(folder)
    if kind is not None:
        return f"{_NAMES[kind]}; {_works_on(kind, folder)}"
    if not folder.exists():
        return "no such folder"
    if not folder.is_dir():
        return "a file; name the folder it is in"
    return "no result there"


def _works_on(kind: str, folder: Path) -> str:
    """Return the commands that work on a result."""
    if kind == "fit":
        return (
            f"its scores are in {folder / 'summary.csv'}, rnnlab plot loss-curves --from {folder} "
            f"draws it, rnnlab report {folder} compares its cells, rnnlab predict uses its models"
        )
    if kind == "bench":
        return f"its numbers are in {folder / 'benchmark.csv'}, its picture is benchmark.png there"
    figures = ", ".join(figures_of(kind))
    return f"rnnlab report {folder} works on it, and rnnlab plot NAME --from {folder} of {figures}"


def figures_of(kind: str) -> list[str]:
    """Return the figures that can be drawn of a kind of result."""
    from rnnlab.registry import figures

    return [name for name in figures if kind in figures[name].experiments]


def _first_line(file: Path) -> list[str]:
    try:
        if file.is_file():  # a pipe would be waited for
            with file.open(encoding="utf-8", errors="replace") as text:
                return text.readline(10_000).rstrip("\n").split(",")
    except OSError:
        pass
    return []
