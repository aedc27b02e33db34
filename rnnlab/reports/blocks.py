"""Blocks and sections of the page."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from rnnlab.reports.pictures import Picture
from rnnlab.reports.tables import Table


@dataclass
class Block:
    """A heading of the page with the contents below it, in this order.

    Attributes
    ----------
    title : str
    paragraphs : list of str
    picture : Picture or None
    numbers : str or None
        Name of a table that neither a figure nor a table of the page shows.
    sentences : list of str
    tables : list of Table
    """

    title: str
    paragraphs: list[str] = field(default_factory=list)
    picture: Picture | None = None
    numbers: str | None = None
    sentences: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


@dataclass
class Section:
    """A section of the page.

    Attributes
    ----------
    title : str
    task : str or None
        The task of its tables, where the study names its tasks.
    blocks : list of Block
    findings, cautions : list of str
        Sentences for the top of the page.
    tables : dict of str to DataFrame
        The tables of the blocks, by name.
    """

    title: str
    task: str | None = None
    blocks: list[Block] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
