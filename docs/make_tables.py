"""Write the tables of docs/cells.md from the registered cells; a test holds the page to them.

python docs/make_cells.py
"""

from __future__ import annotations

from pathlib import Path

from rnnlab.cells import CellDefinition, find_cell
from rnnlab.engine.plan import make_plan
from rnnlab.registry import cells

PAGE = Path(__file__).with_name("cells.md")
BEGIN, END = "<!-- begin: python docs/make_cells.py -->\n", "<!-- end -->\n"


def tables() -> str:
    """Return both tables: what the cells are, and where they come from."""
    known = [find_cell(name) for name in cells]
    lines = ["| cell | what it is | states | keep, write | weights | products |", "|---" * 6 + "|"]
    lines += [_what(cell) for cell in known]
    lines += ["", "| cell | paper | differs from the paper | starts as |", "|---" * 4 + "|"]
    lines += [_whence(cell) for cell in known]
    return "\n".join(lines) + "\n"


def _what(cell: CellDefinition) -> str:
    recurrent = [product for product in make_plan(cell).products if product.source != "x"]
    gates = ", ".join(f"`{gate}`" if gate else "-" for gate in (cell.keep, cell.write))
    states = ", ".join(cell.states)
    row = (f"`{cell.name}`", cell.summary, states, gates, _weights(cell), str(len(recurrent)))
    return _row(row)


def _weights(cell: CellDefinition) -> str:
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


def _whence(cell: CellDefinition) -> str:
    return _row((f"`{cell.name}`", cell.paper, cell.differs or "-", f"`{cell.init}`"))


def _row(fields: tuple[str, ...]) -> str:
    return f"| {' | '.join(field.replace('|', chr(92) + '|') for field in fields)} |"


def filled(page: str) -> str:
    """Return the page with its tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
