"""Labels of every script: drawn, or written as numbers, and without a warning."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from rnnlab.plotting import _glyphs, save_figure

LABELS = ["größe", "模型", "क्षि", "e\u0301\u0323", "مرحبا", "a$b", "$\\foo$", "x_{1}^2", "🙂"]


def figure_of(labels: list[str]) -> Figure:
    figure = Figure(layout="constrained")
    ax = figure.subplots()
    for label in labels:
        ax.plot([0, 1], label=label)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_title(r"$\partial L$")
    ax.legend()
    return figure


def shown(figure: Figure) -> tuple[list[str], list[str]]:
    legend, axis = figure.axes[0].get_legend(), figure.axes[0].yaxis
    assert legend is not None
    figure.draw_without_rendering()
    return [one.get_text() for one in legend.get_texts()], [
        one.get_text() for one in axis.get_ticklabels()
    ]


def test_no_label_warns(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert save_figure(figure_of(LABELS), tmp_path / "a.png").exists()
    assert capfd.readouterr() == ("", "")


def test_what_no_font_has_is_written_as_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _glyphs._font_with.cache_clear()
    house = [one for one in font_manager.fontManager.ttflist if one.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", house)
    figure = figure_of(["größe", "模a", "型a"])
    save_figure(figure, tmp_path / "a.png")
    legend, axis = shown(figure)
    assert legend == axis == ["größe", "\\u6a21a", "\\u578ba"]  # still different
    _glyphs._font_with.cache_clear()


def test_a_font_of_this_machine_that_has_them_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    _glyphs._font_with.cache_clear()
    others = [one for one in font_manager.fontManager.ttflist if one.name == "DejaVu Sans Mono"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", others)
    monkeypatch.setattr(_glyphs, "_house_has", lambda character: character != "∞")
    figure = figure_of(["plain", "∞"])
    _glyphs.show_as_written(figure)
    legend = figure.axes[0].get_legend()
    assert legend is not None
    plain, endless = legend.get_texts()
    assert (plain.get_text(), endless.get_text()) == ("plain", "∞")
    assert endless.get_fontfamily() == ["DejaVu Sans", "DejaVu Sans Mono"]
    assert plain.get_fontfamily() != endless.get_fontfamily()
    _glyphs._font_with.cache_clear()


def test_formulas_of_the_house_stay_formulas(tmp_path: Path) -> None:
    figure = figure_of(["a$b", "$\\foo$"])
    save_figure(figure, tmp_path / "a.png")
    assert figure.axes[0].title.get_parse_math()
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert not any(one.get_parse_math() for one in legend.get_texts()[1:])
