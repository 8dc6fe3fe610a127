"""`sbom find`: which releases of a verified ledger contain a component.

Asked is the SBOM of each release, by the digest that the ledger sealed it with (that of its manifest, as the gate read
it). A release whose SBOM cannot be read, or is another one now, is told: the answer is then not complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from counterseal.commands.log import LogQuery
from counterseal.errors import CountersealError, LedgerError, ServiceError
from counterseal.gate import sboms
from counterseal.history import RecordedEvent
from counterseal.history.events import Publication
from counterseal.identifiers import SBOM_FILE
from counterseal.inventory import Element, search
from counterseal.ports import Tell, silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterseal.gate.ledger import Whole
    from counterseal.history import Told
    from counterseal.inventory import Document
    from counterseal.ports import AssetStore


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for, and in which releases."""

    component: str
    releases: LogQuery


@dataclass(frozen=True, slots=True)
class Searched:
    """A release that was looked at: its tag and stage, the allow's place in the ledger, and what was found in it."""

    tag: str
    stage: str
    sequence: int
    decided_at: datetime
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """A release that could not be looked at, and why."""

    tag: str
    stage: str
    sequence: int
    why: str


@dataclass(frozen=True, slots=True)
class FindResult:
    """The answer, newest release first; it is complete if nothing is unread."""

    component: str
    ledger_id: str
    searched: tuple[Searched, ...]
    unread: tuple[Unread, ...]

    @property
    def holding(self) -> tuple[Searched, ...]:
        """Return the releases that contain the component."""
        return tuple(release for release in self.searched if release.elements)


def check(asked: Asked) -> None:
    """Refuse a question that names no component, before anything is read.

    Raises:
        UsageError: It names none.
    """
    search.wanted(asked.component)


def run(whole: Whole, assets: AssetStore, asked: Asked, work: Path, *, tell: Tell = silent) -> FindResult:
    """Return which releases contain a component.

    Args:
        whole: The verified ledger.
        assets: The forge's releases.
        asked: The question.
        work: A folder of our own for downloads.
        tell: Told of every release.

    Raises:
        UsageError: The question names no component.
    """
    wanted = search.wanted(asked.component)
    documents: dict[tuple[int, str], Document] = {}
    searched: list[Searched] = []
    unread: list[Unread] = []
    for recorded, publication in _published(whole, asked.releases):
        stage = recorded.decision.stage
        tell(f"reading the SBOM of {publication.tag}")
        try:
            elements = search.find(_document(publication, assets, work, documents), wanted)
        except LedgerError:
            raise
        except CountersealError as error:
            why = f"{error.what}: {error.why}" if error.why else error.what
            unread.append(Unread(publication.tag, stage, recorded.sequence, why))
        else:
            moment = recorded.decision.decided_at
            searched.append(Searched(publication.tag, stage, recorded.sequence, moment, elements))
    return FindResult(asked.component, whole.tip.id, tuple(searched), tuple(unread))


def _published(whole: Whole, query: LogQuery) -> Iterator[tuple[Told, Publication]]:
    """Yield the allows that became public and were not withdrawn, each with what was published, newest first."""
    for recorded in whole.history.query(stage=query.stage, since=query.since):
        if recorded.publication is None or recorded.withdrawn:
            continue
        published = whole.recorded(recorded.publication)
        if isinstance(published, RecordedEvent) and isinstance(published.event.body, Publication):
            yield recorded, published.event.body


def _document(
    publication: Publication, assets: AssetStore, work: Path, known: dict[tuple[int, str], Document]
) -> Document:
    """Return the SBOM that was published; of the same release it is read once."""
    digest = next((asset.digest for asset in publication.assets if asset.name == SBOM_FILE), None)
    if digest is None:
        raise ServiceError(f"the release {publication.tag} was published without {SBOM_FILE}")
    key = (publication.release, digest)
    if key not in known:
        release = assets.release(publication.release)
        if release is None:
            raise ServiceError(
                f"the release {publication.tag} (number {publication.release}) cannot be read",
                why="it was deleted, or the token may not see it",
            )
        known.clear()  # the same release comes again only after itself
        known[key] = sboms.released(assets, release, digest, work)
    return known[key]
