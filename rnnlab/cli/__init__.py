"""The command line: thin commands over the library, which is imported when it is needed."""

from __future__ import annotations

from rnnlab.cli.main import commands, main

__all__ = ["commands", "main"]
