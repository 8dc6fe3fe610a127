"""What a consumer knows of a ledger beside a release's proof: its newest line and the state document that this signs.

Every release carries a copy as of its publication; who wants to know what happened since hands over a newer one. Either
is verified like any line, and then held to the release: the same ledger, not from before the publication, and old only
as the consumer lets it be (R39). What it says of the release is looked at in `standing.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from counterseal import ledger
from counterseal.errors import CountersealError, FormatError, LedgerError, VerificationError
from counterseal.evaluation import Decision
from counterseal.formats import digests
from counterseal.history import content_of
from counterseal.history import state as states
from counterseal.model import Entry
from counterseal.verification import standing
from counterseal.verification.asked import check_signer, check_time
from counterseal.verification.looks import Look, fail

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from counterseal.model import Attestation, Trust
    from counterseal.ports import BundleVerifier
    from counterseal.verification.asked import Asked

NEWEST: Final = "--state newest"
_NEWER: Final = f"say where a newer one is: counterseal verify … {NEWEST}"
_ANEW: Final = f"get it again ({NEWEST}); if it fails again, do not use the file, and tell the project"
_SUCCEEDED: Final = (
    "if that ledger was succeeded by this one, its genesis says so (counterseal log verify in a clone); then pin the "
    "new one: counterseal pin"
)


@dataclass(frozen=True, slots=True)
class Told:
    """The note of a ledger's state, as somebody handed it over: unverified.

    Attributes:
        note: Its newest line, and the state document.
        fetched: It was brought just now from where the ledger is.
        lines: Where the whole ledger is at hand, returns the lines of entries by their ids; None: it has no such entry.
    """

    note: bytes
    fetched: bool = False
    lines: Callable[[Sequence[str]], Sequence[bytes | None]] | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A state that a believed gate signed for the repository that is asked about. `own`: the release carries it."""

    entry: Entry
    state: states.State
    told: Told
    own: bool = False

    @property
    def attestation(self) -> Attestation:
        """Return who signed it, and when."""
        return self.entry.attestation

    @property
    def sequence(self) -> int:
        """Return as of which entry it is."""
        return self.entry.link.sequence


@dataclass(frozen=True, slots=True)
class Released:
    """What a state is held to: the lines of a verified release, what its decision says, and its allow."""

    decision: Entry
    publication: Entry
    content: Decision
    allowed: states.Allowed


def read(asked: Asked, told: Told, verifier: BundleVerifier, trust: Trust, sealed: Attestation | None = None) -> Known:
    """Return the state in a note after the checks that need no release.

    Args:
        asked: The question, which names gate, repository and ledger.
        told: The note.
        verifier: Verifies its line.
        trust: Whom the consumer trusts.
        sealed: The publication of the release that carries the note: mostly that is the line.

    Raises:
        StepError: It is no state, or nobody who is believed signed it.
    """
    try:
        return _read(asked, told, verifier, trust, sealed)
    except (FormatError, LedgerError, VerificationError) as error:
        if str(Look.KNOWLEDGE) in error.what:
            raise
        _refuse(error)


def _refuse(error: CountersealError) -> NoReturn:
    why = ": ".join(filter(None, (error.what.removeprefix("not verified: "), error.why)))
    fail(Look.KNOWLEDGE, why, ledger.UPGRADE if ledger.UPGRADE in error.fix else _ANEW)


def _read(asked: Asked, told: Told, verifier: BundleVerifier, trust: Trust, sealed: Attestation | None) -> Known:
    what = "the state of the ledger"
    line, document = ledger.state_of(told.note, what)
    known = sealed is not None and sealed.bundle == line
    attestation = sealed if known and sealed else verifier.verify_statement(line, f"the newest line in {what}")
    entry = ledger.entry_of(line, attestation)
    content, link = content_of(entry), entry.link
    ledger.check_link(link, f"entry {link.sequence}")
    check_signer(asked, attestation, content.policy.ref, trust, Look.KNOWLEDGE)
    check_time(attestation, Look.KNOWLEDGE)
    if digests.sha256(document) != link.state:
        fail(Look.KNOWLEDGE, f"the state document is not the one that entry {link.sequence} signs", _ANEW)
    state = states.parse(document, what)
    if (state.ledger, state.sequence) != (link.id, link.sequence):
        fail(Look.KNOWLEDGE, f"the state document is of another entry than {link.sequence}, which signs it", _ANEW)
    if asked.ledger is not None and link.id != asked.ledger:
        fail(Look.KNOWLEDGE, f"it is of the ledger {link.id}, not of {asked.ledger}", _SUCCEEDED)
    return Known(entry, state, told, own=sealed is not None)


def check(asked: Asked, known: Known, released: Released, now: datetime) -> str:
    """Return what the newest state says of a release.

    Raises:
        StepError: It is not of the release's ledger, too old, or has something against the release.
    """
    check_older(asked, known, released, now)
    for why, fix in standing.revoked(known.state, released.decision, released.content, now):
        fail(Look.KNOWLEDGE, why, fix)
    return f"{as_of(known, now)}: {standing.words(known.state, released.allowed)}; not checked: what was recorded since"


def check_older(asked: Asked, known: Known, released: Released, now: datetime) -> None:
    """Check a state that a newer one follows: what it has that can be taken back is left to that.

    Raises:
        StepError: It is not of the release's ledger, too old, or has something lasting against the release.
    """
    _check_ledger(known, released)
    _check_lines(known, released)
    check_alone(asked, known, now)
    for why, fix in standing.problems(known.state, asked, released.allowed):
        fail(Look.KNOWLEDGE, why, fix)


def check_alone(asked: Asked, known: Known, now: datetime) -> None:
    """Check what needs no release: that it is not from before what was pinned, and not too old.

    Raises:
        StepError: It is.
    """
    _check_least(asked, known)
    _check_age(asked, known, now)


def as_of(known: Known, now: datetime) -> str:
    """Return of when a state is, in words."""
    at = known.attestation.signed_at
    whose = "the release's own copy, " if known.own else ""
    return f"{whose}as of ledger entry {known.sequence} ({at:%Y-%m-%d %H:%M} UTC, {_age(now - at)} old)"


def _check_ledger(known: Known, released: Released) -> None:
    link, seal = known.entry.link, released.publication.link
    if link.id != seal.id:
        fail(Look.KNOWLEDGE, f"it is of the ledger {link.id}, and the release is in {seal.id}", _SUCCEEDED)
    if known.attestation.certificate.source_id != released.decision.attestation.certificate.source_id:
        fail(Look.KNOWLEDGE, "it was signed for another repository than the release", _ANEW)
    if link.sequence < seal.sequence:
        _fail_as_older(known, f"is older than the publication (entry {seal.sequence})")


def _check_lines(known: Known, released: Released) -> None:
    """Require that the publication is among the lines of the state's ledger, as far as these are at hand."""
    link, seal = known.entry.link, released.publication
    same = link.sequence != seal.link.sequence or known.entry.line == seal.line
    next_one = link.sequence != seal.link.sequence + 1 or link.previous == digests.sha256(seal.line)
    lost: list[Entry] = []
    if known.told.lines is not None:
        wanted = (released.decision, seal)
        found = known.told.lines([each.link.entry_id for each in wanted])
        lost = [each for each, line in zip(wanted, found, strict=True) if line != each.line]
    if not (same and next_one) or lost:
        number = lost[0].link.sequence if lost else seal.link.sequence
        fail(
            Look.KNOWLEDGE,
            f"it is of a ledger that does not have entry {number} of the release",
            "the ledger was rewound or replaced: do not use the file, and tell the project (counterseal log repair)",
        )


def _check_least(asked: Asked, known: Known) -> None:
    if asked.least is None or known.sequence >= asked.least:
        return
    _fail_as_older(known, f"is older than entry {asked.least}, which was seen (pin, or the release's own state)")


def _fail_as_older(known: Known, why: str) -> NoReturn:
    said = f"what is known is as of entry {known.sequence}, which {why}"
    if not known.told.fetched:
        fail(Look.KNOWLEDGE, said, _NEWER)
    fix = "do not use the file, and tell the project: somebody took entries away (counterseal log repair)"
    fail(Look.KNOWLEDGE, f"the ledger was rewound: {said}", fix)


def _check_age(asked: Asked, known: Known, now: datetime) -> None:
    age = now - known.attestation.signed_at
    if asked.max_age is None or age <= asked.max_age:
        return
    old = f"{as_of(known, now)}, and you accept {_age(asked.max_age)} (max-age)"
    if known.told.fetched and is_stopped(known.state, now):
        fail(
            Look.KNOWLEDGE,
            f"heartbeat stopped: the ledger's newest entry is what was fetched now, {old}",
            "ask the project to run its gate's schedule again (the forge may have turned it off; counterseal doctor "
            "tells): somebody may also keep newer entries from you",
        )
    fail(Look.KNOWLEDGE, f"what is known is too old: {old}", _NEWER)


def is_stopped(state: states.State, now: datetime) -> bool:
    """Return whether no scheduled run has audited the ledger for longer than one that runs would take."""
    return state.heartbeat is None or now - state.heartbeat.at > ledger.STOPPED


def _age(age: timedelta) -> str:
    hours = max(0, int(age.total_seconds() // 3600))
    return f"{hours} h" if hours < 72 else f"{hours // 24} d"
