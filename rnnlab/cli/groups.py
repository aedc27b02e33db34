"""Group of commands that proposes the nearest name for an unknown one."""

from __future__ import annotations

import click

from rnnlab.registry import unknown_name


class Commands(click.Group):
    """A group that lists its commands in the order of definition and proposes the nearest name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which the commands were added."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that `args` start with."""
        if args[0] not in self.commands and not args[0].startswith("-"):
            raise click.UsageError(unknown_name("command", args[0], self.commands))
        return super().resolve_command(ctx, args)
