"""The certificate authority of the sandbox: Fulcio's `POST /api/v2/signingCert`, with its checks.

It binds a fresh key to what a token says about a run, for ten minutes, and embeds the promise of a certificate
transparency log (SCT) that keeps no log. It keeps nothing either. For the same token, extensions and identity are those
that Fulcio 1.8.8 writes (`tests/interop` holds the two side by side); it is narrower in the keys that it takes.

Sources: Fulcio docs/oid-info.md for the extensions 1.3.6.1.4.1.57264.1.N, fulcio.proto for the call,
RFC 6962 section 3.2 for the SCT.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jwt
from asn1crypto import core
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from counterseal_sandbox import go_url
from counterseal_sandbox.http import HttpError, Request, Response, json_response
from counterseal_sandbox.keys import key_usage, pem, spki

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from counterseal_sandbox.keys import Keys

PREFIX: Final = "/api/v2/signingCert"
AUDIENCE: Final = "sigstore"
LIFETIME: Final = timedelta(minutes=10)

_ARC: Final = "1.3.6.1.4.1.57264.1"
_SCT_LIST: Final = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_HOST: Final = "https://github.com"
_GITLAB: Final = "https://gitlab.com"


class Profile(NamedTuple):
    """What Fulcio writes for the runs of one kind of CI.

    `identity` is the template of the SAN. `raw` are the first generation of extensions, bare bytes of a claim, which
    Fulcio keeps for old verifiers; `templates` those of the second: a DER UTF8String made from claims.
    """

    identity: str
    raw: Mapping[int, str]
    templates: Mapping[int, str]


_GITHUB_RAW: Final = {2: "event_name", 3: "sha", 4: "workflow", 5: "repository", 6: "ref"}
_GITHUB_TEMPLATES: Final = {
    9: _HOST + "/{job_workflow_ref}",
    10: "{job_workflow_sha}",
    11: "{runner_environment}",
    12: _HOST + "/{repository}",
    13: "{sha}",
    14: "{ref}",
    15: "{repository_id}",
    16: _HOST + "/{repository_owner}",
    17: "{repository_owner_id}",
    18: _HOST + "/{workflow_ref}",
    19: "{workflow_sha}",
    20: "{event_name}",
    21: _HOST + "/{repository}/actions/runs/{run_id}/attempts/{run_attempt}",
    22: "{repository_visibility}",
    23: "{environment}",
    24: "{sub}",
}
_GITLAB_TEMPLATES: Final = {
    9: "https://{ci_config_ref_uri}",
    10: "{ci_config_sha}",
    11: "{runner_environment}",
    12: _GITLAB + "/{project_path}",
    13: "{sha}",
    14: "refs/{ref_folder}/{ref}",
    15: "{project_id}",
    16: _GITLAB + "/{namespace_path}",
    17: "{namespace_id}",
    18: "https://{ci_config_ref_uri}",
    19: "{ci_config_sha}",
    20: "{pipeline_source}",
    21: _GITLAB + "/{project_path}/-/jobs/{job_id}",
    22: "{project_visibility}",
    23: "{environment}",
    24: "{sub}",
}
GITHUB_PROFILE: Final = Profile(_HOST + "/{job_workflow_ref}", _GITHUB_RAW, _GITHUB_TEMPLATES)
GITLAB_PROFILE: Final = Profile("https://{ci_config_ref_uri}", {}, _GITLAB_TEMPLATES)


def _now() -> datetime:
    return datetime.now(UTC)


class _Claims(dict[str, Any]):
    """Claims as Fulcio's templates see them."""

    def __missing__(self, name: str) -> str:
        """Return what stands for a claim that is optional."""
        if name == "environment":
            return ""
        if name == "ref_folder":  # the template compares the type of the ref
            return "heads" if self["ref_type"] == "branch" else "tags"
        raise HttpError(400, f"value <{name}> not present in either claims or defaults")


class CertificateAuthority:
    """Issues code-signing certificates to the runs of the issuers that it knows.

    Args:
        keys: The sandbox's keys: `ca` signs, `oidc` is the issuers', `ct` promises to log.
        issuers: URL of each issuer whose tokens count, and what is written for its runs.
        clock: Tells the time that certificates begin at.
    """

    def __init__(self, keys: Keys, issuers: Mapping[str, Profile], clock: Callable[[], datetime] = _now) -> None:
        self._keys = keys
        self._issuers = issuers
        self._clock = clock

    def handle(self, request: Request) -> Response:
        """Answer a request for a certificate.

        sigstore-python sends a CSR and the token as bearer; cosign sends both key and token in the body.
        """
        if (request.method, request.path) != ("POST", "/"):
            raise HttpError(501, f"the sandbox's Fulcio has no {request.method} {PREFIX}{request.path.rstrip('/')}")
        try:
            asked = request.json()
            bearer = request.headers.get("authorization", "").partition(" ")[2]
            claims = self._claims(bearer or asked["credentials"]["oidcIdentityToken"])
            key = _proven_key(asked, claims["sub"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise HttpError(400, f"the request for a certificate cannot be read: {error!r}") from error
        chain = [self.issue(key, claims), *self._keys.ca_chain]
        certificates = [pem(certificate).decode() for certificate in chain]
        # 200, not 201: sigstore-go insists.
        return json_response({"signedCertificateEmbeddedSct": {"chain": {"certificates": certificates}}})

    def _claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that the issuer signed for us and that is still valid."""
        try:
            decoded = jwt.decode(
                token,
                self._keys.oidc.public_key(),
                ["RS256"],
                audience=AUDIENCE,
                issuer=list(self._issuers),
                options={"require": ["aud", "exp", "iat", "iss", "sub"]},
            )
        except jwt.InvalidTokenError as error:
            raise HttpError(400, f"There was an error processing the identity token: {error}") from error
        return dict(decoded)

    def issue(self, key: ec.EllipticCurvePublicKey, claims: Mapping[str, Any]) -> x509.Certificate:
        """Return the certificate for a key and the claims of a run, which nobody has checked here.

        It is built once without SCT to get the bytes that the SCT covers, then with it.
        """
        claims, now = _Claims(claims), self._clock().replace(microsecond=0)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self._keys.ca_chain[0].subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + LIFETIME)
        )
        for extension, critical in self._extensions(key, claims):
            builder = builder.add_extension(extension, critical)
        covered = builder.sign(self._keys.ca, hashes.SHA256()).tbs_certificate_bytes
        promise = x509.UnrecognizedExtension(_SCT_LIST, core.OctetString(self._promise(covered)).dump())
        return builder.add_extension(promise, critical=False).sign(self._keys.ca, hashes.SHA256())

    def _extensions(
        self, key: ec.EllipticCurvePublicKey, claims: Mapping[str, Any]
    ) -> list[tuple[x509.ExtensionType, bool]]:
        issuer_key = self._keys.ca.public_key()
        profile = self._issuers[claims["iss"]]
        identity = x509.UniformResourceIdentifier(_identity(profile.identity.format_map(claims)))
        listed: list[tuple[x509.ExtensionType, bool]] = [
            (key_usage(signature=True, certificates=False), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
            (x509.SubjectKeyIdentifier.from_public_key(key), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), False),
            (x509.SubjectAlternativeName([identity]), True),
        ]
        texts = {1: claims["iss"], 8: claims["iss"]} | {
            number: str(claims[name]) for number, name in profile.raw.items()
        }
        texts |= {number: template.format_map(claims) for number, template in profile.templates.items()}
        listed += [
            (x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{_ARC}.{number}"), _encoded(number, text)), False)
            for number, text in sorted(texts.items())
            if text  # without a deployment environment, a job's certificate has no extension for one
        ]
        return listed

    def _promise(self, covered: bytes) -> bytes:
        """Return the list with one SCT over a TBSCertificate (RFC 6962 section 3.2, entry type precert_entry)."""
        milliseconds = int(self._clock().timestamp() * 1000)
        issuer_key_hash = hashlib.sha256(spki(self._keys.ca.public_key())).digest()
        entry = issuer_key_hash + len(covered).to_bytes(3, "big") + covered
        signed = struct.pack("!BBQH", 0, 0, milliseconds, 1) + entry + b"\0\0"
        signature = self._keys.ct.sign(signed, ec.ECDSA(hashes.SHA256()))
        sct = struct.pack("!B32sQHBBH", 0, self._keys.ct_id, milliseconds, 0, 4, 3, len(signature)) + signature
        return struct.pack("!HH", len(sct) + 2, len(sct)) + sct


def _proven_key(asked: Mapping[str, Any], subject: str) -> ec.EllipticCurvePublicKey:
    """Return the public key whose private half the sender has shown to hold."""
    key: PublicKeyTypes
    if "certificateSigningRequest" in asked:
        request = x509.load_pem_x509_csr(base64.b64decode(asked["certificateSigningRequest"]))
        key, proof, signed = request.public_key(), request.signature, request.tbs_certrequest_bytes
    else:
        given = asked["publicKeyRequest"]
        key = serialization.load_pem_public_key(given["publicKey"]["content"].encode())
        proof, signed = base64.b64decode(given["proofOfPossession"]), subject.encode()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise HttpError(400, "the sandbox's Fulcio certifies keys of the curve P-256 only")
    try:
        key.verify(proof, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise HttpError(400, "The signature supplied in the request could not be verified") from None
    return key


def _identity(url: str) -> str:
    try:
        return go_url.written(url)
    except ValueError as error:
        raise HttpError(400, str(error)) from error


def _encoded(number: int, text: str) -> bytes:
    encoded: bytes = text.encode() if number in {1, *_GITHUB_RAW} else core.UTF8String(text).dump()
    return encoded
