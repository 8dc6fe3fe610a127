"""What can be asked of the decisions of a ledger, whether all of them are here or each is looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.history.fold import RecordedDecision


class Past(Protocol):
    """The decisions of a ledger that was verified."""

    def on_manifest(self, manifest: str) -> Sequence[RecordedDecision]:
        """Return the decisions on a manifest (sha256) in their order."""

    def current(self, stage: str) -> RecordedDecision | None:
        """Return the decision that let in what a stage has now, or None."""
