"""Signs keylessly with sigstore-python (port `Signer`): one key and certificate for all that one signer signs.

Every bundle is verified before it is handed out, because the library believes what log and timestamp authority answer.
A signature that fails leaves nothing with us; what the log has recorded by then stays there and proves nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sigstore.dsse import Statement
from sigstore.errors import Error as SigstoreError
from sigstore.hashes import Hashed
from sigstore.oidc import IdentityError, IdentityToken
from sigstore_models.common.v1 import HashAlgorithm

from counterseal.adapters.sigstore.failures import reason
from counterseal.adapters.sigstore.services import Services
from counterseal.adapters.sigstore.verifier import SigstoreVerifier
from counterseal.errors import CountersealError, FormatError, ServiceError, UsageError, VerificationError
from counterseal.formats import digests, statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from sigstore.models import Bundle
    from sigstore.sign import Signer

#: A certificate with less time left than this is replaced before it signs.
_MARGIN: Final = timedelta(seconds=60)
_SECONDS: Final = 30.0
_AGAIN: Final = "run the job again; if it fails again, look at the status page of the Sigstore instance"


class SigstoreSigner:
    """Implements `Signer` with sigstore-python.

    Args:
        trust_config_json: A ClientTrustConfig document (sigstore protobuf-specs, JSON form).
        identity_token: Returns an OIDC token for the audience `sigstore`; asked once for each certificate.
        seconds: How long a service may take for one answer.

    Raises:
        FormatError: The document is no ClientTrustConfig.
        UsageError: It names a service that is reached in the clear, or too few.
    """

    def __init__(
        self, trust_config_json: bytes, identity_token: Callable[[], str], *, seconds: float = _SECONDS
    ) -> None:
        self._identity_token = identity_token
        self._services = Services(trust_config_json, seconds)
        self._verifier = SigstoreVerifier(self._services.trusted_root)
        self._current: Signer | None = None
        self._expires = datetime.min.replace(tzinfo=UTC)

    def sign_statement(self, payload: bytes) -> bytes:
        """Return a bundle around exactly these payload bytes (see `Signer`).

        Raises:
            FormatError: The payload is no in-toto statement.
            ServiceError: A service did not do its part.
        """
        statement.parse(payload, "the statement to sign")
        try:
            input_ = Statement(payload)
        except SigstoreError as error:
            raise FormatError("the statement to sign is not one that sigstore signs", why=reason(error)) from error
        bundle = self._sign(lambda signer: signer.sign_dsse(input_))
        with _Checked():
            if self._verifier.verify_statement(bundle, "the new signature").payload != payload:
                raise VerificationError("the new signature: over other bytes", why="the payload was changed on the way")
        return bundle

    def sign_digest(self, digest: str) -> bytes:
        """Return a bundle with a blob signature over a file with this sha256 (see `Signer`).

        Raises:
            UsageError: `digest` is no sha256.
            ServiceError: A service did not do its part.
        """
        if not digests.is_sha256(digest):
            raise UsageError(f"{digest!r} is not a sha256", fix="give 64 lower-case hex digits")
        hashed = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(digest))
        bundle = self._sign(lambda signer: signer.sign_artifact(hashed))
        with _Checked():
            self._verifier.verify_digest(bundle, digest, "the new signature")
        return bundle

    def _sign(self, sign: Callable[[Signer], Bundle]) -> bytes:
        signer = self._signer()
        self._services.bound()
        try:
            return sign(signer).to_json().encode()
        except CountersealError:
            raise
        except Exception as error:
            raise ServiceError(
                f"signing failed: {self._services.log_url} did not record the signature", why=reason(error), fix=_AGAIN
            ) from error

    def _signer(self) -> Signer:
        """Return the library's signer, with a certificate that stays valid for a while."""
        if self._current is None or datetime.now(UTC) + _MARGIN > self._expires:
            token = self._token()
            try:
                self._current = self._services.signer(token)
                # Nothing public tells until when the certificate is valid.
                self._expires = self._current._signing_cert().not_valid_after_utc  # noqa: SLF001
            except Exception as error:
                raise ServiceError(
                    f"signing failed: no certificate from {self._services.fulcio_url}",
                    why=reason(error).replace(str(token), "***"),
                    fix=_AGAIN,
                ) from error
        return self._current

    def _token(self) -> IdentityToken:
        try:
            return IdentityToken(self._identity_token())
        except IdentityError as error:
            raise ServiceError(
                "signing failed: the identity token of this run cannot be used",
                why=reason(error),
                fix="it has to be fresh and for the audience `sigstore`; check the clock of this machine",
            ) from error


class _Checked:
    """Turns a signature that does not verify into the services' failure, which it is."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, VerificationError):
            raise ServiceError(
                "signing failed: what the Sigstore services answered does not verify", why=error.why, fix=_AGAIN
            ) from error
