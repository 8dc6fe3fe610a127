"""What is promoted: artifacts, what they were made from, and where they wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from counterseal.model.people import Repository


@dataclass(frozen=True, slots=True)
class Subject:
    """What a statement is about: a name (no folder part for files) and its sha256."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class DigestSet:
    """An in-toto digest set as we write it."""

    sha256: str


@dataclass(frozen=True, slots=True)
class DocumentDigest:
    """The digests of a document that the ledger keeps; `git_blob` (in-toto digest_set.md) is its id in the tree."""

    sha256: str
    git_blob: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The signed list at a gate: what the artifacts are and what they were made from (docs/formats.md#manifest)."""

    repository: Repository
    revision: str
    tag: str
    subjects: tuple[Subject, ...]
    sbom: str
    input_matrix: str


@dataclass(frozen=True, slots=True)
class SbomDocument:
    """A CycloneDX document that was written: its bytes, the JSON that they are, and what was redacted, by kind."""

    data: bytes
    content: Mapping[str, Any]
    redacted: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file at a release; `digest` is what the forge says (None: it says nothing), not proof."""

    id: int
    name: str
    size: int
    digest: str | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Release:
    """A release of the forge; a draft is a candidate."""

    id: int
    tag: str
    draft: bool
    assets: tuple[Asset, ...]
    url: str
    immutable: bool = False
