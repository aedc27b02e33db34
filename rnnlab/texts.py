"""Settings as text: one form in tables, labels, titles and messages."""

from __future__ import annotations

from typing import Any


def setting_text(value: Any) -> str:
    """Return the value of a setting as it is written in a study's file.

    Different numbers have different texts, and a number has one text: a column with words or gaps
    holds 3 as "3.0" or 3.0.

    Examples
    --------
    >>> [setting_text(value) for value in (0.0003, 20.0, 1234567, 1234567.0, 0.12345678)]
    ['0.0003', '20', '1234567', '1234567', '0.12345678']
    >>> [setting_text(value) for value in ("3.0", "chrono", None)]
    ['3', 'chrono', 'none']
    """
    if value is None:
        return "none"
    if isinstance(value, str):
        return _text_of_text(value)
    if not isinstance(value, float):
        return str(value)
    short = f"{value:g}"
    if float(short) == value or value != value:  # the latter for NaN
        return short
    return str(int(value)) if value.is_integer() else repr(float(value))


def _text_of_text(value: str) -> str:
    try:
        return setting_text(float(value)) if "." in value else value
    except ValueError:
        return value
