"""Interface of a task: the attributes and methods that its checks and descriptions read."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray


class TaskInterface(Protocol):
    """The members of a task that have no common definition; `Task` documents them.

    The sizes and numbers may be class attributes, fields of the dataclass or properties.
    """

    loss: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]
    headline: ClassVar[str]

    @property
    def length(self) -> int: ...  # noqa: D102
    @property
    def input_size(self) -> int: ...  # noqa: D102
    @property
    def output_size(self) -> int: ...  # noqa: D102
    @property
    def input_names(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def output_names(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def chance(self) -> float: ...  # noqa: D102
    @property
    def baseline_loss(self) -> float: ...  # noqa: D102
    @property
    def solved_at(self) -> float: ...  # noqa: D102

    @classmethod
    def setting_names(cls) -> tuple[str, ...]: ...  # noqa: D102

    def sample(self, batch: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]: ...  # noqa: D102

    def measure(self, outputs: NDArray[np.float64], targets: NDArray[Any]) -> dict[str, float]: ...  # noqa: D102

    def held_out(self) -> TaskInterface: ...  # noqa: D102
