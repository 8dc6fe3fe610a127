"""SLSA verification summary: what a published *allow* tells tools that know nothing of us.

Source: SLSA v1.2, verification_summary; our use of it: docs/formats.md#summary. A summary found later is evidence like
any other, never a shortcut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal import __version__
from counterseal.formats import statement as statements
from counterseal.formats import wire
from counterseal.identifiers import STAGE_LEVEL_PREFIX, VSA

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.evaluation import Decision, PolicyUse
    from counterseal.model import Repository, Subject

BUILD_L1: Final = "SLSA_BUILD_LEVEL_1"
BUILD_L2: Final = "SLSA_BUILD_LEVEL_2"


def stage_level(stage: str) -> str:
    """Return the level that a summary carries for a stage: `COUNTERSEAL_STAGE_PRODUCTION`."""
    return STAGE_LEVEL_PREFIX + stage.upper().replace("-", "_")


def resource_uri(repository: Repository, tag: str) -> str:
    """Return the package URL under which consumers fetch the release (purl: lower-case name, encoded version).

    The qualifier `repository_id` is the repository's number: a name can be registered again by somebody else, and tools
    that compare only issuer and subject of a certificate see the same subject for every project with the shared gate.
    """
    from packageurl import PackageURL  # noqa: PLC0415 - only publication needs it

    kind = repository.host.split(".", maxsplit=1)[0]
    owner, _, name = repository.name.lower().rpartition("/")
    return PackageURL(kind, owner, name, tag, {"repository_id": str(repository.id)}).to_string()


def policy_uri(repository: Repository, policy: PolicyUse) -> str:
    """Return the URI (RFC 3986, as the predicate asks) of the policy file at the revision that judged."""
    return f"git+https://{repository.host}/{repository.name}@{policy.revision}#{policy.uri}"


def payload(
    subject: Subject, decision: Decision, line_digest: str, *, verifier: str, at: datetime, levels: tuple[str, ...]
) -> bytes:
    """Return the canonical bytes of the summary for one artifact.

    Args:
        subject: The artifact; a summary has one, since its resourceUri is single.
        decision: The recorded allow.
        line_digest: sha256 of the decision's ledger line, the only input attestation.
        verifier: The URI that stands for the gate (`identity.verifier_id`).
        at: When it was verified.
        levels: Build levels that were checked; the stage's level is added.
    """
    if decision.source is None:
        raise ValueError("a decision without a source allows nothing")
    predicate: dict[str, Any] = {
        "verifier": {"id": verifier, "version": {"counterseal": __version__}},
        "timeVerified": wire.timestamp(at),
        "resourceUri": resource_uri(decision.source.repository, decision.source.tag),
        "policy": {
            "uri": policy_uri(decision.source.repository, decision.policy),
            "digest": wire.encode(decision.policy.digest),
        },
        "inputAttestations": [{"uri": f"sha256:{line_digest}", "digest": {"sha256": line_digest}}],
        "verificationResult": "PASSED",
        "verifiedLevels": [*levels, stage_level(decision.stage)],
        "slsaVersion": "1.2",
    }
    return statements.build([subject], VSA, predicate)
