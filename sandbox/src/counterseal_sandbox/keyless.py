"""The keyless half of the sandbox as one: identity, certificate authority, log and timestamps on one server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from counterseal_sandbox import fulcio, gitlab_identity, identity, rekor, timestamp, trust
from counterseal_sandbox.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterseal_sandbox.http import LoopbackServer


class Keyless:
    """Mounts the four services on a server; `clock` may be replaced to let time pass for what they sign.

    Args:
        server: Started or not; the services answer below its URL.
        keys: The sandbox's keys; fresh ones if None.
    """

    def __init__(self, server: LoopbackServer, keys: Keys | None = None) -> None:
        self.keys = keys or Keys.generate()
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.issuer = identity.Issuer(server.url, self.keys)
        self.gitlab = gitlab_identity.GitLabIssuer(server.url, self.keys)
        issuers = {self.issuer.url: fulcio.GITHUB_PROFILE, self.gitlab.url: fulcio.GITLAB_PROFILE}
        self._server_url = server.url
        server.mount(identity.PREFIX, self.issuer.handle)
        server.mount(gitlab_identity.PREFIX, self.gitlab.handle)
        server.mount(fulcio.PREFIX, fulcio.CertificateAuthority(self.keys, issuers, self._now).handle)
        server.mount(rekor.PREFIX, rekor.TransparencyLog(self.keys).handle)
        server.mount(timestamp.PREFIX, timestamp.TimestampAuthority(self.keys, self._now).handle)

    def _now(self) -> datetime:
        return self.clock()

    def trust_document(self, released: Sequence[str]) -> dict[str, Any]:
        """Return the trust document (`counterseal.trust/v1`) of this sandbox."""
        return trust.document(self.keys, self._server_url, released)
