"""Rule `not-revoked`."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import pytest
from tests import evidence_samples as samples
from tests.evidence_samples import MANIFEST, MANIFEST_DIGEST, NOW, RUN, advised, evidence, told

from counterseal.evaluation.rules import not_revoked
from counterseal.model import Finding, FindingOutcome, Revoked, Target
from counterseal.policy.rule import NoOptions

HOURS = timedelta(hours=1)
BUILD = samples.provenance_attestation()


def judged(target: Target, since: datetime = NOW - HOURS, until: datetime | None = None) -> Finding:
    known = evidence()
    revoked = Revoked("e" * 64, 44, target, since, until, "github.com/1001")
    return not_revoked.judge(
        dataclasses.replace(known, ledger=dataclasses.replace(known.ledger, revoked=(revoked,))), NoOptions()
    )


@pytest.mark.parametrize(
    "target",
    [
        Target("manifest", MANIFEST_DIGEST),
        Target("artifact", MANIFEST.subjects[0].digest),
        Target("run", str(BUILD.certificate.run_uri)),
        Target("gate", RUN.signer_digest),
        Target("identity", BUILD.certificate.san),
        Target("identity", BUILD.certificate.san, BUILD.signed_at, BUILD.signed_at + HOURS),
        Target("container", "whatever"),
    ],
    ids=lambda target: target.kind,
)
def test_what_the_decision_would_rest_on_is_revoked(target: Target) -> None:
    found = judged(target)
    assert (found.outcome, found.code, found.data["entry"]) == (FindingOutcome.VIOLATED, "revoked", 44)
    assert told(found).endswith("was revoked by alice (1001) in entry 44")
    assert "--kind reinstatement --entry 44" in advised(found)


@pytest.mark.parametrize(
    "target",
    [
        Target("manifest", "0" * 64),
        Target("artifact", MANIFEST_DIGEST),
        Target("run", f"{BUILD.certificate.run_uri}0"),
        Target("gate", "0" * 40),
        Target("identity", "https://ca.example/nobody"),
        Target("identity", BUILD.certificate.san, BUILD.signed_at + HOURS, None),
        Target("identity", BUILD.certificate.san, None, BUILD.signed_at),
    ],
    ids=lambda target: target.kind,
)
def test_something_else_is_revoked(target: Target) -> None:
    assert judged(target).outcome is FindingOutcome.SATISFIED


def test_a_revocation_that_is_not_in_force() -> None:
    target = Target("manifest", MANIFEST_DIGEST)
    assert judged(target, since=NOW + HOURS).outcome is FindingOutcome.SATISFIED
    assert judged(target, until=NOW).outcome is FindingOutcome.SATISFIED
    found = judged(target, until=NOW + HOURS)
    assert "if nobody confirms it" in told(found)
