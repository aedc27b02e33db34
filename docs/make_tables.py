"""Generator of the tables in docs/cells.md and docs/tasks.md from the registries.

Run it with `python docs/make_tables.py`; a test checks that the pages are up to date.
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
    """Return two tables: the cells, and their sources."""
    known = [find_cell(name) for name in cells]
    columns = ("cell", "description", "states", "keep, write", "weights", "products")
    sources = ("cell", "paper", "differs from the paper", "starts as")
    return _table(columns, map(_cell_row, known)) + "\n" + _table(sources, map(_cell_source, known))


def _cell_row(cell: CellDefinition) -> tuple[str, ...]:
    recurrent = [product for product in make_plan(cell).products if product.source != "x"]
    gates = ", ".join(f"`{gate}`" if gate else "-" for gate in (cell.keep, cell.write))
    states, products = ", ".join(cell.states), str(len(recurrent))
    return f"`{cell.name}`", cell.summary, states, gates, weights(cell), products


def weights(cell: CellDefinition) -> str:
    """Return the number of parameters of a layer, as a polynomial in I and H."""
    counts = {" HI": 0, " HH": 0, " H": 0, "": 0}
    for array in cell.arrays.values():
        if array.kind == "weight":
            counts[" HI" if array.source == "x" else " HH"] += len(array.maps)
        elif array.kind == "bias":
            counts[" H"] += len(array.maps)
        else:
            counts[" H" if array.kind == "vector" else ""] += 1
    return " + ".join(f"{count}{unit}" for unit, count in counts.items() if count)


def _cell_source(cell: CellDefinition) -> tuple[str, ...]:
    return f"`{cell.name}`", cell.paper, cell.differs or "-", f"`{cell.init}`"


def task_tables() -> str:
    """Return two tables: the tasks, and their sources."""
    known = [(name, find_task(name)) for name in tasks]
    columns = ("task", "description", "settings", "chance", "solved")
    sources = ("task", "paper", "differs from the paper", "trained on")
    first = _table(columns, (_task_row(*one) for one in known))
    return first + "\n" + _table(sources, (_task_source(*one) for one in known))


def _task_row(name: str, task: type[Task]) -> tuple[str, ...]:
    settings, solved = f"`{settings_text(task)}`", f"`{solved_text(task)}`"
    return f"`{name}`", about(task), settings, chance_text(task), solved


def _task_source(name: str, task: type[Task]) -> tuple[str, ...]:
    return f"`{name}`", task.paper, task.differs or "-", task.loss


def _table(headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rule = "|---" * len(headers) + "|"
    lines = [_row(headers), rule, *map(_row, rows)]
    return "\n".join(lines) + "\n"


def _row(fields: tuple[str, ...]) -> str:
    return f"| {' | '.join(field.replace('|', chr(92) + '|') for field in fields)} |"


PAGES: dict[str, Callable[[], str]] = {"cells.md": cell_tables, "tasks.md": task_tables}


def filled(name: str) -> str:
    """Return a page with its tables up to date."""
    before, _, rest = (DOCS / name).read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{PAGES[name]()}\n{END}{after}"


if __name__ == "__main__":
    for page in PAGES:
        (DOCS / page).write_text(filled(page), encoding="utf-8")
