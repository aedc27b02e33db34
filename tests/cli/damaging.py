"""Damaged and hostile result folders: every variant is small, deterministic and has a name."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Variant = tuple[str, Callable[[Path], None]]

#: What may be where a value should be.
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", " ", "x", "\x1b[31mred", "a\nb", "\u202eright", "\u2028",
    "$\\foo$", "模型", "क्षि e\u0301", "<script>alert(1)</script>", "../../etc", "z" * 100_000,
    [], [[]], [None], [1, "a"], {}, {"a": {}}, [{"label": ""}], [{"label": "x" * 400}],
)  # fmt: skip
#: What may be where a number should be, as JSON text.
NUMBERS = ("1e400", "-1e400", "NaN", "Infinity", "9" * 5000, "9223372036854775808", "1e308")
CELLS = (
    "", " ", "x", "inf", "-inf", "nan", "1e400", "1e308", "-1e308", "9" * 40, "9223372036854775808",
    "-1", "0", "1.5", "true", '"a""b"', '"a\nb"', "\x1b[2J", "\x00", "\u202e", "模型", "$\\foo$",
    "1,5", "z" * 200_000,
)  # fmt: skip


def variants(source: Path) -> Iterator[Variant]:
    """Yield ways to damage a copy of the result in `source`."""
    manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
    for place in _places(manifest):
        yield from _values_at(place)
    yield from _manifests()
    for table in sorted(source.glob("*.csv")):
        yield from _tables(table.name, table.read_text(encoding="utf-8"))
    for name in sorted(file.name for file in source.iterdir() if file.suffix in (".csv", ".json")):
        yield from _files(name)
    yield from _runs()


def _places(manifest: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for key, value in manifest.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, inner) for inner in value)
    for key in ("cells", "task"):
        entries = manifest.get("settings", {}).get(key)
        if isinstance(entries, list):
            yield ("settings", key, 0)
            yield from (("settings", key, 0, name) for name in (*entries[0], "lr", "name"))
    yield ("history",)


def _values_at(place: tuple[Any, ...]) -> Iterator[Variant]:
    def put(path: Path, value: Any) -> str:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        inner = manifest
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
        return json.dumps(manifest)

    def write(value: Any) -> Callable[[Path], None]:
        return lambda path: _write(path / "manifest.json", put(path, value))

    def write_number(text: str) -> Callable[[Path], None]:
        return lambda path: _write(
            path / "manifest.json", put(path, "@number@").replace('"@number@"', text)
        )

    where = ".".join(map(str, place))
    for value in VALUES:
        yield f"{where} = {value!r:.30}", write(value)
    for text in NUMBERS:
        yield f"{where} = {text:.20}", write_number(text)


def _manifests() -> Iterator[Variant]:
    texts = {
        "empty": "",
        "no object": "[]",
        "a number": "5",
        "half": '{"settings": {"cells"',
        "deep list": '{"settings": ' + "[" * 100_000,
        "deep object": '{"settings": ' + '{"a":' * 5000 + "1" + "}" * 5001,
        "forty levels": '{"settings": ' + "[" * 40 + "]" * 40 + "}",
        "twice": '{"settings": {}, "settings": []}',
        "half a pair": '{"command": "\\ud800"}',
        "large grid": '{"settings": {"experiment": "copy-task", "seeds": 100000, "delays": '
        f"{list(range(1, 500))}}}}}",
    }
    for name, text in texts.items():
        yield f"manifest: {name}", _writer("manifest.json", text)


def _tables(name: str, text: str) -> Iterator[Variant]:
    lines = text.splitlines()
    header = lines[0].split(",")

    def rewrite(lines: list[str]) -> Callable[[Path], None]:
        return lambda path: _write(path / name, "\n".join(lines) + "\n")

    for number, column in enumerate(header):
        for value in CELLS:
            row = lines[1].split(",")
            if len(row) == len(header):
                row[number] = value
                yield (
                    f"{name}: {column} = {value!r:.20}",
                    rewrite([lines[0], ",".join(row), *lines[2:]]),
                )
        left = [",".join(f for n, f in enumerate(one.split(",")) if n != number) for one in lines]
        yield f"{name}: without {column}", rewrite(left)
        words = [
            ",".join("word" if n == number else f for n, f in enumerate(one.split(",")))
            for one in lines[1:]
        ]
        yield f"{name}: words in {column}", rewrite([lines[0], *words])
        yield (
            f"{name}: {column} twice",
            rewrite([f"{one},{one.split(',')[number]}" for one in lines]),
        )
    yield f"{name}: header alone", rewrite(lines[:1])
    yield f"{name}: empty", lambda path: _write(path / name, "")
    yield f"{name}: one long line", rewrite(["a" * 1_000_000])
    yield f"{name}: more fields", rewrite([lines[0], lines[1] + ",1,2,3", *lines[2:]])
    yield f"{name}: fewer fields", rewrite([lines[0], "gru", *lines[2:]])
    yield f"{name}: rows twice", rewrite([*lines, *lines[1:]])
    yield f"{name}: open quote", rewrite([lines[0], '"' + lines[1], *lines[2:]])
    yield f"{name}: backwards", rewrite([lines[0], *lines[:0:-1]])


def _files(name: str) -> Iterator[Variant]:
    def replaced(make: Callable[[Path], None]) -> Callable[[Path], None]:
        def damage(path: Path) -> None:
            (path / name).unlink()
            make(path / name)

        return damage

    def sparse(file: Path) -> None:
        with file.open("wb") as stream:
            stream.truncate(2**40)

    noise = random.Random(1).randbytes(5000)
    yield f"{name}: gone", replaced(lambda _: None)
    yield f"{name}: bytes", replaced(lambda file: _bytes(file, noise))
    yield (
        f"{name}: Latin-1",
        replaced(lambda file: _bytes(file, b"gr\xf6\xdfe,a\n1,2\n")),
    )
    yield f"{name}: UTF-16", replaced(lambda file: _bytes(file, "cell,seed\n".encode("utf-16")))
    yield f"{name}: NUL", replaced(lambda file: _bytes(file, b"\0" * 5000))
    yield f"{name}: a folder", replaced(lambda file: file.mkdir())
    yield f"{name}: a link to itself", replaced(lambda file: file.symlink_to(file.name))
    yield f"{name}: a link to nothing", replaced(lambda file: file.symlink_to("nothing"))
    yield f"{name}: a device", replaced(lambda file: file.symlink_to("/dev/zero"))
    yield f"{name}: a pipe", replaced(lambda file: os.mkfifo(file))
    yield f"{name}: a terabyte", replaced(sparse)


def _runs() -> Iterator[Variant]:
    def run_file(name: str, text: str) -> Callable[[Path], None]:
        def damage(path: Path) -> None:
            (path / "runs").mkdir(exist_ok=True)
            _write(path / "runs" / name, text)

        return damage

    state = {"host": "h", "pid": 1, "beat": 1.0, "running": [], "failed": [], "ended": None}
    for key in (*state, "seconds_left", "where"):
        for value in VALUES:
            changed = json.dumps({**state, key: value})
            yield f"runner.json: {key} = {value!r:.30}", run_file("runner.json", changed)
        for text in NUMBERS:
            changed = json.dumps({**state, key: "@"}).replace('"@"', text)
            yield f"runner.json: {key} = {text:.20}", run_file("runner.json", changed)
    for text in (
        "",
        "[]",
        "{}",
        '{"runs": 5, "before": []}',
        '{"runs": {}, "before": {}}',
        "[" * 9999,
    ):
        yield f"plan.json: {text:.20}", run_file("plan.json", text)
        yield f"runner.json: {text:.20}", run_file("runner.json", text)
    yield "runs: a file", lambda path: _write(path / "runs", "x")


def _writer(name: str, text: str) -> Callable[[Path], None]:
    return lambda path: _write(path / name, text)


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", errors="surrogatepass")


def _bytes(file: Path, data: bytes) -> None:
    file.write_bytes(data)
