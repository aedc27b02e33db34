"""Options that take a name of a registry, with the names in their help."""

from __future__ import annotations

from typing import Any

import click

from rnnlab.registry import Registry


class NameOption(click.Option):
    """An option whose help lists the names of a registry in place of the word NAMES."""

    def __init__(self, *arguments: Any, registry: Registry[Any], **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self._registry = registry

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its help, with the names."""
        record = super().get_help_record(ctx)
        *others, last = self._registry
        names = f"{', '.join(others)} or {last}" if others else last
        return record and (record[0], record[1].replace("NAMES", names))
