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

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from counterseal_sandbox.http import HttpError, Request, Response
from counterseal_sandbox.keys import der

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal_sandbox.keys import Keys

PREFIX: Final = "/api/v1/timestamp"
_POLICY: Final = "1.3.6.1.4.1.57264.2"
_MEDIA_TYPE: Final = "application/timestamp-query"
_ACCURACY_SECONDS: Final = 1
_TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
#: Tags; the last is that of a field that is numbered 0.
_SEQUENCE: Final = 0x30
_SET: Final = 0x31
_CONTEXT_0: Final = 0xA0
_DIGEST_SIZES: Final = {"sha256": 32, "sha384": 48, "sha512": 64}


def _now() -> datetime:
    return datetime.now(UTC)


class TimestampAuthority:
    """Signs the current time over digests, as `clock` tells it."""

    def __init__(self, keys: Keys, clock: Callable[[], datetime] = _now) -> None:
        self._key = keys.tsa
        self._clock = clock
        self._certificate = asn1_x509.Certificate.load(der(keys.tsa_chain[0]))
        # What is the same in every answer: the library takes 10 ms of the processor to write it anew.
        issuer, serial = self._certificate.issuer, self._certificate.serial_number
        self._signer = cms.IssuerAndSerialNumber({"issuer": issuer, "serial_number": serial}).dump()
        self._name = asn1_x509.GeneralName("directory_name", self._certificate.subject).dump()
        self._naming = _attribute("signing_certificate_v2", {"certs": [self._own_name()]})
        self._signs = cms.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}).dump()

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
            now = self._clock().replace(microsecond=0)
            information = self._information(query, now)
            signed = self._signed(information, now, with_certificate=query["cert_req"].native)
        except (ValueError, TypeError) as error:
            raise HttpError(400, f"not a timestamp query: {error}") from error
        token = _tlv(_SEQUENCE, _oid("1.2.840.113549.1.7.2"), _tlv(_CONTEXT_0, signed))
        answer = _tlv(_SEQUENCE, _tlv(_SEQUENCE, _integer(0)), token)  # 0: granted
        return Response(200, answer, {"Content-Type": "application/timestamp-reply"})

    def _information(self, query: Any, now: datetime) -> bytes:
        """Return the DER of the TSTInfo that answers a query."""
        nonce = query["nonce"].native
        return _tlv(
            _SEQUENCE,
            _integer(1),
            _oid(_POLICY),
            query["message_imprint"].dump(),
            _integer(secrets.randbits(159)),
            core.GeneralizedTime(now).dump(),
            _tlv(_SEQUENCE, _integer(_ACCURACY_SECONDS)),
            b"" if nonce is None else _integer(nonce),
            _tlv(_CONTEXT_0, self._name),
        )

    def _signed(self, information: bytes, now: datetime, *, with_certificate: bool) -> bytes:
        """Return the DER of the SignedData around a TSTInfo."""
        attributes = sorted(  # X.690 section 11.6
            (
                _attribute("content_type", "tst_info"),
                _attribute("message_digest", _sha256(information)),
                _attribute("signing_time", cms.Time({"utc_time": now})),
                self._naming,
            )
        )
        signer = _tlv(
            _SEQUENCE,
            _integer(1),
            self._signer,
            _SHA256,
            _tlv(_CONTEXT_0, *attributes),
            self._signs,
            core.OctetString(self._key.sign(_tlv(_SET, *attributes), ec.ECDSA(hashes.SHA256()))).dump(),
        )
        return _tlv(
            _SEQUENCE,
            _integer(3),
            _tlv(_SET, _SHA256),
            _tlv(_SEQUENCE, _oid(_TST_INFO), _tlv(_CONTEXT_0, core.OctetString(information).dump())),
            _tlv(_CONTEXT_0, self._certificate.dump()) if with_certificate else b"",
            _tlv(_SET, signer),
        )

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


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


# --- DER (X.690) ---------------------------------------------------------------------------------


def _tlv(tag: int, *parts: bytes) -> bytes:
    """Return what has a tag around the DER of its parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + content


def _integer(number: int) -> bytes:
    return bytes(core.Integer(number).dump())


def _oid(dotted: str) -> bytes:
    return bytes(core.ObjectIdentifier(dotted).dump())


def _attribute(kind: str, value: Any) -> bytes:
    return bytes(cms.CMSAttribute({"type": kind, "values": [value]}).dump())


#: The AlgorithmIdentifier without parameters (RFC 5754 section 2); the library would write a NULL.
_SHA256: Final = _tlv(_SEQUENCE, _oid("2.16.840.1.101.3.4.2.1"))
