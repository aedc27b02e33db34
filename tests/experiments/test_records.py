"""A file for each finished run: whole, found again by its run, never taken for another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnlab.experiments.results.tables import line_of
from rnnlab.experiments.store.records import Records, rows_by_run

COLUMNS = ("cell", "delay", "seed", "loss")
A, B = line_of(("lstm,forget_bias=0", None, 0)), line_of(('say "c"', 10, 1))
ROWS = {A: '"lstm,forget_bias=0",,0,0.5\n"lstm,forget_bias=0",,0,0.25\n', B: '"say ""c""",10,1,1\n'}


@pytest.fixture
def records(tmp_path: Path) -> Records:
    (tmp_path / "runs").mkdir()
    found = Records(tmp_path / "runs", COLUMNS, width=3)
    for key, rows in ROWS.items():
        found.write(key, rows)
    return found


def test_records_are_found_by_their_run(records: Records) -> None:
    assert records.read([A, B, line_of(("gru", 10, 1))]) == ROWS
    assert records.file(A).read_text() == "cell,delay,seed,loss\n" + ROWS[A]
    records.clear()
    assert records.read(ROWS) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cell,delay,seed,loss\n",
        "cell,delay,seed,loss\n" + ROWS[A][:-3],  # a torn tail
        "cell,seed,loss\n" + ROWS[A],  # of other columns
        "cell,delay,seed,loss\n" + ROWS[B],  # of another run
        "cell,delay,seed,loss\n" + ROWS[A] + ROWS[B],
    ],
)
def test_what_is_no_whole_record_of_its_run_is_passed_over(records: Records, text: str) -> None:
    records.file(A).write_text(text)
    assert records.read(ROWS) == {B: ROWS[B]}


def test_bytes_that_are_no_text_are_passed_over(records: Records) -> None:
    records.file(A).write_bytes(b"\xff\xfe\x00")
    assert list(records.read(ROWS)) == [B]


def test_a_table_is_split_by_its_runs() -> None:
    text = ROWS[B] + ROWS[A]
    assert rows_by_run(text, 3) == ROWS
    assert rows_by_run("", 3) == {}
