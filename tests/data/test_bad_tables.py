"""What is wrong with a table is said in one line that names the place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnnlab.data import load_dataset
from tests.data.conftest import TABLE

SPLIT = TABLE.replace("label\n", "label,split\n")
for number, part in enumerate(["train"] * 5 + ["validation"] + ["train"] * 2 + ["test", "train"]):
    lines = SPLIT.splitlines()
    lines[number + 1] += f",{part}"
    SPLIT = "\n".join(lines) + "\n"


def cut(*changes: tuple[str, str], text: str = TABLE) -> str:
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


CASES: list[tuple[str, dict[str, Any], str]] = [
    # values
    (
        cut(("14", "n/a")),
        {},
        "data.csv, line 4, column \"temp\": must be a number, got 'n/a': correct it, leave the "
        "field empty, or name the column in text=",
    ),
    (cut(("14", "inf")), {}, "line 4, column \"temp\": must be a number, got 'inf'"),
    (
        cut(("14,low", ",low")),
        {},
        'line 4, column "temp": a feature must have a value: fill it in, or leave',
    ),
    (cut(("14,low", "NA,low")), {}, 'line 4, column "temp": a feature must have a value'),
    (
        cut(("14,low", "14,")),
        {},
        'line 4, column "wind": a feature must have a value: fill',
    ),
    (
        cut(("14,low", ",low")),
        {"missing": "ffill"},
        'line 4, column "temp": a feature must have a value, and none comes before it',
    ),
    (TABLE, {"missing": "dorp"}, "missing must be one of drop, error, ffill, got 'dorp': did you"),
    # times and sequences
    (
        cut(("b,2,16", "b,1,16")),
        {},
        'line 5, column "time": a time must occur once in a sequence, got 1 of sequence b again '
        "after line 4: drop one of the two rows",
    ),
    (
        cut(("b,2,16", "b,9,16")),
        {},
        'line 6, column "time": times must increase within a sequence, got 3 after 9 in sequence '
        "b: sort the file by id and time",
    ),
    (cut(("b,2,16", "b,soon,16")), {}, "line 5, column \"time\": must be a number, got 'soon'"),
    (
        re.sub(r",([123]),", r",2024-01-0\1,", TABLE).replace("b,2024-01-02", "b,2024-31-02"),
        {},
        'line 5, column "time": must be a number or a date such as 2024-05-31 or '
        "2024-05-31T08:30, got '2024-31-02': correct it",
    ),
    (cut(("b,2,16", "b,,16")), {}, 'line 5, column "time": a number is missing: give every'),
    (
        cut(("b,2,16", ",2,16")),
        {},
        'line 5, column "id": a row must name its sequence: fill',
    ),
    (
        "id,time,a,label\ns,1,1,x\ns,2,2,y\n",
        {},
        "must hold at least 3 sequences to split into train, validation and test, got 1 (s): cut",
    ),
    ("id,a,label\ns,1,x\nt,2,y\n", {}, "must hold at least 3 sequences to split"),
    # targets
    (
        cut(("b,2,16,low,y", "b,2,16,low,x")),
        {"read": "last"},
        'line 5, column "label": a sequence must have one target, got x after y: give',
    ),
    (
        cut(("c,1,20,none,x", "c,1,20,none,")),
        {},
        'line 7, column "label": sequence c must have a target',
    ),
    (
        re.sub(r",[xy]\n", ",x\n", TABLE),
        {},
        'data.csv, column "label": a target must have two classes or more in the training part, '
        "got x only",
    ),
    (
        re.sub(r",[xy]\n", ",5\n", TABLE),
        {"task": "regression"},
        'column "label": a target must vary in the training part, got 5 only',
    ),
    (
        cut(("e,1,11,low,x", "e,1,11,low,z"), text=SPLIT),
        {},
        "line 10: sequence e of the test part has the class 'z', which must be in the training "
        "part too, got x, y there: put one of its sequences there, or collect more sequences of it",
    ),
    (
        re.sub(r",[xy]\n", ",NA\n", TABLE),
        {},
        'line 2, column "label": sequence a must have a target: fill it in or leave',
    ),
    (
        TABLE.replace(",x\n", ",1\n")
        .replace(",y\n", ",0\n")
        .replace("c,1,20,none,1", "c,1,20,none,l"),
        {},
        "line 7, column \"label\": must be a number, got 'l': correct it, leave the field empty, "
        'or take all for words with task="classification"',
    ),
    (
        "id,a,l1,l2\n"
        + "".join(f"s{n},{n},{n % 2},{'' if n == 3 else n // 2 % 2}\n" for n in range(8)),
        {"target": ["l1", "l2"]},
        'line 5, column "l2": sequence s3 must have a target: fill it in or leave the sequence out',
    ),
    (TABLE, {"target": ["temp", "wind"]}, "line 2, column \"wind\": must be a number, got 'low'"),
    (TABLE, {"task": "regression"}, "line 2, column \"label\": must be a number, got 'x'"),
    (
        TABLE,
        {"target": ["temp"], "task": "multi-label"},
        'line 2, column "temp": a label must be 0 or 1, got 10: predict numbers with task=',
    ),
    (TABLE, {"task": "clasification"}, "task must be one of classification, multi-label, regress"),
    (TABLE, {"read": "first"}, "read must be one of every, last, got 'first'"),
    (
        TABLE,
        {"target": ["temp", "label"], "task": "classification"},
        "a classification must have one target, got temp, label",
    ),
    (
        TABLE,
        {"target": ["temp"], "horizon": 1},
        "line 7: sequence c must be longer than the horizon of 1 steps, got 1: leave it out",
    ),
    (TABLE, {"horizon": -1}, "horizon must be a whole number of steps, got -1"),
    (TABLE, {"horizon": 1, "read": "last"}, "a forecast must be read at every step"),
    # columns
    (TABLE, {"sequence": "ids"}, "data.csv: sequence column must be one of .*, got 'ids': did you"),
    (TABLE, {"time": "tiem"}, "time column must be one of .*, got 'tiem': did you mean 'time'?"),
    (TABLE, {"features": ["temp", "wnid"]}, "feature column must be one of .* did you mean 'wind'"),
    (TABLE, {"target": ["labl"]}, "target column must be one of .* did you mean 'label'"),
    (TABLE, {"text": ["tmp"]}, "text column must be one of .* did you mean 'temp'"),
    (TABLE, {"weight": "w"}, "weight column must be one of"),
    (
        TABLE,
        {"features": ["label"], "target": ["label"]},
        'column "label" must have one role, got a target and a feature: predict it N '
        "steps ahead with horizon=N",
    ),
    (
        TABLE,
        {"sequence": "id", "time": "id"},
        'column "id" must have one role, got the sequence and the time: name another column',
    ),
    (TABLE, {"features": ["temp", "temp"]}, 'features must differ, got "temp" twice: drop one'),
    (
        cut(("id,", "who,")),
        {},
        "must have a column that names the sequence of each row, got who, time",
    ),
    (cut(("label", "kind")), {}, "must have a column to predict, got id, time, temp, wind, kind"),
    (
        "id,label\na,x\nb,y\nc,x\n",
        {},
        "must have a feature besides id, label: name it",
    ),
    (TABLE, {"ignore": ["tmp"]}, "ignored column must be one of .* did you mean 'temp'"),
    (
        TABLE,
        {"ignore": ["wind"], "features": ["wind"]},
        'column "wind" must have a role or be ignored, got both',
    ),
    (
        cut(("temp", "c1"), ("wind", "c10")),
        {"features": ["c2"]},
        "feature column must be one of id, time, c1, c10, label, got 'c2': name one of these",
    ),
    (TABLE, {"features": ["pressure"]}, "got 'pressure': name one of these"),
    # numbers in local notation
    (
        re.sub(r",(1\d),", r',"\1,5",', TABLE),
        {},
        'line 2, column "temp": numbers must be written with a point and without a unit, got '
        "'10,5': write 10.5, or name the column in text= if it holds words",
    ),
    (
        re.sub(r",(1\d),", r",\1 %,", TABLE),
        {},
        "got '10 %': write 10 and % in the column's name, or name the column in text=",
    ),
    (
        re.sub(r",(1\d),", r",\1 kW,", TABLE),
        {"target": ["temp"]},
        "got '10 kW': write 10 and kW in the column's name, or take all for words with task=",
    ),
    (
        cut(("14", '"1.234,5"')),
        {},
        "line 4, column \"temp\": must be a number, got '1.234,5': write 1234.5, or correct it",
    ),
    # one value in two ways
    (
        TABLE.replace(",x\n", ",1\n").replace(",y\n", ",0\n").replace("20,none,1", "20,none,1.0"),
        {"task": "classification"},
        'data.csv, lines 2 and 7, column "label": a class must be written in one way, got '
        "'1' and '1.0': write it as 1",
    ),
    (
        TABLE.replace(",x\n", ",01\n").replace(",y\n", ",0\n").replace("none,01", "none,1"),
        {"task": "classification"},
        "lines 2 and 7, column \"label\": a class must be written in one way, got '01' and '1'",
    ),
    (
        TABLE.replace(",x\n", ",caf\u00e9\n").replace("none,caf\u00e9", "none,cafe\u0301"),
        {},
        "a class must be written in one way",
    ),
    (
        cut(("d,1,30", "d,1,10.0")),
        {"text": ["temp"]},
        "lines 2 and 8, column \"temp\": a word must be written in one way, got '10' and '10.0'",
    ),
    # numbers that cannot be scaled
    (
        cut(("14", "-1.797e308")),
        {},
        'line 4, column "temp": a number must stay finite when it is scaled, got -1.797e308, which',
    ),
    (cut(("30", "1e200")), {"split_seed": 1}, 'line 8, column "temp": a number must stay finite'),
    (
        cut(("14", "-1.797e308")),
        {"target": ["temp"]},
        'line 4, column "temp": a number must stay finite when it is scaled, got -1.797e308, which',
    ),
    # times
    (
        cut(("b,2,16", "b,1.0,16")),
        {},
        'line 5, column "time": a time must occur once in a sequence, got 1.0 of sequence b again',
    ),
    # splits and weights
    (
        TABLE,
        {"split": (0.5, 0.5, 0.5)},
        "split must be three shares above 0 that add up",
    ),
    (
        SPLIT,
        {"split_seed": 0},
        'split_seed must go with shares, got 0 and the column "split", which assigns the parts',
    ),
    (TABLE, {"split": (0.5, 0.5)}, "split must be three shares above 0 that add up"),
    (
        cut((",x,validation", ",x,validate"), text=SPLIT),
        {},
        "line 7, column \"split\": must be train, validation or test, got 'validate'",
    ),
    (
        cut((",x,validation", ",x,train"), text=SPLIT),
        {},
        'column "split": every part must have a sequence, but validation has none',
    ),
    (
        cut(("b,2,16,low,y,train", "b,2,16,low,y,test"), text=SPLIT),
        {},
        "line 5, column \"split\": the part must be the same in all rows of a sequence, got 'test'",
    ),
    (
        TABLE,
        {"weight": "temp", "features": ["wind"]},
        "line 3, column \"temp\": the weight must be the same in all rows of a sequence, got '12'",
    ),
    (
        "id,a,w,label\n" + "".join(f"s{n},{n},{n - 1},{'xy'[n % 2]}\n" for n in range(6)),
        {"weight": "w"},
        'line 2, column "w": a weight must be more than 0, got -1: leave the sequence out',
    ),
    (
        "id,a,w,label\n" + "".join(f"s{n},{n},1.{n}e308,{'xy'[n % 2]}\n" for n in range(6)),
        {"weight": "w"},
        'line 7, column "w": weights must have a finite sum, got 1.5e+308: divide them',
    ),
    # files
    ("", {}, "must have a header"),
    ("id,time,label\n", {}, "data.csv must have rows after its header"),
    (
        "a;b;c\n1;2;3\n",
        {},
        "line 1: fields must be separated by commas, got 'a;b;c'",
    ),
    (cut(("b,2,16", "b,2,16,7")), {}, "line 5: must have 5 fields as the header has, got 6"),
    (cut(("wind", "temp")), {}, 'line 1: columns must differ, got "temp" twice'),
    (cut(("wind", "")), {}, "line 1: column 4 must have a name: add one"),
    (
        cut(("b,2,16", 'b,2,"16')),
        {},
        "data.csv, line 11: must be CSV, got: unexpected end of data; correct it there",
    ),
]


@pytest.mark.parametrize(("text", "options", "message"), CASES, ids=range(len(CASES)))
def test_the_line_says_where_and_what(
    text: str, options: dict[str, Any], message: str, write: Callable[..., Path]
) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        load_dataset(write(text), **options)
    said = str(caught.value)
    pattern = message if "|" in message or ".*" in message else re.escape(message)
    assert re.search(pattern, said), said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"PK\x03\x04rest", "must be a CSV file, got a ZIP archive or an Excel workbook: save"),
        (b"PAR1....", "must be a CSV file, got a Parquet file"),
        (b"id,label\n\xe9,1\n", "line 2: must be text in UTF-8, got other bytes"),
        (b"id,label\na,\x00\n", "must be a CSV file, got a binary file"),
    ],
)
def test_files_of_another_kind(raw: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=message):
        load_dataset(path)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be a file that can be read, got .*no.csv"):
        load_dataset(tmp_path / "no.csv")
    with pytest.raises(ValueError, match="must be a file that can be read, got .*Is a directory"):
        load_dataset(tmp_path)


def test_line_numbers_count_lines_not_rows(write: Callable[..., Path]) -> None:
    """A quoted line break and an empty line are lines of the file too."""
    text = TABLE.replace("a,1,10,low,x\n", 'a,1,10,"lo\nw",x\n\n').replace("16", "sixteen")
    with pytest.raises(ValueError, match='line 7, column "temp": must be a number, got .sixteen'):
        load_dataset(write(text))
