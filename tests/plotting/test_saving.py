"""Pictures on disk: whole or not at all, and the same bytes again."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import matplotlib
import pytest
from matplotlib.figure import Figure

from rnnlab.plotting import save_figure

PNG = b"\x89PNG\r\n\x1a\n"


def picture() -> Figure:
    figure = Figure(figsize=(3.0, 2.0), layout="constrained")
    figure.subplots().plot([1, 2, 3])
    return figure


def size(path: Path) -> tuple[int, int]:
    """Width and height from the header."""
    header = path.read_bytes()[:24]
    return int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")


def test_it_writes_a_png_of_200_dots_per_inch(tmp_path: Path) -> None:
    path = save_figure(picture(), tmp_path / "a.png")
    assert path == tmp_path / "a.png"
    assert path.read_bytes().startswith(PNG)
    assert size(path) == (600, 400)


def test_the_same_figure_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = (save_figure(picture(), tmp_path / name) for name in ("a.png", "b.png"))
    assert one.read_bytes() == other.read_bytes()
    assert b"Software" not in one.read_bytes()
    assert b"tIME" not in one.read_bytes()


def test_the_settings_of_the_caller_do_not_bend_the_picture(tmp_path: Path) -> None:
    plain = save_figure(picture(), tmp_path / "a.png")
    figure = picture()
    with matplotlib.rc_context({"savefig.bbox": "tight", "savefig.facecolor": "red"}):
        bent = save_figure(figure, tmp_path / "b.png")
    assert bent.read_bytes() == plain.read_bytes()


def test_nothing_but_the_picture_is_left_and_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    save_figure(picture(), str(path))
    assert path.read_bytes().startswith(PNG)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    assert save_figure(picture(), tmp_path / "new" / "deep" / "a.PNG").exists()


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    # a picture that only its owner can read cannot be published
    (tmp_path / "plain").touch()
    path = save_figure(picture(), tmp_path / "a.png")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_a_failure_leaves_the_old_picture_and_no_crumbs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    figure = picture()

    def half(target: io.BytesIO, **options: object) -> None:
        target.write(PNG)
        raise RuntimeError("the power fails")

    monkeypatch.setattr(figure, "savefig", half)
    with pytest.raises(RuntimeError, match="the power fails"):
        save_figure(figure, path)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.png.txt"])
def test_other_endings_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"path must end in .png, got .*use 'a"):
        save_figure(picture(), tmp_path / name)


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"path must be a file that can be written, got .*choose"):
        save_figure(picture(), tmp_path / "file" / "a.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ValueError, match="path must be a file that can be written"):
        save_figure(picture(), tmp_path / "folder.png")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder.png"]
