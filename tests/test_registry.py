"""Registries: names in order, loaded at the first use, nearest names for unknown ones."""

from __future__ import annotations

import pytest

from rnnlab.registry import Registry, unknown_name


@pytest.fixture
def colours() -> Registry[str]:
    registry: Registry[str] = Registry("colour")
    registry.register("blue", "#0072B2")
    registry.register("black", "#000000")
    return registry


def test_names_come_in_the_order_of_registration(colours):
    assert colours.names() == list(colours) == ["blue", "black"]
    assert colours["black"] == "#000000"
    assert "blue" in colours
    assert "green" not in colours
    assert repr(colours) == "<registry of 2 colours: blue, black>"


def test_an_unknown_name_proposes_the_nearest(colours):
    message = "colour must be one of black, blue, got 'bleu': did you mean 'blue'?"
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        colours["bleu"]
    assert unknown_name("colour", "x", ["blue"]).endswith("got 'x': choose one of these")


def test_a_name_is_taken_once(colours):
    assert colours.register("blue", colours["blue"]) == "#0072B2"  # the same object again
    with pytest.raises(ValueError, match="colour names must be unique, got 'blue' twice: choose"):
        colours.register("blue", "#0000FF")
    with pytest.raises(ValueError, match="names must be unique, got 'black' twice"):
        colours.register_lazily("black", str)


def test_a_lazy_entry_is_loaded_once_at_its_first_use(colours):
    loaded = []

    def load() -> str:
        loaded.append("green")
        return "#009E73"

    colours.register_lazily("green", load)
    assert colours.names() == ["blue", "black", "green"]
    assert loaded == []
    assert colours["green"] == colours["green"] == "#009E73"
    assert loaded == ["green"]
