"""Seeded task generators; each knows its chance level and when it is solved.

A task is a frozen dataclass of its settings, registered in `rnnlab.registry.tasks`, with the sizes
a model needs (`length`, `input_size`, `output_size`), what a model without memory reaches
(`chance`, `baseline_loss`), `draw` for a batch and `score` for a model's answers to it.
"""

from __future__ import annotations

from rnnlab.tasks.copy_memory import SOLVED_AT, CopyMemory, copy_memory

__all__ = ["SOLVED_AT", "CopyMemory", "copy_memory"]
