"""Paths of a report, and detection of files that an earlier report wrote."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

PAGE = "report.html"
# Names the tables at the foot of a page. What a page names there was written with it.
MADE_BY = "Made by rnnlab report. The numbers behind this page lie beside it:"


def table_files(page: Path, folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Return the file of each table, next to the page.

    The tables of report.html in the folder of the result have plain names. Those of any other page
    begin with its own, so that pages in one folder do not share them.

    Examples
    --------
    >>> result = Path("results/adding")
    >>> table_files(result / "report.html", result, ["outcomes"])["outcomes"].name
    'outcomes.csv'
    >>> table_files(Path("pages/adding.html"), result, ["outcomes"])["outcomes"].name
    'adding-outcomes.csv'
    """
    plain = page.name == PAGE and page.parent.resolve() == folder.resolve()
    prefix = "" if plain else f"{page.stem}-"
    return {name: page.with_name(f"{prefix}{name}.csv") for name in names}


def files_of(page: Path) -> list[Path] | None:
    """Return the files of the report at `page`, as it names them; None if there is none."""
    if not page.is_file():
        return None
    text = page.read_text(encoding="utf-8", errors="replace")
    found = re.search(rf"{re.escape(MADE_BY)}(.*?)\.\s*Intervals", text, re.DOTALL)
    if found is None:
        return None
    names = (name.strip() for name in html.unescape(re.sub("<[^>]*>", "", found[1])).split(","))
    return [page, *(page.with_name(name) for name in names if name and Path(name).name == name)]


def require_own(page: Path, contents: Mapping[Path, bytes]) -> None:
    """Raise a ValueError if writing `contents` would lose what no report wrote.

    A page that is a report may be replaced, and so may the tables that it names. A file that
    stays as it is loses nothing.
    """
    own = files_of(page) or []
    strange = [
        file.name
        for file, data in contents.items()
        if file.is_file() and file not in own and file.read_bytes() != data
    ]
    if strange:
        raise ValueError(
            f"out must not replace files that no report wrote, got {', '.join(strange)} in "
            f"{page.parent}: move that away, name another page with --out (out=), or replace it "
            "with --force (force=True)"
        )
