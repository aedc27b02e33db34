"""A result's folder to one page that can be read, printed, sent and checked."""

from __future__ import annotations

from rnnlab.reports.page import report

__all__ = ["report"]
