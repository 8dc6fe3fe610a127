"""How long work says how far it is; whoever starts it decides whether anybody sees it."""

from __future__ import annotations

from typing import Protocol


class Tell(Protocol):
    """Takes note of how far work is."""

    def __call__(self, what: str, done: int = 0, of: int | None = None) -> None:
        """Take note.

        Args:
            what: What is being done, such as a file's name; may come from outsiders.
            done: How many pieces are done.
            of: Of how many; None if nobody knows.
        """


def silent(what: str, done: int = 0, of: int | None = None) -> None:
    """Take note of nothing."""
