"""The names that would change hands with the project, and nothing else.

Every URI, ref and file name that others rely on stands here once.
"""

from __future__ import annotations

from typing import Final

from counterseal import __version__

OWNER: Final = "counterseal"
REPOSITORY: Final = f"{OWNER}/counterseal"
PREDICATE_BASE: Final = "https://counterseal.dev"

# Statements
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
DECISION: Final = f"{PREDICATE_BASE}/decision/v1"
EVENT: Final = f"{PREDICATE_BASE}/event/v1"
PROVENANCE: Final = "https://slsa.dev/provenance/v1"
SBOM: Final = "https://cyclonedx.org/bom"
VSA: Final = "https://slsa.dev/verification_summary/v1"
TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"
REBUILD: Final = f"{PREDICATE_BASE}/rebuild/v1"
BUILD_TYPE: Final = f"{PREDICATE_BASE}/build/v1"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
BUNDLE_MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"

# The gate
GATE_WORKFLOW: Final = ".github/workflows/gate.yml"
GATE_ID: Final = f"https://github.com/{REPOSITORY}/{GATE_WORKFLOW}"
STAGE_LEVEL_PREFIX: Final = "COUNTERSEAL_STAGE_"

# In a repository that uses counterseal
POLICY_PATH: Final = ".counterseal/policy.yml"
PINS_PATH: Final = ".counterseal/consume.yml"
BUILD_PATH: Final = ".counterseal/build.yml"
POLICY_API_VERSION: Final = "counterseal/v1"
REQUEST_FOLDER: Final = "promotions"
#: Where requests for events lie below it, and the stage of their denies; no stage of a policy can be called so.
EVENT_STAGE: Final = "_events"
NOTES_REF: Final = "refs/notes/counterseal"
LEDGER_BRANCH: Final = "counterseal-ledger"
LEDGER_REF: Final = f"refs/heads/{LEDGER_BRANCH}"
OUTPUT_FOLDER: Final = "counterseal-out"
REBUILD_FOLDER: Final = "counterseal-rebuild"
INIT_BRANCH: Final = "counterseal-init"
UPGRADE_BRANCH: Final = "counterseal-upgrade"
REQUEST_BRANCH_PREFIX: Final = "counterseal-request/"
COMMENT_MARKER: Final = "<!-- counterseal preview -->"

# Files of a release
MANIFEST_FILE: Final = "manifest.json"
SBOM_FILE: Final = "sbom.cdx.json"
BUILD_BUNDLES_FILE: Final = "build.intoto.jsonl"
BUNDLES_FILE: Final = "counterseal.intoto.jsonl"
OBSERVATION_FILE: Final = "build-observation.json"
EVIDENCE_FILE: Final = "evidence.json"
CHECKSUMS_FILE: Final = "SHA256SUMS"
PROOF_FILE: Final = "ledger-proof.json"
BLOB_SUFFIX: Final = ".sigstore.json"
VSA_SUFFIX: Final = ".vsa.sigstore.json"

# Files of a second build, which no release has
REBUILD_RESULT: Final = "rebuild-result.json"
REBUILD_LOG: Final = "rebuild.log"
REBUILD_BUNDLE: Final = "rebuild.intoto.jsonl"


def page(name: str) -> str:
    """Return where a page of ours can be read by everybody, in the version that is running.

    Args:
        name: Below `docs/`, with an anchor if a section is meant: `rules.md#enough-reviews`.
    """
    return f"https://github.com/{REPOSITORY}/blob/v{__version__}/docs/{name}"
