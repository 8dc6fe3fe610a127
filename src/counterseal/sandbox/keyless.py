"""The keyless half of the sandbox as one: identity, certificate authority, log and timestamps on one server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.sandbox import fulcio, identity, rekor, timestamp, trust
from counterseal.sandbox.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.sandbox.http import LoopbackServer


class Keyless:
    """Mounts the four services on a server.

    Args:
        server: Started or not; the services answer below its URL.
        keys: The sandbox's keys; fresh ones if None.
    """

    def __init__(self, server: LoopbackServer, keys: Keys | None = None) -> None:
        self.keys = keys or Keys.generate()
        self.issuer = identity.Issuer(server.url, self.keys)
        self._server_url = server.url
        server.mount(identity.PREFIX, self.issuer.handle)
        server.mount(fulcio.PREFIX, fulcio.CertificateAuthority(self.keys, self.issuer.url).handle)
        server.mount(rekor.PREFIX, rekor.TransparencyLog(self.keys).handle)
        server.mount(timestamp.PREFIX, timestamp.TimestampAuthority(self.keys).handle)

    def trust_document(self, released: Sequence[str], withdrawn: Sequence[str] = ()) -> dict[str, Any]:
        """Return the trust document (`counterseal.trust/v1`) of this sandbox."""
        return trust.document(self.keys, self._server_url, released, withdrawn)
