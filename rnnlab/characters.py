"""Control characters: detection and escaping of what a terminal would obey instead of show."""

from __future__ import annotations

import unicodedata

# Control characters, surrogates and line separators; characters that change the text direction.
_OBEYED = {"Cc", "Cs", "Zl", "Zp"}
_TURNING = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def is_plain(text: str) -> bool:
    r"""Return whether a one-line text has no character that a terminal would obey.

    Examples
    --------
    >>> is_plain("lstm, größer 模型"), is_plain("red \x1b[31m"), is_plain("two\nlines")
    (True, False, False)
    """
    return not any(map(_is_obeyed, text))


def visible(text: str, keep: str = "") -> str:
    r"""Return a text with every character escaped that a terminal would obey.

    Parameters
    ----------
    text : str
    keep : str
        Characters to leave as they are, such as line ends.

    Examples
    --------
    >>> visible("red \x1b[31m")
    'red \\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if character not in keep and _is_obeyed(character)
        else character
        for character in text
    )


def _is_obeyed(character: str) -> bool:
    return unicodedata.category(character) in _OBEYED or character in _TURNING
