"""Text of figures: drawn as it is written, in a font that has its characters."""

from __future__ import annotations

from functools import lru_cache

from matplotlib import font_manager
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

_HOUSE = "DejaVu Sans"
_INCHES_A_LETTER = 0.075  # at 9 points


def show_as_written(figure: Figure) -> None:
    r"""Make a figure draw every text as it is written.

    Text that is not a valid formula is not drawn as one, even with dollar signs. Characters that
    the house font lacks are drawn in another font of this machine; a character that no font has is
    written as its number, U+6A21 as \u6a21.
    """
    more = 0
    for axis in figure.findobj(Axis):
        written = [text.get_text() for text in axis.get_ticklabels()]
        # the formatter makes the labels of ticks again at each drawing
        if isinstance(axis.get_major_locator(), FixedLocator) and any(map(_missing, written)):
            more = max(more, *(len(_shown(text)) - len(text) for text in written))
            axis.set_ticklabels([_shown(text) for text in written])
    for text in figure.findobj(Text):
        written_so = text.get_text()
        missing, shown = _missing(written_so), _shown(written_so)
        if missing and (family := _font_with(missing)[0]):
            text.set_fontfamily([_HOUSE, family])
        if "$" in shown and not _is_formula(shown):
            text.set_parse_math(False)
        text.set_text(shown)
        more = max(more, len(shown) - len(written_so))
    figure.set_figwidth(figure.get_figwidth() + _INCHES_A_LETTER * more)


@lru_cache(maxsize=1024)
def _is_formula(text: str) -> bool:
    try:
        for line in text.split("\n"):
            MathTextParser("path").parse(line)
    except ValueError:
        return False
    return True


def _missing(text: str) -> frozenset[str]:
    """Return the characters of a text that the house font lacks."""
    return frozenset(c for c in text if ord(c) > 127 and not _house_has(c))


def _shown(text: str) -> str:
    """Return a text with numbers in place of characters that no font has."""
    missing = _missing(text)
    lacking = _font_with(missing)[1] if missing else frozenset()
    return "".join(_number(c) if c in lacking else c for c in text)


def _number(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


@lru_cache(maxsize=4096)
def _house_has(character: str) -> bool:
    return ord(character) in _characters(font_manager.findfont(_HOUSE))


@lru_cache(maxsize=256)
def _font_with(wanted: frozenset[str]) -> tuple[str | None, frozenset[str]]:
    """Return the font of this machine with most of the characters, and those that it lacks."""
    best: tuple[str | None, frozenset[str]] = None, wanted
    fonts = {
        entry.fname: entry.name
        for entry in font_manager.fontManager.ttflist
        if "Last Resort" not in entry.name  # boxes for everything
    }
    for file, family in sorted(fonts.items()):
        lacking = frozenset(c for c in wanted if ord(c) not in _characters(file))
        if len(lacking) < len(best[1]):
            best = family, lacking
        if not lacking:
            break
    return best


@lru_cache(maxsize=512)
def _characters(file: str) -> frozenset[int]:
    try:
        return frozenset(FT2Font(file).get_charmap())
    except (OSError, RuntimeError):  # a font that cannot be read
        return frozenset()
