"""Write the tables of docs/cells.md and docs/tasks.md from what is registered.

python docs/make_tables.py    # a test holds the pages to it
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from rnnlab.cells import CellDefinition, find_cell
from rnnlab.engine.plan import make_plan
from rnnlab.registry import cells, tasks
from rnnlab.tasks import Task, find_task
from rnnlab.tasks.description import about, chance_text, settings_text, solved_text

DOCS = Path(__file__).parent
BEGIN, END = "<!-- begin: python docs/make_tables.py -->\n", "<!-- end -->\n"


def cell_tables() -> str:
    """Return two tables: what the cells are, and where they come from."""
    known = [find_cell(name) for name in cells]
    what = ("cell", "what it is", "states", "keep, write", "weights", "products")
    whence = ("cell", "paper", "differs from the paper", "starts as")
    return _table(what, map(_what_cell, known)) + "\n" + _table(whence, map(_whence_cell, known))


def _what_cell(cell: CellDefinition) -> tuple[str, ...]:
    recurrent = [product for product in make_plan(cell).products if product.source != "x"]
    gates = ", ".join(f"`{gate}`" if gate else "-" for gate in (cell.keep, cell.write))
    states, products = ", ".join(cell.states), str(len(recurrent))
    return f"`{cell.name}`", cell.summary, states, gates, weights(cell), products


def weights(cell: CellDefinition) -> str:
    """Return how many numbers a layer learns, as a polynomial in I and H."""
    counts = {" HI": 0, " HH": 0, " H": 0, "": 0}
    for array in cell.arrays.values():
        if array.kind == "weight":
            counts[" HI" if array.source == "x" else " HH"] += len(array.maps)
        elif array.kind == "bias":
            counts[" H"] += len(array.maps)
        else:
            counts[" H" if array.kind == "vector" else ""] += 1
    return " + ".join(f"{count}{unit}" for unit, count in counts.items() if count)


def _whence_cell(cell: CellDefinition) -> tuple[str, ...]:
    return f"`{cell.name}`", cell.paper, cell.differs or "-", f"`{cell.init}`"


def task_tables() -> str:
    """Return two tables: what the tasks ask, and where they come from."""
    known = [(name, find_task(name)) for name in tasks]
    what = ("task", "what is asked", "settings", "chance", "solved")
    whence = ("task", "paper", "differs from the paper", "trained on")
    first = _table(what, (_what_task(*one) for one in known))
    return first + "\n" + _table(whence, (_whence_task(*one) for one in known))


def _what_task(name: str, task: type[Task]) -> tuple[str, ...]:
    settings, solved = f"`{settings_text(task)}`", f"`{solved_text(task)}`"
    return f"`{name}`", about(task), settings, chance_text(task), solved


def _whence_task(name: str, task: type[Task]) -> tuple[str, ...]:
    return f"`{name}`", task.paper, task.differs or "-", task.loss


def _table(headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rule = "|---" * len(headers) + "|"
    lines = [_row(headers), rule, *map(_row, rows)]
    return "\n".join(lines) + "\n"


def _row(fields: tuple[str, ...]) -> str:
    return f"| {' | '.join(field.replace('|', chr(92) + '|') for field in fields)} |"


PAGES: dict[str, Callable[[], str]] = {"cells.md": cell_tables, "tasks.md": task_tables}


def filled(name: str) -> str:
    """Return a page with its tables as they are now."""
    before, _, rest = (DOCS / name).read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{PAGES[name]()}\n{END}{after}"


if __name__ == "__main__":
    for page in PAGES:
        (DOCS / page).write_text(filled(page), encoding="utf-8")
