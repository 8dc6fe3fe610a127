"""The part of a certificate transparency log that Fulcio asks: `add-pre-chain` of RFC 6962 section 4.2.

It promises to log, and logs nothing: no client here asks whether it has kept its promise.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import time
from typing import TYPE_CHECKING

from asn1crypto import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from counterseal_sandbox.http import HttpError, Request, Response, json_response

if TYPE_CHECKING:
    from counterseal_sandbox.keys import Keys

PREFIX = "/ct-log"
_POISON = "1.3.6.1.4.1.11129.2.4.3"


class CertificateLog:
    """Answers below `PREFIX` of a server; `keys.ct` signs."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def handle(self, request: Request) -> Response:
        if (request.method, request.path) != ("POST", "/ct/v1/add-pre-chain"):
            raise HttpError(501, f"this log has no {request.method} {request.path}")
        leaf, issuer = (
            x509.Certificate.load(base64.b64decode(certificate)) for certificate in request.json()["chain"][:2]
        )
        milliseconds = int(time.time() * 1000)
        covered = without_poison(leaf)
        key_hash = hashlib.sha256(issuer.public_key.dump()).digest()
        signed = struct.pack("!BBQH", 0, 0, milliseconds, 1) + key_hash + len(covered).to_bytes(3, "big") + covered
        signature = self._keys.ct.sign(signed + b"\0\0", ec.ECDSA(hashes.SHA256()))
        return json_response(
            {
                "sct_version": 0,
                "id": base64.b64encode(self._keys.ct_id).decode(),
                "timestamp": milliseconds,
                "extensions": "",
                "signature": base64.b64encode(struct.pack("!BBH", 4, 3, len(signature)) + signature).decode(),
            }
        )


def without_poison(certificate: x509.Certificate) -> bytes:
    """Return the TBSCertificate of a precertificate as the certificate will have it (RFC 6962 section 3.2)."""
    tbs = certificate["tbs_certificate"]
    kept = [extension for extension in tbs["extensions"] if extension["extn_id"].dotted != _POISON]
    assert len(kept) == len(tbs["extensions"]) - 1, "no precertificate"
    tbs["extensions"] = x509.Extensions(kept)
    der: bytes = tbs.dump()  # only the list of extensions is encoded anew: the rest stays as Fulcio has written it
    return der
