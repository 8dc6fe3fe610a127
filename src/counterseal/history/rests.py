"""What a recorded decision rests on, as far as its line tells: whether a revocation is about it (R26, R52).

A gate asks the same of its evidence (rule `not-revoked`), which has the bundles of the builds and so knows more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from counterseal.evaluation import Decision
    from counterseal.model import Entry, Target


def on(entry: Entry, decision: Decision, target: Target) -> bool:
    """Return whether a decision rests on a target; on one of a kind that is not known here it may.

    Args:
        entry: The decision's.
        decision: What it says.
        target: What was revoked. Of an identity's window only the begin is looked at: when the identity signed a build
            is in the build; at the latest it was before the decision.
    """
    attestation = entry.attestation
    match target.kind:
        case "manifest" | "artifact":
            return any(subject.digest == target.value for subject in attestation.statement.subjects)
        case "run":
            return any(build.invocation_uri == target.value for build in decision.builds)
        case "gate":
            return attestation.certificate.signer_digest == target.value
        case "identity":
            early = target.window_since is not None and attestation.signed_at < target.window_since
            return not early and any(build.builder == target.value for build in decision.builds)
        case _:
            return True
