"""Reports: the folder of a result as one HTML page to read, print and send."""

from __future__ import annotations

from rnnlab.reports.page import report

__all__ = ["report"]
