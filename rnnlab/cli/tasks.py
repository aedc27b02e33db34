"""`rnnlab tasks`: the list of tasks, and the description of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rnnlab.cli.errors import user_errors
from rnnlab.cli.groups import Commands
from rnnlab.cli.output import heading, print_registry, print_rows, say

if TYPE_CHECKING:
    from rnnlab.tasks import Task

LONG = 44  # samples with more steps are shortened to the first and last ENDS steps
ENDS = 12


@click.group(cls=Commands, invoke_without_command=True, short_help="List the tasks, or show one.")
@click.pass_context
def tasks(context: click.Context) -> None:
    """List the tasks: name, settings with their defaults, criterion, description.

    Tasks of installed packages (entry points of the group rnnlab.tasks) are listed too. A task of
    your own is FILE.py:NAME wherever a task is an argument.
    """
    if context.invoked_subcommand is None:
        _list()


def _list() -> None:
    import rnnlab.tasks  # noqa: F401  # registers them
    from rnnlab.registry import tasks as known
    from rnnlab.tasks.description import about, settings_text, solved_text

    def row(name: str, task: type[Task]) -> tuple[str, ...]:
        return name, settings_text(task), solved_text(task), about(task)

    print_registry(known, ("task", "settings", "solved", "description"), row)


@tasks.command(short_help="Describe a task, with a sample.")
@click.argument("task", metavar="NAME|FILE.py:NAME[,SETTING=VALUE]...")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of the sample.",
)
@click.option("--all", "whole", is_flag=True, help="Print all steps of a long sample.")
def show(task: str, seed: int, whole: bool) -> None:
    """Describe a task: paper, settings, sizes, chance, criterion, and one sample step by step.

    Settings follow the name, as in copy-memory,delay=5 or text,file=book.txt. In the sample, - is
    an input of zeros or a step without an answer.
    """
    from rnnlab.tasks.description import sample_rows

    with user_errors():
        made = _made(task)
        rows = sample_rows(made, seed)
    _show(task, made, seed, rows, whole)


def _made(text: str) -> Task:
    """Return the task of `NAME,setting=value,...`."""
    from rnnlab.experiments.settings.task_entry import TaskEntry, problem_at, read_task

    points = TaskEntry.model_validate(read_task(text)).points()
    if len(points) > 1:
        raise ValueError(
            f"a sample needs a task at one setting, got {len(points)} in {text!r}: "
            "give every setting once"
        )
    task: Task = problem_at(points[0])
    return task


def _show(
    written: str, task: Task, seed: int, rows: list[tuple[str, str, str]], whole: bool
) -> None:
    from rnnlab.tasks.description import about, chance_text, solved_text

    kind = type(task)
    say(f"{written.partition(',')[0]}: {about(kind)}")
    solved, number = solved_text(kind), f"{task.solved_at:g}"
    settings = ", ".join(f"{name}={getattr(task, name)}" for name in kind.setting_names())
    facts = [
        ("Paper", task.paper),
        ("Differs from the paper", task.differs),
        ("Settings", settings),
        ("Sizes", f"T = {task.length}, I = {task.input_size}, O = {task.output_size}"),
        ("Trained on", f"{task.loss}; loss without memory {task.baseline_loss:.4g}"),
        ("Metrics", ", ".join(task.metrics)),
        ("Chance", f"{task.headline} {task.chance:.4g} ({chance_text(kind).rstrip('.')})"),
        ("Solved", solved if solved.endswith(number) else f"{solved}, here {number}"),
    ]
    for label, text in facts:
        if text:
            say(f"{label}: {text}")
    heading(f"One sample, seed {seed}")
    if len(rows) > LONG and not whole:
        rows = [*rows[:ENDS], ("...", "...", "..."), *rows[-ENDS:]]
    print_rows(("step", "input", "target"), rows, title=True)
