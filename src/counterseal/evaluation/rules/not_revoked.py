"""Rule `not-revoked`: no revocation in force covers the manifest, artifacts, their build, or this gate (R26, R52)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.policy import Need, NoOptions, RuleSpec, reason, satisfied, violated

if TYPE_CHECKING:
    from counterseal.evaluation.evidence import Evidence
    from counterseal.model import Attestation, Finding, Target

NAME: Final = "not-revoked"
REVOKED: Final = "revoked"


def judge(evidence: Evidence, options: NoOptions) -> Finding:  # noqa: ARG001 - every rule has this form
    """Return whether nothing that the decision would rest on is revoked."""
    for known in evidence.ledger.revoked:
        if known.stands(evidence.now) and (what := _covered(evidence, known.target)):
            facts = {"entry": known.sequence, "kind": known.target.kind, "what": what, "by": known.by}
            who = evidence.policy.known_as(known.by)
            return violated(NAME, reason(REVOKED, **facts, who=who, until=known.until))
    return satisfied(NAME)


def _covered(evidence: Evidence, target: Target) -> str:
    """Return which part of the evidence a revocation is about; nothing if none is."""
    match target.kind:
        case "manifest":
            return target.value if target.value == evidence.manifest_digest else ""
        case "artifact":
            subjects = evidence.manifest.subjects if evidence.manifest else ()
            return next((subject.name for subject in subjects if subject.digest == target.value), "")
        case "run":
            return next((target.value for build in evidence.builds if build.certificate.run_uri == target.value), "")
        case "gate":
            return target.value if evidence.run and evidence.run.signer_digest == target.value else ""
        case "identity":
            return next((target.value for build in evidence.builds if _signed_by(build, target)), "")
        case _:  # of a newer version: whatever it is about may be this
            return target.value


def _signed_by(build: Attestation, target: Target) -> bool:
    if build.certificate.san != target.value:
        return False
    after = target.window_since is None or target.window_since <= build.signed_at
    return after and (target.window_until is None or build.signed_at < target.window_until)


RULE: Final = RuleSpec(
    name=NAME,
    title="nothing that the decision would rest on is revoked",
    judge=judge,
    codes=(REVOKED,),
    needs=frozenset({Need.LEDGER, Need.BYTES}),
    always=True,
)
