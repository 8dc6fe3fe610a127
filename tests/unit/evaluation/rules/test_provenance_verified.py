"""Rule `provenance-verified`."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from tests.evidence_samples import (
    BOB,
    BUILDER_CERTIFICATE,
    GATE_CERTIFICATE,
    MAIN,
    MANIFEST,
    MERGED_AT,
    REVISION,
    SIGNATURES,
    SOURCE,
    SOURCE_FACTS,
    WHEEL,
    advised,
    attestation,
    evidence,
    malformed,
    provenance_attestation,
    revision,
    sbom_attestation,
    sha256,
    told,
    with_certificate,
)

from counterseal import identifiers
from counterseal.evaluation.evidence import SignatureFacts
from counterseal.evaluation.rules import provenance_verified
from counterseal.model import (
    Attestation,
    BuildStart,
    Certificate,
    Finding,
    FindingOutcome,
    Merge,
    Mover,
    Subject,
    Trust,
)
from counterseal.policy.rule import NoOptions

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence

OTHER = revision("dead001")


def judged(found: Evidence) -> Finding:
    return provenance_verified.judge(found, NoOptions())


def said(*path: str | int, value: Any) -> Evidence:
    """Return evidence whose provenance says something else at a path."""
    good = provenance_attestation()
    predicate: Any = copy.deepcopy(dict(good.statement.predicate))
    place = predicate
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return evidence(builds=(of(good, predicate=predicate), sbom_attestation()))


def by(**changes: Any) -> Certificate:
    return dataclasses.replace(BUILDER_CERTIFICATE, **changes)


def signed(certificate: Certificate | None, problem: str = "") -> Evidence:
    """Return evidence in which the wheel's signature is another one."""
    return evidence(signatures=(SignatureFacts(WHEEL.name, certificate, problem), SIGNATURES[1]))


def of(start: Attestation, **changes: Any) -> Attestation:
    return dataclasses.replace(start, statement=dataclasses.replace(start.statement, **changes))


def about(*subjects: Subject) -> Evidence:
    return evidence(builds=(of(provenance_attestation(), subjects=subjects), sbom_attestation()))


def at_revision(other: str) -> Evidence:
    return with_certificate(source_revision=other, signer_digest=other, config_digest=other)


def at_ref(other: str) -> Evidence:
    san = f"{SOURCE}/.github/workflows/release.yml@{other}"
    return with_certificate(source_ref=other, san=san, signer_uri=san, config_uri=san)


def from_source(**changes: Any) -> Evidence:
    return evidence(source=dataclasses.replace(SOURCE_FACTS, **changes))


def merged(end: str = REVISION, mover: Mover = Mover.FORGE) -> Merge:
    return Merge(16, end, mover, MERGED_AT)


def started(*, manual: bool = False, again: bool = False) -> BuildStart:
    return BuildStart(BUILDER_CERTIFICATE.run_uri or "", (BOB,), manual, again)


def by_hand(**changes: Any) -> Evidence:
    """Return evidence of a build that somebody started by hand, as the policy lets them."""
    found = with_certificate(trigger="workflow_dispatch")
    builder = dataclasses.replace(found.policy.builder, triggers=("push", "workflow_dispatch"))
    return dataclasses.replace(found, policy=dataclasses.replace(found.policy, builder=builder), **changes)


def test_whoever_started_the_build_by_hand_is_named() -> None:
    found = judged(by_hand(starts=(started(again=True),)))
    assert found.outcome is FindingOutcome.SATISFIED
    assert ", started by bob (workflow_dispatch), started again by bob," in told(found)


def test_the_builder_made_it() -> None:
    found = judged(evidence())
    assert found.outcome is FindingOutcome.SATISFIED
    assert told(found) == (
        "2 artifacts made by release.yml at v1.2.0 (4f2c9e1), the end of #16; "
        "what came onto the branch before that merge was not looked at"
    )


GOOD_SUBJECTS = provenance_attestation().statement.subjects
OTHER_RUN = dataclasses.replace(BUILDER_CERTIFICATE, run_uri=f"{SOURCE}/actions/runs/40/attempts/1")
WORKFLOW = ("buildDefinition", "externalParameters", "workflow")
WRONG = {
    "none": (evidence(builds=()), "provenance-missing", "the candidate has no verified provenance"),
    "only an sbom": (evidence(builds=(sbom_attestation(),)), "provenance-missing", "no verified provenance"),
    "no manifest": (evidence(manifest=None), "provenance-missing", "no readable manifest.json"),
    "not read": (evidence(candidate=None, manifest=None), "provenance-missing", "no readable manifest.json"),
    "one that did not verify": (
        evidence(build_problems=("build.intoto.jsonl line 3: signature invalid",)),
        "provenance-unverified",
        "build.intoto.jsonl line 3: signature invalid",
    ),
    "two": (
        evidence(builds=(provenance_attestation(), provenance_attestation())),
        "provenance-ambiguous",
        "has 2 provenance statements",
    ),
    "signed by the gate": (
        with_certificate(**dataclasses.asdict(GATE_CERTIFICATE)),
        "builder-not-accepted",
        "gate's identity",
    ),
    "signed in a fork": (with_certificate(source_id="666"), "builder-not-accepted", "it is for repository 666"),
    "signed by a test run": (with_certificate(trigger="pull_request_target"), "builder-not-accepted", "a build may be"),
    "another issuer": (with_certificate(issuer="https://issuer.example"), "builder-not-accepted", "its issuer is"),
    "no issuer known": (
        evidence(trust=Trust({}, released=(), withdrawn={}, sandbox=False)),
        "builder-not-accepted",
        "its issuer is",
    ),
    "sbom by another": (
        evidence(builds=(provenance_attestation(), sbom_attestation(GATE_CERTIFICATE))),
        "builder-not-accepted",
        "a statement (https://cyclonedx.org/bom) is not the builder's",
    ),
    "two runs": (
        evidence(builds=(provenance_attestation(), sbom_attestation(OTHER_RUN))),
        "runs-differ",
        "the build's statements come from 2 runs",
    ),
    "artifact not covered": (about(*GOOD_SUBJECTS[1:]), "subjects-differ", f"does not cover {WHEEL.name}"),
    "artifact with other bytes": (
        about(dataclasses.replace(WHEEL, digest=sha256("other")), *GOOD_SUBJECTS[1:]),
        "subjects-differ",
        f"does not cover {WHEEL.name}",
    ),
    "artifact with two digests": (
        about(*GOOD_SUBJECTS, dataclasses.replace(WHEEL, digest=sha256("other"))),
        "subjects-differ",
        f"does not cover {WHEEL.name}",
    ),
    "manifest not covered": (about(*GOOD_SUBJECTS[:2]), "subjects-differ", "does not cover manifest.json"),
    "built from another revision": (
        at_revision(OTHER),
        "revision-differs",
        "built from dead001, and the manifest names 4f2c9e1",
    ),
    "built from another tag": (
        at_ref("refs/tags/v1.1.9"),
        "ref-differs",
        "built from refs/tags/v1.1.9, and the manifest names refs/tags/v1.2.0",
    ),
    "tag moved": (
        from_source(tag_revision=OTHER),
        "tag-moved",
        "the tag v1.2.0 points to dead001, and the manifest names 4f2c9e1",
    ),
    "tag gone": (
        from_source(tag_revision=None),
        "tag-moved",
        "the tag v1.2.0 points to nothing",
    ),
    "source not read": (evidence(source=None), "tag-moved", "points to nothing"),
    "not merged": (
        from_source(on_protected_branch=False),
        "revision-not-merged",
        "4f2c9e1 is not on refs/heads/main",
    ),
    "a manual job": (
        evidence(starts=(started(manual=True),)),
        "builder-steered",
        "is a manual job of bob: who plays or retries one chooses its variables",
    ),
    "a start by hand that nobody remembers": (
        by_hand(starts=()),
        "builder-gone",
        "(workflow_dispatch) cannot be told: it is gone from the forge",
    ),
    "inside what was merged": (
        from_source(on_first_parent_line=False, merge=None),
        "revision-inside-change",
        "4f2c9e1 was never what refs/heads/main was at",
    ),
    "inside a rebased group": (
        from_source(merge=merged(end=OTHER)),
        "revision-inside-change",
        "4f2c9e1 lies inside #16, whose merge left refs/heads/main at dead001",
    ),
    "the end of a change, and yet beside the branch": (
        from_source(on_first_parent_line=False, merge=merged()),
        "revision-inside-change",
        "lies inside #16",
    ),
    "pushed": (from_source(merge=None), "revision-pushed", "came onto refs/heads/main by a push"),
    "a change whose commits were pushed": (
        from_source(merge=merged(mover=Mover.PERSON)),
        "revision-pushed",
        "4f2c9e1 is the end of #16, and it came onto refs/heads/main by a push, not by a merge",
    ),
    "nobody says who merged": (from_source(merge=merged(mover=Mover.UNKNOWN)), "revision-pushed", "by a push"),
    "manifest names another revision": (
        evidence(manifest=dataclasses.replace(MANIFEST, revision=OTHER)),
        "revision-differs",
        "the manifest names dead001",
    ),
    "says another workflow": (
        said(*WORKFLOW, "path", value=".github/workflows/x.yml"),
        "statement-disagrees",
        "workflow",
    ),
    "says another ref": (said(*WORKFLOW, "ref", value=MAIN), "statement-disagrees", "workflow"),
    "says another repository": (
        said(*WORKFLOW, "repository", value="https://evil.example"),
        "statement-disagrees",
        "workflow",
    ),
    "says no workflow": (said("buildDefinition", "externalParameters", value=[]), "statement-disagrees", "workflow"),
    "says nothing": (said("buildDefinition", value=None), "statement-disagrees", "workflow"),
    "says another revision": (
        said("buildDefinition", "resolvedDependencies", 0, "digest", value={"gitCommit": OTHER}),
        "statement-disagrees",
        "source revision",
    ),
    "says two revisions": (
        said(
            "buildDefinition",
            "resolvedDependencies",
            value=[{"digest": {"gitCommit": REVISION}}, {"digest": {"gitCommit": OTHER}}],
        ),
        "statement-disagrees",
        "source revision",
    ),
    "says no revision": (
        said("buildDefinition", "resolvedDependencies", value={"digest": {"gitCommit": REVISION}}),
        "statement-disagrees",
        "source revision",
    ),
    "says another builder": (
        said("runDetails", "builder", "id", value="https://evil.example"),
        "statement-disagrees",
        "builder",
    ),
    "a signature that does not verify": (
        signed(None, "app-1.2.0-py3-none-any.whl.sigstore.json: does not verify"),
        "signature-unverified",
        f"{WHEEL.name}.sigstore.json is not a signature over {WHEEL.name}: app-1.2.0",
    ),
    "no signature was read": (evidence(signatures=SIGNATURES[1:]), "signature-unverified", "there is none"),
    "a signature by the gate": (signed(GATE_CERTIFICATE), "signature-not-the-builders", "this is the gate's identity"),
    "a signature by another workflow": (
        signed(by(san=f"{SOURCE}/.github/workflows/evil.yml@refs/tags/v1.2.0")),
        "signature-not-the-builders",
        "is not the builder's: ",
    ),
    "a signature by another issuer": (
        signed(by(issuer="https://evil.example")),
        "signature-not-the-builders",
        f"{WHEEL.name}.sigstore.json is not the builder's",
    ),
    "a signature of another run": (
        signed(by(run_uri=f"{SOURCE}/actions/runs/40/attempts/1")),
        "signature-of-another-run",
        f"comes from {SOURCE}/actions/runs/40/attempts/1, the provenance from {SOURCE}/actions/runs/41/attempts/1",
    ),
    "a signature of another attempt": (
        signed(by(run_uri=f"{SOURCE}/actions/runs/41/attempts/2")),
        "signature-of-another-run",
        "attempts/2",
    ),
    "a signature of another revision": (
        signed(by(source_revision=OTHER, signer_digest=OTHER, config_digest=OTHER)),
        "signature-of-another-run",
        "",
    ),
    "says another run": (said("runDetails", "metadata", "invocationId", value="x"), "statement-disagrees", "run"),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_thing_wrong(case: str) -> None:
    found, code, reason = WRONG[case]
    finding = judged(found)
    assert (finding.outcome, finding.code) == (FindingOutcome.VIOLATED, code)
    assert reason in told(finding)
    assert advised(finding)


def test_a_signature_that_does_not_lie_there_is_for_the_rule_about_bytes() -> None:
    start = evidence(signatures=SIGNATURES[1:])
    left = tuple(each for each in start.observed if each.name != f"{WHEEL.name}.sigstore.json")
    assert judged(dataclasses.replace(start, observed=left)).outcome is FindingOutcome.SATISFIED


def test_other_statements_of_the_build_are_welcome() -> None:
    results = attestation(identifiers.TEST_RESULT, {"result": "PASSED"})
    found = judged(evidence(builds=(provenance_attestation(), sbom_attestation(), results)))
    assert found.outcome is FindingOutcome.SATISFIED


def test_unknown_fields_of_the_provenance_are_ignored() -> None:
    assert judged(said("runDetails", "byproducts", value=[{"name": "log"}])).outcome is FindingOutcome.SATISFIED


@pytest.mark.parametrize("found", [malformed(), evidence(change=None)])
def test_nothing_to_judge(found: Evidence) -> None:
    assert (judged(found).outcome, judged(found).code) == (FindingOutcome.SKIPPED, "no-request")


def test_every_code_is_tried() -> None:
    tried = {code for _, code, _ in WRONG.values()}
    assert tried == set(provenance_verified.RULE.codes) - {"no-request"}


def test_a_build_that_a_push_started_once_names_nobody() -> None:
    pushed = judged(evidence(starts=(started(again=False),)))
    again = judged(evidence(starts=(started(again=True),)))
    assert {pushed.outcome, again.outcome} == {FindingOutcome.SATISFIED}
    assert pushed.data == judged(evidence()).data
    assert again.data != pushed.data
