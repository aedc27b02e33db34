"""What the project publishes is what its present code makes of the published tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import rnnlab
from rnnlab.experiments import Study
from rnnlab.experiments.results.report_files import files_of
from rnnlab.experiments.results.tables import read_csv, to_csv

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "results" / "published"
FLOW = {
    "hidden": 32,
    "delays": [40],
    "measure": "decay,jacobians,paths,gates,training,forget-bias",
}
STUDIES: dict[str, tuple[str, dict[str, Any]]] = {
    "copy-task": ("copy-task", {}),
    "gradient-flow": ("gradient-flow", FLOW),
    **{
        name: (str(ROOT / "experiments" / f"{name}.toml"), {})
        for name in (
            *("ablation", "adding", "copy-task-reduced", "forget-bias", "half-life"),
            *("learning-rates", "temporal-order"),
        )
    },
}
REPORTED = sorted(file.parent.name for file in PUBLISHED.glob("*/report.html"))


def test_every_published_study_is_looked_at() -> None:
    folders = {file.parent.name for file in PUBLISHED.glob("*/summary.csv")}
    assert folders == set(STUDIES)


def require_same(made: pd.DataFrame, published: Path, again: Path) -> None:
    """Compare tables as they are written; another processor may round a sum otherwise."""
    again.write_text(to_csv(made), encoding="utf-8")
    pd.testing.assert_frame_equal(read_csv(again), read_csv(published), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("name", STUDIES)
def test_a_summary_follows_from_its_table(name: str, tmp_path: Path) -> None:
    study, options = STUDIES[name]
    work = Study(study, out=PUBLISHED / name, **options)  # which refuses one of other settings
    assert work.missing == []
    made = work.experiment.summarise(work.spec, work.store.table())
    require_same(made, work.store.summary_file, tmp_path / "summary.csv")


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", sorted(PUBLISHED.glob("*/report.html")), ids=lambda p: p.parent.name
)
def test_the_tables_of_a_report_follow_from_the_result(page: Path, tmp_path: Path) -> None:
    made = rnnlab.report(page.parent, out=tmp_path / "page.html")
    files = files_of(page)
    assert files is not None
    assert sorted(file.stem for file in files[1:]) == sorted(made.tables)
    for file in files[1:]:
        require_same(made.tables[file.stem], file, tmp_path / "again.csv")
