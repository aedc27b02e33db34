"""The command line: thin commands that import the library when they need it."""

from __future__ import annotations

from rnnlab.cli.main import commands, main

__all__ = ["commands", "main"]
