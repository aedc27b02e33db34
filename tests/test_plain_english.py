"""Words and phrases that must not come back: CONTRIBUTING.md has the plain ones."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Openings of a module's docstring that are no noun phrase.
OPENINGS = re.compile(r"(What|How|Which|Whether|Where|When|Who|Whose|From|Say|Tell)\b")

#: Phrases and what to write instead.
PHRASES = {
    r"(say|says|tell|tells|ask|asks) whether": "return whether",
    r"nobody('s)?": "no one, or name the reader",
    r"whoever": "name the caller",
    r"anew": "again",
    r"beside": "next to, with, compared with",
    r"(told|tell|tells) (\w+ )?apart": "differ",
    r"what \w+ (came|come|comes) to": "outcome, result",
    r"stands? (there|beside|behind)": "is, is stored",
    r"found out": "determined, computed",
    r"got (none|nothing|neither)": "leave out 'got' if nothing was given",
    r"unless (told|said|asked|given) otherwise": "by default",
}

#: Matches per room that remain; a room that is not listed has none.
# The words by which published pages are recognised are one.
ALLOWED: dict[str, int] = {"experiments": 1}

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / "experiments").glob("*.toml"),
]
ROOMS: dict[str, list[Path]] = {
    "pages": PAGES,
    "examples": [*(ROOT / "examples").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")],
    "top level": list((ROOT / "rnnlab").glob("*.py")),
    **{
        room.name: [*room.rglob("*.py"), *room.rglob("*.toml"), *room.rglob("*.j2")]
        for room in sorted((ROOT / "rnnlab").iterdir())
        if (room / "__init__.py").exists()
    },
}


def found_in(name: str, text: str) -> Iterator[str]:
    """Yield the forbidden phrases of a text, with file, line and what to write instead."""
    if name.endswith(".py"):
        docstring = ast.get_docstring(ast.parse(text)) or ""
        if OPENINGS.match(docstring):
            yield f"{name}:1: {docstring.split()[0]}: begin with a noun"
    for phrase, instead in PHRASES.items():
        # words may be on two lines, the second one of a comment or a string
        pattern = rf"\b{phrase}\b".replace(" ", r"(?:\s|#|\"|f\")+")
        for match in re.finditer(pattern, text, re.IGNORECASE):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{name}:{line}: {' '.join(match[0].split())!r}: {instead}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_in_plain_english(room: str) -> None:
    found = [
        line
        for path in ROOMS[room]
        for line in found_in(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
    assert len(found) <= ALLOWED.get(room, 0), "\n".join(found)


def test_the_changes_of_the_next_release_are_too() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").partition("\n## [0.1.0]")[0]
    found = list(found_in("CHANGELOG.md", text))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        '"""What a task is."""\n',
        'def f():\n    """Say whether it is one."""\n',
        'x = "must hold a cell, got "\n"none: add one"\n',
        "# this stands\n# there\n",
    ],
)
def test_a_phrase_is_found(text: str) -> None:
    assert len(list(found_in("file.py", text))) == 1


def test_plain_words_are_not_found() -> None:
    text = (
        '"""Atomic writes of files from a process."""\nx = "for instance, besides: nonetheless"\n'
    )
    assert not list(found_in("file.py", text))
