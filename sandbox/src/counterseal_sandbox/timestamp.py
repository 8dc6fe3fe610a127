"""The timestamp authority of the sandbox: RFC 3161 over `POST /api/v1/timestamp`.

It says at which second it saw a digest, and nothing about what the digest is of. What it answers has the form of
sigstore's timestamp-authority 2.1.3, field by field (`tests/interop` holds the two side by side).

Sources: RFC 3161 section 2.4 (request, response, TSTInfo), RFC 5652 section 5 (SignedData), RFC 5816 (ESSCertIDv2).
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from counterseal_sandbox.http import HttpError, Request, Response
from counterseal_sandbox.keys import der

if TYPE_CHECKING:
    from counterseal_sandbox.keys import Keys

PREFIX: Final = "/api/v1/timestamp"
_POLICY: Final = "1.3.6.1.4.1.57264.2"
_MEDIA_TYPE: Final = "application/timestamp-query"
_ACCURACY_SECONDS: Final = 1
_DIGEST_SIZES: Final = {"sha256": 32, "sha384": 48, "sha512": 64}


class TimestampAuthority:
    """Signs the current time over digests."""

    def __init__(self, keys: Keys) -> None:
        self._key = keys.tsa
        self._certificate = asn1_x509.Certificate.load(der(keys.tsa_chain[0]))

    def handle(self, request: Request) -> Response:
        """Answer a timestamp query."""
        if (request.method, request.path) != ("POST", "/"):
            raise HttpError(501, f"the sandbox's TSA has no {request.method} {PREFIX}{request.path.rstrip('/')}")
        if request.headers.get("content-type") != _MEDIA_TYPE:
            raise HttpError(415, f"the sandbox's TSA takes {_MEDIA_TYPE} only")
        if not request.body:
            raise HttpError(422, "request in body is required")
        try:
            query = tsp.TimeStampReq.load(request.body, strict=True)
            _check(query)
            now = datetime.now(UTC).replace(microsecond=0)
            information = self._information(query, now)
            signed = self._signed(information, now, with_certificate=query["cert_req"].native)
        except (ValueError, TypeError) as error:
            raise HttpError(400, f"not a timestamp query: {error}") from error
        answer = {
            "status": {"status": "granted"},
            "time_stamp_token": {"content_type": "signed_data", "content": signed},
        }
        return Response(200, tsp.TimeStampResp(answer).dump(), {"Content-Type": "application/timestamp-reply"})

    def _information(self, query: Any, now: datetime) -> bytes:
        """Return the DER of the TSTInfo that answers a query."""
        information = {
            "version": 1,
            "policy": _POLICY,
            "message_imprint": query["message_imprint"],
            "serial_number": secrets.randbits(159),
            "gen_time": now,
            "accuracy": {"seconds": _ACCURACY_SECONDS},
            "tsa": asn1_x509.GeneralName("directory_name", self._certificate.subject),
        }
        if query["nonce"].native is not None:
            information["nonce"] = query["nonce"].native
        encoded: bytes = tsp.TSTInfo(information).dump()
        return encoded

    def _signed(self, information: bytes, now: datetime, *, with_certificate: bool) -> Any:
        """Return the SignedData around a TSTInfo."""
        identifier = {"issuer": self._certificate.issuer, "serial_number": self._certificate.serial_number}
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [_sha256(information)]},
                {"type": "signing_time", "values": [cms.Time({"utc_time": now})]},
                {"type": "signing_certificate_v2", "values": [{"certs": [self._own_name()]}]},
            ]
        )
        signer = {
            "version": 1,
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": identifier}),
            "digest_algorithm": _sha256_algorithm(),
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self._key.sign(attributes.dump(force=True), ec.ECDSA(hashes.SHA256())),
        }
        content = {"content_type": "tst_info", "content": core.ParsableOctetString(information)}
        signed = {
            "version": 3,
            "digest_algorithms": [_sha256_algorithm()],
            "encap_content_info": content,
            "signer_infos": [signer],
        }
        return cms.SignedData({**signed, "certificates": [self._certificate]} if with_certificate else signed)

    def _own_name(self) -> dict[str, Any]:
        """Return the ESSCertIDv2 of the certificate that signs."""
        issuer = asn1_x509.GeneralName("directory_name", self._certificate.issuer)
        return {
            "hash_algorithm": {"algorithm": "sha256"},
            "cert_hash": _sha256(self._certificate.dump()),
            "issuer_serial": {"issuer": [issuer], "serial_number": self._certificate.serial_number},
        }


def _check(query: Any) -> None:
    """Refuse what the real one refuses: weak or odd digests, and policies that are not its own."""
    imprint = query["message_imprint"].native
    algorithm = imprint["hash_algorithm"]["algorithm"]
    if algorithm not in _DIGEST_SIZES:
        raise HttpError(400, "Weak hash algorithm in timestamp request")
    if len(imprint["hashed_message"]) != _DIGEST_SIZES[algorithm]:
        raise HttpError(400, "Message digest has incorrect length for specified algorithm")
    if query["req_policy"].native not in {None, _POLICY}:
        raise HttpError(400, "unaccepted policy: requested TSA policy is not supported by the TSA")


def _sha256_algorithm() -> Any:
    """Return the AlgorithmIdentifier without parameters (RFC 5754 section 2); the library would write a NULL."""
    name = algos.DigestAlgorithmId("sha256").dump()
    return algos.DigestAlgorithm.load(bytes([0x30, len(name)]) + name)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
