"""What only the forge knows: candidates; open change requests with what each lacks, as `gate --preview` judges it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from counterseal.commands.status.clone import Clone, Unseen
from counterseal.errors import CountersealError, VerificationError
from counterseal.gate import ledger as ledgers
from counterseal.gate import opening, preview
from counterseal.identifiers import LEDGER_BRANCH
from counterseal.model import OpenChange, Release
from counterseal.ports import silent

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.gate import collect
    from counterseal.ports import LedgerStore, Tell

T = TypeVar("T")
#: How many of each kind are told.
MOST: Final = 50
#: How many open change requests are looked into, and how many are listed; anybody may open them.
MAX_LOOKED: Final = 100
MAX_LISTED: Final = 2000


_BEHIND: Final = Unseen(
    "this clone is not what the forge has now",
    "what stages have, what is merged and what was denied is told from the branch and the ledger that the clone has",
    f"git pull && git fetch origin {LEDGER_BRANCH}",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open change request that touches `promotions/`, and how it would be judged now; or why nobody can tell."""

    change: OpenChange
    paths: tuple[str, ...]
    preview: preview.Preview | None
    problem: Unseen | None = None


@dataclass(frozen=True, slots=True)
class AtForge:
    """What the forge says; None: it could not be seen. `releases` are candidates, for a tag all of that tag.

    `has_ledger`: it has one, or nobody could tell.
    """

    releases: tuple[Release, ...] | None
    opened: tuple[Opened, ...] | None
    unseen: tuple[Unseen, ...]
    has_ledger: bool = True


def nothing(error: CountersealError) -> AtForge:
    """Return what is known without the forge."""
    return AtForge(None, None, (Unseen(f"candidates and open requests: {error.what}", error.why, error.fix),))


def look(
    sources: collect.Sources, store: LedgerStore, clone: Clone, tag: str | None = None, tell: Tell = silent
) -> AtForge:
    """Return what the forge says; what cannot be read is said, and no error.

    Args:
        sources: The forge, as the holder of a token sees it.
        store: The ledger there.
        clone: What the clone says, which has to be of the same repository.
        tag: For all releases of a tag; None: for candidates.
        tell: Takes note of how far it is.

    Raises:
        LedgerError: The ledger at the forge is not what it was.
    """
    unseen: list[Unseen] = []
    try:
        opening.check_ledger_id(clone.policy, sources.forge.repository())
    except CountersealError as error:
        return nothing(error)

    def seen(ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except VerificationError:
            raise
        except CountersealError as error:
            unseen.append(Unseen.of(error))
            return None

    tell("reading candidates")
    releases = seen(lambda: tuple(sources.assets.releases(tag) if tag else sources.assets.drafts()))
    touching = seen(lambda: _touching(sources, unseen, tell))
    stand = None
    if touching:
        tell("reading and verifying the ledger at the forge")
        stand = seen(lambda: preview.ground(sources, store))
    opened = []
    for place, (change, paths) in enumerate(touching or ()):
        tell("judging open requests", place, len(touching or ()))
        opened.append(_judged(sources, stand, change, paths))
    known = len(unseen)
    tip, head = seen(store.tip), seen(lambda: ledgers.branch_tip(sources.repository))
    told = len(unseen) > known
    if (tip != clone.tip and not told) or head not in (clone.head, None):
        unseen.append(_BEHIND)
    return AtForge(
        releases, None if touching is None else tuple(opened), tuple(unseen), has_ledger=tip is not None or told
    )


def _touching(sources: collect.Sources, unseen: list[Unseen], tell: Tell) -> list[tuple[OpenChange, tuple[str, ...]]]:
    """Return the open change requests that touch `promotions/`, those of the repository's own branches first.

    Anybody may open them from a fork, which must not hide the others.
    """
    listed = list(islice(sources.forge.open_changes(sources.forge.default_ref()), MAX_LISTED))
    ordered = sorted(listed, key=lambda change: not change.inside)
    touching: list[tuple[OpenChange, tuple[str, ...]]] = []
    looked = 0
    for looked, change in enumerate(ordered[:MAX_LOOKED], start=1):
        tell("looking into open change requests", looked, min(len(ordered), MAX_LOOKED))
        try:
            files = tuple(sources.forge.changed_files(change.number))
        except CountersealError as error:
            unseen.append(Unseen.of(error))
            continue
        touching += [(change, files)] if preview.request_paths(files) else []
        if len(touching) == MOST:
            break
    if looked < len(ordered):
        count = f"{len(ordered) - looked}{' or more' if len(listed) == MAX_LISTED else ''}"
        why = f"at most {MAX_LOOKED} are looked into and {MOST} told, those of branches of this repository first"
        unseen.append(Unseen(f"{count} open change requests were not looked into", why))
    return touching


def _judged(
    sources: collect.Sources, stand: preview.Ground | None, change: OpenChange, files: tuple[str, ...]
) -> Opened:
    paths = preview.request_paths(files)
    if stand is None:
        return Opened(change, paths, None, Unseen("it could not be judged", "branch or ledger cannot be read"))
    try:
        return Opened(change, paths, preview.judge(sources, stand, change.number, files, compare=False))
    except CountersealError as error:
        return Opened(change, paths, None, Unseen.of(error))
