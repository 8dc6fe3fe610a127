"""An audit: a gate read the whole ledger, and says so, so that the next gates begin to read there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """A merged request (path) that has no decision yet, and the revision that brought it."""

    path: str
    revision: str


@dataclass(frozen=True, slots=True)
class Swept:
    """Of all requests merged at or before `revision`, these are undecided; so a sweep looks at later ones only."""

    revision: str
    undecided: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """Body of an audit.

    Attributes:
        verified: Entries 0 to this one were verified, all of them, from 0 on.
        trigger: What started the run, as its certificate says: the scheduled ones are the ledger's heartbeat.
        swept: How far requests were looked for; None: there were too many to name.
    """

    verified: int
    trigger: str
    swept: Swept | None
