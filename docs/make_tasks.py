"""Write the tables of docs/tasks.md from the registered tasks; a test holds the page to them.

python docs/make_tasks.py
"""

from __future__ import annotations

from pathlib import Path

from rnnlab.registry import tasks
from rnnlab.tasks import Task, find_task
from rnnlab.tasks.description import about, chance_text, settings_text, solved_text

PAGE = Path(__file__).with_name("tasks.md")
BEGIN, END = "<!-- begin: python docs/make_tasks.py -->\n", "<!-- end -->\n"


def tables() -> str:
    """Return both tables: what the tasks ask, and where they come from."""
    known = {name: find_task(name) for name in tasks}
    lines = ["| task | what is asked | settings | chance | solved |", "|---" * 5 + "|"]
    lines += [_what(name, task) for name, task in known.items()]
    lines += ["", "| task | paper | differs from the paper | trained on |", "|---" * 4 + "|"]
    lines += [_whence(name, task) for name, task in known.items()]
    return "\n".join(lines) + "\n"


def _what(name: str, task: type[Task]) -> str:
    settings, solved = f"`{settings_text(task)}`", f"`{solved_text(task)}`"
    return _row((f"`{name}`", about(task), settings, chance_text(task), solved))


def _whence(name: str, task: type[Task]) -> str:
    return _row((f"`{name}`", task.paper, task.differs or "-", task.loss))


def _row(fields: tuple[str, ...]) -> str:
    return f"| {' | '.join(field.replace('|', chr(92) + '|') for field in fields)} |"


def filled(page: str) -> str:
    """Return the page with its tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
