"""Names of settings and metrics in titles, axes and sentences."""

from __future__ import annotations

from typing import Any

from rnnlab.texts import setting_text

_WORDS = {"lr": "learning rate", "mse": "mean squared error"}


def words(name: str) -> str:
    """Return the name of a metric or setting in words.

    Examples
    --------
    >>> words("lr"), words("recall_accuracy")
    ('learning rate', 'recall accuracy')
    """
    return _WORDS.get(name, name.replace("_", " "))


def setting_words(name: str, value: Any) -> str:
    """Return a setting with its value in words; for a task, its label alone.

    Examples
    --------
    >>> setting_words("lr", 0.001), setting_words("delay", 10), setting_words("task", "adding")
    ('learning rate 0.001', 'delay 10', 'adding')
    """
    return str(value) if name == "task" else f"{words(name)} {setting_text(value)}"
