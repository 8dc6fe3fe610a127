"""The commands that a publication prints name this release and nothing that the scripts take for granted."""

from __future__ import annotations

import dataclasses
import shlex

from tests.evidence_samples import GATE_REVISION, POLICY, RUN

from counterseal.model import BuilderIdentity, GateIdentity, OwnGate, Repository
from counterseal.render import consumer

PROJECT = dataclasses.replace(
    RUN, issuer="https://gitlab.com", repository=Repository("gitlab.com", 777, "acme/tools/app"), signer_digest="d" * 40
)
OWN = dataclasses.replace(
    POLICY,
    builder=BuilderIdentity(".gitlab-ci.yml", ("refs/tags/v*",)),
    gate=GateIdentity(own=OwnGate(777, ".gitlab-ci.yml", "refs/heads/main")),
)


def test_a_release_by_the_released_gate() -> None:
    assert consumer.commands(RUN, POLICY, "v1.2.0", "production") == (
        "counterseal verify FILE --stage production --repository github.com/acme/app",
        f"REPO=acme/app REPO_ID=777 TAG=v1.2.0 GATE_REVISION={GATE_REVISION} bash verify-with-cosign.sh FILE",
    )


def test_a_release_by_an_own_gate() -> None:
    ours, foreign = consumer.commands(PROJECT, OWN, "v1.2.0", "production")
    assert ours == (
        "counterseal verify FILE --stage production --repository gitlab.com/acme/tools/app --gate-identity "
        "https://gitlab.com/acme/tools/app//.gitlab-ci.yml@refs/heads/main --gate-issuer https://gitlab.com"
    )
    assert foreign == "REPO=acme/tools/app REPO_ID=777 TAG=v1.2.0 HOST=gitlab.com bash verify-with-cosign.sh FILE"


def test_an_own_gate_on_github_has_no_script() -> None:
    own = GateIdentity(own=OwnGate(777, ".github/workflows/promote.yml", "refs/heads/main"))
    ours, foreign = consumer.commands(RUN, dataclasses.replace(POLICY, gate=own), "v1.2.0", "production")
    assert "--gate-identity https://github.com/acme/app/.github/workflows/promote.yml@refs/heads/main" in ours
    assert foreign is None


def test_what_the_scripts_would_not_guess_is_named() -> None:
    policy = dataclasses.replace(
        OWN,
        builder=BuilderIdentity("ci/build.yml", ("refs/tags/v*",)),
        gate=GateIdentity(own=OwnGate(777, "ci/gate.yml", "refs/heads/trunk")),
    )
    run = dataclasses.replace(PROJECT, ref="refs/heads/trunk", sandbox=True, issuer="http://127.0.0.1:8800/gitlab")
    ours, foreign = consumer.commands(run, policy, "v1.2.0", "beta")
    assert foreign
    for word in ("GATE=ci/gate.yml", "DEFAULT_REF=refs/heads/trunk", "BUILDER=ci/build.yml", "STAGE=beta"):
        assert word in foreign
    assert f"ISSUER={run.issuer}" in foreign
    assert ours.endswith("--trust trust.json --sandbox")


def test_a_tag_is_one_word_whatever_is_in_it() -> None:
    ours, foreign = consumer.commands(RUN, POLICY, "v1;$(touch pwned)", "production")
    assert foreign
    assert "TAG=v1;$(touch pwned)" in shlex.split(foreign)
    assert "pwned" not in ours
