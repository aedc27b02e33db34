"""PNG files of figures: the same bytes for the same figure."""

from __future__ import annotations

import io
import os
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from rnnlab.files import write_whole
from rnnlab.plotting._glyphs import show_as_written
from rnnlab.plotting.style import house_style

DOTS_PER_INCH = 200


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure as PNG at 200 dots per inch and in 256 colours; an older file is replaced.

    The write is atomic. The file holds no time and no version, so that the same figure gives the
    same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path
        A path that ends in .png; missing folders are created.

    Returns
    -------
    pathlib.Path
        The path of the picture.

    Raises
    ------
    ValueError
        If `path` does not end in .png or cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(
            f"path must end in .png, got {str(path)!r}: figures are written as PNG; "
            f"use {path.with_suffix('.png').name!r}"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with house_style(), io.BytesIO() as drawn, io.BytesIO() as picture:
            show_as_written(figure)
            figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH)
            _in_few_colors(drawn).save(
                picture, format="png", dpi=(DOTS_PER_INCH, DOTS_PER_INCH), optimize=True
            )
            write_whole(path, picture.getvalue())
    except (FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise ValueError(
            f"path must be a file that can be written, got {str(path)!r}: "
            f"{error.strerror}; choose another folder or change its permissions"
        ) from error
    return path


def _in_few_colors(drawn: io.BytesIO) -> Image.Image:
    """Return a picture with a palette of 256 colours: a third of the bytes."""
    picture = Image.open(drawn).convert("RGB")
    return picture.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
