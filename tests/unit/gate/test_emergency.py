"""A run that one listed person starts to stop or take something back: who may, what is recorded, and who tries."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.evidence_samples import ALICE, BOB, CAROL, DORA, MALLORY, MANIFEST_DIGEST, MERGE, ROBOT, SOURCE, revision
from tests.unit.gate.memory import World

from counterseal import ledger
from counterseal.errors import CountersealError, HeldError, LedgerError, ServiceError, UsageError, VerificationError
from counterseal.evaluation import identity, started
from counterseal.formats import digests, names
from counterseal.gate import deciding, opening
from counterseal.gate.emergency import restricting
from counterseal.gate.publication import publishing
from counterseal.history.events import Hold, Revocation
from counterseal.model import BuildStart, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from counterseal.gate.emergency.restricting import Restricted
    from counterseal.gate.opening import Gate
    from counterseal.model import Actor

WHEEL = digests.sha256(b"wheel")
WHY = "a build machine was broken into"
PRODUCTION = revision("2ec0d00")


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.ask("staging", ALICE)
    deciding.run(world.gate())
    return world


def start(world: World, who: Actor, number: int = 101, *hands: Actor, attempt: int = 1, **changes: Any) -> Gate:
    """Open the gate in a run that somebody started by hand; `hands` are others that the forge names with them."""
    head, url = world.source.line[-1][0], f"{SOURCE}/actions/runs/{number}/attempts/{attempt}"
    run = dataclasses.replace(
        world.run, revision=head, config_digest=head, event="workflow_dispatch", actor=who, attempt=attempt,
        run_id=number, triggering_login=who.login, url=url,
    )  # fmt: skip
    run = dataclasses.replace(run, **changes)
    world.sigstore.signer = identity.claimed(run)
    again, manual = attempt > 1, bool(changes.get("manual"))
    world.forge.starts.setdefault(url, BuildStart(url, tuple(dict.fromkeys((who, *hands))), manual, again))
    return opening.open_gate(world.sources(), world.store, world.sigstore, run, emergency=True)


def hold(gate: Gate, stage: str | None = "staging", hours: int | None = None, stops: str = "promote") -> Restricted:
    return restricting.hold(gate, stage, stops, hours, WHY)


def refused(world: World, does: Callable[[], object], *says: str, error: type[CountersealError] = UsageError) -> None:
    """Check that something is refused with these words, and that nothing was recorded."""
    before = len(world.told())
    with pytest.raises(error) as caught:
        does()
    for each in says:
        assert each in str(caught.value)
    assert caught.value.fix
    assert len(world.told()) == before


def later(world: World, **time: float) -> None:
    world.clock.at += timedelta(**time)


# --- what is recorded ------------------------------------------------------------------------


def test_a_hold_is_recorded_with_its_person_and_its_end(world: World) -> None:
    done = hold(start(world, ALICE), hours=5)
    body = done.event.body
    assert isinstance(body, Hold)
    assert (body.stage, body.stops, body.reason, body.until) == (
        "staging", "promote", WHY, world.clock.at + timedelta(hours=5),
    )  # fmt: skip
    assert (done.fresh, done.event.actor) == (True, ALICE)
    assert done.entry.link.entry_id == ledger.entry_id("hold", done.entry.link.id, f"{SOURCE}/actions/runs/101")
    assert [told.get("kind") for told in world.told()][-1] == "hold"
    (held,) = world.gate().reader.read(world.store).state.holds  # type: ignore[union-attr]
    assert (held.by, held.stands(world.clock.at)) == ("github.com/1001", True)


def test_without_hours_it_lasts_as_long_as_the_policy_lets_one_person(world: World) -> None:
    assert world.gate().policy.emergency_hold == timedelta(hours=72)
    body = hold(start(world, ALICE), None).event.body
    assert isinstance(body, Hold)
    assert body.until == world.clock.at + timedelta(hours=72)


def test_a_request_meets_the_hold_and_waits(world: World) -> None:
    hold(start(world, ALICE), hours=5)
    path = world.ask("staging", ALICE, merge=PRODUCTION)
    result = deciding.run(world.gate())
    assert [(each.decision.outcome, each.exit_code) for each in result.decided] == [(Outcome.DENY, 12)]
    assert deciding.run(world.gate(), request=path).exit_code == 12
    assert deciding.run(world.gate("schedule"), request=path).exit_code == 0, "a sweep that only waits is well"


def test_a_hold_between_allow_and_publication_waits_and_records_nothing(world: World) -> None:
    world.ask("production", ALICE, DORA, merge=PRODUCTION)
    deciding.run(world.gate())
    hold(start(world, CAROL), "production", 5)
    before = len(world.told())
    waiting = publishing.run(world.gate())
    assert [type(each.error) for each in waiting.stopped] == [HeldError]
    assert (waiting.exit_code, len(world.told())) == (12, before)
    later(world, hours=5)
    assert [each.tag for each in publishing.run(world.gate()).published] == ["v1.2.0"]


def test_a_manifest_and_an_artifact_can_be_revoked_for_a_while(world: World) -> None:
    known = digests.sha256(world.manifest)
    done = restricting.revoke(start(world, ALICE), "manifest", known, WHY)
    body = done.event.body
    assert isinstance(body, Revocation)
    assert (body.since, body.until) == (world.clock.at, world.clock.at + timedelta(hours=72))
    assert body.consent is None
    restricting.revoke(start(world, ALICE, 102), "artifact", WHEEL, WHY)
    world.ask("staging", ALICE, merge=PRODUCTION)
    (denied,) = deciding.run(world.gate()).decided
    assert "revoked" in {finding.code for finding in denied.decision.findings}


def test_the_ledger_begins_with_it_if_it_has_to(tmp_path: Path) -> None:
    world = World(tmp_path)
    hold(start(world, ALICE))
    assert [told["kind"] for told in world.told()] == ["genesis", "hold"]


def test_what_restricts_is_recorded_however_long_the_ledger_is_without_an_audit(world: World) -> None:
    for number in range(70):
        later(world, days=8)
        hold(start(world, ALICE, 200 + number))
    assert {told.get("kind") for told in world.told()[2:]} == {"hold"}


# --- who may -----------------------------------------------------------------------------------


def test_nobody_whom_the_policy_does_not_list(world: World) -> None:
    # 78 | a hold started by somebody with write who is not in the policy | B | refused | R52
    refused(world, lambda: hold(start(world, MALLORY)), "mallory (1666) is in no group", "alice, bob, carol, dora")


def test_nobody_who_lost_write_access(world: World) -> None:
    # 79 | a hold started by a listed person who may only read by now | B | refused | R13 R52
    world.forge.readers = {ALICE.key}
    refused(world, lambda: hold(start(world, ALICE)), "alice may read here, and not write", "bob")


def test_no_bot_and_no_job_s_token_whatever_its_inputs_say(world: World) -> None:
    # 80 | a job's token starts the run, with somebody's login among its inputs | B | refused | R13 R52
    bot = dataclasses.replace(ROBOT, id=41898282, login="github-actions[bot]")
    refused(world, lambda: hold(start(world, bot, triggering_login="alice")), "is no person")
    as_if = dataclasses.replace(ALICE, kind=ROBOT.kind)
    url = f"{SOURCE}/actions/runs/103/attempts/1"
    world.forge.starts[url] = BuildStart(url, (as_if,), manual=False, again=False)
    refused(world, lambda: hold(start(world, ALICE, 103)), "alice started this run, and is no person")


def test_no_two_accounts(world: World) -> None:
    # 81 | actor and triggering actor of the run are two accounts | B | refused | R14 R52
    refused(world, lambda: hold(start(world, ALICE, 101, BOB)), "the hands of alice, bob")


def test_an_account_that_is_gone(world: World) -> None:
    url = f"{SOURCE}/actions/runs/101/attempts/1"
    world.forge.starts[url] = BuildStart(url, (), manual=False, again=False)
    refused(world, lambda: hold(start(world, ALICE)), "alice is no account any more")


def test_what_the_forge_does_not_tell_is_no_permission(world: World) -> None:
    gate = start(world, ALICE)
    world.forge.starts.clear()
    refused(world, lambda: hold(gate), "who started this run cannot be read", error=ServiceError)


def test_a_manual_job_which_takes_variables_of_whoever_plays_it(world: World) -> None:
    url = f"{SOURCE}/actions/runs/101/attempts/1"
    world.forge.starts[url] = BuildStart(url, (ALICE,), manual=True, again=False)
    refused(world, lambda: hold(start(world, ALICE)), "variables of their own")


@pytest.mark.parametrize("event", ["schedule", "push", "api", "web", "issue_comment", "repository_dispatch", "status"])
def test_only_a_run_that_somebody_started(world: World, event: str) -> None:
    # 82 | a hold started by schedule, push, comment, status or another event | B | refused | R02 R52
    refused(world, lambda: hold(start(world, ALICE, event=event)), "needs a run that somebody started")


def test_no_other_ref(world: World) -> None:
    # 83 | a hold started on another branch than the protected default one | B | refused | R29 R52
    refused(world, lambda: start(world, ALICE, ref="refs/heads/dev"), "for refs/heads/dev, not for refs/heads/main")
    refused(world, lambda: start(world, ALICE, ref_protected=False), "is not protected")


# --- a run that is run again ----------------------------------------------------------------------


def test_the_same_run_records_once(world: World) -> None:
    # 84 | (holds) the same run, or a job of the same pipeline, records a second time
    first = hold(start(world, ALICE))
    before = len(world.told())
    again = hold(start(world, ALICE))
    assert (again.fresh, again.entry.line, len(world.told())) == (False, first.entry.line, before)


def test_a_re_run_of_an_attempt_that_recorded_nothing(world: World) -> None:
    # 84 | a hold repeated by a re-run or a retried job | B | refused | R52
    refused(world, lambda: hold(start(world, ALICE, attempt=2)), "this run is run again", "start a new run")


def test_a_re_run_by_somebody_else(world: World) -> None:
    # 84 | (holds) by somebody else: whose hands they are
    hold(start(world, ALICE))
    refused(world, lambda: hold(start(world, ALICE, 101, BOB, attempt=2)), "the hands of alice, bob")
    refused(world, lambda: hold(start(world, BOB, attempt=3)), "in entry 2, by alice")


def test_no_reader_takes_a_line_of_a_second_attempt_or_of_another_run(world: World) -> None:
    gate = start(world, ALICE)
    done = hold(gate)
    entry = done.entry
    runs = f"{SOURCE}/actions/runs"
    others = [{"run_uri": f"{runs}/{each}"} for each in ("101/attempts/2", "9/attempts/1", "101")]
    for change in (*others, {"trigger": "schedule"}, {"trigger": "push"}):
        certificate = dataclasses.replace(entry.attestation.certificate, **change)
        with pytest.raises(VerificationError, match="not signed by the gate"):
            gate.reader.judge.check(certificate, entry.attestation.statement, "entry 2")
    gate.reader.judge.check(entry.attestation.certificate, entry.attestation.statement, "entry 2")


def test_a_start_is_the_run_at_github_and_the_pipeline_at_gitlab(world: World) -> None:
    run = dataclasses.replace(world.run, url=f"{SOURCE}/actions/runs/7/attempts/3")
    assert started.start_of(run) == f"{SOURCE}/actions/runs/7"
    job = dataclasses.replace(run, url=f"{SOURCE}/-/jobs/7", pipeline=40)
    assert started.start_of(job) == started.start_of(dataclasses.replace(job, url=f"{SOURCE}/-/jobs/8"))
    assert started.entry_id("hold", "l", job) != started.entry_id("revocation", "l", job)


# --- nobody alone stops everything for good ---------------------------------------------------------


def test_nobody_renews_their_own_hold(world: World) -> None:
    # 85 | a hold kept up for ever by one person, by renewing it | B | refused | R52
    hold(start(world, ALICE), hours=2)
    for wait in (0, 3, 160):
        later(world, hours=wait)
        words = "for that it takes another person", "ask somebody else to hold it: bob, carol, dora"
        refused(world, lambda: hold(start(world, ALICE, 102)), "alice held staging already (entry 2)", *words)
    assert hold(start(world, DORA, 103)).fresh
    later(world, hours=6)
    assert hold(start(world, ALICE, 104)).fresh, "7 days after it began"


def test_whoever_held_every_stage_held_each_of_them(world: World) -> None:
    # 85 | (holds) by turns of one stage and of all
    hold(start(world, ALICE), None)
    refused(world, lambda: hold(start(world, ALICE, 102), "production"), "held")
    assert hold(start(world, BOB, 103), "production").fresh
    assert hold(start(world, BOB, 104), None).fresh, "more than what was held before"


def test_a_person_revokes_three_things_a_day(world: World) -> None:
    # 86 | one person takes everything back, as sabotage | B | refused | R52
    here = [("artifact", WHEEL), ("artifact", digests.sha256(b"sdist")), ("manifest", digests.sha256(world.manifest))]
    for number, (kind, value) in enumerate(here):
        restricting.revoke(start(world, ALICE, 110 + number), kind, value, WHY)
    more = other(world)
    refused(world, lambda: restricting.revoke(start(world, BOB, 120), "artifact", WHEEL, WHY), "is revoked already")
    refused(world, lambda: restricting.revoke(start(world, ALICE, 121), *more, WHY), "all one person may")
    assert restricting.revoke(start(world, BOB, 122), *more, WHY).fresh


def revoked(world: World, who: Actor, number: int, kind: str = "artifact", value: str = WHEEL) -> Revocation:
    body = restricting.revoke(start(world, who, number), kind, value, WHY).event.body
    assert isinstance(body, Revocation)
    return body


def test_nobody_revokes_the_same_again_alone(world: World) -> None:
    # 106 | one person keeps something revoked for ever, by revoking it again | B | refused | R52
    first = revoked(world, ALICE, 130)
    assert first.until is not None
    later(world, hours=72)

    def again() -> object:
        return revoked(world, ALICE, 131)

    says = ("revoked this artifact already", "it ended at", "takes another person", "bob")
    refused(world, again, *says, "request --kind revocation --target artifact=")
    later(world, hours=95, minutes=59)
    refused(world, again, *says)
    assert revoked(world, BOB, 132).until == world.clock.at + timedelta(hours=72), "another person may"
    later(world, hours=72)
    assert revoked(world, ALICE, 133).until, "7 days after it began"


def test_nobody_revokes_the_parts_of_a_release_in_turn(world: World) -> None:
    # 106 | (parts) its manifest and its files in turn
    sdist, manifest = digests.sha256(b"sdist"), digests.sha256(world.manifest)
    first = revoked(world, ALICE, 130)
    later(world, hours=30)
    assert revoked(world, ALICE, 131, "manifest", manifest).until == first.until
    assert revoked(world, ALICE, 132, "artifact", sdist).until == first.until, "all of it ends with the first"
    later(world, hours=42)
    refused(world, lambda: revoked(world, ALICE, 140, "manifest", manifest), "within 7 days")
    refused(world, lambda: revoked(world, ALICE, 141, "artifact", sdist), "within 7 days")
    refused(world, lambda: revoked(world, ALICE, 142), "within 7 days")
    kind, value = other(world)
    assert revoked(world, BOB, 150, kind, value).until == world.clock.at + timedelta(hours=72)


def test_a_file_of_another_release_is_another_thing(world: World) -> None:
    revoked(world, ALICE, 130, "manifest", digests.sha256(world.manifest))
    later(world, hours=80)
    kind, value = other(world)
    assert revoked(world, ALICE, 131, kind, value).until == world.clock.at + timedelta(hours=72)


def other(world: World) -> tuple[str, str]:
    """Let another artifact be denied, and return what it is."""
    world.manifest = world.manifest.replace(WHEEL.encode(), digests.sha256(b"other").encode())
    asset = next(each for each in world.assets.kept[world.release.id].assets if each.name == "manifest.json")
    world.assets.delete(world.release, asset.id)
    world.assets.put(world.release.id, "manifest.json", world.manifest)
    world.release = world.assets.kept[world.release.id]
    world.ask("staging", ALICE, merge=revision(f"{len(world.source.line)}abc"))
    (decided,) = deciding.run(world.gate()).decided
    assert decided.decision.outcome is Outcome.DENY
    return "artifact", digests.sha256(b"other")


# --- inputs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["manifest", "artifact"])
def test_what_the_ledger_does_not_know_is_not_revoked(world: World, kind: str) -> None:
    # 87 | a revocation of what was never decided on | B | refused | R52
    def revoke() -> object:
        return restricting.revoke(start(world, ALICE), kind, MANIFEST_DIGEST, WHY)

    refused(world, revoke, f"the ledger knows no {kind} {MANIFEST_DIGEST}")


def test_the_digest_of_the_manifest_is_no_artifact(world: World) -> None:
    known = digests.sha256(world.manifest)
    refused(world, lambda: restricting.revoke(start(world, ALICE), "artifact", known, WHY), "knows no artifact")


def test_an_artifact_of_a_denied_request_is_found_in_the_whole_ledger(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.ask("staging")
    deciding.run(world.gate())
    assert restricting.revoke(start(world, ALICE), "artifact", WHEEL, WHY).fresh


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        ("run", "x", "one person cannot revoke a run"),
        ("identity", "x", "one person cannot revoke a identity"),
        ("", "", "what is to be revoked?"),
        ("manifest", "ABC", "is not a sha256"),
        ("manifest", MANIFEST_DIGEST[:63], "is not a sha256"),
        ("artifact", MANIFEST_DIGEST.upper(), "is not a sha256"),
    ],
)
def test_targets(world: World, kind: str, value: str, says: str) -> None:
    refused(world, lambda: restricting.revoke(start(world, ALICE), kind, value, WHY), says)


@pytest.mark.parametrize("reason", ["", "  \n", "a" * (names.MAX_REASON + 1), "a\x1b[31m", "a\u202eb", "a\r\nb"])
def test_reasons(world: World, reason: str) -> None:
    gate = start(world, ALICE)
    refused(world, lambda: restricting.hold(gate, None, "promote", None, reason), "reason")
    refused(world, lambda: restricting.revoke(gate, "artifact", WHEEL, reason), "reason")


@pytest.mark.parametrize("hours", [0, -1, 73, 9999])
def test_hours(world: World, hours: int) -> None:
    refused(world, lambda: hold(start(world, ALICE), hours=hours), f"a hold of {hours} hours", "1 to 72 hours")


def test_a_stage_that_is_none_and_a_word_that_stops_nothing(world: World) -> None:
    refused(world, lambda: hold(start(world, ALICE), "prod"), "no stage 'prod'", "staging, production")
    refused(world, lambda: hold(start(world, ALICE), stops="everything"), "cannot stop 'everything'")
    assert hold(start(world, ALICE), stops="all").fresh


# --- a hold that lands while a gate decides -----------------------------------------------------------


def test_a_hold_that_lands_while_a_gate_decides_wins(world: World) -> None:
    # 88 | (holds) here between its reading and its push
    world.ask("staging", ALICE, merge=PRODUCTION)
    gate = world.gate()
    signer, push = world.sigstore.signer, world.store.push
    done: list[Any] = []

    def pushing(commit: Any) -> Any:
        if not done:
            done.append(commit)
            hold(start(world, DORA))
            world.sigstore.signer = signer
        return push(commit)

    world.store.push = pushing  # type: ignore[method-assign]
    (decided,) = deciding.run(gate).decided
    assert (decided.decision.outcome, decided.exit_code) == (Outcome.DENY, 12)
    assert [told.get("kind") or told["outcome"] for told in world.told()] == ["genesis", "allow", "hold", "deny"]


def test_a_clock_that_is_a_little_late_does_not_pass_over_a_hold(world: World) -> None:
    later(world, minutes=4)
    hold(start(world, ALICE))
    later(world, minutes=-4)
    world.ask("staging", ALICE, merge=PRODUCTION)
    assert MERGE != PRODUCTION
    assert deciding.run(world.gate()).exit_code == 12


def test_a_ledger_whose_branch_is_gone_is_not_begun_with_a_hold(tmp_path: Path) -> None:
    world = World(tmp_path)
    hold(start(world, ALICE))
    world.store.branch = None
    with pytest.raises(LedgerError, match="which is the ledger, is gone"):
        hold(start(world, BOB, 102))
