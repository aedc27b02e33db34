"""Seeded task generators; each knows its chance level and when it is solved.

A task is a frozen dataclass of its settings that derives from `Task` and is registered in
`rnnlab.registry.tasks`, with the sizes a model needs (`length`, `input_size`, `output_size`), what
a model without memory reaches (`chance`, `baseline_loss`), `draw` for a batch and `score` for a
model's answers to it.
"""

from __future__ import annotations

from rnnlab.tasks.copy_memory import SOLVED_AT, CopyMemory, copy_memory
from rnnlab.tasks.task import IGNORED, Task

__all__ = ["IGNORED", "SOLVED_AT", "CopyMemory", "Task", "copy_memory"]
