"""Signs release folders in the sandbox: the right one, and each of the wrong ones a consumer must refuse."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from counterseal import identifiers as ids
from counterseal_sandbox.keyless import Keyless

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from counterseal_sandbox.http import LoopbackServer

FILE = "app-1.2.0-py3-none-any.whl"
OTHER_FILE = "app-1.2.0.tar.gz"
SAME_BYTES = "app-1.3.0-py3-none-any.whl"
RELEASED, OLD = "a" * 40, "e" * 40
REVISION = "c" * 40
REPOSITORY, TAG = "ACME/app", "v1.2.0"
RELEASE_WORKFLOW = f"{REPOSITORY}/.github/workflows/release.yml"
PROMOTE_WORKFLOW = f"{REPOSITORY}/.github/workflows/promote.yml"
GATE = f"{ids.REPOSITORY}/{ids.GATE_WORKFLOW}"

Claims = dict[str, str]
Predicate = dict[str, Any]

COMMON: Claims = {
    "actor": "alice",
    "actor_id": "1001",
    "repository": REPOSITORY,
    "repository_id": "777",
    "repository_owner_id": "99",
    "repository_visibility": "public",
    "ref_protected": "true",
    "run_attempt": "1",
    "run_id": "4242",
    "runner_environment": "github-hosted",
    "event_name": "push",
}
GATE_CLAIMS: Claims = {
    **COMMON,
    "job_workflow_ref": f"{GATE}@{RELEASED}",
    "job_workflow_sha": RELEASED,
    "ref": "refs/heads/main",
    "sha": "d" * 40,
    "workflow": "promote",
    "workflow_ref": f"{PROMOTE_WORKFLOW}@refs/heads/main",
    "workflow_sha": "d" * 40,
}
BUILDER_CLAIMS: Claims = {
    **COMMON,
    "job_workflow_ref": f"{RELEASE_WORKFLOW}@refs/tags/{TAG}",
    "job_workflow_sha": REVISION,
    "ref": f"refs/tags/{TAG}",
    "sha": REVISION,
    "workflow": "release",
    "workflow_ref": f"{RELEASE_WORKFLOW}@refs/tags/{TAG}",
    "workflow_sha": REVISION,
}


class Signers:
    """Signs with any identity the sandbox can be told of."""

    def __init__(self, server: LoopbackServer) -> None:
        from sigstore.models import ClientTrustConfig
        from sigstore.sign import SigningContext

        keyless = Keyless(server)
        self.gitlab = keyless.gitlab
        config = keyless.trust_document([RELEASED])["trustConfig"]
        self.issuer = keyless.issuer
        self.root: dict[str, Any] = config["trustedRoot"]
        self._context = SigningContext.from_trust_config(ClientTrustConfig.from_json(json.dumps(config)))

    def token(self, claims: Claims) -> str:
        """Return the token that a run, or a job of GitLab, with these claims gets for Sigstore."""
        if "project_id" in claims:
            return self.gitlab.job_token({**claims, "runner_id": 1})
        run = self.issuer.start_run(claims, may_sign=True)
        assert run is not None
        request = urllib.request.Request(
            f"{run.request_url}&audience=sigstore", headers={"Authorization": f"Bearer {run.request_token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(json.load(answer)["value"])

    def statement(self, claims: Claims, statement: Mapping[str, Any]) -> bytes:
        """Return a bundle, one line, around a statement."""
        from sigstore.dsse import Statement
        from sigstore.oidc import IdentityToken

        with self._context.signer(IdentityToken(self.token(claims))) as signer:
            return _line(signer.sign_dsse(Statement(json.dumps(statement).encode())).to_json())

    def blob(self, claims: Claims, data: bytes) -> bytes:
        """Return a bundle, one line, with a signature over bytes."""
        from sigstore.oidc import IdentityToken

        with self._context.signer(IdentityToken(self.token(claims))) as signer:
            return _line(signer.sign_artifact(data).to_json())


def _line(bundle: str) -> bytes:
    return json.dumps(json.loads(bundle), separators=(",", ":")).encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _vsa() -> Predicate:
    return {
        "verifier": {"id": ids.GATE_ID},
        "timeVerified": "2026-11-24T09:10:44Z",
        "resourceUri": f"pkg:github/{REPOSITORY.lower()}@{TAG}?repository_id=777",
        "policy": {"uri": "policy", "digest": {"sha256": "0" * 64}},
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_2", "COUNTERSEAL_STAGE_PRODUCTION"],
    }


def source(host: str = "github.com", **other: str) -> Predicate:
    return {"repository": {"host": host, "id": 777, "name": REPOSITORY}, "revision": REVISION, "tag": TAG, **other}


def _decision() -> Predicate:
    return {
        "stage": "production",
        "outcome": "allow",
        "decidedAt": "2026-11-24T09:10:40Z",
        "source": source(),
        "ledger": {"sequence": 42},
    }


@dataclass
class Parts:
    """What goes into a release folder; a wrong case changes one thing of it."""

    vsa_claims: Claims = field(default_factory=lambda: dict(GATE_CLAIMS))
    decision_claims: Claims = field(default_factory=lambda: dict(GATE_CLAIMS))
    build_claims: Claims = field(default_factory=lambda: dict(BUILDER_CLAIMS))
    vsa: Predicate = field(default_factory=_vsa)
    vsa_type: str = ids.VSA
    decision: Predicate = field(default_factory=_decision)
    sbom: Predicate = field(default_factory=lambda: {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []})
    subjects: tuple[str, ...] = (FILE,)
    bytes_after_signing: dict[str, bytes] = field(default_factory=dict)
    line_for_summary: bytes | None = None
    both_files: bool = False

    def write(self, folder: Path, signers: Signers) -> Path:
        """Sign everything, lay the release out in `folder` and return the path of the file to verify."""
        sbom = json.dumps(self.sbom, indent=1).encode()
        matrix = json.dumps({"sbom": {"sha256": _sha256(sbom)}}).encode()
        data = {FILE: b"wheel" * 200, OTHER_FILE: b"sdist" * 200, ids.MANIFEST_FILE: matrix}
        everything = _subjects(data, tuple(data))
        data[SAME_BYTES] = data[FILE]
        artifacts = _subjects(data, (FILE, OTHER_FILE))
        provenance = _statement(ids.PROVENANCE, everything, {"buildDefinition": {}, "runDetails": {}})
        lines = [
            signers.statement(self.build_claims, provenance),
            signers.statement(self.build_claims, _statement(ids.SBOM, artifacts, self.sbom)),
            signers.statement(self.decision_claims, _statement(ids.DECISION, everything, self.decision)),
        ]
        named = _sha256(self.line_for_summary or lines[2])
        summary = {**self.vsa, "inputAttestations": [{"uri": f"sha256:{named}", "digest": {"sha256": named}}]}
        vsa = signers.statement(self.vsa_claims, _statement(self.vsa_type, _subjects(data, self.subjects), summary))
        other = self._of_the_other(signers, data, summary)
        lines += [vsa, *(content.strip() for name, content in other.items() if name.endswith(ids.VSA_SUFFIX))]
        files = {
            **data,
            FILE + ids.BLOB_SUFFIX: signers.blob(self.build_claims, data[FILE]) + b"\n",
            FILE + ids.VSA_SUFFIX: vsa + b"\n",
            **other,
            ids.BUNDLES_FILE: b"".join(line + b"\n" for line in lines),
            ids.SBOM_FILE: sbom,
            **self.bytes_after_signing,
        }
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return folder / FILE

    def _of_the_other(self, signers: Signers, data: Mapping[str, bytes], summary: Predicate) -> dict[str, bytes]:
        """Return the signature and the summary of the second artifact, if the release is to have them."""
        if not self.both_files:
            return {}
        statement = _statement(self.vsa_type, _subjects(data, (OTHER_FILE,)), summary)
        return {
            OTHER_FILE + ids.BLOB_SUFFIX: signers.blob(self.build_claims, data[OTHER_FILE]) + b"\n",
            OTHER_FILE + ids.VSA_SUFFIX: signers.statement(self.vsa_claims, statement) + b"\n",
        }


def _subjects(data: Mapping[str, bytes], names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"name": name, "digest": {"sha256": _sha256(data[name])}} for name in names]


def _statement(kind: str, subjects: list[dict[str, Any]], predicate: Predicate) -> dict[str, Any]:
    return {"_type": ids.STATEMENT_TYPE, "subject": subjects, "predicateType": kind, "predicate": predicate}


def both(**claims: str) -> Callable[[Parts], None]:
    """Return a change of what the gate's certificate says, for summary and decision alike."""

    def change(parts: Parts) -> None:
        parts.vsa_claims.update(claims)
        parts.decision_claims.update(claims)

    return change


def _decision_only(**claims: str) -> Callable[[Parts], None]:
    return lambda parts: parts.decision_claims.update(claims)


def builder(**claims: str) -> Callable[[Parts], None]:
    return lambda parts: parts.build_claims.update(claims)


def _vsa_says(**fields: Any) -> Callable[[Parts], None]:
    return lambda parts: parts.vsa.update(fields)


def _decision_says(**fields: Any) -> Callable[[Parts], None]:
    return lambda parts: parts.decision.update(fields)


def _set(name: str, value: Any) -> Callable[[Parts], None]:
    return lambda parts: setattr(parts, name, value)


SIGNED_SBOM = json.dumps(Parts().sbom, indent=1).encode()
FEATURE = "refs/heads/feature"
MALLORY = {"repository": "mallory/app", "repository_id": "666", "repository_owner_id": "66"}

WRONG: dict[str, Callable[[Parts], None]] = {
    # what the summary says
    "summary-of-staging": _vsa_says(verifiedLevels=["SLSA_BUILD_LEVEL_2", "COUNTERSEAL_STAGE_STAGING"]),
    "summary-failed": _vsa_says(verificationResult="FAILED"),
    "summary-of-another-release": _vsa_says(resourceUri="pkg:github/acme/app@v9?repository_id=777"),
    "summary-of-another-number": _vsa_says(resourceUri=f"pkg:github/{REPOSITORY.lower()}@{TAG}?repository_id=778"),
    "summary-without-a-number": _vsa_says(resourceUri=f"pkg:github/{REPOSITORY.lower()}@{TAG}"),
    "summary-of-another-verifier": _vsa_says(verifier={"id": "https://verifier.example"}),
    "summary-of-another-file": _set("subjects", (OTHER_FILE,)),
    "summary-of-another-name": _set("subjects", (SAME_BYTES,)),
    "summary-is-a-decision": _set("vsa_type", ids.DECISION),
    "summary-names-another-decision": _set("line_for_summary", b"{}"),
    # who signed as the gate
    "gate-at-another-revision": both(job_workflow_ref=f"{GATE}@{OLD}", job_workflow_sha=OLD),
    "gate-revision-in-name-only": both(job_workflow_sha=OLD),
    "gate-on-a-self-hosted-machine": both(runner_environment="self-hosted"),
    "gate-on-another-branch": both(ref=FEATURE, workflow_ref=f"{PROMOTE_WORKFLOW}@{FEATURE}"),
    "gate-for-another-repository": both(**MALLORY),
    "gate-for-a-reborn-repository": both(repository_id="888", repository_owner_id="88"),
    "gate-is-the-builder": both(**BUILDER_CLAIMS),
    "gate-is-another-workflow": both(job_workflow_ref=f"{ids.REPOSITORY}/.github/workflows/ci.yml@{RELEASED}"),
    "gate-path-continued": both(job_workflow_ref=f"{GATE}.evil.yml@{RELEASED}"),
    "gate-started-by-a-pull-request": both(event_name="pull_request_target"),
    # the decision behind the summary
    "decision-denies": _decision_says(outcome="deny"),
    "decision-for-staging": _decision_says(stage="staging"),
    "decision-on-another-tag": _decision_says(source=source(tag="v9")),
    "decision-by-the-builder": _decision_only(**BUILDER_CLAIMS),
    "decision-on-another-revision": _decision_says(source=source(revision=OLD)),
    "decision-at-another-forge": _decision_says(source=source(host="gitea.example")),
    # the builder, and the bytes
    "built-at-another-tag": builder(ref="refs/tags/v9", job_workflow_ref=f"{RELEASE_WORKFLOW}@refs/tags/v9"),
    "built-by-another-workflow": builder(job_workflow_ref=f"{REPOSITORY}/.github/workflows/evil.yml@refs/tags/{TAG}"),
    "built-on-a-self-hosted-machine": builder(runner_environment="self-hosted"),
    "built-in-a-reborn-repository": builder(repository_id="888"),
    "file-replaced": _set("bytes_after_signing", {FILE: b"evil"}),
    "sbom-replaced": _set("bytes_after_signing", {ids.SBOM_FILE: b'{"bomFormat": "CycloneDX"}'}),
    "sbom-with-a-key-twice": _set(
        "bytes_after_signing",
        {ids.SBOM_FILE: b'{"components": [1], "bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}'},
    ),
    "sbom-and-a-second-document": _set("bytes_after_signing", {ids.SBOM_FILE: SIGNED_SBOM + b'\n{"components": [1]}'}),
    "sbom-spelled-otherwise": _set("bytes_after_signing", {ids.SBOM_FILE: SIGNED_SBOM + b"\n"}),
    "sbom-removed": _set("bytes_after_signing", {ids.SBOM_FILE: b""}),
    "manifest-replaced": _set("bytes_after_signing", {ids.MANIFEST_FILE: b"{}"}),
    "manifest-and-a-second-document": _set("bytes_after_signing", {ids.MANIFEST_FILE: b'{"sbom": {"sha256": ""}}{}'}),
    "bundles-removed": _set("bytes_after_signing", {ids.BUNDLES_FILE: b"", FILE + ids.VSA_SUFFIX: b""}),
}
