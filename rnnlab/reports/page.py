"""Report of a result: one HTML file without external resources, and its tables as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rnnlab.experiments.results.reading import labels_of
from rnnlab.experiments.results.report_files import MADE_BY, PAGE, require_own, table_files
from rnnlab.experiments.results.tables import read_table, require_numbers, to_csv
from rnnlab.files import remove_partials, write_whole
from rnnlab.plotting import styles_of_study
from rnnlab.plotting.names import words
from rnnlab.reports.blocks import Section
from rnnlab.reports.cautions import ENOUGH_SEEDS, size_caution
from rnnlab.reports.gradients import gradient_section
from rnnlab.reports.sections import task_section
from rnnlab.reports.source import Source, read_source
from rnnlab.texts import setting_text


@dataclass(frozen=True)
class Report:
    """A written report.

    Attributes
    ----------
    path : Path
        The page.
    tables : dict of str to DataFrame
        Its tables by name: those of `rnnlab.registry.statistics` that apply, and gradient-bands.
        Each is a CSV file of that name next to the page, which begins with the name of the page
        unless that is report.html in the folder of the result.
    files : list of Path
        The page and those tables.
    """

    path: Path
    tables: dict[str, pd.DataFrame]
    files: list[Path]


def report(folder: str | Path, out: str | Path | None = None, *, force: bool = False) -> Report:
    """Write a result as one self-contained HTML page, with its tables as CSV files next to it.

    The page has the question, the figures, the numbers in words, the settings and the command that
    makes the result again. For an unfinished study it lists the missing runs. Files of an earlier
    report are replaced, and no others; the tables of the run are not touched.

    Parameters
    ----------
    folder : str or Path
        Folder of a result, with metrics.csv or gradients.csv.
    out : str or Path, optional
        The page; by default report.html in `folder`.
    force : bool
        Whether files that no report wrote are replaced too.

    Returns
    -------
    Report
        With `.path`, `.tables` (DataFrames) and `.files`.

    Raises
    ------
    ValueError
        If the folder holds no result, a table cannot be read, the page cannot be written, or it
        would replace a file that no report wrote.

    Examples
    --------
    >>> import rnnlab
    >>> rnnlab.report("results/copy-task").tables["comparison"]  # doctest: +SKIP
    """
    folder = Path(folder)
    path = folder / PAGE if out is None else Path(out)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"out must end in .html, got {str(path)!r}: name the page, not a folder")
    source = read_source(folder)
    sections = list(_sections(source))
    tables = _together(sections)
    files = table_files(path, folder, tables)
    names = {name: file.name for name, file in files.items()}
    linkable = set(names.values())
    if path.parent.resolve() == folder.resolve():
        linkable |= {file.name for file in folder.glob("*.csv")}
    texts = {path: render(source, sections, names, linkable)}
    texts |= {files[name]: to_csv(table) for name, table in tables.items()}
    contents = {file: text.encode("utf-8") for file, text in texts.items()}
    try:
        if not force:
            require_own(path, contents)
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_partials(path.parent)
        for file, data in contents.items():  # the page first: it names the others as its own
            write_whole(file, data)
    except OSError as error:
        raise ValueError(
            f"out must be a file that can be written, got {str(path)!r}: "
            f"{error.strerror or error}; name another with --out (out=)"
        ) from None
    return Report(path, tables, list(contents))


def _sections(source: Source) -> Iterator[Section]:
    """Yield the sections of the page; an error in a table names its file."""
    cells = [cell for part in source.parts for cell in part.metrics["cell"]]
    # figures leave infinite values out
    with styles_of_study([*labels_of(source.manifest), *cells]), np.errstate(all="ignore"):
        try:
            file = source.folder / "metrics.csv"
            for part in source.parts:
                yield task_section(part, source, alone=len(source.parts) == 1)
            file = source.folder / "gradients.csv"
            if source.gradients is not None:
                yield gradient_section(source, source.gradients)
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from error


def render(
    source: Source, sections: list[Section], files: dict[str, str], linkable: set[str]
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    source : Source
    sections : list of Section
    files : dict of str to str
        File names of the tables, by name.
    linkable : set of str
        Names of all files next to the page, which can be links.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("rnnlab.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        title=f"{source.experiment}: report",
        question=source.question,
        missing=source.missing,
        findings=[one for section in sections for one in section.findings],
        cautions=_cautions(source, sections),
        sections=sections,
        settings=_settings(source.settings),
        commands=[
            one["command"]
            for one in [*source.manifest.get("history", []), source.manifest]
            if one.get("command")
        ],
        circumstances=_circumstances(source.manifest, source.settings),
        files=files,
        linkable=linkable,
        made_by=MADE_BY,
    )


def _together(sections: list[Section]) -> dict[str, pd.DataFrame]:
    """Return the tables of all sections, joined, with the task as a column."""
    names = dict.fromkeys(name for section in sections for name in section.tables)
    found = {}
    for name in names:
        parts = []
        for section in sections:
            if name in section.tables:
                table = section.tables[name]
                if section.task is not None:
                    place = 1 if "cell" in table else 0
                    table.insert(place, "task", section.task)
                parts.append(table)
        found[name] = pd.concat(parts, ignore_index=True)
    return found


def _cautions(source: Source, sections: list[Section]) -> list[str]:
    said = [one for section in sections for one in section.cautions]
    if source.parts:
        said.extend(filter(None, [_size_caution(source.folder / "summary.csv")]))
    if source.gradients is not None:
        seeds = int(source.gradients.groupby("cell")["seed"].nunique().min())
        if seeds < ENOUGH_SEEDS:
            said.append(
                f"Gradients were measured on {seeds} seeds: it takes {ENOUGH_SEEDS} or more to "
                "see how they scatter."
            )
    return list(dict.fromkeys(said))


def _size_caution(summary: Path) -> str | None:
    """Return the caution about the sizes of the models, if the summary has them."""
    table = read_table(summary)
    if table is None or table.empty or not {"cell", "parameters"} <= set(table.columns):
        return None
    require_numbers(summary, table, ["parameters"])
    sizes = table.groupby("cell", sort=False)["parameters"].max().dropna().astype(int).to_dict()
    return size_caution({str(cell): size for cell, size in sizes.items()})


def _settings(settings: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (words(key), _text(value))
        for key, value in settings.items()
        if value is not None and "sha256" not in key
    ]


def _text(value: Any) -> str:
    """Return a setting as text; for an entry, its label and its other options."""
    if isinstance(value, list):
        return (
            "; ".join(map(_text, value))
            if any(isinstance(v, dict) for v in value)
            else (", ".join(map(_text, value)))
        )
    if isinstance(value, dict):
        label = str(value.get("label", value.get("name", "")))
        rest = {
            key: said
            for key, said in value.items()
            if key != "label"
            and not key.endswith("sha256")
            and said is not None
            and str(said) != label
            and f"{key}={_text(said)}" not in label
            and not (key in ("cell", "name") and label.startswith(str(said)))
        }
        more = ", ".join(f"{key.replace('_', ' ')} {_text(said)}" for key, said in rest.items())
        return f"{label} ({more})" if more else label
    return setting_text(value)


def _circumstances(manifest: dict[str, Any], settings: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the circumstances of a run: versions, machine, times."""
    seeds = settings.get("seeds")
    packages = manifest.get("packages") or {}
    changed = " (with changes that are not in it)" if manifest.get("git_changed") else ""
    commit = manifest.get("git_commit")
    said = {
        "rnnlab": manifest.get("rnnlab"),
        "commit": f"{commit}{changed}" if commit else None,
        "Python": manifest.get("python"),
        "packages": ", ".join(f"{name} {v}" for name, v in packages.items() if v),
        "processor": manifest.get("cpu"),
        "threads": manifest.get("threads"),
        "system": manifest.get("system"),
        "seeds": f"{seeds} (0 to {seeds - 1})" if isinstance(seeds, int) and seeds > 1 else seeds,
        "started": manifest.get("start"),
        "finished": manifest.get("end"),
        "took": _duration(manifest.get("start"), manifest.get("end")),
    }
    return [(name, str(value)) for name, value in said.items() if value not in (None, "")]


def _duration(start: Any, end: Any) -> str | None:
    """Return how long a study took in words, None if it is not known."""
    try:
        seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except (TypeError, ValueError):
        return None
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
