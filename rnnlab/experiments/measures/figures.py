"""Registration of the figures of all measures, apart from the measures: it needs matplotlib."""

from __future__ import annotations

from rnnlab.plotting import register
from rnnlab.registry import measures

for _name in measures:
    for _figure in measures[_name].figures():
        register(_figure)
