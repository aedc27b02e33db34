"""Names to cells, tasks, experiments and figures; an unknown name proposes the nearest one."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Named things of one kind, in the order in which they were registered.

    Parameters
    ----------
    kind : str
        What is registered, in the singular, as error messages print it ("cell").

    Examples
    --------
    >>> colours = Registry("colour")
    >>> colours.register("blue", "#0072B2")
    '#0072B2'
    >>> colours["bleu"]
    Traceback (most recent call last):
    ...
    ValueError: colour must be one of blue, got 'bleu': did you mean 'blue'?
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str, value: T) -> T:
        """Record `value` under `name` and return it; a name can be taken only once."""
        if name in self._entries and self._entries[name] is not value:
            raise ValueError(
                f"{self.kind} names must be unique, got {name!r} twice: choose another name"
            )
        self._entries[name] = value
        return value

    def names(self) -> list[str]:
        """Return every registered name, in the order of registration."""
        return list(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __getitem__(self, name: str) -> T:
        try:
            return self._entries[name]
        except KeyError:
            raise ValueError(unknown_name(self.kind, name, self._entries)) from None


def unknown_name(kind: str, name: str, known: Any) -> str:
    """Say that `name` is none of `known`, with the nearest of them where one is near."""
    options = sorted(str(option) for option in known)
    near = difflib.get_close_matches(str(name), options, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]!r}?" if near else "choose one of these"
    return f"{kind} must be one of {', '.join(options)}, got {name!r}: {remedy}"


cells: Registry[Any] = Registry("cell")
tasks: Registry[Any] = Registry("task")
experiments: Registry[Any] = Registry("experiment")
figures: Registry[Any] = Registry("figure")
