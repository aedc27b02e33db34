"""The page of real and of broken results: what it says, what it leaves alone, what it refuses."""

from __future__ import annotations

import json
import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import rnnlab
from rnnlab.experiments import GradientFlow, TaskStudy, load_spec
from rnnlab.experiments.results.older import completed
from rnnlab.registry import figures
from rnnlab.reports.missing import missing
from rnnlab.statistics import compare

PUBLISHED = Path(__file__).parents[2] / "results" / "published"


@pytest.fixture
def small(folder: Any, study: Any) -> Path:
    """Return the folder of a study of two cells in one condition."""
    return Path(folder(study({"rnn": 0.5, "gru": 1.0}, {"delay": [10]}, seeds=4)))


class Page(HTMLParser):
    """The text and the tags of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def read(folder: Path, **options: Any) -> Page:
    return Page(rnnlab.report(folder, **options).path)


def test_the_published_copy_task(published: Any) -> None:
    folder = published("copy-task")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    made = rnnlab.report(folder)
    page = Page(made.path)
    assert "Recall accuracy against delay on the copy-memory task." in page.text
    metrics = pd.read_csv(folder / "metrics.csv")
    seeds = metrics["seed"].nunique()
    assert f"{seeds} seeds for each cell and condition are few" in page.text
    assert "All cells were trained at one learning rate of 0.005" in page.text
    best = metrics[(metrics["cell"] == "gru") & (metrics["delay"] == 10)]
    solved = int((best.groupby("seed")["recall_accuracy"].max() >= 0.99).sum())
    assert f"gru, delay 10: {solved} of {seeds} solved: the success rate" in page.text
    assert "Solved by no run: rnn at delay" in page.text
    assert "no significant difference" in page.text
    assert "rnnlab run copy-task --out results/published/copy-task --force" in page.text
    manifest = json.loads(before["manifest.json"])
    start, end = (datetime.fromisoformat(manifest[name]) for name in ("start", "end"))
    took = (end - start).seconds
    assert (f"{took} seconds" if took < 120 else f"{took / 60:.0f} minutes") in page.text
    assert f"{seeds} (0 to {seeds - 1})" in page.text
    assert len(page.all("img")) == 4
    # what was there before is as it was
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert [file.name for file in made.files] == [
        "report.html", "outcomes.csv", "overall.csv", "comparison.csv", "survival.csv",
        "learning-curves.csv",
    ]  # fmt: skip
    expected = compare(metrics, "recall_accuracy")
    pd.testing.assert_frame_equal(pd.read_csv(folder / "comparison.csv"), expected)
    pd.testing.assert_frame_equal(made.tables["comparison"], expected)


def test_a_state_without_a_gradient_is_said_in_the_table_and_in_words(published: Any) -> None:
    folder = published("gradient-flow")
    for table in folder.glob("*.csv"):
        if table.name not in ("gradients.csv", "summary.csv"):
            table.unlink()  # figures that say nothing here
    gradients = pd.read_csv(folder / "gradients.csv")
    silent = gradients[gradients["state"] == "c"].assign(norm=0.0, relative_norm=float("nan"))
    gradients = pd.concat([gradients, silent.assign(state="m", log10_norm=float("-inf"))])
    gradients.to_csv(folder / "gradients.csv", index=False)
    spec: Any = None
    GradientFlow().summarise(spec, gradients).to_csv(folder / "summary.csv", index=False)
    page = read(folder)
    assert page.text.count("no gradient") >= 2 * 6
    assert "lstm init, state m: no gradient" in str(page.all("img")[0]["alt"])


def test_the_published_gradient_flow(published: Any) -> None:
    folder = published("gradient-flow")
    page = read(folder)
    assert "How gradients travel" in page.text
    assert "half-life of the decay (steps)" in page.text
    # every figure whose table is there, once, each with how to read it and the file of its numbers
    drawn = {
        name
        for name in figures
        if "gradient-flow" in figures[name].experiments and (folder / figures[name].table).exists()
    }
    assert len(drawn) == 12  # all but half-life-solving
    shown = [str(image["alt"])[:60] for image in page.all("img")]
    assert len(shown) == len(drawn), shown
    for name in drawn - {"gradient-decay"}:
        assert figures[name].title in page.text
        assert figures[name].reading in page.text
        assert f"Numbers: {figures[name].table}" in page.text
    assert (folder / "report.html").stat().st_size < 2_000_000
    seeds = pd.read_csv(folder / "gradients.csv")["seed"].nunique()
    assert (f"Gradients were measured on {seeds} seeds" in page.text) == (seeds < 10)
    bands = pd.read_csv(folder / "gradient-bands.csv")
    own = bands[(bands["cell"] == "gru") & (bands["phase"] == "init") & (bands["state"] == "h")]
    end = own.iloc[-1]
    expected = f"gru init, state h: {end['median']:.2g} at lag {end['lag']}"
    assert expected in str(page.all("img")[0]["alt"])


def test_a_folder_with_both(published: Any) -> None:
    folder, flow = published("copy-task"), published("gradient-flow")
    (folder / "gradients.csv").write_bytes((flow / "gradients.csv").read_bytes())
    page = read(folder)
    assert [heading["id"] for heading in page.all("h2")] == [
        "short", "section-1", "section-2", "settings", "again",
    ]  # fmt: skip
    assert "half-life (steps)" not in page.text  # summary.csv is that of the copy task


def test_the_page_needs_nothing_else(published: Any) -> None:
    page = read(published("copy-task"))
    links = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "href", "srcset") and value
    ]
    assert links
    files = {link for link in links if not link.startswith(("data:", "#"))}
    assert files == {"outcomes.csv", "comparison.csv", "overall.csv", "survival.csv"} | {
        "learning-curves.csv"
    }
    assert sum(tag == "img" for tag, _ in page.tags) == page.source.count("data:image/svg")
    assert len(page.source) < 400_000
    assert "http://" not in page.source
    assert "https://" not in page.source
    assert not page.all("script")


def test_the_same_result_gives_the_same_bytes(small: Path) -> None:
    first = [file.read_bytes() for file in rnnlab.report(small).files]
    assert [file.read_bytes() for file in rnnlab.report(small).files] == first


def test_every_number_of_seeds_that_is_enough(folder: Any, study: Any) -> None:
    path = folder(
        study({"rnn": 0.5, "gru": 1.0}, {"delay": [10, 20]}),
        question="Does <b>the</b> GRU remember & recall?",
    )
    page = read(path)
    assert "seeds for each cell" not in page.text
    assert "Does <b>the</b> GRU remember & recall?" in page.text  # as text, not as markup
    assert "gru better than rnn" in page.text
    assert "10 minutes" in page.text


def test_learning_rates_that_were_swept(folder: Any, study: Any) -> None:
    metrics = study({"rnn": 0.5, "gru": 1.0}, {"delay": [10, 20], "lr": [0.001, 0.01, 0.1]})
    metrics.loc[metrics["lr"] == 0.01, "recall_accuracy"] *= 1.2
    metrics["recall_accuracy"] = metrics["recall_accuracy"].clip(upper=1.0)
    made = rnnlab.report(folder(metrics))
    page = Page(made.path)
    assert "Each cell was trained with every learning rate of the study." in page.text
    assert "trained at one learning rate" not in page.text
    assert "best learning rate" in page.text
    assert len(made.tables["outcomes"]) == 12
    assert len(made.tables["at-best"]) == 4
    assert made.tables["comparison"]["conditions"].tolist() == [2]
    assert set(made.tables["learning-curves"].columns) >= {"cell", "delay"} - {"lr"}


def test_a_best_rate_at_the_end_of_the_sweep_is_said(folder: Any, study: Any) -> None:
    metrics = study({"gru": 1.0}, {"delay": [10], "lr": [0.001, 0.01, 0.1]})
    metrics["recall_accuracy"] *= metrics["lr"].map({0.001: 0.1, 0.01: 0.2, 0.1: 0.3})
    page = read(folder(metrics))
    assert "a better one may be beyond it: gru, delay 10." in page.text


def test_rates_that_tie_are_no_end_of_the_sweep(folder: Any, study: Any) -> None:
    """Every accuracy was 1: the lowest rate "won", and the sweep was called too narrow."""
    lrs = [0.001, 0.01, 0.1]
    metrics = study({"gru": 1.0, "rnn": 1.0}, {"delay": [10], "lr": lrs})
    metrics["recall_accuracy"] = 1.0
    metrics["loss"] = metrics["lr"].map({0.001: 0.1, 0.01: 0.3, 0.1: 0.2})
    made = rnnlab.report(folder(metrics, settings={"lr": lrs}))
    assert made.tables["at-best"]["lr"].tolist() == [0.001, 0.001]
    assert "end of the sweep" not in Page(made.path).text
    metrics.loc[(metrics["cell"] == "rnn") & (metrics["lr"] != 0.1), "recall_accuracy"] = 0.9
    page = read(folder(metrics, "other", settings={"lr": lrs}))
    assert "a better one may be beyond it: rnn, delay 10." in page.text


def test_the_end_of_a_sweep_is_that_of_its_own_cell(folder: Any, study: Any) -> None:
    metrics = pd.concat(
        [
            study({"gru": 1.0}, {"delay": [10], "lr": [0.001, 0.01, 0.1]}),
            study({"rnn": 1.0}, {"delay": [10], "lr": [0.001]}),  # has no sweep
            study({"lstm": 1.0}, {"delay": [10], "lr": [0.003, 0.01]}),
        ]
    )
    metrics["recall_accuracy"] = metrics["lr"].map({0.001: 0.5, 0.003: 0.6, 0.01: 0.9, 0.1: 0.7})
    page = read(folder(metrics))
    assert "a better one may be beyond it: lstm, delay 10." in page.text
    assert "trained with every learning rate" not in page.text
    assert "Cells were not all trained with the same learning rate" in page.text
    assert "(gru 0.001, 0.01, 0.1; rnn 0.001; lstm 0.003, 0.01)" in page.text


def test_several_tasks(folder: Any, study: Any) -> None:
    copying = study({"rnn": 0.5, "gru": 1.0}, {"delay": [10, 20]}, task="copy-memory")
    other = study({"rnn": 0.5, "gru": 1.0}, {"steps": [50, 90]}, metric="mse", task="mine")
    entries = [
        {"name": "copy-memory", "label": "copy-memory", "delay": [10, 20], "payload": 3},
        {"name": "mine.py:Mine", "label": "mine"},
    ]
    settings = {"experiment": "task-study", "task": entries}
    both = pd.concat([copying, other])
    both.insert(2, "steps", both.pop("steps"))  # settings stand before the seed
    made = rnnlab.report(folder(both, settings=settings))
    page = Page(made.path)
    assert "Results: copy-memory" in page.text
    assert "Results: mine" in page.text
    assert "copy-memory: gru has the highest mean recall accuracy" in page.text
    assert made.tables["comparison"]["task"].tolist() == ["copy-memory", "mine"]
    assert list(made.tables["outcomes"]["task"].unique()) == ["copy-memory", "mine"]


def test_settings_of_one_task_beside_another_stay_whole_numbers(published: Any) -> None:
    """A column with gaps is read as floats: a task of 110.0 steps was refused, and never solved."""
    made = rnnlab.report(published("ablation"))
    rows = {(row["cell"], row["task"]): row for row in made.tables["outcomes"].to_dict("records")}
    order, adding = rows["cifg", "temporal-order"], rows["nig", "adding"]
    assert (order["solved"], order["chance"]) == (10, 0.25)
    assert (adding["solved"], adding["chance"]) == (5, pytest.approx(1 / 6))
    assert "delay 20" in Page(made.path).text
    assert "delay 20.0" not in Page(made.path).text


def test_an_unfinished_study_says_what_is_missing(published: Any) -> None:
    folder = published("copy-task")
    metrics = pd.read_csv(folder / "metrics.csv")
    kept = metrics[(metrics["cell"] != "gru") & ((metrics["seed"] < 2) | (metrics["delay"] == 10))]
    kept.to_csv(folder / "metrics.csv", index=False)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "end": None}))
    page = read(folder)
    assert "What is missing" in page.text
    assert "The study is not finished" in page.text
    short = "(2 at delay 20, 2 at delay 40)"
    assert (
        "9 of 12 combinations of cell and condition have fewer than 6 seeds: "
        f"rnn {short}; lstm {short}; peephole-lstm {short}; "
        "gru (none at delay 10, none at delay 20, none at delay 40)."
    ) in page.text


@pytest.mark.parametrize(
    ("name", "lost", "said"),
    [
        (  # a label that another one begins with
            "copy-task-reduced",
            {"cell": "gru"},
            "4 of 24 .* 10 seeds: gru \\(none at delay 10, .*, none at delay 80\\).",
        ),
        (  # a task that no cell was finished on
            "ablation",
            {"task": "adding"},
            "9 of 27 .*: peephole-lstm \\(none at adding, length 40\\); nig \\(none at adding, .*",
        ),
        (  # a value of a setting that an entry sweeps for itself
            "forget-bias",
            {"forget_bias": "chrono", "delay": 40},
            "1 of 20 .*: lstm \\(none at delay 40, forget bias chrono\\).",
        ),
        (  # a rate
            "learning-rates",
            {"lr": 0.03, "task": "adding", "cell": "gru"},
            "1 of 40 .*: gru \\(none at adding, length 40, learning rate 0.03\\).",
        ),
    ],
)
def test_what_the_settings_name_and_no_run_has(
    published: Any, name: str, lost: dict[str, Any], said: str
) -> None:
    metrics = pd.read_csv(published(name) / "metrics.csv", dtype={"cell": str})
    manifest = json.loads((PUBLISHED / name / "manifest.json").read_text())
    assert missing(completed(manifest, metrics), metrics) == []
    gone = pd.concat([metrics[column] == value for column, value in lost.items()], axis=1).all(
        axis=1
    )
    assert gone.any()
    (sentence,) = missing(completed(manifest, metrics[~gone]), metrics[~gone])
    assert re.fullmatch(f"{said.split(' .*')[0]} combinations.*", sentence)
    assert re.search(said, sentence), sentence


def test_a_setting_that_is_off_is_not_missing() -> None:
    spec: Any = load_spec("task-study", {"task": "adding", "clip": [1.0, "none"], "seeds": 2})
    settings = json.loads(json.dumps(spec.settings()))
    rows = [
        {"cell": run.cell, **dict(run.point), "seed": run.seed} for run in TaskStudy().runs(spec)
    ]
    manifest = {"settings": settings, "end": "now"}
    assert missing(completed(manifest, pd.DataFrame(rows)), pd.DataFrame(rows)) == []
    (sentence,) = missing(completed(manifest, pd.DataFrame(rows[:-1])), pd.DataFrame(rows[:-1]))
    assert re.fullmatch(r"1 of \d+ .*: \S+ \(1 at adding, length \d+, clip none\).", sentence)


def test_a_cell_whose_name_another_begins_with(folder: Any, study: Any) -> None:
    """An absent lstm hid behind lstm,forget_bias=chrono."""
    metrics = study({"lstm,forget_bias=chrono": 0.5, "gru": 1.0}, {"delay": [10, 20]}, seeds=2)
    metrics = metrics[(metrics["cell"] != "gru") | (metrics["delay"] == 10)]
    labels = ["lstm", "lstm,forget_bias=chrono", "gru"]
    cells = [{"cell": label.partition(",")[0], "label": label} for label in labels]
    page = read(folder(metrics, settings={"cells": cells}))
    assert (
        "2 of 5 combinations of cell and condition have fewer than 2 seeds: "
        "gru (none at delay 20); lstm (none)."
    ) in page.text


def test_runs_that_diverged_are_counted(folder: Any, study: Any) -> None:
    metrics = study({"rnn": 0.5, "gru": 1.0}, {"delay": [10]})
    last = metrics.groupby(["cell", "seed"]).tail(1).index[:4]
    metrics.loc[last, ["status", "loss", "recall_accuracy"]] = ["diverged", None, 0.0]
    page = read(folder(metrics))
    assert "4 of 24 runs diverged (rnn). They count as worst at the end" in page.text
    assert "diverged" in page.text.partition("Outcome of every cell")[2][:200]


def test_half_of_the_runs_are_not_fewer_than_half(folder: Any, study: Any) -> None:
    metrics = study({"gru": 1.0}, {"delay": [10]}, seeds=4)
    metrics["recall_accuracy"] = metrics["seed"].map({0: 1.0, 1: 1.0, 2: 0.5, 3: 0.5})
    page = read(folder(metrics))
    assert "gru, delay 10: 2 of 4 solved" in page.text
    assert "no more than half of the runs were solved within the updates that were run" in page.text


def test_a_run_that_solved_the_task_and_diverged_later(folder: Any, study: Any) -> None:
    """It is worst at its end and solved when it was: table, curve and sentence agree."""
    metrics = study({"gru": 1.0}, {"delay": [10]}, seeds=4).assign(recall_accuracy=1.0)
    last = (metrics["seed"] == 3) & (metrics["update"] == 300)
    metrics.loc[last, ["status", "loss", "recall_accuracy"]] = ["diverged", None, 0.0]
    made = rnnlab.report(folder(metrics))
    (row,) = made.tables["outcomes"].to_dict("records")
    assert (row["solved"], row["diverged"], row["updates_to_solve"]) == (4, 1, 100.0)
    assert row["mean"] == 0.75  # of 0, 1, 1 and 1
    assert made.tables["survival"]["unsolved"].tolist() == [1.0, 0.0]
    assert made.tables["learning-curves"]["low"].tolist() == [1.0, 1.0, 0.0]
    text = Page(made.path).text
    assert "1 of 4 runs diverged (gru). They count as worst at the end, and as unsolved" in text
    assert "unless they had solved the task before" in text


def test_a_table_without_intervals_names_none(folder: Any, study: Any) -> None:
    page = read(folder(study({"rnn": 0.5, "gru": 1.0}, {"delay": [10, 20]})))
    assert "Outcome of every cell; in brackets the 95 % interval" in page.text
    assert "Every cell over all conditions that all cells have; in brackets" not in page.text


def test_updates_that_were_swept(folder: Any, study: Any) -> None:
    """The column of that name and that of a run's updates were one."""
    metrics = study({"rnn": 0.5, "gru": 1.0}, {"delay": [10], "updates": [300, 600]})
    assert rnnlab.report(folder(metrics)).tables["comparison"]["conditions"].tolist() == [2]


def test_runs_that_all_tie(folder: Any, study: Any) -> None:
    """They were said not to overlap."""
    metrics = study({"rnn": 1.0, "gru": 1.0}, {"delay": [10]}, seeds=7)
    page = read(folder(metrics.assign(recall_accuracy=1.0)))
    assert "neither of rnn and gru did better more often than the other" in page.text
    assert "Every run of every cell solves the task: it does not separate the cells." in page.text
    assert "0 of 1 pair of cells differs significantly." in page.text
    assert "overlap" not in page.text


def test_one_cell_and_one_condition(folder: Any, study: Any) -> None:
    page = read(folder(study({"gru": 1.0}, {"delay": [10]}, seeds=1)))
    assert "1 seed for each cell and condition are few" in page.text
    assert "Which cell does better" not in page.text


@pytest.mark.parametrize("text", ["not json", "[]"])
def test_a_manifest_that_is_damaged_is_an_error(small: Path, text: str) -> None:
    (small / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match=r"manifest.json must (be JSON|have an object), got"):
        rnnlab.report(small)


def test_a_table_without_a_manifest(small: Path) -> None:
    (small / "manifest.json").unlink()
    page = read(small)
    assert "There is no manifest.json that can be read" in page.text
    assert "The command is not known." in page.text


def test_foreign_columns_after_the_update_are_left_alone(small: Path) -> None:
    expected = rnnlab.report(small).tables
    pd.read_csv(small / "metrics.csv").assign(note="x").to_csv(small / "metrics.csv", index=False)
    for name, table in rnnlab.report(small).tables.items():
        pd.testing.assert_frame_equal(table, expected[name])


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "must hold the result of a study for a report, got no such folder"),
        ({}, "must hold the result of a study for a report, got no result"),
        ({"metrics.csv": "cell,delay,seed,update,status\n"}, "at least one finished run: "),
        ({"metrics.csv": "a,b\n1,2\n"}, "metrics.csv must have the columns cell, seed, update"),
        (
            {"metrics.csv": ""},
            "metrics.csv must be a table whose first line names its columns, got",
        ),
        (
            {"metrics.csv": "cell,delay,seed,update,x,status\ngru,1,0,1,1,ok\n"},
            "must have the column recall_accuracy, by which copy-memory is judged, got",
        ),
        ({"gradients.csv": "a,b\n1,2\n"}, "gradients.csv must have the columns cell, seed, phase"),
    ],
)
def test_folders_without_a_result(tmp_path: Path, files: Any, message: str) -> None:
    folder = tmp_path / "study"
    if files is not None:
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        rnnlab.report(folder)
    assert not (folder / "report.html").exists()


def test_out(small: Path, tmp_path: Path) -> None:
    made = rnnlab.report(small, out=tmp_path / "new" / "page.html")
    assert made.path == tmp_path / "new" / "page.html"
    assert {file.parent for file in made.files} == {tmp_path / "new"}
    assert [file.name for file in made.files] == [
        "page.html", "page-outcomes.csv", "page-overall.csv", "page-comparison.csv",
        "page-survival.csv", "page-learning-curves.csv",
    ]  # fmt: skip
    text = Page(made.path).text
    for file in made.files[1:]:
        assert file.name in text
    assert not re.search(r"[ :]outcomes\.csv", text)
    with pytest.raises(ValueError, match=r"out must end in .html, got '.*page.pdf'"):
        rnnlab.report(small, out=tmp_path / "page.pdf")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="out must be a file that can be written, got"):
        rnnlab.report(small, out=tmp_path / "file" / "page.html")


def test_pages_in_one_folder_do_not_share_their_tables(folder: Any, study: Any) -> None:
    one = folder(study({"rnn": 0.5, "gru": 1.0}, {"delay": [10]}, seeds=2), "one")
    other = folder(study({"lstm": 0.5, "gru": 1.0}, {"delay": [10]}, seeds=2), "other")
    pages = one.parent / "pages, all"
    first = rnnlab.report(one, out=pages / "a & b.html")
    tables = {file: file.read_bytes() for file in first.files}
    second = rnnlab.report(other, out=pages / "report.html")
    assert [file.name for file in second.files[:2]] == ["report.html", "report-outcomes.csv"]
    assert {file: file.read_bytes() for file in tables} == tables
    (one / "metrics.csv").write_bytes((other / "metrics.csv").read_bytes())
    again = rnnlab.report(one, out=pages / "a & b.html")  # a report's own may be made again
    assert again.files == first.files
    assert "lstm" in first.files[1].read_text()


@pytest.mark.parametrize(
    ("name", "out"),
    [
        ("report.html", None),
        ("comparison.csv", None),  # such as one of a benchmark, or of the user's own
        ("page.html", "page.html"),
        ("page-outcomes.csv", "page.html"),
    ],
)
def test_what_no_report_wrote_is_not_replaced(small: Path, name: str, out: str | None) -> None:
    page = None if out is None else small / out
    (small / name).write_text("mine")
    before = sorted(file.name for file in small.iterdir())
    with pytest.raises(ValueError, match=rf"out must not replace .* got {name} in .*--force"):
        rnnlab.report(small, out=page)
    assert (small / name).read_text() == "mine"
    assert sorted(file.name for file in small.iterdir()) == before
    rnnlab.report(small, out=page, force=True)
    assert (small / name).read_text() != "mine"
    rnnlab.report(small, out=page)


def test_the_tables_of_a_page_that_was_deleted(small: Path) -> None:
    made = rnnlab.report(small)
    made.path.unlink()
    assert rnnlab.report(small).files == made.files  # nothing is lost: they stay as they are
    made.path.unlink()
    made.files[1].write_text("mine")
    with pytest.raises(ValueError, match="got outcomes.csv in"):
        rnnlab.report(small)


def test_no_more_panels_than_can_be_read(folder: Any, study: Any) -> None:
    made = rnnlab.report(folder(study({"gru": 1.0}, {"delay": list(range(1, 15))}, seeds=2)))
    page = Page(made.path)
    assert "14 conditions are too many for one figure: the table has the curves" in page.text
    assert "Numbers: learning-curves.csv" in page.text


def test_a_setting_that_only_some_cells_have_is_part_of_their_name(folder: Any, study: Any) -> None:
    metrics = pd.concat(
        [
            study({"lstm": 0.6}, {"delay": [10], "forget_bias": [0.0, 1.0]}),
            study({"gru": 1.0}, {"delay": [10], "forget_bias": [None]}),
        ]
    )
    made = rnnlab.report(folder(metrics))
    assert made.tables["outcomes"]["cell"].tolist() == [
        "lstm,forget_bias=0", "lstm,forget_bias=1", "gru",
    ]  # fmt: skip
    assert made.tables["comparison"]["conditions"].tolist() == [1, 1, 1]


def test_a_clip_that_is_off_is_a_setting_and_no_cell(folder: Any, study: Any) -> None:
    """In metrics.csv "none" is a gap: one study of two cells was a comparison of four."""
    clips = [1.0, 0.25, None]
    metrics = study({"rnn": 0.5, "gru": 1.0}, {"delay": [10, 20], "clip": clips})
    metrics.loc[metrics["clip"].notna(), "recall_accuracy"] *= 0.5
    made = rnnlab.report(folder(metrics, settings={"clip": clips}))
    page = Page(made.path)
    outcomes, best = made.tables["outcomes"], made.tables["at-best"]
    assert outcomes["cell"].unique().tolist() == ["rnn", "gru"]
    assert outcomes["clip"].tolist() == ["1", "0.25", "none"] * 4
    assert best["clip"].tolist() == ["none"] * 4
    assert made.tables["comparison"][["cell_a", "cell_b", "conditions"]].to_numpy().tolist() == [
        ["rnn", "gru", 2]
    ]
    assert "1 of 1 pair of cells differs significantly: gru better than rnn." in page.text
    assert "Each cell was trained with every clip of the study." in page.text
    assert "best clip" in page.text
    assert "clip 1, 0.25, none" in page.text


def test_every_setting_of_training_is_chosen(folder: Any, study: Any) -> None:
    metrics = study(
        {"rnn": 0.5, "gru": 1.0}, {"delay": [10, 20], "clip": [1.0, 5.0], "lr": [0.1, 1.0]}
    )
    made = rnnlab.report(folder(metrics))
    assert "Each cell was trained with every clip and learning rate" in Page(made.path).text
    assert len(made.tables["outcomes"]) == 16
    assert len(made.tables["at-best"]) == 4
    assert list(made.tables["survival"].columns[:3]) == ["cell", "delay", "seeds"]


def test_a_real_study_of_tasks(tmp_path: Path) -> None:
    spec = tmp_path / "study.toml"
    spec.write_text(
        """
question = "Which of two small cells adds, and which finds the parity?"
experiment = "task-study"
task = [{ name = "adding", length = [6, 8] }, { name = "parity", length = 5 }]
cells = ["rnn", "gru"]
hidden = 4
batch = 4
updates = 4
evaluate_every = 2
evaluation_batch = 8
seeds = 2
lr = [0.001, 0.01]
"""
    )
    result = rnnlab.run(spec, out=tmp_path / "out", jobs=1)
    made = rnnlab.report(result.path)
    page = Page(made.path)
    assert "Which of two small cells adds, and which finds the parity?" in page.text
    assert "Results: adding" in page.text
    assert "Results: parity" in page.text
    assert "What is missing" not in page.text
    outcomes = made.tables["outcomes"]
    assert outcomes.groupby("task", sort=False)["metric"].first().to_dict() == {
        "adding": rnnlab.tasks.Adding.headline,
        "parity": rnnlab.tasks.Parity.headline,
    }
    assert outcomes["chance"].notna().all()
    assert len(outcomes) == 2 * 2 * 3
    # the files of the run are as they were
    pd.testing.assert_frame_equal(pd.read_csv(result.path / "metrics.csv"), result.metrics)
