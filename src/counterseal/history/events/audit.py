"""An audit: a gate read the whole ledger, and says so, so that the next gates begin to read there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from counterseal.model import Actor


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
class Moved:
    """A move of the ledger's branch that is no append, by the forge's log of pushes.

    Attributes:
        at: When.
        actor: Who moved it; None: an account that is gone.
        before: From which commit; None: it was not there.
        after: To which; None: it was deleted.
    """

    at: datetime
    actor: Actor | None
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Audit:
    """Body of an audit.

    Attributes:
        verified: Entries 0 to this one were verified, all of them, from 0 on.
        trigger: What started the run, as its certificate says: the scheduled ones are the ledger's heartbeat.
        swept: How far requests were looked for; None: there were too many to name.
        moved: How the branch was moved otherwise than by appends since the audit before, oldest first; None: the
            forge's log of pushes could not be read.
    """

    verified: int
    trigger: str
    swept: Swept | None
    moved: tuple[Moved, ...] | None = None
