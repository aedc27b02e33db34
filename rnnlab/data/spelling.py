"""Ways of writing: numbers in local notation, and one value written in two ways."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

# a sign, digits in groups with points or commas, and a unit before or after them
_LOCAL = re.compile(
    r"(?P<currency>[€$£¥]\s*)?(?P<sign>[+\-\u2212]?)\s*"
    r"(?P<body>\d(?:[\d.,'\u2019\u00a0\u202f ]*\d)?)"
    r"(?P<unit>\s*[^\W\d_]{1,5}(?:/[^\W\d_]{1,3})?[²³]?|\s*[%‰°€$£¥][CF]?)?"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:(?P<mark>[.,'\u2019\u00a0\u202f ])\d{3})(?:(?P=mark)\d{3})*")
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")


def local_number(text: str) -> tuple[str, str] | None:
    """Return a number in local notation as Python writes it, and its unit; None if it is none.

    Where it is not known which of two numbers is meant, both are returned with "or" between.

    Examples
    --------
    >>> [local_number(text) for text in ("1,5", "12 %", "5 kW", "1.234,5", "1,234")]
    [('1.5', ''), ('12', '%'), ('5', 'kW'), ('1234.5', ''), ('1.234 or 1234', '')]
    >>> [local_number(text) for text in ("31.12.2024", "08:30", "A1", "drill")]
    [None, None, None, None]
    """
    found = _LOCAL.fullmatch(text)
    if found is None:
        return None
    number = _joined(found["body"])
    if number is None:
        return None
    sign = "-" if found["sign"] in ("-", "\u2212") else ""
    unit = (found["currency"] or found["unit"] or "").strip()
    return " or ".join(sign + one for one in number.split(" or ")), unit


def _joined(body: str) -> str | None:
    """Return digits with their marks as a number with a point."""
    whole, mark, decimals = body, "", ""
    last = max(body.rfind("."), body.rfind(","))
    if last >= 0:
        whole, mark, decimals = body[:last], body[last], body[last + 1 :]
    if mark and (mark in whole or not decimals.isdigit()):
        whole, decimals = body, ""  # the mark occurs more than once: it is no decimal point
    if not whole.isdigit():
        if not _THOUSANDS.fullmatch(whole):
            return None
        whole = re.sub(r"\D", "", whole)
        return f"{whole}.{decimals}" if decimals else whole
    if not decimals:
        return whole
    if mark == "," and len(decimals) == 3 and len(whole) <= 3:
        return f"{whole}.{decimals} or {whole}{decimals}"
    return f"{whole}.{decimals}"


def number_hint(text: str) -> str | None:
    """Return how a number in local notation is to be written, in words; None if it is none."""
    found = local_number(text)
    if found is None:
        return None
    number, unit = found
    return f"write {number}" + (f" and {unit} in the column's name" if unit else "")


def in_local_notation(values: Iterable[str]) -> str | None:
    """Return the first value in local notation if the column is made of numbers in it.

    At least half of the values must be numbers, all of those with a unit in the same one.

    Examples
    --------
    >>> in_local_notation(["3", "1,5", "2,5", "off"]), in_local_notation(["1st", "2nd", "3rd"])
    ('1,5', None)
    """
    count, units, first = 0, Counter[str](), None
    numbers: set[str] = set()
    for total, value in enumerate(values, start=1):
        plain = _PLAIN.fullmatch(value) is not None
        found = (value, "") if plain else local_number(value)
        if found is not None:
            count += 1
            numbers.add(found[0])
            if not plain:
                units[found[1]] += 1
                first = first or value
        elif 2 * (total - count) > total + 1000:
            return None  # words, by far
    if first is None or 2 * count < total or len(numbers) < 3:
        return None
    with_unit = units.total() - units[""]
    common = max((n for unit, n in units.items() if unit), default=0)
    return first if 2 * common >= with_unit else None


def key_of(text: str) -> str:
    """Return what ways of writing one value have in common.

    Decimal numbers have their value, other texts their characters (in Unicode's composed form) with
    single spaces.

    Examples
    --------
    >>> [key_of(text) for text in ("1", "1.0", "01", "+1.", "1.10", "very  good", "1e3")]
    ['1', '1', '1', '1', '1.1', 'very good', '1e3']
    """
    if _PLAIN.fullmatch(text):
        sign = "-" if text[0] == "-" else ""
        whole, _, decimals = text.lstrip("+-").partition(".")
        whole, decimals = whole.lstrip("0") or "0", decimals.rstrip("0")
        number = f"{whole}.{decimals}" if decimals else whole
        return number if number == "0" else sign + number
    return " ".join(unicodedata.normalize("NFC", text).split())


def two_spellings(words: Iterable[str]) -> tuple[str, str] | None:
    """Return two words of which one value is written in two ways, None if there are none."""
    seen: dict[str, str] = {}
    for word in words:
        other = seen.setdefault(key_of(word), word)
        if other != word:
            return other, word
    return None


def quoted(column: str) -> str:
    """Return the name of a column for a list of names, as CSV quotes it.

    Examples
    --------
    >>> print(quoted("temp in"), quoted("temp, in"))
    temp in "temp, in"
    """
    if "," in column or column.startswith('"'):
        return '"' + column.replace('"', '""') + '"'
    return column
