"""Events that permit, in a world in memory: a merged request, two approvals, and nobody whom it is about."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.evidence_samples import ALICE, BOB, BUILD_RUN, CAROL, DORA, ERIN, MALLORY, NOW, TAG, revision
from tests.unit.gate.memory import World
from tests.unit.gate.test_emergency import start

from counterseal.errors import DENIED, HELD, ServiceError
from counterseal.evaluation import PolicyUse, started
from counterseal.formats import digests
from counterseal.gate import appending, deciding, preview
from counterseal.gate.emergency import restricting
from counterseal.gate.ledger import recording
from counterseal.gate.publication import publishing
from counterseal.history import events
from counterseal.history import state as states
from counterseal.history.events import Event, EventKind, Reinstatement, Resume, Revocation
from counterseal.model import BuildStart, DigestSet, FindingOutcome, Outcome, Subject, Target
from counterseal.render import restrictions, text
from counterseal.render.reports import preview as previews

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from counterseal.gate.deciding import Decided, GateResult
    from counterseal.gate.ledger import Tip
    from counterseal.gate.permitting.consented import Permitted
    from counterseal.history.state import State
    from counterseal.model import Actor, Entry

FIRST, SECOND, THIRD = revision("2ec0d00"), revision("2ec0d01"), revision("2ec0d02")


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    deciding.run(world.gate())  # the genesis
    return world


def hold(world: World, who: Actor, stage: str | None = "production", number: int = 101) -> Entry:
    """Let somebody hold a stage by a run that they start."""
    return restricting.hold(start(world, who, number), stage, "promote", None, "a build machine was broken into").entry


def revoke(world: World, who: Actor, target: Target, number: int = 201) -> Entry:
    """Record a provisional revocation, of whatever it is: whether the ledger knows such a thing is not asked here."""
    gate = start(world, who, number)
    now, reference = world.clock.now(), gate.policy_reference
    use = PolicyUse(reference.uri, DigestSet(reference.digest), reference.revision, reference.ref)
    body = Revocation(target, now, now + timedelta(hours=72), None, "it has malware", None)
    happened = Event(EventKind.REVOCATION, now, who, use, body)

    def prepare(tip: Tip, _: Sequence[str]) -> recording.Draft:
        identifier = started.entry_id(EventKind.REVOCATION, tip.id, gate.run)
        link = tip.next_link(identifier, happened)
        data = events.payload(happened, [Subject(reference.uri, reference.digest)], link)
        return recording.Draft(data, identifier, f"{link.sequence} revocation")

    return appending.record(gate, prepare).entry


def decide(world: World, **options: Any) -> GateResult:
    result = deciding.run(world.gate(), **options)
    assert result.failed == ()
    return result


def permitted(world: World) -> Permitted:
    (event,) = decide(world).permitted
    return event


def denied(world: World) -> Decided:
    result = decide(world)
    assert result.permitted == ()
    (decision,) = result.decided
    assert decision.decision.outcome is Outcome.DENY
    return decision


def codes(decided: Decided) -> dict[str, str]:
    return {
        finding.rule: finding.code
        for finding in decided.decision.findings
        if finding.outcome is FindingOutcome.VIOLATED
    }


def state(world: World) -> State:
    known = world.gate().reader.read(world.store).state
    assert known is not None
    return known


# --- resume ----------------------------------------------------------------------------------


def test_two_others_end_a_hold_and_what_waited_is_allowed(world: World) -> None:
    held = hold(world, ALICE, "staging")
    world.ask("staging", ALICE)
    (waits,) = decide(world).decided
    assert (waits.exit_code, waits.decision.outcome) == (HELD, Outcome.DENY)
    path = world.ask_event("resume", CAROL, DORA, merge=FIRST, entries=(held.link.entry_id,))
    event = permitted(world)
    assert (event.path, event.fresh, event.exit_code) == (path, True, 0)
    body = event.event.body
    assert isinstance(body, Resume)
    assert (body.holds, body.reason) == ((held.link.entry_id,), "it was another machine")
    assert body.consent.requester is not None
    assert body.consent.requester.login == "bob"
    assert [each.login for each in body.consent.approvers] == ["carol", "dora"]
    assert (body.consent.request, body.consent.merge_revision) == (path, FIRST)
    kept = world.store.document("evidence", body.consent.evidence_digest.sha256) or b""
    assert digests.git_object("blob", kept) == body.consent.evidence_digest.git_blob
    assert [each.ended for each in state(world).holds] == [NOW]
    world.ask("staging", ALICE, merge=SECOND)
    (allowed,) = decide(world).decided
    assert allowed.decision.outcome is Outcome.ALLOW
    assert "resume: 1 hold is ended" in restrictions.permitted(event)


def test_it_is_answered_once(world: World) -> None:
    held = hold(world, ALICE)
    path = world.ask_event("resume", CAROL, DORA, entries=(held.link.entry_id,))
    first = permitted(world)
    size = len(world.told())
    (again,) = decide(world, request=path).permitted
    assert (again.entry.line, again.fresh) == (first.entry.line, False)
    assert len(world.told()) == size


def test_a_deny_is_recorded_with_its_evidence_and_once(world: World) -> None:
    held = hold(world, ALICE)
    path = world.ask_event("resume", CAROL, entries=(held.link.entry_id,))
    deny = denied(world)
    assert (deny.exit_code, deny.decision.stage, deny.decision.publishes) == (DENIED, "_events", False)
    assert world.store.document("evidence", deny.decision.evidence_digest.sha256)
    (again,) = decide(world, request=path).decided
    assert (again.fresh, again.decision) == (False, deny.decision)
    shown = text.decision(deny.decision, 3, "0" * 64, fresh=True)
    assert f"deny: what {path} asks for may not be done" in shown
    assert 'counterseal request --kind resume --reason "…"' in shown


@pytest.mark.parametrize(
    ("approvers", "counted"),
    [
        ((), []),
        ((CAROL,), ["carol"]),
        ((ALICE, CAROL), ["carol"]),  # alice holds it
        ((BOB, CAROL), ["carol"]),  # bob asks
        ((MALLORY, CAROL), ["carol"]),  # mallory is in no group
        ((ERIN, CAROL), ["carol"]),  # erin made the change
    ],
)
def test_what_is_not_approved_by_two_others_ends_nothing(world: World, approvers: Any, counted: list[str]) -> None:
    held = hold(world, ALICE)
    world.ask_event("resume", *approvers, entries=(held.link.entry_id,))
    deny = denied(world)
    assert codes(deny)["enough-reviews"] == "review-missing"
    assert [each.login for each in deny.decision.responsible.approvers] == counted
    assert [each.ended for each in state(world).holds] == [None]


def test_the_holder_is_told_why_their_approval_does_not_count(world: World) -> None:
    held = hold(world, ALICE)
    world.ask_event("resume", ALICE, CAROL, entries=(held.link.entry_id,))
    shown = text.decision(denied(world).decision, 3, "0" * 64, fresh=True)
    assert f"alice (made entry {held.link.sequence}, which this is about)" in shown


def test_the_holder_may_ask_and_two_others_approve(world: World) -> None:
    held = hold(world, BOB)
    world.ask_event("resume", ALICE, CAROL, entries=(held.link.entry_id,))
    assert isinstance(permitted(world).event.body, Resume)


def test_a_hold_that_came_later_stays(world: World) -> None:
    first = hold(world, ALICE)
    hold(world, DORA, number=102)
    world.ask_event("resume", CAROL, DORA, entries=(first.link.entry_id,))
    permitted(world)
    assert [each.ended for each in state(world).holds] == [NOW, None]


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (3, "hold-ended"),
        (8, "no-hold"),
    ],
)
def test_a_hold_that_ended_by_itself_is_not_ended_again(world: World, days: int, code: str) -> None:
    held = hold(world, ALICE)
    world.clock.at = NOW + timedelta(days=days)
    other = hold(world, ALICE, None, 102)  # with it what ended long ago is forgotten
    world.ask_event(
        "resume",
        CAROL,
        DORA,
        entries=(held.link.entry_id, other.link.entry_id),
        valid_until=NOW + timedelta(days=20),
    )
    assert codes(denied(world)) == {"entries-in-force": code}
    assert [each.ended for each in state(world).holds if each.entry_id == other.link.entry_id] == [None]


def test_a_second_request_for_the_same_hold_is_denied(world: World) -> None:
    held = hold(world, ALICE)
    world.ask_event("resume", CAROL, DORA, entries=(held.link.entry_id,))
    permitted(world)
    world.ask_event("resume", CAROL, DORA, merge=FIRST, entries=(held.link.entry_id,))
    assert codes(denied(world)) == {"entries-in-force": "hold-ended"}


def test_two_requests_for_the_same_hold_in_one_run(world: World) -> None:
    held = hold(world, ALICE)
    world.ask_event("resume", CAROL, DORA, entries=(held.link.entry_id,))
    world.ask_event("resume", CAROL, DORA, merge=FIRST, entries=(held.link.entry_id,))
    result = decide(world)
    assert len(result.permitted) == 1
    (deny,) = result.decided
    assert codes(deny) == {"entries-in-force": "hold-ended"}


def test_a_resume_names_holds_and_nothing_else(world: World) -> None:
    hold(world, ALICE)
    revoked = revoke(world, ALICE, Target("artifact", "1" * 64))
    genesis = world.store.lines()[0]
    entry_id = world.sigstore.known[genesis].statement.predicate["ledger"]["entryId"]
    world.ask_event("resume", CAROL, DORA, entries=(revoked.link.entry_id,))
    assert codes(denied(world)) == {"entries-in-force": "no-hold"}
    world.ask_event("resume", CAROL, DORA, merge=FIRST, entries=(entry_id,))
    assert codes(denied(world)) == {"entries-in-force": "no-hold"}


def test_a_second_file_in_the_change_is_a_deny(world: World) -> None:
    held = hold(world, ALICE)
    world.ask_event("resume", CAROL, DORA, entries=(held.link.entry_id,))
    commit, files = world.source.line[-1]
    world.source.line[-1] = (commit, {**files, "README": b"changed with it"})
    assert codes(denied(world)) == {"review-of-this-revision": "other-changes"}


def test_a_resume_is_decided_before_what_it_lets_in(world: World) -> None:
    held = hold(world, ALICE, "staging")
    world.ask("staging", ALICE)
    world.ask_event("resume", CAROL, DORA, merge=FIRST, entries=(held.link.entry_id,))
    result = decide(world)
    assert len(result.permitted) == 1
    assert [each.decision.outcome for each in result.decided] == [Outcome.ALLOW]


def test_a_request_of_another_policy_or_too_late_is_a_deny(world: World) -> None:
    held = hold(world, ALICE)
    world.ask_event("resume", CAROL, DORA, entries=(held.link.entry_id,), policy="0" * 64)
    assert codes(denied(world)) == {"review-of-this-revision": "policy-changed"}
    early = NOW - timedelta(minutes=1)
    world.ask_event("resume", CAROL, DORA, merge=FIRST, entries=(held.link.entry_id,), valid_until=early)
    assert codes(denied(world)) == {"review-of-this-revision": "request-expired"}


def test_a_file_that_says_something_else_than_its_path_is_a_deny(world: World) -> None:
    held = hold(world, ALICE)
    path = world.ask_event("resume", CAROL, DORA, entries=(held.link.entry_id,))
    commit, files = world.source.line[-1]
    elsewhere = path.replace("resume.", "reinstatement.")
    world.source.line[-1] = (commit, {(elsewhere if name == path else name): data for name, data in files.items()})
    assert codes(denied(world)) == {"review-of-this-revision": "request-malformed"}


def test_what_lies_there_and_is_no_request_is_a_stray(world: World) -> None:
    world.source.add(FIRST, **{"promotions/_events/hold.1.json": b"{}"})
    (deny,) = decide(world).decided
    assert deny.path == f"promotions@{FIRST}"
    assert codes(deny)["review-of-this-revision"] == "request-malformed"


def test_a_gate_for_one_stage_decides_no_event(world: World) -> None:
    held = hold(world, ALICE)
    world.ask_event("resume", CAROL, DORA, entries=(held.link.entry_id,))
    result = decide(world, stage="production")
    assert (result.decided, result.permitted) == ((), ())


def test_a_preview_says_what_is_missing(world: World) -> None:
    held = hold(world, ALICE)
    path = world.ask_event("resume", ALICE, CAROL, merge="", entries=(held.link.entry_id,))
    known = preview.run(world.sources(), world.store, max(world.forge.changes))
    shown = "\n".join(previews.lines(known))
    assert f"Preview, not a decision · {path}" in shown
    assert "1 of 2 required approvals" in shown
    assert "in force: entry 1" in shown


# --- revocation ------------------------------------------------------------------------------


def test_two_make_a_provisional_revocation_last(world: World) -> None:
    target = Target("manifest", digests.sha256(world.manifest))
    provisional = revoke(world, ALICE, target)
    world.ask_event("revocation", CAROL, DORA, entries=(provisional.link.entry_id,))
    body = permitted(world).event.body
    assert isinstance(body, Revocation)
    assert (body.target, body.until, body.confirms, body.since) == (target, None, provisional.link.entry_id, NOW)
    in_force = [each for each in state(world).revoked if each.stands(world.clock.at)]
    assert [(each.until, each.target) for each in in_force] == [(None, target)]
    world.ask("staging", ALICE, merge=FIRST)
    (deny,) = decide(world).decided
    assert codes(deny) == {"not-revoked": "revoked"}


def test_whoever_made_it_does_not_confirm_it(world: World) -> None:
    provisional = revoke(world, ALICE, Target("artifact", "1" * 64))
    world.ask_event("revocation", ALICE, CAROL, entries=(provisional.link.entry_id,))
    assert codes(denied(world)) == {"enough-reviews": "review-missing"}


@pytest.mark.parametrize(("days", "code"), [(3, "revocation-ended"), (0, "confirmed-already")])
def test_what_ended_or_lasts_is_not_confirmed(world: World, days: int, code: str) -> None:
    provisional = revoke(world, ALICE, Target("artifact", "1" * 64))
    named = provisional.link.entry_id
    if not days:
        world.ask_event("revocation", CAROL, DORA, entries=(named,))
        event = permitted(world)
        named = event.entry.link.entry_id
    else:
        world.clock.at = NOW + timedelta(days=days)
    world.ask_event("revocation", CAROL, DORA, merge=FIRST, entries=(named,), valid_until=NOW + timedelta(days=9))
    found = codes(denied(world))
    assert found == {"entries-in-force": code}


def test_two_revoke_an_identity_for_a_time_and_its_holds_stay(world: World) -> None:
    signer = f"{BUILD_RUN.config_ref}"
    held = hold(world, ALICE, "production")
    target = Target("identity", f"https://github.com/{signer}", NOW - timedelta(days=2), NOW)
    world.ask_event("revocation", CAROL, DORA, target=target, since=NOW - timedelta(days=1))
    body = permitted(world).event.body
    assert isinstance(body, Revocation)
    assert (body.target, body.since, body.until, body.confirms) == (target, NOW - timedelta(days=1), None, None)
    known = state(world)
    assert [(each.entry_id, each.ended) for each in known.holds] == [(held.link.entry_id, None)]
    assert world.gate().reader.read_whole(world.store).tip.size == known.sequence + 1


def test_a_revoked_gate_permits_nothing(world: World) -> None:
    held = hold(world, ALICE)
    world.ask_event("revocation", CAROL, DORA, target=Target("gate", world.run.signer_digest))
    permitted(world)
    world.ask_event("resume", CAROL, DORA, merge=FIRST, entries=(held.link.entry_id,))
    assert codes(denied(world)) == {"not-revoked": "revoked"}
    assert world.gate().reader.read_whole(world.store).tip.size == 4


# --- reinstatement ---------------------------------------------------------------------------


def test_two_take_a_revocation_back(world: World) -> None:
    target = Target("manifest", digests.sha256(world.manifest))
    revoked = revoke(world, ALICE, target)
    world.ask_event("reinstatement", CAROL, DORA, entries=(revoked.link.entry_id,))
    body = permitted(world).event.body
    assert isinstance(body, Reinstatement)
    assert body.revocations == (revoked.link.entry_id,)
    (known,) = state(world).revoked
    assert (known.ended, known.stands(world.clock.at)) == (world.clock.at, False), "remembered, and not in force"
    world.ask("staging", ALICE, merge=FIRST)
    (allowed,) = decide(world).decided
    assert allowed.decision.outcome is Outcome.ALLOW


RUN_URI = "https://github.com/acme/app/actions/runs/41/attempts/1"


def run_revoked(world: World) -> str:
    world.ask_event("revocation", CAROL, DORA, target=Target("run", RUN_URI))
    return permitted(world).entry.link.entry_id


def test_nobody_reinstates_their_own_run(world: World) -> None:
    world.forge.starts[RUN_URI] = BuildStart(RUN_URI, (CAROL,), manual=False, again=False)
    world.ask_event("reinstatement", CAROL, DORA, merge=FIRST, entries=(run_revoked(world),))
    deny = denied(world)
    assert codes(deny) == {"enough-reviews": "review-missing"}
    shown = text.decision(deny.decision, 3, "0" * 64, fresh=True)
    assert "carol (had a hand in the run that was revoked)" in shown
    revoked = state(world).revoked[0].entry_id
    world.ask_event("reinstatement", ALICE, DORA, merge=SECOND, entries=(revoked,))
    assert isinstance(permitted(world).event.body, Reinstatement)


def test_a_run_that_is_gone_asks_for_one_more(world: World) -> None:
    revoked = run_revoked(world)
    world.ask_event("reinstatement", CAROL, DORA, merge=FIRST, entries=(revoked,))
    deny = denied(world)
    assert codes(deny) == {"enough-reviews": "review-missing"}
    assert "the forge says nothing any more of a run" in text.decision(deny.decision, 3, "0" * 64, fresh=True)
    world.ask_event("reinstatement", ALICE, CAROL, DORA, merge=SECOND, entries=(revoked,))
    assert isinstance(permitted(world).event.body, Reinstatement)


# --- what there is room for ------------------------------------------------------------------


def test_a_full_state_takes_what_makes_it_smaller_and_nothing_that_does_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = hold(world, ALICE)
    revoked = revoke(world, ALICE, Target("artifact", "1" * 64))
    monkeypatch.setattr(states, "MAX_ITEMS", 2)
    path = world.ask_event("revocation", CAROL, DORA, target=Target("artifact", "2" * 64))
    result = deciding.run(world.gate())
    (failed,) = result.failed
    assert (failed.path, result.exit_code) == (path, ServiceError.exit_code)
    assert "2 things are held" in failed.error.what
    world.ask_event("resume", CAROL, DORA, merge=FIRST, entries=(held.link.entry_id,))
    world.ask_event("reinstatement", CAROL, DORA, merge=SECOND, entries=(revoked.link.entry_id,))
    result = deciding.run(world.gate())
    assert [event.event.kind for event in result.permitted] == ["resume", "reinstatement"]
    assert [failed.path for failed in result.failed] == [path]
    fresh = [event.event.kind for event in decide(world).permitted if event.fresh]
    assert fresh == ["revocation"]  # now there is room again


def test_a_full_state_takes_a_confirmation_and_nothing_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    provisional = revoke(world, ALICE, Target("artifact", "1" * 64))
    monkeypatch.setattr(states, "MAX_BYTES", 2 * len(states.document(state(world))) + 500)
    path = world.ask_event("revocation", CAROL, DORA, target=Target("identity", "x" * 900))
    assert [failed.path for failed in deciding.run(world.gate()).failed] == [path]
    monkeypatch.setattr(states, "MAX_ITEMS", 1)
    world.ask_event("revocation", CAROL, DORA, merge=FIRST, entries=(provisional.link.entry_id,))
    assert [event.event.kind for event in deciding.run(world.gate()).permitted] == ["revocation"]


def test_a_publication_waits_for_the_end_of_a_hold(world: World) -> None:
    world.ask("staging", ALICE)
    decide(world)
    world.ask("production", ALICE, DORA, merge=FIRST)
    decide(world)
    held = hold(world, ALICE)
    assert publishing.run(world.gate()).exit_code == HELD
    world.ask_event("resume", CAROL, DORA, merge=SECOND, entries=(held.link.entry_id,))
    permitted(world)
    assert [release.tag for release in publishing.run(world.gate()).published] == [TAG]


def test_the_merged_file_is_the_reviewed_one(world: World) -> None:
    held = hold(world, ALICE)
    other = hold(world, ALICE, None, 102)
    path = world.ask_event("resume", CAROL, DORA, entries=(held.link.entry_id,))
    commit, files = world.source.line[-1]
    swapped = files[path].replace(held.link.entry_id.encode(), other.link.entry_id.encode())
    world.source.line[-1] = (commit, {**files, path: swapped})
    assert codes(denied(world)) == {"review-of-this-revision": "file-differs"}
    number = max(world.forge.changes)
    assert dataclasses.replace(world.forge.changes[number], number=1).merged
