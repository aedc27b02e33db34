"""`rnnlab report`, as users run it, on a study that they have just run."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def test_from_a_run_to_its_page(rnnlab: Any, tiny: list[str], tmp_path: Path) -> None:
    ran = rnnlab("run", "copy-task", *tiny, "--delay", "3", "--out", "study")
    assert ran.returncode == 0, ran.stderr
    done = rnnlab("report", "study")
    assert (done.returncode, done.stderr) == (0, "")
    printed = done.stdout.splitlines()
    assert printed[0] == str(Path("study") / "report.html")
    assert all((tmp_path / file).is_file() for file in printed)
    page = (tmp_path / "study" / "report.html").read_text(encoding="utf-8")
    assert "rnnlab run copy-task" in page
    assert "2 seeds for each cell and condition are few" in page
    # a figure of it can be drawn again, as a picture
    drawn = rnnlab("plot", "comparison", "--from", "study")
    assert (drawn.returncode, drawn.stderr) == (0, "")
    assert (tmp_path / "study" / "comparison.png").stat().st_size > 10_000
    # and the run is what it was: nothing is left to compute
    again = rnnlab("run", "copy-task", *tiny, "--delay", "3", "--out", "study")
    assert "all done before" in again.stdout


def test_a_folder_without_a_result(rnnlab: Any, tmp_path: Path) -> None:
    done = rnnlab("report", "nowhere")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: nowhere must hold the result of a study for a report")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "nowhere").exists()


def test_a_figure_before_its_report(rnnlab: Any, tmp_path: Path) -> None:
    done = rnnlab("plot", "survival", "--from", "study")
    assert done.returncode == 2
    assert "study must hold a study of tasks for survival, got no such folder" in done.stderr
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "metrics.csv").write_text("cell,delay,seed,update,status\n")
    done = rnnlab("plot", "survival", "--from", "study")
    assert done.returncode == 2
    assert "make it with: rnnlab report study" in done.stderr


def test_it_says_what_it_does(rnnlab: Any) -> None:
    done = rnnlab("report", "--help")
    assert "Write the result in DIR as one self-contained HTML page" in done.stdout
    assert "report" in rnnlab("--help").stdout
