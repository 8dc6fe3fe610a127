"""The services of one Sigstore instance as sigstore-python's clients, made safe to call.

From a ClientTrustConfig to a SigningContext: services in the clear are refused, every session is bounded, and a
timestamp authority that does not answer stops the signing before the log has recorded anything.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sigstore._internal.rekor.client_v2 import RekorV2Client
from sigstore._internal.timestamp import TimestampError
from sigstore.errors import Error as SigstoreError
from sigstore.models import ClientTrustConfig
from sigstore.sign import SigningContext

from counterseal.adapters.http import transport as http
from counterseal.adapters.sigstore import bounded
from counterseal.adapters.sigstore.failures import reason
from counterseal.errors import FormatError, ServiceError, UsageError
from counterseal.formats import wire

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse
    from sigstore.oidc import IdentityToken
    from sigstore.sign import Signer

_WHAT = "the trust configuration cannot be used for signing"


class Services:
    """Fulcio, Rekor and timestamp authorities of one instance.

    Args:
        trust_config_json: A ClientTrustConfig document.
        seconds: How long a service may take for one answer.

    Raises:
        FormatError: The document is no ClientTrustConfig.
        UsageError: It names a service that is reached in the clear, or too few.
    """

    def __init__(self, trust_config_json: bytes, seconds: float) -> None:
        self._seconds = seconds
        try:
            data = wire.load_json(trust_config_json, "trust configuration")
            config = ClientTrustConfig.from_json(json.dumps(data))
            context = SigningContext.from_trust_config(config)
        except (SigstoreError, ValueError) as error:
            raise FormatError(_WHAT, why=reason(error), fix="give a ClientTrustConfig document, unchanged") from error
        self.trusted_root = json.dumps(data["trustedRoot"]).encode()
        # The library has no public way to its clients.
        self._log: Any = context._rekor  # noqa: SLF001
        self._fulcio = context._fulcio  # noqa: SLF001
        self._timestamps: list[Any] = [_StrictTimestamps(client) for client in context._tsa_clients]  # noqa: SLF001
        context._tsa_clients = self._timestamps  # noqa: SLF001
        self._context = context
        self._check()

    @property
    def fulcio_url(self) -> str:
        """Return the URL of the certificate authority."""
        return self._fulcio.url

    @property
    def log_url(self) -> str:
        """Return the URL of the transparency log."""
        return str(self._log.url)

    def signer(self, token: IdentityToken) -> Signer:
        """Return a signer of the library with a fresh key, certified for the identity in `token`."""
        self.bound()
        with self._context.signer(token) as signer:
            return signer

    def bound(self) -> None:
        """Bound the sessions of this thread; the library makes some of them for each thread anew."""
        bounded.bound(self._fulcio.session, self._fulcio.url, self._seconds, repeatable=True)
        # An answer of the log that was lost may stand in the log: not asked twice.
        bounded.bound(self._log._session, self._log.url, self._seconds, repeatable=False)  # noqa: SLF001 - as above
        for client in self._timestamps:
            bounded.bound(client._session, client.url, self._seconds, repeatable=True)  # noqa: SLF001 - as above

    def _check(self) -> None:
        for url in (self.fulcio_url, self.log_url, *(client.url for client in self._timestamps)):
            if not http.is_protected(url):
                raise UsageError(_WHAT, why=f"{url} is not https", fix="plain http is for services on loopback only")
        if isinstance(self._log, RekorV2Client) and not self._timestamps:
            raise UsageError(
                _WHAT,
                why="it names no timestamp authority",
                fix="a log of version 2 tells no time: add a TSA to the file",
            )


class _StrictTimestamps:
    """The library's timestamp client, whose failure is ours: the library would warn, log the entry, and fail then."""

    def __init__(self, client: Any) -> None:
        self.url: str = client.url
        self._client = client

    @property
    def _session(self) -> Any:
        return self._client._session  # noqa: SLF001 - as above

    def request_timestamp(self, signature: bytes) -> TimeStampResponse:
        """Return a timestamp over `signature`."""
        try:
            answer: TimeStampResponse = self._client.request_timestamp(signature)
        except TimestampError as error:
            raise ServiceError(
                f"signing failed: no timestamp from {self.url}",
                why=reason(error),
                fix="run the job again; nothing was recorded",
            ) from error
        return answer
