"""Section of the page about one task: the block of every registered statistic."""

from __future__ import annotations

from rnnlab import registry
from rnnlab.reports.blocks import Section
from rnnlab.reports.cautions import cautions
from rnnlab.reports.source import Part, Source
from rnnlab.reports.statistics import Statistic, TaskResults


def task_section(part: Part, source: Source, *, alone: bool) -> Section:
    """Return the section about one task; `alone` where there is no other."""
    named = part.task if "task" in part.metrics else None
    section = Section("Results" if alone else f"Results: {part.task}", named)
    results = TaskResults(part, source.reference)
    for name in registry.statistics:
        statistic: Statistic = registry.statistics[name]
        table = statistic.compute(results)
        if table is None:
            continue
        section.tables[name] = table
        if statistic.is_shown(results, table):
            section.blocks.append(statistic.block(results, table))
        for sentence in statistic.findings(results, table):
            section.findings.append(sentence if alone else f"{part.task}: {sentence}")
    section.cautions = cautions(results.every, source.settings, part.by, source.manifest)
    return section
