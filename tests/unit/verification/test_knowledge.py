"""What is known of a ledger after a publication: who may say it, how old it may be, and what it says of a release."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit import frozen
from tests.unit.verification.releases import (
    DECIDED_AT,
    GATE,
    GATE_CERTIFICATE,
    NOW,
    OTHER_GATE,
    PUBLISHED_AT,
    TRUST,
    WANTED,
    Release,
    by,
    decided,
    published,
    released,
)

from counterseal import ledger
from counterseal.errors import VerificationError
from counterseal.formats import digests, wire
from counterseal.history import state as states
from counterseal.history.events import EntryReference, Event, Withdrawn
from counterseal.model import Revoked, Target
from counterseal.verification import Told

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from counterseal.evaluation import Decision
    from counterseal.model import Certificate, Entry
    from counterseal.verification import Verdict

LATER = PUBLISHED_AT + timedelta(minutes=30)
#: Something that happened since and changes nothing.
NEWS = dataclasses.replace(frozen.DENY, decided_at=LATER)


def newer(number: int = 2, **changes: Any) -> Decision:
    """Return the allow of another version."""
    assert frozen.ALLOW.manifest is not None
    assert frozen.ALLOW.source is not None
    manifest = dataclasses.replace(frozen.ALLOW.manifest, sha256=frozen.digest(f"manifest {number}"))
    source = dataclasses.replace(frozen.ALLOW.source, tag=f"v1.{number}.0")
    return decided(**{"manifest": manifest, "source": source, "decided_at": LATER, **changes})


def withdrawal(release: Release, sequence: int = 1) -> Event:
    """Return that the release's own allow was withdrawn."""
    body = frozen.WITHDRAWN.body
    assert isinstance(body, Withdrawn)
    identifier = ledger.entry_id("decision", frozen.LEDGER, frozen.PATH)
    reference = EntryReference(identifier, sequence, frozen.digest("line"))
    body = dataclasses.replace(body, stage="production", decision=reference)
    return dataclasses.replace(frozen.WITHDRAWN, occurred_at=LATER, body=body)


def with_later(*contents: Decision | Event) -> Release:
    """Return a release, to whose ledger something was appended since."""
    release = released()
    assert release.sealed
    for number, content in enumerate(contents):
        release.append(content, f"later {number}", at=LATER)
    return release


def standing_of(release: Release) -> tuple[states.State, states.Allowed]:
    """Return the state of a release's ledger, and what production has by it."""
    state = release.state
    assert state is not None
    current = state.stages["production"].current
    assert current is not None
    return state, current


def verdict(release: Release, *, now: datetime = NOW, fetched: bool = False, **changes: Any) -> Verdict:
    assert release.sealed
    told = Told(release.note(), fetched=fetched)
    return release.verify(dataclasses.replace(WANTED, **changes), told=told, now=now)


def said(release: Release, **changes: Any) -> str:
    return verdict(release, **changes).steps[-1].result


def refusal(verify: Callable[[], object]) -> tuple[str, str]:
    """Return why the last step failed, and what is advised."""
    with pytest.raises(VerificationError) as caught:
        verify()
    assert caught.value.what == "not verified: step 6, knowledge"
    return caught.value.why, caught.value.fix


# --- what it says ----------------------------------------------------------------------------------


def test_what_a_stage_has_now() -> None:
    assert said(with_later(NEWS)).startswith("as of ledger entry 3 (")
    assert ": production has v1.2.0; not checked: what was recorded since" in said(with_later(NEWS))


def test_a_newer_one_is_named_and_the_older_one_stands() -> None:
    assert "production has v1.3.0 (entry 3) since; this allow was not withdrawn" in said(with_later(newer(3)))


def test_the_same_manifest_let_in_again_is_what_the_stage_has() -> None:
    again = decided(decided_at=LATER)
    assert ": production has v1.2.0;" in said(with_later(newer(3), again), current=True)


def test_of_an_allow_that_is_forgotten_nothing_is_claimed() -> None:
    release = with_later(*(newer(number) for number in range(3, 12)))
    assert "whether this allow was withdrawn, its newest 8 do not tell" in said(release)


def test_a_withdrawn_allow_is_refused_by_whoever_knows() -> None:
    release = with_later(newer(3))
    release.append(withdrawal(release), "withdrawn", at=LATER)
    assert said(release).endswith("its newest 1 do not tell; not checked: what was recorded since")
    older = released()
    assert older.sealed
    # one before it, one after it: that it is missing between them tells that it was withdrawn
    state, own = standing_of(older)
    before = dataclasses.replace(own, entry_id=frozen.digest("x"), sequence=0, manifest=frozen.digest("old"))
    older.state = dataclasses.replace(state, stages={"production": states.StageState(own, (before,))})
    older.append(withdrawal(older), "withdrawn", at=LATER)
    why, fix = refusal(lambda: verdict(older))
    assert why == "the allow of v1.2.0 (entry 1) does not stand any more: by entry 3 it was withdrawn"
    assert fix.startswith("do not use the file: the project itself took it back")


# --- revocations (R26): what the gate would not let in any more, no consumer takes -------------------

DAY = timedelta(days=1)
BUILD = frozen.ALLOW.builds[0]
assert BUILD.invocation_uri
assert frozen.ALLOW.manifest
COVERED = {
    "manifest": Target("manifest", frozen.ALLOW.manifest.sha256),
    "artifact": Target("artifact", frozen.SDIST.digest),  # another file of the same release
    "run": Target("run", BUILD.invocation_uri),
    "gate": Target("gate", GATE),
    "identity": Target("identity", BUILD.builder),
    "identity that was stolen before": Target("identity", BUILD.builder, None, PUBLISHED_AT - DAY),
    "identity that was stolen just before": Target("identity", BUILD.builder, PUBLISHED_AT - DAY),
    "of a newer version": Target("moon", "full"),
}
OTHERS = {
    "manifest": Target("manifest", frozen.digest("another")),
    "artifact": Target("artifact", frozen.digest("another")),
    "run": Target("run", BUILD.invocation_uri + "0"),
    "gate": Target("gate", OTHER_GATE),
    "identity": Target("identity", BUILD.builder + "0"),
    "identity that was stolen later": Target("identity", BUILD.builder, PUBLISHED_AT + DAY),
}


def with_revoked(target: Target, *, until: datetime | None = None, sequence: int = 3) -> Release:
    """Return a release after which something was revoked."""
    release = released()
    assert release.sealed
    assert release.state
    known = Revoked(frozen.digest("revoked"), sequence, target, LATER, until, "github.com/1001")
    release.state = dataclasses.replace(release.state, revoked=(known,))
    release.append(NEWS, "later", at=LATER)
    return release


@pytest.mark.parametrize("name", COVERED)
def test_what_rests_on_something_revoked_is_refused(name: str) -> None:
    why, fix = refusal(lambda: verdict(with_revoked(COVERED[name])))
    kind, value = COVERED[name].kind, COVERED[name].value
    assert why == f"the {kind} {value}, which the release rests on, was revoked for good (entry 3)"
    assert fix.startswith("do not use the file; take a release that stands")


@pytest.mark.parametrize("name", OTHERS)
def test_a_revocation_of_something_else(name: str) -> None:
    assert ": production has v1.2.0;" in said(with_revoked(OTHERS[name]))


def test_a_provisional_revocation_ends_by_the_consumer_s_clock() -> None:
    target, until = COVERED["manifest"], LATER + timedelta(hours=72)
    why, _ = refusal(lambda: verdict(with_revoked(target, until=until)))
    assert f"was revoked until {until:%Y-%m-%d %H:%M} UTC, if nobody confirms it" in why
    assert said(with_revoked(target, until=until), now=until).startswith("as of ledger entry 3")


def test_of_an_identity_a_gate_that_knew_has_judged_already() -> None:
    assert said(with_revoked(COVERED["identity"], sequence=0))
    assert refusal(lambda: verdict(with_revoked(COVERED["gate"], sequence=0)))


class RevokedBefore(Release):
    """A release whose own copy of the state has a revocation already: it was made while it was published."""

    def append(self, content: Decision | Event, name: str, *more: Any, **how: Any) -> Entry:
        if name == "publication":
            known = Revoked(frozen.digest("revoked"), 1, COVERED["manifest"], DECIDED_AT, None, "github.com/1001")
            assert self.state
            self.state = dataclasses.replace(self.state, revoked=(known,))
        return super().append(content, name, *more, **how)


def test_a_revocation_that_was_taken_back_since_the_release() -> None:
    release = RevokedBefore()
    assert refusal(release.verify)
    assert release.sealed
    assert release.state
    release.state = dataclasses.replace(release.state, revoked=())
    release.append(NEWS, "taken back", at=LATER)
    assert said(release).startswith("as of ledger entry 3")


def test_current_wants_what_the_stage_has_now() -> None:
    verdict(with_later(NEWS), current=True)
    why, fix = refusal(lambda: verdict(with_later(newer(3)), current=True))
    assert why == "it is not what production has now: that is v1.3.0 (entry 3)"
    assert fix == "take the release v1.3.0, or leave out --current"


@pytest.mark.parametrize("stages", [{}, None])
def test_a_ledger_in_which_the_release_never_was(stages: dict[str, Any] | None) -> None:
    release = released()
    assert release.sealed
    state, own = standing_of(release)
    changes: dict[str, Any] = {"unpublished": (own,)} if stages is None else {"stages": stages}
    release.state = dataclasses.replace(state, **changes)  # by an entry after it
    release.append(NEWS, "audit", at=LATER)
    why, fix = refusal(lambda: verdict(release))
    assert "nothing was ever let into production" in why or "entry 1 was not published yet" in why
    assert "the ledger was replaced" in fix


# --- whose word it is ------------------------------------------------------------------------------


_OTHER = "https://github.com/acme/other"
OF_ANOTHER: dict[str, Any] = {
    "source_uri": _OTHER,
    "config_uri": f"{_OTHER}/.github/workflows/promote.yml@{frozen.MAIN}",
    "run_uri": f"{_OTHER}/actions/runs/1/attempts/1",
}


@pytest.mark.parametrize(
    ("certificate", "says"),
    [
        (frozen.CERTIFICATE, "it was signed by "),
        (by(runner_environment="self-hosted"), "self-hosted"),
        (by(**OF_ANOTHER), "acme/other"),
    ],
    ids=["the builder", "another machine", "another repository"],
)
def test_signed_by_somebody_else(certificate: Certificate, says: str) -> None:
    release = released()
    assert release.sealed
    release.append(NEWS, "audit", certificate, at=LATER)
    assert says in refusal(lambda: verdict(release))[0]


def test_signed_for_a_repository_of_another_number() -> None:
    # R39 | the state of another repository
    release = released()
    assert release.sealed
    release.append(NEWS, "audit", by(source_id="1"), at=LATER)
    assert refusal(lambda: verdict(release))[0] == "it was signed for another repository than the release"
    assert "is repository 1 there" in refusal(lambda: verdict(release, repository_id=frozen.HOME.id))[0]


def test_a_document_that_was_edited() -> None:
    # R39 | an edited state
    release = with_later(newer(3))
    line, document = release.note().split(b"\n")[:2]
    for edited in (document.replace(b"v1.3.0", b"v1.2.0"), document + b" ", b"{}"):
        told = Told(ledger.state_note(line, edited))
        why, fix = refusal(lambda told=told: release.verify(told=told))  # type: ignore[misc]
        assert why == "the state document is not the one that entry 3 signs"
        assert "--state newest" in fix


@pytest.mark.parametrize("note", [b"", b"<html>Not found</html>", b"a\nb\nc\n"])
def test_what_is_no_state(note: bytes) -> None:
    release = with_later()
    assert "is not a ledger's state" in refusal(lambda: release.verify(told=Told(note)))[0]


def test_a_state_that_is_of_another_entry_than_its_line() -> None:
    release = released()
    assert release.sealed
    assert release.state
    release.state = dataclasses.replace(release.state, sequence=7)
    release.append(NEWS, "audit", at=LATER)
    assert refusal(lambda: verdict(release))[0] == "the state document is of another entry than 3, which signs it"


def test_a_time_that_is_not_the_signature_s() -> None:
    release = released()
    assert release.sealed
    release.append(NEWS, "audit", at=LATER + timedelta(days=9))
    assert "more than 5 minutes apart" in refusal(lambda: verdict(release, now=NOW + timedelta(days=9)))[0]


# --- of which ledger, and when ---------------------------------------------------------------------


def test_the_state_of_yesterday() -> None:
    # R39 | the state of yesterday
    release = released()
    assert release.sealed
    note = release.note()
    early = released(publication=published(stage="production"))
    early.proof()
    chain = ledger.Chain(frozen.LEDGER)
    early.chain, early.state = chain, None
    early.append(frozen.GENESIS, "genesis")
    release.signed.lines |= early.signed.lines
    why, fix = refusal(lambda: release.verify(told=Told(early.note())))
    assert why == "what is known is as of entry 0, which is older than the publication (entry 2)"
    assert "--state newest" in fix
    release.verify(told=Told(note))


def test_another_ledger_of_the_same_repository() -> None:
    # R39 | the state of another ledger
    release = with_later(NEWS)
    other = frozen.LEDGER[:-1] + ("0" if frozen.LEDGER[-1] != "0" else "1")
    line, document = release.note().split(b"\n")[:2]
    state = dataclasses.replace(states.parse(document, "x"), ledger=other)
    payload = wire.load_json(line, "x")
    payload["predicate"]["ledger"] |= {"id": other, "state": states.digest(state)}
    forged = release.signed.sign(wire.canonical(payload), GATE_CERTIFICATE, LATER)
    note = ledger.state_note(forged, states.document(state))
    why, fix = refusal(lambda: release.verify(told=Told(note)))
    assert why == f"it is of the ledger {other}, and the release is in {frozen.LEDGER}"
    assert "counterseal pin" in fix
    pinned = dataclasses.replace(WANTED, ledger=frozen.LEDGER)
    assert f"not of {frozen.LEDGER}" in refusal(lambda: release.verify(pinned, told=Told(note)))[0]


def test_another_entry_in_the_place_of_the_publication_or_after_it() -> None:
    release, other = with_later(), released(publication=published(release=99))
    assert other.sealed
    release.signed.lines |= other.signed.lines
    why, _ = refusal(lambda: release.verify(told=Told(other.note())))
    assert why == "it is of a ledger that does not have entry 2 of the release"
    other.append(NEWS, "audit", at=LATER)
    release.signed.lines |= other.signed.lines
    assert refusal(lambda: release.verify(told=Told(other.note())))[0] == why


def test_a_whole_ledger_has_the_release_s_entries() -> None:
    release = with_later(newer(3), newer(4))
    proof = ledger.parse_proof(release.sealed)
    lines = {digests.sha256(line): line for line in (proof.decision_line, proof.publication_line)}
    found = {ledger.link_of(release.signed.lines[line].statement).entry_id: line for line in lines.values()}
    release.verify(told=Told(release.note(), lines=lambda ids: [*map(found.get, ids)]))
    for lost in list(found):
        rest = {name: line for name, line in found.items() if name != lost}
        told = Told(release.note(), lines=lambda ids, rest=rest: [*map(rest.get, ids)])  # type: ignore[misc]
        why, fix = refusal(lambda told=told: release.verify(told=told))  # type: ignore[misc]
        assert "a ledger that does not have entry" in why
        assert "rewound or replaced" in fix


def test_entries_that_the_pin_saw_do_not_go_away() -> None:
    # R39 | a rewound ledger
    release = with_later(NEWS)
    verdict(release, least=3, fetched=True)
    why, fix = refusal(lambda: verdict(release, least=4, fetched=True))
    assert why.startswith("the ledger was rewound: what is known is as of entry 3, which is older than entry 4, which")
    assert "somebody took entries away" in fix
    assert refusal(lambda: verdict(release, least=4))[1].startswith("say where a newer one is")


# --- how old ---------------------------------------------------------------------------------------

WEEK = timedelta(days=7)


def test_a_copy_that_is_too_old_names_the_way_to_a_newer_one() -> None:
    # R39 | knowledge older than max-age
    release = released()
    release.verify(dataclasses.replace(WANTED, max_age=WEEK), now=PUBLISHED_AT + WEEK)
    why, fix = refusal(lambda: release.verify(dataclasses.replace(WANTED, max_age=WEEK), now=PUBLISHED_AT + 2 * WEEK))
    assert why.startswith("what is known is too old: the release's own copy, as of ledger entry 2 (")
    assert why.endswith(" UTC, 13 d old), and you accept 7 d (max-age)")
    assert fix == "say where a newer one is: counterseal verify … --state newest"


def test_an_old_ledger_that_was_fetched_now_has_no_heartbeat() -> None:
    # R39 | newer entries withheld, or the heartbeat stopped
    release = with_later(NEWS)
    old: dict[str, Any] = {"now": LATER + 2 * WEEK, "max_age": WEEK}
    assert refusal(lambda: verdict(release, **old))[0].startswith("what is known is too old: as of ledger entry 3")
    why, fix = refusal(lambda: verdict(release, fetched=True, **old))
    assert why.startswith("heartbeat stopped: the ledger's newest entry is what was fetched now, as of ledger entry 3")
    assert "counterseal doctor" in fix


def test_only_the_newer_one_has_to_be_new() -> None:
    release = with_later()
    late = PUBLISHED_AT + 4 * WEEK
    release.append(dataclasses.replace(NEWS, decided_at=late), "audit", at=late)
    assert said(release, now=late + WEEK, max_age=WEEK).startswith("as of ledger entry 3 (")


def test_believed_is_whom_the_consumer_trusts() -> None:
    release = with_later(NEWS)
    trust = dataclasses.replace(TRUST, released=())
    with pytest.raises(VerificationError):
        release.verify(trust=trust, told=Told(release.note()))
