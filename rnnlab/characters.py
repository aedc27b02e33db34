"""Characters that a terminal obeys instead of showing them."""

from __future__ import annotations

import unicodedata

# Control characters, halves of pairs, and separators that end a line; and what turns text around.
_OBEYED = {"Cc", "Cs", "Zl", "Zp"}
_TURNING = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def is_plain(text: str) -> bool:
    r"""Return whether a text of one line holds no character that a terminal would obey.

    Examples
    --------
    >>> is_plain("lstm, größer 模型"), is_plain("red \x1b[31m"), is_plain("two\nlines")
    (True, False, False)
    """
    return not any(map(_is_obeyed, text))


def visible(text: str, keep: str = "") -> str:
    r"""Return a text in which every character that a terminal would obey is written out.

    Parameters
    ----------
    text : str
    keep : str
        Characters that stay, such as line ends.

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
