"""Verifies Sigstore bundles against one trusted root, offline (port `BundleVerifier`).

In this order: our strict loader reads the bundle, sigstore-python verifies what the loader has read, `material.py` and
`profile.py` check what the library leaves open, and for attestations the statement is parsed by us.
Whatever bytes come in, either everything holds or a `VerificationError` names what does not.
"""

from __future__ import annotations

import contextlib
import copy
import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cryptography.x509.oid import NameOID
from sigstore.errors import Error as SigstoreError
from sigstore.hashes import Hashed
from sigstore.models import Bundle
from sigstore.verify import Verifier
from sigstore_models.common.v1 import HashAlgorithm
from sigstore_models.trustroot.v1 import TrustedRoot as TrustedRootDocument

from counterseal.adapters.sigstore import material, profile, spelling
from counterseal.adapters.sigstore.failures import reason
from counterseal.adapters.sigstore.root import ParsedRoot
from counterseal.errors import CountersealError, FormatError, SandboxSignedError, UsageError, VerificationError
from counterseal.formats import digests, statement, wire
from counterseal.identifiers import PAYLOAD_TYPE
from counterseal.model import Attestation, Certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from cryptography import x509

    from counterseal.adapters.sigstore.crew import VerifyingCrew

#: The library takes the end of a TSA's window as outside; the specification (and we) as inside.
_INSTANT: Final = timedelta(microseconds=1)
#: What the certificates of a sandbox name as their organization.
SANDBOX: Final = "counterseal SANDBOX, no trust"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SigstoreVerifier:
    """Implements `BundleVerifier` with sigstore-python.

    Args:
        trusted_root_json: A TrustedRoot document (sigstore protobuf-specs, JSON form).

    Raises:
        FormatError: The document cannot be used as a trusted root.
    """

    def __init__(self, trusted_root_json: bytes) -> None:
        self._document, self.root_digest = trusted_root_json, digests.sha256(trusted_root_json)
        try:
            data = wire.load_json(trusted_root_json, "trusted root")
            self._root = TrustedRootDocument.from_json(json.dumps(data))
            self._verifier = _Timed(ParsedRoot(_for_the_library(self._root)))
        except (CountersealError, SigstoreError, ValueError) as error:
            raise FormatError(
                "the trusted root cannot be used",
                why=reason(error),
                fix="take one from `counterseal trust export` or `gh attestation trusted-root`",
            ) from error

    def verify_statement(self, bundle: bytes, what: str) -> Attestation:
        """Return the attestation in a bundle after every check (see `BundleVerifier`)."""
        with _named(what, bundle, self._root):
            parsed, _ = _load(bundle, what)
            verifier = self._verifier.of_log(parsed)
            payload_type, payload = verifier.verify_dsse(parsed, _AnyIdentity())
            log_index = material.check(parsed, self._root, verifier.moments, verifier.authorities)
            if payload_type != PAYLOAD_TYPE:
                raise VerificationError(f"{what}: the payload is {payload_type!r}", why=f"it has to be {PAYLOAD_TYPE}")
            return Attestation(
                statement=statement.parse(payload, what),
                payload=payload,
                certificate=profile.read(parsed.signing_certificate),
                signed_at=min(verifier.moments),
                log_index=log_index,
                bundle=bundle,
                digest=digests.sha256(bundle),
            )

    def crew(self) -> AbstractContextManager[VerifyingCrew]:
        """Return processes that verify as this does (see `BundleVerifier`)."""
        from counterseal.adapters.sigstore import crew  # noqa: PLC0415 - only long ledgers pay for it

        return crew.hired(SigstoreVerifier, self._document)

    def verify_digest(self, bundle: bytes, digest: str, what: str) -> Certificate:
        """Return who signed the file with this sha256 (see `BundleVerifier`)."""
        if not digests.is_sha256(digest):
            raise UsageError(f"{what}: {digest!r} is not a sha256", fix="give 64 lower-case hex digits")
        with _named(what, bundle, self._root):
            parsed, data = _load(bundle, what)
            verifier = self._verifier.of_log(parsed)
            hashed = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(digest))
            verifier.verify_artifact(hashed, parsed, _AnyIdentity())
            _check_algorithm(data, what)
            material.check(parsed, self._root, verifier.moments, verifier.authorities)
            return profile.read(parsed.signing_certificate)


def _of_another_sandbox(bundle: bytes, root: TrustedRootDocument) -> bool:
    """Return whether the certificate in a bundle says that a sandbox gave it, and no authority of the root did.

    Nothing has verified what it says.
    """
    with contextlib.suppress(Exception):  # bytes of anybody's
        leaf = _load(bundle, "a bundle")[0].signing_certificate
        names = leaf.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        ours = any(material.issued(leaf, authority) for authority in root.certificate_authorities)
        return not ours and any(name.value == SANDBOX for name in names)
    return False


class _Timed(Verifier):
    """The library's verifier, which remembers the times that it has authenticated, and who issued the certificate."""

    moments: list[datetime]
    authorities: list[x509.Certificate]

    def __init__(self, root: ParsedRoot) -> None:
        super().__init__(trusted_root=root)
        self._parsed = root

    def of_log(self, bundle: Bundle) -> _Timed:
        """Return one for a bundle, which believes the log that the bundle names, and no other."""
        verifier = copy.copy(self)
        verifier._trusted_root = self._parsed.of_log(material.log_id(bundle))  # noqa: SLF001 - its own kind
        verifier.moments, verifier.authorities = [], []
        return verifier

    def _establish_time(self, bundle: Bundle) -> list[Any]:
        results = super()._establish_time(bundle)
        self.moments = [result.time for result in results]
        return results

    def _verify_chain_at_time(self, certificate: x509.Certificate, timestamp_result: Any) -> list[x509.Certificate]:
        chain = super()._verify_chain_at_time(certificate, timestamp_result)
        self.authorities.append(chain[0])
        return chain


class _AnyIdentity:
    """Accepts every identity: the core judges it, with the policy and the statement at hand."""

    def verify(self, cert: x509.Certificate) -> None:
        """Accept."""


def _for_the_library(root: TrustedRootDocument) -> TrustedRootDocument:
    """Return a copy of the root in which the library judges windows as we want it to, or not at all.

    It compares the start of CA and log windows with the present, so that a verdict would depend on this machine's
    clock: `material.py` compares both edges with the time of signing instead.
    """
    changed = root.model_copy(deep=True)
    for authority in changed.timestamp_authorities:
        if authority.valid_for.end is not None:
            authority.valid_for.end += _INSTANT
    for window in (
        *(authority.valid_for for authority in changed.certificate_authorities),
        *(log.public_key.valid_for for log in (*changed.ctlogs, *changed.tlogs)),
    ):
        if window is not None:
            window.start = _EPOCH
    return changed


def _load(bundle: bytes, what: str) -> tuple[Bundle, Any]:
    """Return the bundle, and what our loader has understood of it, which is what the library got."""
    data = wire.load_json(bundle, what)
    spelling.check(data, what)
    return Bundle.from_json(json.dumps(data)), data


def _check_algorithm(bundle: Any, what: str) -> None:
    """Refuse a signature that says that its digest is by another algorithm; the library compares the digest alone.

    It may say nothing of a digest (sigstore_common.proto: it is for finding the file).

    Raises:
        VerificationError: Another algorithm than SHA-256.
    """
    says = bundle["messageSignature"].get("messageDigest")
    if says is not None and says.get("algorithm") != "SHA2_256":
        raise VerificationError(
            f"{what}: its digest is by {str(says.get('algorithm'))[:40]!r}", why="it has to be by SHA2_256"
        )


@contextmanager
def _named(what: str, bundle: bytes, root: TrustedRootDocument) -> Iterator[None]:
    """Turn whatever goes wrong inside into a `VerificationError` about `what`."""
    try:
        yield
    except VerificationError:
        raise
    except profile.UnsupportedIdentityError as error:
        raise VerificationError(
            f"{what}: signed by {error}, which is not supported",
            why="only jobs of a forge's CI sign here; the certificate of a person says nothing of commit, ref and run",
            fix="sign in a workflow or pipeline",
        ) from error
    except CountersealError as error:
        raise VerificationError(error.what, why=error.why, fix=error.fix) from error
    except Exception as error:
        if _of_another_sandbox(bundle, root):
            raise SandboxSignedError(
                f"{what}: signed in a sandbox, and not under the root that is trusted here",
                why=f"its certificate names {SANDBOX!r}, which proves nothing to anybody ({reason(error)})",
                fix="for a rehearsal give the document of the very sandbox: --trust trust.json --sandbox; "
                "a real release is never signed so",
            ) from error
        raise VerificationError(
            f"{what}: does not verify",
            why=reason(error),
            fix="get the file again from where it was published; if it still fails, do not use it",
        ) from error
