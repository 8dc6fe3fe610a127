"""What sigstore-python 4.5 leaves open about the proofs in a bundle, checked after it has verified them.

- Windows: it looks at neither the end of the CA's and the logs' windows nor their start at the time of signing. Here
  both edges count as inside, at every authenticated time.
- Which log: it tries all keys that the root has. Here the log that the entry names has to have signed, by a key that
  was valid then (`root.py` gives it the keys of that log alone).
- The entry's outer `logIndex` is covered by nothing unless an inclusion promise is verified (Rekor v1).
- The proof's tree size and the entry's kind are not compared with what is signed.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, PrecertificateSignedCertificateTimestamps, load_der_x509_certificate
from sigstore._internal.rekor.checkpoint import SignedCheckpoint
from sigstore._internal.trust import Keyring, RekorKeyring

from counterseal.adapters.sigstore import spelling
from counterseal.formats import wire

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sigstore.models import Bundle
    from sigstore_models.common.v1 import TimeRange
    from sigstore_models.rekor.v1 import TransparencyLogEntry
    from sigstore_models.trustroot.v1 import CertificateAuthority, TrustedRoot

_MAX_BODY: Final = 1 << 20


def check(
    bundle: Bundle, root: TrustedRoot, moments: Sequence[datetime], authorities: Collection[Certificate] = ()
) -> int:
    """Check what the library leaves open; return the authenticated index of the log entry.

    Args:
        bundle: A bundle that the library has verified, with the keys of the log that it names alone.
        root: The trusted root, as written (not the copy that the library gets).
        moments: Every authenticated time of the signature, at least one.
        authorities: Who issued the certificate, as the library has seen.

    Raises:
        ValueError: A check failed; the message says which.
        sigstore.errors.Error: The log that the entry names has not signed it.
    """
    _check_authority(bundle.signing_certificate, root, moments, authorities)
    _check_certificate_log(bundle.signing_certificate, root)
    _check_log(bundle, root, moments)
    return _check_entry(_entry(bundle))


def log_id(bundle: Bundle) -> bytes:
    """Return which log the entry in a bundle says that it is in."""
    return _entry(bundle).log_id.key_id


def _entry(bundle: Bundle) -> TransparencyLogEntry:
    return bundle.log_entry._inner  # noqa: SLF001 - the library has no public way to the proof


def _covers(window: TimeRange | None, moments: Sequence[datetime]) -> bool:
    if window is None:
        return False
    return all(window.start <= moment and (window.end is None or moment <= window.end) for moment in moments)


def _check_authority(
    leaf: Certificate, root: TrustedRoot, moments: Sequence[datetime], known: Collection[Certificate]
) -> None:
    valid = [authority for authority in root.certificate_authorities if _covers(authority.valid_for, moments)]
    issuers = {issuer.public_bytes(Encoding.DER) for issuer in known}
    for authority in valid:
        if not issuers.isdisjoint(certificate.raw_bytes for certificate in authority.cert_chain.certificates):
            return
    if not any(issued(leaf, authority) for authority in valid):
        raise ValueError("the certificate authority was not valid at the time of signing")


def issued(leaf: Certificate, authority: CertificateAuthority) -> bool:
    """Return whether an authority, or one of its chain, signed a certificate."""
    for certificate in authority.cert_chain.certificates:
        try:
            leaf.verify_directly_issued_by(load_der_x509_certificate(certificate.raw_bytes))
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def _check_certificate_log(leaf: Certificate, root: TrustedRoot) -> None:
    promises = leaf.extensions.get_extension_for_class(PrecertificateSignedCertificateTimestamps).value
    for promise in promises:
        moment = promise.timestamp.replace(tzinfo=UTC)  # the library gives a naive moment in UTC
        windows = [
            log.public_key.valid_for
            for log in root.ctlogs
            if hashlib.sha256(log.public_key.raw_bytes or b"").digest() == promise.log_id
        ]
        if not any(_covers(window, [moment]) for window in windows):
            raise ValueError("the certificate transparency log's key was not valid when it promised to log")


def _check_log(bundle: Bundle, root: TrustedRoot, moments: Sequence[datetime]) -> None:
    keys = [log.public_key for log in root.tlogs if log.log_id.key_id == log_id(bundle)]
    valid = [key for key in keys if _covers(key.valid_for, moments)]
    if not valid:
        raise ValueError("the transparency log's key is unknown, or was not valid at the time of signing")
    if len(valid) < len(keys):  # the library may have taken another one
        bundle.log_entry._verify(RekorKeyring(Keyring(valid)))  # noqa: SLF001 - as below


def _check_entry(entry: TransparencyLogEntry) -> int:
    proof = entry.inclusion_proof
    promised = entry.inclusion_promise is not None and bool(entry.integrated_time)
    if not promised and entry.log_index != proof.log_index:
        raise ValueError(f"the log entry says index {entry.log_index}, its proof says {proof.log_index}")
    if proof.checkpoint is None:
        raise ValueError("the inclusion proof has no checkpoint")
    size = SignedCheckpoint.from_text(proof.checkpoint.envelope).checkpoint.log_size
    if size != proof.tree_size:
        raise ValueError(f"the proof is for a tree of {proof.tree_size} entries, the checkpoint for {size}")
    body = wire.load_json(entry.canonicalized_body, "the body of the log entry", max_bytes=_MAX_BODY)
    spelling.check(body, "the body of the log entry")
    kind = (entry.kind_version.kind, entry.kind_version.version)
    if not isinstance(body, dict) or (body.get("kind"), body.get("apiVersion")) != kind:
        raise ValueError(f"the log entry says it is {'/'.join(kind)}, its body says otherwise")
    return entry.log_index
