"""Exceptions that end a study before all its runs are computed."""

from __future__ import annotations


class RefusedError(ValueError):
    """The study cannot be computed in this state of the folder, files or cluster.

    Another runner works in the folder, the folder holds another result, no cluster answers, or a
    file that decides the numbers has changed. The message says what to do.
    """


class CannotWriteError(OSError):
    """A file of the result could not be written; its previous content is intact."""
