"""Registries: named cells, tasks, optimisers, figures and the like.

An unknown name is an error that proposes the nearest one. Installed packages may add entries
through an entry-point group; an entry is loaded when it is used, so that a package that cannot be
loaded affects its own entries only.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Named things of one kind, in the order of registration, then what packages offer.

    Parameters
    ----------
    kind : str
        What is registered, in the singular, as error messages print it ("cell").
    filled_by : str, optional
        Modules that register entries when they are imported, which happens at the first use.

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

    def __init__(self, kind: str, *filled_by: str) -> None:
        self.kind = kind
        self._filled_by = filled_by
        self._entries: dict[str, T] = {}
        self._group: str | None = None
        self._check: Callable[[str, Any], T] | None = None
        self._found: dict[str, list[EntryPoint]] | None = None
        self._loaded: dict[str, T] = {}

    def open_to(self, group: str, check: Callable[[str, Any], T]) -> None:
        """Let installed packages offer more through the entry points of `group`.

        Parameters
        ----------
        group : str
            Such as "rnnlab.cells".
        check : callable
            From an entry point's name and the object that it leads to, to what is registered; a
            ValueError or TypeError says what must hold.
        """
        self._group, self._check = group, check

    def register(self, name: str, value: T) -> T:
        """Record `value` under `name` and return it; a name can be taken only once."""
        if name in self._entries and self._entries[name] is not value:
            raise ValueError(
                f"{self.kind} names must be unique, got {name!r} twice: choose another name"
            )
        self._entries[name] = value
        return value

    def names(self) -> list[str]:
        """Return every name, in the order of registration, then those that packages offer."""
        self._fill()
        return [*self._entries, *(name for name in self._offers() if name not in self._entries)]

    def refusals(self) -> list[str]:
        """Say of each offer whose name was registered before why it is refused."""
        return [
            f"{self.kind} {name!r} of {_distribution(offer)} must have a name of its own, "
            f"got one that rnnlab has: rename it there"
            for name, offers in self._offers().items()
            if name in self._entries
            for offer in offers
        ]

    def __contains__(self, name: object) -> bool:
        self._fill()
        return name in self._entries or name in self._offers()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __getitem__(self, name: str) -> T:
        self._fill()
        if name in self._entries:
            return self._entries[name]
        if name in self._offers():
            return self._load(name)
        raise ValueError(unknown_name(self.kind, name, self.names()))

    def _fill(self) -> None:
        modules, self._filled_by = self._filled_by, ()
        for module in modules:
            importlib.import_module(module)

    def _offers(self) -> dict[str, list[EntryPoint]]:
        """Return the entry points by name; one name may come from several packages."""
        if self._found is None:
            self._found = {}
            for offer in entry_points(group=self._group) if self._group else ():
                self._found.setdefault(offer.name, []).append(offer)
        return self._found

    def _load(self, name: str) -> T:
        if name not in self._loaded:
            offer, *others = self._offers()[name]
            if others:
                owners = " and ".join(_distribution(one) for one in (offer, *others))
                raise ValueError(
                    f"{self.kind} {name!r} must come from one package, got {owners}: "
                    "uninstall all but one"
                )
            try:
                value = offer.load()
            except (Exception, SystemExit) as error:  # whatever a module may raise
                raise ValueError(
                    f"{self.kind} {name!r} of {_distribution(offer)} must load from "
                    f"{offer.value}, got {type(error).__name__}: {_one_line(error)}: "
                    "update or uninstall that package"
                ) from error
            try:
                self._loaded[name] = self._check(name, value) if self._check else value
            except (ValueError, TypeError) as error:
                raise ValueError(
                    f"{self.kind} {name!r} of {_distribution(offer)}: {error}"
                ) from error
        return self._loaded[name]


def _distribution(offer: EntryPoint) -> str:
    """Return the name and version of the package that an entry point comes from."""
    if offer.dist is None:
        return str(offer.value)
    metadata = offer.dist.metadata
    return " ".join(str(metadata[key]) for key in ("Name", "Version") if metadata[key])


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def unknown_name(kind: str, name: str, known: Any) -> str:
    """Say that `name` is none of `known`, with the nearest of them where one is near."""
    options = sorted(str(option) for option in known)
    near = difflib.get_close_matches(str(name), options, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]!r}?" if near else "choose one of these"
    return f"{kind} must be one of {', '.join(options)}, got {name!r}: {remedy}"


cells: Registry[Any] = Registry("cell")
tasks: Registry[Any] = Registry("task")
optimizers: Registry[Any] = Registry("optimizer")
schedules: Registry[Any] = Registry("schedule")
readouts: Registry[Any] = Registry("readout")
experiments: Registry[Any] = Registry("experiment")
measures: Registry[Any] = Registry("measure", "rnnlab.experiments.measures")
statistics: Registry[Any] = Registry("statistic", "rnnlab.reports.statistics")
figures: Registry[Any] = Registry(
    "figure",
    *("rnnlab.plotting", "rnnlab.experiments.measures.figures", "rnnlab.reports.statistics"),
)
