"""One run of the gate in a world in memory: open, collect, decide, record, publish; and the preview."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.evidence_samples import (
    ALICE,
    BUILDER_CERTIFICATE,
    DORA,
    ERIN,
    GATE_REVISION,
    MERGE,
    REVISION,
    TAG,
    TRUST,
    revision,
)
from tests.unit.gate.memory import POLICY, Broken, World

from counterseal.errors import PolicyError, ServiceError, UsageError, VerificationError
from counterseal.formats import digests, wire
from counterseal.gate import deciding, preview
from counterseal.gate.publication import publishing
from counterseal.identifiers import POLICY_PATH
from counterseal.model import Finding, FindingOutcome, Outcome, Release, ReviewState
from counterseal.render.reports import preview as preview_report

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.evaluation import Decision

SECOND = revision("2ec0d00")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def decide(world: World) -> dict[str, Decision]:
    """Let the gate run once; return the decisions by stage."""
    result = deciding.run(world.gate())
    assert result.failed == ()
    return {each.decision.stage: each.decision for each in result.decided}


def code(decision: Decision, rule: str) -> str:
    return next(each.code for each in decision.findings if each.rule == rule)


def released(world: World) -> World:
    """Bring the candidate through both stages."""
    world.ask("staging", ALICE)
    assert decide(world)["staging"].outcome is Outcome.ALLOW
    world.ask("production", ALICE, DORA, merge=SECOND)
    assert decide(world)["production"].outcome is Outcome.ALLOW
    return world


# --- deciding --------------------------------------------------------------------------------


def test_an_allow_is_recorded_with_its_evidence(world: World) -> None:
    world.ask("staging", ALICE)
    decision = decide(world)["staging"]
    assert decision.outcome is Outcome.ALLOW
    assert [each.login for each in decision.responsible.approvers] == ["alice"]
    genesis, recorded = world.told()
    assert (genesis["kind"], recorded["outcome"]) == ("genesis", "allow")
    kept = world.store.document("evidence", decision.evidence_digest.sha256) or b""
    assert digests.git_object("blob", kept) == decision.evidence_digest.git_blob
    document = wire.load_json(kept, "evidence")
    assert document["request"]["merged"]["mergeRevision"] == MERGE
    assert document["sbom"]["content"]["elements"] == 1
    assert document["sbom"]["content"]["missing"]["supplier"] == 2


@pytest.mark.parametrize(
    ("options", "outcome", "said"),
    [
        ("sbom-present: {max-unknown-licences: 1}", Outcome.ALLOW, "satisfied"),
        ("sbom-present: {max-unknown-licences: 0}", Outcome.DENY, "licences-unknown"),
        ("sbom-present: {minimum: ntia}", Outcome.DENY, "sbom-below-minimum"),
        ("sbom-present: {from: lock}", Outcome.DENY, "sbom-other-origin"),
        ("licences-allowed: {allow: [MIT], max-unknown: 1}", Outcome.ALLOW, "satisfied"),
        ("licences-allowed: {allow: [MIT]}", Outcome.DENY, "licences-unknown"),
    ],
)
def test_what_a_policy_asks_of_an_sbom_is_judged(tmp_path: Path, options: str, outcome: Outcome, said: str) -> None:
    world = World(tmp_path, policy=POLICY.replace(b"sbom-present: {}", options.encode(), 1))
    world.ask("staging", ALICE)
    decision = decide(world)["staging"]
    assert (decision.outcome, code(decision, options.partition(":")[0])) == (outcome, said)


def test_a_deny_is_recorded_with_its_evidence_too(world: World) -> None:
    world.ask("production", ALICE)
    decision = decide(world)["production"]
    assert decision.outcome is Outcome.DENY
    assert code(decision, "previous-stage-passed") == "previous-stage-missing"
    assert code(decision, "enough-reviews") == "review-missing"
    assert world.store.document("evidence", decision.evidence_digest.sha256)


def test_what_was_decided_is_not_decided_again(world: World) -> None:
    path = world.ask("staging", ALICE)
    first = decide(world)["staging"]
    again = deciding.run(world.gate(), request=path)
    assert [(each.decision, each.fresh) for each in again.decided] == [(first, False)]
    assert len(world.told()) == 2


@pytest.mark.parametrize(("hours", "fits"), [(1, True), (0, False), (-1, False)])
def test_a_gate_believes_what_a_withdrawn_one_signed_before(world: World, hours: int, *, fits: bool) -> None:
    decide(world)
    newer = revision("9e3e401")
    until = world.clock.now() + timedelta(hours=hours)
    world.trust = dataclasses.replace(TRUST, released=(GATE_REVISION, newer), withdrawn={GATE_REVISION: until})
    with pytest.raises(UsageError, match=f"the gate's revision {GATE_REVISION[:12]} was withdrawn"):
        world.gate()
    reference = world.run.signer_ref.replace(GATE_REVISION, newer)
    world.run = dataclasses.replace(world.run, signer_ref=reference, signer_digest=newer)
    if fits:
        assert deciding.run(world.gate()).exit_code == 0
    else:
        with pytest.raises(VerificationError, match="not signed by the gate") as caught:
            deciding.run(world.gate())
        assert "was withdrawn at" in caught.value.why


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("digest-matches", "asset-differs"),
        ("provenance-verified", "tag-moved"),
        ("sbom-present", "sbom-differs"),
        ("enough-reviews", "review-missing"),
        ("review-of-this-revision", "changes-requested"),
    ],
)
def test_one_thing_that_is_not_as_it_was_built_or_reviewed_is_a_deny(world: World, rule: str, wanted: str) -> None:
    wheel = next(each for each in world.release.assets if each.name.endswith(".whl"))
    sbom = next(each for each in world.release.assets if each.name == "sbom.cdx.json")
    world.ask("staging", ALICE)
    number = max(world.forge.changes)
    change = world.forge.changes[number]
    if wanted == "asset-differs":
        world.assets.bytes[wheel.id] = b"evil"
    elif wanted == "tag-moved":
        world.source.tags[TAG] = MERGE
    elif wanted == "sbom-differs":
        world.assets.bytes[sbom.id] = b'{"bomFormat": "CycloneDX", "components": [{"name": "other"}]}'
    elif wanted == "review-missing":
        world.forge.readers = {ALICE.key}
    else:
        objection = dataclasses.replace(change.reviews[0], actor=DORA, state=ReviewState.CHANGES_REQUESTED)
        world.forge.changes[number] = dataclasses.replace(change, reviews=(*change.reviews, objection))
    decision = decide(world)["staging"]
    assert (decision.outcome, code(decision, rule)) == (Outcome.DENY, wanted)


def test_whose_hands_were_on_the_build_is_asked_of_nobody_for_a_push(world: World) -> None:
    world.ask("staging", ALICE)
    assert decide(world)["staging"].builds[0].builder == BUILDER_CERTIFICATE.san


def test_a_candidate_that_is_gone_decides_nothing_and_stops_nothing_else(world: World) -> None:
    world.ask("staging", ALICE)
    del world.assets.kept[world.release.id]
    result = deciding.run(world.gate())
    assert [each.error.what[:13] for each in result.failed] == ["the candidate"]
    assert (result.decided, result.exit_code, len(world.told())) == ((), 1, 1)


def test_a_remote_that_goes_away_records_nothing_by_halves(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.store = Broken(1)
    world.ask("staging", ALICE)
    result = deciding.run(world.gate())
    assert [type(each.error) for each in result.failed] == [ServiceError]
    assert [each["kind"] for each in world.told()] == ["genesis"]
    world.store.left = 5
    assert decide(world)["staging"].outcome is Outcome.ALLOW


def test_the_evidence_is_looked_at_twice_before_anything_is_signed(world: World) -> None:
    world.ask("staging", ALICE)
    moves = iter([REVISION, MERGE, REVISION, MERGE, REVISION, MERGE, REVISION, MERGE])
    world.source.resolve = (  # type: ignore[method-assign]
        lambda ref: next(moves, None) if ref.startswith("refs/tags/") else world.source.line[-1][0]
    )
    result = deciding.run(world.gate())
    assert "keep changing" in result.failed[0].error.what


# --- opening ---------------------------------------------------------------------------------


def test_a_run_of_another_repository_a_branch_that_is_none_and_an_old_run_are_no_gate(world: World) -> None:
    world.ask("staging", ALICE)
    world.run = dataclasses.replace(world.run, ref="refs/heads/quiet")
    with pytest.raises(UsageError, match="not a gate"):
        world.gate()
    world.run = dataclasses.replace(world.run, ref="refs/heads/main", ref_protected=False)
    with pytest.raises(UsageError, match="not a gate"):
        world.gate()


def test_without_a_usable_policy_nothing_opens(world: World) -> None:
    world.source.add(MERGE, **{POLICY_PATH: POLICY.replace(b"count: 1", b"cuont: 1")})
    with pytest.raises(PolicyError, match="cuont"):
        world.gate()


def test_the_ledger_of_another_repository_is_refused(world: World) -> None:
    world.source.add(MERGE, **{POLICY_PATH: POLICY.replace(b"github.com/777/", b"github.com/778/")})
    with pytest.raises(PolicyError, match="of repository 778"):
        world.gate()


# --- publishing ------------------------------------------------------------------------------


def test_an_allow_of_a_publishing_stage_becomes_a_release(world: World) -> None:
    result = publishing.run(released(world).gate())
    assert [(each.tag, each.stage) for each in result.published] == [(TAG, "production")]
    assert not world.assets.kept[world.release.id].draft
    files = world.assets.names(world.release.id)
    assert {"evidence.json", "SHA256SUMS", "ledger-proof.json", "counterseal.intoto.jsonl"} <= files
    assert [each.get("kind", each.get("outcome")) for each in world.told()] == [
        *("genesis", "allow", "allow", "publication")
    ]
    assert publishing.run(world.gate()).published == ()


@pytest.mark.parametrize("wanted", ["evidence-changed", "public-already", "tag-moved"])
def test_an_allow_that_does_not_stand_any_more_is_withdrawn(world: World, wanted: str) -> None:
    released(world)
    gate = world.gate()
    if wanted == "evidence-changed":
        world.forge.readers = {DORA.key}
    elif wanted == "public-already":
        world.assets.publish(world.release)
    else:
        publish = world.assets.publish

        def publish_and_move_the_tag(release: Release) -> Release:
            world.source.tags[TAG] = MERGE
            return publish(release)

        world.assets.publish = publish_and_move_the_tag  # type: ignore[method-assign]
    result = publishing.run(gate)
    assert result.published == ()
    (stopped,) = result.stopped
    assert stopped.why is not None
    assert (stopped.why.code, result.exit_code) == (wanted, 10)
    assert stopped.taken_back is (True if wanted == "tag-moved" else None)
    assert world.told()[-1]["body"]["code"] == wanted
    assert publishing.run(world.gate()).published == ()


def test_a_file_that_somebody_laid_beside_is_not_published(world: World) -> None:
    released(world)
    world.assets.put(world.release.id, "evil.whl", b"evil")
    result = publishing.run(world.gate())
    assert result.published == ()
    assert "nobody asked for" in str(result.stopped[0].error)
    assert world.assets.kept[world.release.id].draft


# --- previewing ------------------------------------------------------------------------------


def test_a_preview_judges_what_it_can_and_reads_no_bytes(world: World) -> None:
    world.ask("staging", ALICE, merge="", author=ERIN)
    seen = preview.run(world.sources(), world.store, 18)
    outcomes = {each.rule: (each.outcome, each.code) for each in seen.findings}
    assert outcomes["enough-reviews"] == (FindingOutcome.SATISFIED, "satisfied")
    assert outcomes["previous-stage-passed"] == (FindingOutcome.SKIPPED, "first-stage")
    assert {rule for rule, (_, said) in outcomes.items() if said == "not-read"} == {
        *("review-of-this-revision", "digest-matches", "provenance-verified", "not-revoked", "sbom-present")
    }
    assert (seen.manifest, seen.tag, world.store.lines()) == (digests.sha256(world.manifest), TAG, [])
    assert list(world.work.iterdir()) == []


def early(seen: preview.Preview) -> Finding:
    return next(finding for finding in seen.findings if finding.rule == "review-of-this-revision")


def test_a_preview_denies_what_the_merge_cannot_mend(world: World) -> None:
    world.ask("staging", ALICE, merge="", author=ERIN)
    world.source.add("ab" * 20, **{POLICY_PATH: world.policy + b"# changed since\n"})
    assert early(preview.run(world.sources(), world.store, 18)).code == "policy-changed"


def test_a_preview_denies_a_change_that_touches_more_than_the_request(world: World) -> None:
    world.ask("staging", ALICE, merge="", author=ERIN)
    world.forge.files[18] = (*world.forge.files[18], "src/app.py")
    assert early(preview.run(world.sources(), world.store, 18)).code == "other-changes"


def test_a_preview_says_that_no_gate_runs_on_an_unprotected_branch(world: World) -> None:
    world.ask("staging", ALICE, merge="", author=ERIN)
    assert preview.run(world.sources(), world.store, 18).stops == ()
    world.forge.guarded.clear()
    seen = preview.run(world.sources(), world.store, 18)
    said = preview_report.comment(seen)
    assert "the gate would stop: this run is not a gate: refs/heads/main is not protected" in said
    assert "Rulesets" in said


def test_a_preview_says_what_its_token_does_not_see(world: World) -> None:
    def refused(ref: str) -> bool:
        raise ServiceError("branch main: GitHub refused", why=ref)

    world.ask("staging", ALICE, merge="", author=ERIN)
    world.forge.protected = refused  # type: ignore[method-assign]
    seen = preview.run(world.sources(), world.store, 18)
    assert "not seen with this token: whether refs/heads/main is protected" in preview_report.comment(seen)


def test_a_preview_of_no_request_is_refused(world: World) -> None:
    world.ask("staging", merge="")
    world.forge.files[18] = ("README",)
    with pytest.raises(UsageError, match="adds 0 promotion requests"):
        preview.run(world.sources(), world.store, 18)
