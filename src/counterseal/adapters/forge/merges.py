"""Which merge brought a revision onto a branch, of those that a forge tells of. What the forge merged is asked once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.model import Merge, Mover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class SettledMerges:
    """Remembers the answers that do not change: the end of a change that the forge itself merged."""

    def __init__(self) -> None:
        self._settled: dict[tuple[str, str], Merge] = {}

    def of(self, revision: str, base_ref: str, read: Callable[[], Iterable[Merge]]) -> Merge | None:
        """Return the merge that says most about `revision`, of those that `read` asks the forge for, or None."""
        if (revision, base_ref) in self._settled:
            return self._settled[revision, base_ref]
        best = min(read(), key=lambda merge: _rank(merge, revision), default=None)
        if best and best.end == revision and best.mover is Mover.FORGE:
            self._settled[revision, base_ref] = best
        return best


def _rank(merge: Merge, revision: str) -> tuple[bool, bool, int]:
    """Return what goes first: the end of a change, what the forge merged, the change that was opened first."""
    return merge.end != revision, merge.mover is not Mover.FORGE, merge.number
