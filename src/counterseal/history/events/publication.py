"""A publication: what an allow made public, file by file."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.history.events.entry_reference import EntryReference


@dataclass(frozen=True, slots=True)
class PublishedAsset:
    """A file of the release as it was read back."""

    name: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Publication:
    """Body of a publication: these assets, and no others but the ledger proof, are the release (it is sealed)."""

    stage: str
    tag: str
    manifest: str
    decision: EntryReference
    release: int
    assets: tuple[PublishedAsset, ...]
