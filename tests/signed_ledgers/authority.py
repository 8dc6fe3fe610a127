"""Signs as the gate of a sandbox does, in this process: a key and a certificate an entry, logged and timestamped.

What comes out is no stand-in: certificate authority, log and timestamp authority are those of the sandbox, and only
HTTP and the tokens of runs are left out. They are told what time it is.
"""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from asn1crypto import tsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from tests.evidence_samples import FRANK, MAIN, REPOSITORY

from counterseal.identifiers import BUNDLE_MEDIA_TYPE, GATE_WORKFLOW, PAYLOAD_TYPE
from counterseal.identifiers import REPOSITORY as OURS
from counterseal_sandbox import fulcio, identity, rekor, timestamp
from counterseal_sandbox.http import Request
from counterseal_sandbox.keys import der
from counterseal_sandbox.service import DEFAULT_GATE_REVISION

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal_sandbox.keys import Keys

#: The number of the organization that has the repository.
OWNER: Final = 99
_CALLER: Final = f"{REPOSITORY.name}/.github/workflows/promote.yml@{MAIN}"
_ALWAYS: Final = {
    "actor": FRANK.login,
    "actor_id": str(FRANK.id),
    "job_workflow_ref": f"{OURS}/{GATE_WORKFLOW}@{DEFAULT_GATE_REVISION}",
    "job_workflow_sha": DEFAULT_GATE_REVISION,
    "ref": MAIN,
    "ref_protected": "true",
    "repository": REPOSITORY.name,
    "repository_id": str(REPOSITORY.id),
    "repository_owner": REPOSITORY.name.partition("/")[0],
    "repository_owner_id": str(OWNER),
    "repository_visibility": "public",
    "run_attempt": "1",
    "runner_environment": "github-hosted",
    "sub": f"repo:{REPOSITORY.name}:ref:{MAIN}",
    "workflow": "promote",
    "workflow_ref": _CALLER,
}


class Authority:
    """The keyless services of a sandbox at a URL, for one gate."""

    def __init__(self, keys: Keys, url: str) -> None:
        self._moment = keys.made_at
        self._issuer = url + identity.PREFIX
        self._ca = fulcio.CertificateAuthority(keys, {self._issuer: fulcio.GITHUB_PROFILE}, self._now)
        self._tsa = timestamp.TimestampAuthority(keys, self._now)
        self._log = rekor.TransparencyLog(keys)

    def _now(self) -> datetime:
        return self._moment

    def sign(self, payload: bytes, *, revision: str, run: int, moment: datetime, trigger: str = "push") -> bytes:
        """Return the bundle around a statement, on one line.

        Args:
            payload: The statement.
            revision: The commit of the source branch that the run is of.
            run: The number of the run.
            moment: When it signs.
            trigger: What started the run.
        """
        self._moment = moment
        key = ec.generate_private_key(ec.SECP256R1())
        claims = {**_ALWAYS, "iss": self._issuer, "run_id": str(run), "sha": revision, "workflow_sha": revision}
        claims["event_name"] = trigger
        certificate = _base64(der(self._ca.issue(key.public_key(), claims)))
        # DSSE v1, "PAE": what is signed
        covered = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
        signature = key.sign(covered, ec.ECDSA(hashes.SHA256()))
        content = {
            "mediaType": BUNDLE_MEDIA_TYPE,
            "verificationMaterial": {
                "certificate": {"rawBytes": certificate},
                "tlogEntries": [self._logged(covered, signature, certificate)],
                "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": self._stamped(signature)}]},
            },
            "dsseEnvelope": {
                "payload": _base64(payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": _base64(signature)}],
            },
        }
        return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()

    def _logged(self, covered: bytes, signature: bytes, certificate: str) -> dict[str, Any]:
        """Return the log's entry for a signature, without what bundles leave out."""
        verifier = {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": certificate}}
        asked = {
            "digest": _base64(sha256(covered).digest()),
            "signature": {"content": _base64(signature), "verifier": verifier},
        }
        body = json.dumps({"hashedRekordRequestV002": asked}).encode()
        entry: dict[str, Any] = json.loads(self._log.handle(Request("POST", "/entries", {}, {}, body)).body)
        return {name: value for name, value in entry.items() if value is not None}

    def _stamped(self, signature: bytes) -> str:
        """Return the timestamp over a signature, in base64."""
        imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": sha256(signature).digest()}
        nonce = int.from_bytes(sha256(signature).digest()[:8])
        query = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True, "nonce": nonce}).dump()
        headers = {"content-type": "application/timestamp-query"}
        return _base64(self._tsa.handle(Request("POST", "/", {}, headers, query)).body)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
