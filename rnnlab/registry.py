"""Registries: named cells, tasks, optimisers, figures and the like.

An unknown name is an error that proposes the nearest one. Installed packages may add entries
through an entry-point group; an entry is loaded when it is used, so that a package that cannot be
loaded affects its own entries only.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Named objects of one kind, in the order of registration, then those of installed packages.

    Parameters
    ----------
    kind : str
        The kind of object in the singular, for error messages ("cell").
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
        self._loaded: dict[str, T] = {}
        self._loaders: dict[str, Callable[[], T]] = {}  # of every registered name, in order
        self._group: str | None = None
        self._check: Callable[[str, Any], T] | None = None
        self._offers_by_name: dict[str, list[EntryPoint]] | None = None

    def __repr__(self) -> str:
        return f"<registry of {len(self.names())} {self.kind}s: {', '.join(self.names())}>"

    def open_to(self, group: str, check: Callable[[str, Any], T]) -> None:
        """Let installed packages add entries through the entry points of `group`.

        Parameters
        ----------
        group : str
            Name of the entry-point group, such as "rnnlab.cells".
        check : callable
            Called with the name of an entry point and the object it refers to; returns the object
            to register, or raises ValueError or TypeError with what is required.
        """
        self._group, self._check = group, check

    def register(self, name: str, value: T) -> T:
        """Record `value` under `name` and return it.

        Raises
        ------
        ValueError
            If another object has the name.
        """
        if name not in self._loaders or self._loaded.get(name) is not value:
            self.register_lazily(name, lambda: value)
        self._loaded[name] = value
        return value

    def register_lazily(self, name: str, load: Callable[[], T]) -> None:
        """Record `load` under `name`; it is called when the object is first used."""
        if name in self._loaders:
            raise ValueError(
                f"{self.kind} names must be unique, got {name!r} twice: choose another name"
            )
        self._loaders[name] = load

    def names(self) -> list[str]:
        """Return the registered names in order, then the names that packages offer."""
        self._fill()
        return [*self._loaders, *(name for name in self._offers() if name not in self._loaders)]

    def refusals(self) -> list[str]:
        """Return an error message for each offer whose name is registered already."""
        return [
            f"{self.kind} {name!r} of {_distribution(offer)} must have a name of its own, "
            f"got one that rnnlab has: rename it there"
            for name, offers in self._offers().items()
            if name in self._loaders
            for offer in offers
        ]

    def __contains__(self, name: object) -> bool:
        self._fill()
        return name in self._loaders or name in self._offers()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __getitem__(self, name: str) -> T:
        self._fill()
        if name not in self._loaded:
            if name in self._loaders:
                self._loaded[name] = self._loaders[name]()
            elif name in self._offers():
                self._loaded[name] = self._load_offer(name)
            else:
                raise ValueError(unknown_name(self.kind, name, self.names()))
        return self._loaded[name]

    def _fill(self) -> None:
        modules, self._filled_by = self._filled_by, ()
        for module in modules:
            importlib.import_module(module)

    def _offers(self) -> dict[str, list[EntryPoint]]:
        """Return the entry points by name; several packages may offer the same name."""
        if self._offers_by_name is None:
            self._offers_by_name = {}
            for offer in entry_points(group=self._group) if self._group else ():
                self._offers_by_name.setdefault(offer.name, []).append(offer)
        return self._offers_by_name

    def _load_offer(self, name: str) -> T:
        offer, *others = self._offers()[name]
        if others:
            owners = " and ".join(_distribution(one) for one in (offer, *others))
            raise ValueError(
                f"{self.kind} {name!r} must come from one package, got {owners}: "
                "uninstall all but one"
            )
        try:
            value = offer.load()
        except (Exception, SystemExit) as error:  # importing a module may raise anything
            raise ValueError(
                f"{self.kind} {name!r} of {_distribution(offer)} must load from "
                f"{offer.value}, got {type(error).__name__}: {_one_line(error)}: "
                "update or uninstall that package"
            ) from error
        try:
            return self._check(name, value) if self._check else value
        except (ValueError, TypeError) as error:
            raise ValueError(f"{self.kind} {name!r} of {_distribution(offer)}: {error}") from error


def _distribution(offer: EntryPoint) -> str:
    """Return the name and version of the package that has the entry point."""
    if offer.dist is None:
        return str(offer.value)
    metadata = offer.dist.metadata
    return " ".join(str(metadata[key]) for key in ("Name", "Version") if metadata[key])


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def unknown_name(kind: str, name: str, known: Iterable[object]) -> str:
    """Return the error message for a name that is not in `known`, with the nearest known name."""
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
engines: Registry[Any] = Registry("engine")


def _fill(registry: Registry[Any], group: str, module: str, attributes: dict[str, str]) -> None:
    """Register attributes of a module, which is imported at the first use, and open the registry.

    The module has a function `check_offer` for entries of other packages.
    """
    for name, attribute in attributes.items():
        registry.register_lazily(name, partial(_attribute, module, attribute))
    registry.open_to(group, lambda name, value: _attribute(module, "check_offer")(name, value))


def _attribute(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


_fill(
    optimizers,
    "rnnlab.optimizers",
    "rnnlab.training.optimizers",
    {"sgd": "SGD", "rmsprop": "RMSProp", "adam": "Adam"},
)
_fill(
    schedules,
    "rnnlab.schedules",
    "rnnlab.training.schedules",
    {"constant": "constant", "cosine": "cosine", "step": "step", "plateau": "plateau"},
)
_fill(readouts, "rnnlab.readouts", "rnnlab.training.readout", {"linear": "LinearReadout"})
