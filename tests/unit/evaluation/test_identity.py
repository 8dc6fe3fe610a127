"""Identities: the right ones pass, every single wrong field is refused, by both judges."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.evidence_samples import (
    BUILDER_CERTIFICATE,
    BUILDER_SAN,
    GATE_CERTIFICATE,
    GATE_REVISION,
    GATE_SAN,
    HOST,
    ISSUER,
    MAIN,
    NOW,
    REPOSITORY,
    SOURCE,
    TRUST,
    WITHDRAWN_REVISION,
)

from counterseal import forges
from counterseal.evaluation import identity, identity_words
from counterseal.evaluation.identity import AcceptedGate
from counterseal.identifiers import GATE_ID
from counterseal.model import BuilderIdentity, Certificate, GateIdentity, OwnGate, Reason, Repository, Trust

OTHER = "b" * 40
BUILDER = BuilderIdentity(".github/workflows/release.yml", ("refs/tags/v*",))


def gate(certificate: Certificate, **changes: object) -> str | None:
    asked: dict[str, object] = {
        "trust": TRUST,
        "host": HOST,
        "repository": REPOSITORY,
        "default_ref": MAIN,
        "accepted": AcceptedGate(TRUST.released),
        **changes,
    }
    return words(identity.gate_problem(certificate, **asked))  # type: ignore[arg-type]


def words(problem: Reason | None) -> str | None:
    """Return the sentence of a problem, which every code has."""
    if problem is None:
        return None
    assert problem.code in identity_words.WORDS
    return identity_words.sentence(problem)


def builder(certificate: Certificate, **changes: object) -> str | None:
    asked: dict[str, object] = {"issuer": ISSUER, "repository": REPOSITORY, "builder": BUILDER, **changes}
    return words(identity.builder_problem(certificate, **asked))  # type: ignore[arg-type]


def alike(certificate: Certificate, changes: dict[str, str | None]) -> Certificate:
    return dataclasses.replace(certificate, **changes)  # type: ignore[arg-type]


def signed_at(san: str, **changes: str | None) -> dict[str, str | None]:
    """Return the fields of a certificate whose signer is `san`."""
    return {"san": san, "signer_uri": san, **changes}


def test_the_right_ones_are_accepted() -> None:
    assert gate(GATE_CERTIFICATE) is None
    assert builder(BUILDER_CERTIFICATE) is None


GATE_WRONG: dict[str, tuple[dict[str, str | None], str]] = {
    "issuer": ({"issuer": "https://token.actions.example"}, "its issuer is https://token.actions.example"),
    "issuer that begins alike": ({"issuer": ISSUER + ".example"}, "its issuer is"),
    "no signer": ({"signer_uri": None}, "two signers differ"),
    "other signer": ({"signer_uri": BUILDER_SAN}, "two signers differ"),
    "san of the builder": (signed_at(BUILDER_SAN), f"not by {GATE_ID}"),
    "san without revision": (signed_at(GATE_ID), "it names the gate at no revision"),
    "san with empty revision": (signed_at(GATE_ID + "@"), "it names the gate at no revision"),
    "san of a fork": (signed_at(GATE_SAN.replace("counterseal/counterseal", "evil/counterseal")), "not by"),
    "san in other case": (signed_at(GATE_SAN.replace("gate.yml", "Gate.yml")), "not by"),
    "san of a longer path": (signed_at(f"{GATE_ID}.evil.yml@{GATE_REVISION}"), "not by"),
    "san with two @": (signed_at(f"{GATE_ID}@x@{GATE_REVISION}"), "it names the gate at x@"),
    "san over http": (signed_at(GATE_SAN.replace("https:", "http:")), "not by"),
    "san names other revision": (signed_at(f"{GATE_ID}@{OTHER}"), f"it names the gate at {OTHER}"),
    "san of a pull request": (signed_at(f"{GATE_ID}@refs/pull/7/merge"), "it names the gate at refs/pull/7/merge"),
    "unknown revision": (signed_at(f"{GATE_ID}@{OTHER}", signer_digest=OTHER), "newer than this tool, or not ours"),
    "withdrawn revision": (
        signed_at(f"{GATE_ID}@{WITHDRAWN_REVISION}", signer_digest=WITHDRAWN_REVISION),
        "was withdrawn",
    ),
    "no digest": ({"signer_digest": None}, "does not name the gate's revision"),
    "short digest": ({"signer_digest": GATE_REVISION[:12]}, "does not name the gate's revision"),
    "self-hosted": ({"runner_environment": "self-hosted"}, "a runner that is self-hosted"),
    "runner unknown": ({"runner_environment": None}, "not github-hosted"),
    "other ref": ({"source_ref": "refs/heads/feature"}, "not for refs/heads/main"),
    "tag of that name": ({"source_ref": "refs/tags/main"}, "not for refs/heads/main"),
    "no ref": ({"source_ref": None}, "not for refs/heads/main"),
    "pull_request_target": ({"trigger": "pull_request_target"}, "not by pull_request_target"),
    "issue_comment": ({"trigger": "issue_comment"}, "not by issue_comment"),
    "workflow_run": ({"trigger": "workflow_run"}, "not by workflow_run"),
    "merge_group": ({"trigger": "merge_group"}, "not by merge_group"),
    "no trigger": ({"trigger": None}, "not by None"),
    "other repository id": ({"source_id": "666"}, "it is for repository 666"),
    "no repository id": ({"source_id": None}, "by number"),
    "repository id in words": ({"source_id": "777x"}, "by number"),
    "source at another forge": ({"source_uri": "https://gitlab.com/acme/app"}, "not a repository at github.com"),
    "no source": ({"source_uri": None}, "not a repository at github.com"),
    "called from elsewhere": (
        {"config_uri": f"https://{HOST}/evil/app/.github/workflows/promote.yml@{MAIN}"},
        "not by a workflow of the repository",
    ),
    "called from a branch": (
        {"config_uri": f"{SOURCE}/.github/workflows/promote.yml@refs/heads/feature"},
        "not by a workflow of the repository",
    ),
    "caller unknown": ({"config_uri": None}, "not by a workflow of the repository"),
    "run of another repository": (
        {"run_uri": f"https://{HOST}/evil/app/actions/runs/42"},
        "is not a run of its repository",
    ),
    "no run": ({"run_uri": None}, "is not a run of its repository"),
}


@pytest.mark.parametrize("case", GATE_WRONG)
def test_gate_with_one_wrong_field_is_refused(case: str) -> None:
    changes, told = GATE_WRONG[case]
    problem = gate(alike(GATE_CERTIFICATE, changes))
    assert problem is not None
    assert told in problem


def test_a_gate_named_by_tag_is_judged_by_its_digest() -> None:
    at_tag = dataclasses.replace(
        GATE_CERTIFICATE, san=f"{GATE_ID}@refs/tags/v1.0.0", signer_uri=f"{GATE_ID}@refs/tags/v1.0.0"
    )
    assert gate(at_tag) is None
    assert "not ours" in (gate(dataclasses.replace(at_tag, signer_digest=OTHER)) or "")


def test_own_revision_and_pinned_revisions_are_accepted_but_not_withdrawn_ones() -> None:
    other = dataclasses.replace(
        GATE_CERTIFICATE, san=f"{GATE_ID}@{OTHER}", signer_uri=f"{GATE_ID}@{OTHER}", signer_digest=OTHER
    )
    assert gate(other, accepted=AcceptedGate((), OTHER)) is None
    assert gate(other, accepted=AcceptedGate((OTHER,))) is None
    assert "not ours" in (gate(GATE_CERTIFICATE, accepted=AcceptedGate((OTHER,))) or "")
    san = f"{GATE_ID}@{WITHDRAWN_REVISION}"
    withdrawn = dataclasses.replace(GATE_CERTIFICATE, san=san, signer_uri=san, signer_digest=WITHDRAWN_REVISION)
    accepted = AcceptedGate((WITHDRAWN_REVISION,), WITHDRAWN_REVISION)
    assert "withdrawn" in (gate(withdrawn, accepted=accepted) or "")


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("until", "signed_at", "counts"),
    [
        (NOW, NOW - SECOND, True),
        (NOW, NOW, False),
        (NOW, NOW + SECOND, False),
        (None, NOW, False),
        (NOW + timedelta(days=9), None, False),  # it signed nothing yet: it is not to begin
    ],
)
def test_what_a_withdrawn_gate_signed_before_counts(
    until: datetime | None, signed_at: datetime | None, counts: bool
) -> None:
    trust = dataclasses.replace(TRUST, withdrawn={GATE_REVISION: until})
    said = gate(GATE_CERTIFICATE, trust=trust, accepted=AcceptedGate(TRUST.released, signed_at=signed_at))
    assert (said is None) is counts
    if said:
        assert f"the gate's revision {GATE_REVISION[:12]} was withdrawn" in said
    if until == NOW == signed_at:
        assert said == (
            f"the gate's revision {GATE_REVISION[:12]} was withdrawn at 2026-11-24T09:10:44Z, and it signed this at "
            "2026-11-24T09:10:44Z"
        )


def test_what_it_signed_before_has_to_be_accepted_like_any_other() -> None:
    trust = dataclasses.replace(TRUST, withdrawn={GATE_REVISION: NOW})
    assert "not ours" in (gate(GATE_CERTIFICATE, trust=trust, accepted=AcceptedGate(signed_at=NOW - SECOND)) or "")


def test_a_gate_accepts_itself_only_where_the_policy_pins_no_revisions() -> None:
    assert identity.accepted_gate(GateIdentity(), TRUST, OTHER).own_revision == OTHER
    assert identity.accepted_gate(GateIdentity((GATE_REVISION,)), TRUST, OTHER) == AcceptedGate((GATE_REVISION,))


def test_a_renamed_repository_is_the_same_by_number_and_a_reborn_name_is_not() -> None:
    renamed = Repository(HOST, 777, "acme/application")
    assert gate(GATE_CERTIFICATE, repository=renamed) is None
    assert builder(BUILDER_CERTIFICATE, repository=renamed) is None
    reborn = Repository(HOST, 888, REPOSITORY.name)
    assert "not for 888" in (gate(GATE_CERTIFICATE, repository=reborn) or "")
    assert "not for 888" in (builder(BUILDER_CERTIFICATE, repository=reborn) or "")


def test_the_same_number_at_another_forge_is_another_repository() -> None:
    assert gate(GATE_CERTIFICATE, repository=Repository("gitlab.com", 777, REPOSITORY.name))
    assert builder(BUILDER_CERTIFICATE, repository=Repository("gitlab.com", 777, REPOSITORY.name))


def test_a_forge_without_known_issuer_has_no_gate() -> None:
    assert gate(GATE_CERTIFICATE, host="git.example") == "no issuer is known for git.example"
    assert builder(dataclasses.replace(BUILDER_CERTIFICATE, issuer=""), issuer="") is not None


BUILDER_WRONG: dict[str, tuple[dict[str, str | None], str]] = {
    "issuer": ({"issuer": "https://token.actions.example"}, "its issuer is"),
    "the gate": (signed_at(GATE_SAN), "builder and gate have to be two"),
    "other signer": ({"signer_uri": GATE_SAN}, "two signers differ"),
    "other workflow": (signed_at(BUILDER_SAN.replace("release", "test")), "not by .github/workflows/release.yml"),
    "a reusable workflow of others": (signed_at(BUILDER_SAN.replace("acme/app", "evil/app")), "not by .github"),
    "called by another workflow": ({"config_uri": BUILDER_SAN.replace("release", "test")}, "the run began in"),
    "caller unknown": ({"config_uri": None}, "the run began in"),
    "workflow of another ref": ({"source_ref": "refs/tags/v1.2.1"}, "its source of refs/tags/v1.2.1"),
    "workflow at another revision": ({"signer_digest": OTHER}, "another revision than the source"),
    "caller at another revision": ({"config_digest": OTHER}, "another revision than the source"),
    "source at another revision": ({"source_revision": OTHER}, "another revision than the source"),
    "no revision": ({"source_revision": None, "signer_digest": None, "config_digest": None}, "no full source revision"),
    "pull_request_target": ({"trigger": "pull_request_target"}, "not by pull_request_target"),
    "no trigger": ({"trigger": None}, "not by None"),
    "other repository id": ({"source_id": "666"}, "it is for repository 666"),
    "no repository id": ({"source_id": None}, "by number"),
    "no source": ({"source_uri": None}, "not a repository at"),
    "run of another repository": ({"run_uri": f"https://{HOST}/evil/app/actions/runs/41"}, "is not a run of its"),
    "no run": ({"run_uri": None}, "is not a run of its"),
}


@pytest.mark.parametrize("case", BUILDER_WRONG)
def test_builder_with_one_wrong_field_is_refused(case: str) -> None:
    changes, told = BUILDER_WRONG[case]
    problem = builder(alike(BUILDER_CERTIFICATE, changes))
    assert problem is not None
    assert told in problem


def test_a_builder_at_a_ref_that_the_policy_does_not_name_is_refused() -> None:
    san = BUILDER_SAN.replace("refs/tags/v1.2.0", "refs/heads/main")
    at_branch = dataclasses.replace(
        BUILDER_CERTIFICATE, san=san, signer_uri=san, config_uri=san, source_ref="refs/heads/main"
    )
    assert "the policy names refs/tags/v*" in (builder(at_branch) or "")
    assert builder(at_branch, builder=BuilderIdentity(BUILDER.workflow, ("refs/heads/main",))) is None


@pytest.mark.parametrize(
    ("pattern", "ref", "matches"),
    [
        ("refs/tags/v*", "refs/tags/v1.2.0", True),
        ("refs/tags/v*", "refs/tags/v", True),
        ("refs/tags/v*", "refs/tags/x1", False),
        ("refs/tags/v*", "refs/tags/v1/evil", False),
        ("refs/tags/v*", "refs/tags/v1\n", False),
        ("refs/tags/v*", "xrefs/tags/v1", False),
        ("refs/tags/v1.2", "refs/tags/v1x2", False),
        ("refs/heads/release-*-lts", "refs/heads/release-2-lts", True),
        ("refs/heads/main", "refs/heads/main2", False),
    ],
)
def test_ref_patterns(pattern: str, ref: str, matches: bool) -> None:
    assert forges.ref_matches(pattern, ref) is matches


# The 19 cases that strangers' commands were tried against. What a statement says (stage, result, resource, type,
# file) is judged elsewhere: whoever signed those is the gate, and has to be accepted here.
REPRODUCED: dict[str, tuple[dict[str, str | None], bool]] = {
    "good": ({}, True),
    "staging": ({}, True),
    "failed": ({}, True),
    "other file": ({}, True),
    "other resource": ({}, True),
    "decision": ({}, True),
    "decision with fields of a summary": ({}, True),
    "mixed file, right line": ({}, True),
    "mixed file, builder's line": (dataclasses.asdict(BUILDER_CERTIFICATE), False),
    "tag": (signed_at(f"{GATE_ID}@refs/tags/v1.0.0"), True),
    "other gate revision": (signed_at(f"{GATE_ID}@{OTHER}", signer_digest=OTHER), False),
    "revision in the name only": ({"signer_digest": OTHER}, False),
    "self-hosted": ({"runner_environment": "self-hosted"}, False),
    "other ref": (
        {
            "source_ref": "refs/heads/feature",
            "config_uri": f"{SOURCE}/.github/workflows/promote.yml@refs/heads/feature",
        },
        False,
    ),
    "other repository": (
        {
            "source_uri": f"https://{HOST}/mallory/app",
            "source_id": "666",
            "config_uri": f"https://{HOST}/mallory/app/.github/workflows/promote.yml@{MAIN}",
            "run_uri": f"https://{HOST}/mallory/app/actions/runs/42/attempts/1",
        },
        False,
    ),
    "same names, other numbers": ({"source_id": "888", "owner_id": "88"}, False),
    "other workflow": (signed_at(BUILDER_SAN, signer_digest=OTHER), False),
    "longer workflow name": (signed_at(f"{GATE_ID}.evil.yml@{GATE_REVISION}"), False),
    "pull_request_target": ({"trigger": "pull_request_target"}, False),
}


@pytest.mark.parametrize("case", REPRODUCED)
def test_the_nineteen_cases(case: str) -> None:
    assert len(REPRODUCED) == 19
    changes, accepted = REPRODUCED[case]
    problem = gate(alike(GATE_CERTIFICATE, changes))
    assert (problem is None) is accepted


# --- on GitLab: own gates ----------------------------------------------------------------------

PROJECT = Repository("gitlab.com", 777, "acme/tools/app")
ON_GITLAB = Trust({"gitlab.com": "https://gitlab.com"}, (), {}, sandbox=False)
URL = "https://gitlab.com/acme/tools/app"
OWN_SAN = f"{URL}//.gitlab-ci.yml@refs/heads/main"
TAG_SAN = f"{URL}//.gitlab-ci.yml@refs/tags/v1.2.0"
SHA = "c" * 40
JOB = Certificate(
    san=OWN_SAN,
    issuer="https://gitlab.com",
    signer_uri=OWN_SAN,
    signer_digest=SHA,
    runner_environment="gitlab-hosted",
    source_uri=URL,
    source_revision=SHA,
    source_ref="refs/heads/main",
    source_id="777",
    config_uri=OWN_SAN,
    config_digest=SHA,
    trigger="push",
    run_uri=f"{URL}/-/jobs/302",
)
TAG_JOB = dataclasses.replace(JOB, san=TAG_SAN, signer_uri=TAG_SAN, config_uri=TAG_SAN, source_ref="refs/tags/v1.2.0")
OWN = OwnGate(777, ".gitlab-ci.yml", "refs/heads/main")


def own_gate(certificate: Certificate, own: OwnGate = OWN, default_ref: str = "refs/heads/main") -> str | None:
    problem = identity.gate_problem(
        certificate,
        trust=ON_GITLAB,
        host="gitlab.com",
        repository=PROJECT,
        default_ref=default_ref,
        accepted=AcceptedGate(own=own),
    )
    return words(problem)


@pytest.mark.parametrize("trigger", ["web", "api"])
def test_a_pipeline_that_somebody_started_may_hold_and_revoke(trigger: str) -> None:
    """With a token a pipeline is of source `api`: that is enough to stop something, and never to let anything in."""
    job = dataclasses.replace(JOB, trigger=trigger)
    assert at_once(job) is None
    assert (own_gate(job) is None) is (trigger == "web")


@pytest.mark.parametrize("trigger", ["schedule", "push", "pipeline", "trigger", "merge_request_event", "chat", ""])
def test_no_other_pipeline_may(trigger: str) -> None:
    assert "needs a run that somebody started (api, web)" in (at_once(dataclasses.replace(JOB, trigger=trigger)) or "")


def at_once(certificate: Certificate) -> str | None:
    problem = identity.gate_problem(
        certificate,
        trust=ON_GITLAB,
        host="gitlab.com",
        repository=PROJECT,
        default_ref="refs/heads/main",
        accepted=AcceptedGate(own=OWN, emergency=True),
    )
    return words(problem)


def pipeline(certificate: Certificate, **policy: Any) -> str | None:
    file = BuilderIdentity(".gitlab-ci.yml", ("refs/tags/v*",), **policy)
    return words(identity.builder_problem(certificate, issuer="https://gitlab.com", repository=PROJECT, builder=file))


def test_an_own_gate_and_a_builder_of_one_file_are_told_apart_by_their_refs() -> None:
    assert own_gate(JOB) is None
    assert pipeline(TAG_JOB) is None
    assert "it was signed by" in (own_gate(TAG_JOB) or "")
    assert "it was built from refs/heads/main" in (pipeline(JOB) or "")


@pytest.mark.parametrize("trigger", ["push", "web", "schedule"])
def test_what_may_start_a_pipeline(trigger: str) -> None:
    assert own_gate(dataclasses.replace(JOB, trigger=trigger)) is None
    started = dataclasses.replace(TAG_JOB, trigger=trigger)
    assert pipeline(started, triggers=(trigger,)) is None
    assert trigger == "push" or f"started by push, not by {trigger}" in (pipeline(started) or "")


def test_what_may_run_a_build() -> None:
    own = dataclasses.replace(TAG_JOB, runner_environment="self-hosted")
    assert "a runner that is self-hosted, not gitlab-hosted" in (pipeline(own) or "")
    assert pipeline(own, runners=("self-hosted",)) is None
    assert "a runner that is gitlab-hosted, not self-hosted" in (pipeline(TAG_JOB, runners=("self-hosted",)) or "")
    assert "a runner that is None" in (pipeline(dataclasses.replace(TAG_JOB, runner_environment=None)) or "")


def test_an_environment_is_compared_where_the_policy_names_one() -> None:
    there = dataclasses.replace(TAG_JOB, environment="release")
    assert pipeline(there) is None
    assert pipeline(there, environment="release") is None
    assert "its environment is release, and the policy names other" in (pipeline(there, environment="other") or "")
    assert "its environment is none, and the policy names release" in (pipeline(TAG_JOB, environment="release") or "")
    gate = dataclasses.replace(OWN, environment="production")
    assert own_gate(dataclasses.replace(JOB, environment="production"), gate) is None
    assert "its environment is none, and the policy names production" in (own_gate(JOB, gate) or "")


OWN_WRONG: dict[str, tuple[dict[str, str | None], str]] = {
    "issuer": ({"issuer": "https://gitlab.example"}, "its issuer is"),
    "merge request": ({"trigger": "merge_request_event"}, "not by merge_request_event"),
    "trigger of others": ({"trigger": "pipeline"}, "not by pipeline"),
    "api": ({"trigger": "api"}, "not by api"),
    "other file": (signed_at(OWN_SAN.replace(".gitlab-ci", "ci")), "it was signed by"),
    "file of another project": (signed_at(OWN_SAN.replace("tools", "evil")), "it was signed by"),
    "other branch": (signed_at(OWN_SAN.replace("main", "feature")), "it was signed by"),
    "definition elsewhere": ({"config_uri": OWN_SAN.replace("tools", "evil")}, "the run began in"),
    "ref": ({"source_ref": "refs/heads/feature"}, "the gate ran for refs/heads/feature"),
    "self-hosted": ({"runner_environment": "self-hosted"}, "a runner that is self-hosted"),
    "no runner": ({"runner_environment": None}, "a runner that is None"),
    "file at another revision": ({"signer_digest": OTHER}, "at another revision"),
    "no revision": ({"source_revision": None}, "at another revision"),
    "other project": ({"source_id": "778"}, "it is for repository 778"),
    "no project": ({"source_id": None}, "by number"),
    "job of another project": ({"run_uri": "https://gitlab.com/acme/evil/-/jobs/1"}, "is not a run of its repository"),
    "pipeline instead of job": ({"run_uri": f"{URL}/-/pipelines/1"}, "is not a run of its repository"),
    "on github": ({"source_uri": "https://github.com/acme/tools"}, "not a repository at gitlab.com"),
}


@pytest.mark.parametrize("case", OWN_WRONG)
def test_an_own_gate_with_one_wrong_field_is_refused(case: str) -> None:
    changes, told = OWN_WRONG[case]
    assert told in (own_gate(alike(JOB, changes)) or "")


def test_an_own_gate_of_another_number_branch_or_forge() -> None:
    assert "777, and 778 is accepted" in (own_gate(JOB, OwnGate(778, OWN.file, OWN.ref)) or "")
    assert "not for refs/heads/trunk" in (own_gate(JOB, default_ref="refs/heads/trunk") or "")
    assert own_gate(JOB, OwnGate(None, OWN.file, OWN.ref)) is None
    assert gate(GATE_CERTIFICATE, accepted=AcceptedGate(TRUST.released, own=OWN)) is not None


def test_an_own_gate_on_github_is_one_workflow_of_the_repository_at_one_branch() -> None:
    own = OwnGate(777, ".github/workflows/promote.yml", "refs/heads/main")
    san = f"{GATE_CERTIFICATE.source_uri}/.github/workflows/promote.yml@refs/heads/main"
    revision = GATE_CERTIFICATE.source_revision
    certificate = dataclasses.replace(
        GATE_CERTIFICATE, san=san, signer_uri=san, config_uri=san, signer_digest=revision, config_digest=revision
    )
    assert gate(certificate, accepted=AcceptedGate(own=own)) is None
    assert gate(certificate) is not None, "nobody takes it for counterseal's"
    for changes in (
        {"trigger": "pull_request"},
        {"source_ref": "refs/heads/feature"},
        {"signer_digest": OTHER},
        {"config_uri": san.replace("promote", "release")},
    ):
        assert gate(dataclasses.replace(certificate, **changes), accepted=AcceptedGate(own=own)) is not None


def test_who_verified_is_named_without_a_ref() -> None:
    assert identity.verifier_id(GateIdentity(), REPOSITORY) == GATE_ID
    assert identity.verifier_id(GateIdentity(own=OWN), PROJECT) == f"{URL}//.gitlab-ci.yml"
