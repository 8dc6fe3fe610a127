"""The shape of the consumer's pins, which `formats/pin.py` reads by hand; as `schema_shapes.py` has the policy's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from counterseal.formats import digests, names, pin


@dataclass(frozen=True)
class PinnedRevisions:
    """counterseal's gate, at one of these revisions."""

    revisions: tuple[Annotated[str, digests.REVISION], ...]


@dataclass(frozen=True)
class PinnedIdentity:
    """A project's own gate, by the name in its certificate and who issued it."""

    identity: Annotated[str, {"minLength": 1}]
    issuer: Annotated[str, {"minLength": 1}]


@dataclass(frozen=True)
class PinnedProject:
    """A project whose releases are used, and what is known of it."""

    repository: Annotated[str, pin.PROJECT, "Host and name."]
    id: Annotated[int, "The repository's number at the forge, which nobody can register again."]
    gate: Annotated[
        Literal["released"] | PinnedRevisions | PinnedIdentity,
        "Whose decisions count: counterseal's released gates, some of them, or a gate of the project's own.",
    ]
    ledger: Annotated[str, names.LEDGER_ID, "The only ledger that is accepted."]
    sequence: Annotated[int, {"minimum": 0}, "An entry that was seen."]
    max_age: Annotated[str, pin.AGE, "How old the knowledge of the ledger may be; without this 7d."] = "7d"


@dataclass(frozen=True)
class PinsFile:
    """The file .counterseal/consume.yml.

    `counterseal verify` says more: a project that is pinned twice.
    """

    api_version: Annotated[str, {"const": pin.API_VERSION}] = field(metadata={"key": "apiVersion"})
    projects: Annotated[tuple[PinnedProject, ...], {"minItems": 0, "maxItems": pin.MAX_PINS}, "Each project once."]
