"""Seeded task generators with known chance levels and criteria.

A task is a frozen dataclass of its settings that derives from `Task` and is registered in
`rnnlab.registry.tasks`. It has the sizes that a model needs (`length`, `input_size`,
`output_size`), the scores of a model without memory (`chance`, `baseline_loss`), `draw` for a batch
and `score` for answers to it.
"""

from __future__ import annotations

from rnnlab.registry import tasks as _registry
from rnnlab.tasks.adding import Adding
from rnnlab.tasks.copy_memory import CopyMemory
from rnnlab.tasks.latch import Latch
from rnnlab.tasks.lookup import check_task, find_task
from rnnlab.tasks.parity import Parity
from rnnlab.tasks.reber import EmbeddedReber
from rnnlab.tasks.scoring import (
    IGNORED,
    Answers,
    class_answers,
    label_answers,
    squared_errors,
)
from rnnlab.tasks.spikes import SpikeDelays, TimedSpikes
from rnnlab.tasks.task import Classification, Task
from rnnlab.tasks.temporal_order import TemporalOrder, TemporalOrder3
from rnnlab.tasks.text import TextPrediction
from rnnlab.tasks.variable_copy import VariableCopy

_BUILT_IN: dict[str, type[Task]] = {
    "copy-memory": CopyMemory,
    "variable-copy": VariableCopy,
    "adding": Adding,
    "temporal-order": TemporalOrder,
    "temporal-order-3": TemporalOrder3,
    "latch": Latch,
    "parity": Parity,
    "embedded-reber": EmbeddedReber,
    "spike-delays": SpikeDelays,
    "timed-spikes": TimedSpikes,
    "text": TextPrediction,
}

for _name, _task in _BUILT_IN.items():
    _registry.register(_name, _task)

__all__ = [
    "IGNORED",
    "Adding",
    "Answers",
    "Classification",
    "CopyMemory",
    "EmbeddedReber",
    "Latch",
    "Parity",
    "SpikeDelays",
    "Task",
    "TemporalOrder",
    "TemporalOrder3",
    "TextPrediction",
    "TimedSpikes",
    "VariableCopy",
    "check_task",
    "class_answers",
    "find_task",
    "label_answers",
    "squared_errors",
]
