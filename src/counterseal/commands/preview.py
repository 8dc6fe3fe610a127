"""`gate --preview`: judges an open change request and keeps the comment on it up to date.

A GitLab job's token may write no comments: there the preview is the job's log and summary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.gate import preview

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.gate import collect
    from counterseal.ports import LedgerStore


def run(
    sources: collect.Sources, store: LedgerStore, number: int, *, comment: Callable[[preview.Preview], str] | None
) -> preview.Preview:
    """Return the preview of a change request.

    Args:
        sources: What it reads.
        store: The ledger.
        number: Of the change request.
        comment: Gives the words of the comment; None if nobody may write one.

    Raises:
        UsageError: The change request adds no promotion request.
    """
    result = preview.run(sources, store, number)
    if comment is not None:
        preview.comment(sources, number, comment(result))
    return result
