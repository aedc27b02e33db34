"""Settings of a study from the quick preset, a file or another preset, and options.

A study is a TOML file that says what differs from the quick preset of its experiment::

    # Does a larger forget bias help the LSTM to add, and at which learning rate?
    # rnnlab run experiments/forget-bias.toml
    task = { name = "adding", length = [30, 60] }
    cells = ["lstm,forget_bias=0", { cell = "lstm", forget_bias = "chrono", label = "chrono" }]
    lr = [0.001, 0.003]
    seeds = 10

A key is any field of the experiment's spec (`rnnlab.experiments.settings.spec`); a key that is left
out has the value of the quick preset (`rnnlab/experiments/presets/`). With a `task` it is of the
experiment task-study, unless it names another. `name` is the folder of the result under results/,
by default the name of the file. Paths of a `FILE.py:NAME` and of a file that a task reads are
relative to the TOML file.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from rnnlab.experiments.settings.cell_entry import CellEntry, read_entry
from rnnlab.experiments.settings.fields import ForgetBias, entries, plain
from rnnlab.experiments.settings.grid import compared_labels, runs, schedule_of, values_of
from rnnlab.experiments.settings.messages import validate
from rnnlab.experiments.settings.runs import TaskPoint
from rnnlab.experiments.settings.sizes import check_sizes
from rnnlab.experiments.settings.spec import Spec
from rnnlab.experiments.settings.table import TABLE
from rnnlab.experiments.settings.task_entry import read_task
from rnnlab.registry import experiments, unknown_name

DEFAULT_PRESET = "quick"


def load_spec(study: str | Path, options: Mapping[str, Any]) -> Spec:
    """Return the settings of a study, complete and checked.

    Parameters
    ----------
    study : str or Path
        The name of an experiment ("copy-task") or a TOML file.
    options : mapping
        Settings that win over the file and the preset; `preset` names another preset than quick.
        `cell` and `delay` are taken for `cells` and `delays`.

    Raises
    ------
    ValueError
        With what must hold, what came and the remedy, on one line.
    """
    spec = read_spec(study, options)
    try:
        return settle(spec)
    except ValueError as error:
        if study in experiments:
            raise
        raise ValueError(f"{study}: {error}") from None


def read_spec(study: str | Path, options: Mapping[str, Any]) -> Spec:
    """Return the settings of a study, each valid alone: `settle` checks them together."""
    given = {_PLURALS.get(key, key): plain(value) for key, value in options.items()}
    preset = given.pop("preset", None)
    if isinstance(study, Path) or study.endswith(".toml"):
        return _from_file(Path(study), preset, given)
    if study not in experiments:
        known = unknown_name("experiment", study, experiments)
        raise ValueError(f"{known} (a study of your own is named by its file, FILE.toml)")
    if study == "fit" and "data" not in given:
        raise ValueError("fit must be given a table: rnnlab fit DATA.csv")
    layers = [{"name": study, "experiment": study}, _preset(_basis(study, given), DEFAULT_PRESET)]
    if preset not in (None, DEFAULT_PRESET):
        layers.append(_preset(study, preset))
    return validate(experiments[study].spec, _stack(layers, given))


_PLURALS = {"cell": "cells", "delay": "delays", "targets": "target"}


def preset_names(experiment: str) -> list[str]:
    """Return the presets of an experiment, the default one first.

    Examples
    --------
    >>> preset_names("copy-task")
    ['quick', 'paper']
    """
    names = sorted(
        file.name.removesuffix(".toml").removeprefix(f"{experiment}-")
        for file in _presets().iterdir()
        if file.name.startswith(f"{experiment}-") and file.name.endswith(".toml")
    )
    return sorted(names, key=lambda name: name != DEFAULT_PRESET)


def _presets() -> Any:
    return resources.files("rnnlab.experiments") / "presets"


def _basis(experiment: str, settings: Mapping[str, Any]) -> str:
    """Return the experiment of the quick preset: that of fit for a study of tables alone."""
    written = settings.get("task")
    tasks = entries(written) if experiment == "task-study" and written else []
    tables = [isinstance(read, Mapping) and "table" in read for read in map(_read, tasks)]
    return "fit" if tables and all(tables) else experiment


def _read(written: Any) -> Any:
    return read_task(written) if isinstance(written, str) else written


def _preset(experiment: str, preset: str) -> dict[str, Any]:
    known = preset_names(experiment)
    if preset not in known:
        raise ValueError(unknown_name(f"preset of {experiment}", preset, known))
    text = (_presets() / f"{experiment}-{preset}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _from_file(path: Path, preset: Any, given: dict[str, Any]) -> Spec:
    if preset is not None:
        raise ValueError(
            f"preset must not be given with a file, got {preset!r} with {path}: "
            "a file states what differs from the quick preset"
        )
    try:
        text = path.read_text(encoding="utf-8")
        settings = tomllib.loads(text)
    except OSError as error:
        raise ValueError(
            f"the spec must be a file that can be read, got {str(path)!r}: "
            f"{error.strerror or error}; check the path"
        ) from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} must be TOML in UTF-8, got other bytes: save it again") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} must be valid TOML, got: {error}; correct it there") from None
    except RecursionError:
        raise ValueError(
            f"{path} must not nest so deep, got too many brackets: drop some"
        ) from None
    except ValueError as error:  # a number of more digits than Python reads
        raise ValueError(f"{path} must hold numbers that can be read: {error}") from None
    try:
        if "experiment" not in settings and "task" in settings:
            settings["experiment"] = "task-study"
        if "experiment" not in settings:
            raise ValueError(
                "experiment must be given: "
                f"add a line such as experiment = {experiments.names()[0]!r}, or name a task"
            )
        experiment: Any = experiments[str(settings["experiment"])]
        quick = _preset(_basis(experiment.name, settings | given), DEFAULT_PRESET)
        named = {"name": path.stem, "question": _question(text), "experiment": experiment.name}
        stacked = _stack([named, quick, settings], given)
        return _seen_from(path.parent, validate(experiment.spec, stacked), given)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _question(text: str) -> str | None:
    """Return what the comment at the top of a file asks, up to its question mark.

    The line with the command asks nothing.
    """
    top = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    lines = [line.lstrip("# ").rstrip() for line in top]
    asking = [line for line in lines if not line.startswith("rnnlab ")]
    question, mark, _ = " ".join(asking).partition("?")
    return question + mark if mark else None


def _seen_from(folder: Path, spec: Spec, given: Mapping[str, Any]) -> Spec:
    """Let the paths of a file's entries start at `folder`, unless an option named them."""
    seen = {
        key: [entry.model_copy(update={"folder": folder}) for entry in getattr(spec, key)]
        for key in ("cells", "task")
        if key not in given and hasattr(spec, key)
    }
    return spec.model_copy(update=seen)


# Two ways to say one thing: the one that comes later replaces the other.
_EITHER_OR = (
    ("clip", "clip_value"),
    ("hidden", "parameters"),
)


def _stack(layers: list[dict[str, Any]], given: dict[str, Any]) -> dict[str, Any]:
    """Merge settings: later layers win, and what was given as an option wins over all."""
    merged: dict[str, Any] = {}
    for layer in [*layers, given]:
        for pair in _EITHER_OR:
            for one, other in (pair, pair[::-1]):
                if one in layer and other not in layer:
                    merged.pop(other, None)
        if "task" in layer:  # in place of copy-memory, whose settings are those of the study
            for name in ("delays", "payload", "alphabet"):
                merged.pop(name, None)
        sizes = {"hidden", "parameters"} & layer.keys()
        if layer is given and sizes and "cells" not in given:
            _no_size_of_their_own(merged["cells"], sizes.pop(), given)
        merged |= layer
    return merged


def _no_size_of_their_own(entries: Any, name: str, given: dict[str, Any]) -> None:
    """Refuse a size that would reach some of the cells only."""
    listed = entries if isinstance(entries, list) else [entries]
    tables = [read_entry(entry) if isinstance(entry, str) else entry for entry in listed]
    own = [
        (entry.get("label", entry.get("cell")), key, entry[key])
        for entry in tables
        if isinstance(entry, dict)
        for key in ("hidden", "parameters")
        if key in entry
    ]
    if own:
        sizes = ", ".join(
            f"{label}: {value}" if key == name else f"{label}: {key} {value}"
            for label, key, value in own
        )
        raise ValueError(
            f"{name} must not be given where cells state their own ({sizes}), got {given[name]}: "
            "name the cells too"
        )


def settle(spec: Spec) -> Spec:
    """Return a spec whose settings agree, with a forget bias for each entry that can have one.

    Raises
    ------
    ValueError
        For an unknown name, a size that no machine has, or settings that exclude each other.
    """
    points = spec.task_points()  # an error names an unknown task or setting
    _check_names(spec)
    _check_training(spec, points)
    entries = [_settled(entry, spec.forget_bias) for entry in spec.cells]
    if spec.forget_bias is not None and entries == spec.cells:
        raise ValueError(
            f"forget_bias must reach a cell with a gate f, got {spec.forget_bias} for "
            f"{', '.join(spec.labels)}: name a cell such as lstm, or leave forget_bias out"
        )
    settled = spec.model_copy(update={"cells": entries})
    check_sizes(settled)
    labels = [] if spec.reference is None else compared_labels(settled)
    if spec.reference is not None and spec.reference not in labels:
        raise ValueError(
            f"reference must be the label of a cell of the study, one of {', '.join(labels)}, got "
            f"{spec.reference!r}: name one of these"
        )
    return settled


def _check_training(spec: Spec, points: Sequence[TaskPoint]) -> None:
    """Refuse settings of training that do not suit the tasks or tables."""
    from rnnlab.data.leaks import require_causal

    tables = [point for point in points if point.source == TABLE]
    for point in tables:
        for entry in spec.cells:
            for both in values_of(spec, entry, "bidirectional"):
                require_causal(dict(point.settings)["horizon"], both)
    if tables and spec.truncate is not None:
        raise ValueError(
            f"truncate must be none for a table, got {spec.truncate}: its sequences are read whole"
        )
    if len(tables) < len(points):
        for name in ("updates", "evaluation_batch"):
            if getattr(spec, name) is None:
                raise ValueError(
                    f"{name} must be given for a task: add a line such as {name} = 100"
                )
    for run in runs(spec) if spec.schedule != "constant" or spec.warmup else ():
        if run.seed == 0 and run.settings.updates != 0:
            schedule_of(run.settings)


def _settled(entry: CellEntry, common: ForgetBias) -> CellEntry:
    definition = entry.find()
    if entry.forget_bias is None and (common is None or definition.keep != "f"):
        return entry
    if definition.keep is None:
        raise ValueError(
            f"forget_bias must go to a cell with a gate that keeps its memory, got {entry.label}: "
            f"leave the option out, {definition.name} has none"
        )
    bias = common if entry.forget_bias is None else entry.forget_bias
    return entry.model_copy(update={"forget_bias": bias})


def _check_names(spec: Spec) -> None:
    """Refuse an unknown optimiser, schedule or initialisation."""
    from rnnlab.layers.initialisers import INITIALISATIONS
    from rnnlab.registry import optimizers, schedules

    for owner in (spec, *spec.cells):
        for key, known in (
            ("optimizer", optimizers),
            ("schedule", schedules),
            ("init", INITIALISATIONS),
        ):
            value = getattr(owner, key, None)
            for name in value if isinstance(value, list) else [value]:
                if name is not None and name not in known:
                    raise ValueError(unknown_name(key, name, known))
