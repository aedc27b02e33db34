"""Reader of safetensors files that checks them before any of their content is used."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from rnnlab.engine.protocol import Array

#: Names, in the format, of the dtypes that NumPy has.
DTYPES = {"F64", "F32", "F16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"}
#: Longest header that the format allows, in bytes.
MOST_BYTES = 100_000_000
#: Deepest nesting of lists and objects in JSON.
MOST_LEVELS = 64


def read_arrays(path: Path) -> tuple[dict[str, str], dict[str, Array]]:
    """Return the metadata and the arrays of a file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    metadata : dict of str to str
    arrays : dict of str to array

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not a complete safetensors file, or its header has a name twice, a name that cannot
        be printed, or a dtype that NumPy does not have.
    """
    if path.exists() and not path.is_file():
        kind = "a folder: name a file in it" if path.is_dir() else "something else: name a file"
        raise ValueError(f"{path} must be a file that save wrote, got {kind}")
    header = _header(path)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _damaged(path, "__metadata__ must be an object of texts")
    for name, entry in header.items():
        if not name.isprintable():
            raise _damaged(path, f"the name {name!r} of an array must be printable")
        dtype = entry.get("dtype") if isinstance(entry, dict) else None
        if not isinstance(dtype, str) or dtype not in DTYPES:
            shown = repr(dtype) if isinstance(dtype, str) else "none"
            raise _damaged(path, f"{name} must have a dtype that NumPy has, got {shown}")
    try:
        with safe_open(path, framework="numpy") as file:  # offsets and shapes are checked here
            return metadata, {name: file.get_tensor(name) for name in header}
    except (SafetensorError, MemoryError) as error:
        raise _damaged(path, error) from error


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text with unique names, finite numbers and bounded nesting.

    Raises
    ------
    ValueError
        If it is not JSON, has a name twice in one object, a number that is not finite, or more than
        `MOST_LEVELS` levels.

    Examples
    --------
    >>> parse_json('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ...
    ValueError: each name must appear once, got 'a' twice
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise ValueError(f"each name must appear once, got {name!r} twice")
            found[name] = value
        return found

    def finite(word: str) -> float:
        number = float(word)
        if not abs(number) < float("inf"):
            raise ValueError(f"numbers must be finite, got {word[:20]}")
        return number

    too_deep = f"at most {MOST_LEVELS} levels may be nested, got more"
    try:
        value = json.loads(
            text, object_pairs_hook=unique, parse_float=finite, parse_constant=finite
        )
    except RecursionError:
        raise ValueError(too_deep) from None
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    if level:
        raise ValueError(too_deep)
    return value


def _header(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, MOST_BYTES):
            raise _damaged(path, "the header is longer than the file")
        text = file.read(length)
    try:
        header = parse_json(text)
    except ValueError as error:  # a UnicodeDecodeError too
        raise _damaged(path, error) from error
    if not isinstance(header, dict):
        raise _damaged(path, "the header must be an object")
    return header


def _damaged(path: Path, reason: object) -> ValueError:
    shown = textwrap.shorten(str(reason), 300, placeholder=" ...")
    return ValueError(
        f"{path} must be a complete safetensors file, got one that is cut off or of another kind "
        f"({shown}): take the file that save wrote"
    )
