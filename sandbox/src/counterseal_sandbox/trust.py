"""The sandbox's trust document: all that a client has to know to believe this one sandbox, and nothing else.

Its `trustConfig` is a ClientTrustConfig as sigstore-python and cosign read it (protobuf-specs
sigstore_trustroot.proto, JSON form): the trusted root to verify with, the signing configuration to sign with.
"""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from counterseal_sandbox import gitlab_identity, identity, timestamp
from counterseal_sandbox.keys import ORGANIZATION, der, spki

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

    from counterseal_sandbox.keys import Keys

SCHEMA: Final = "counterseal.trust/v1"
_BACKDATED: Final = timedelta(hours=1)


def document(keys: Keys, server_url: str, released: Sequence[str]) -> dict[str, Any]:
    """Return the trust document of a sandbox.

    Args:
        keys: The sandbox's keys; only public halves are written.
        server_url: Origin of the sandbox; every service is below it.
        released: Revisions of the gate workflow that count as released in this sandbox.
    """
    window = {"start": (keys.made_at - _BACKDATED).strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {
        "schema": SCHEMA,
        "sandbox": True,
        "issuers": {
            "github.com": server_url + identity.PREFIX,
            "gitlab.com": server_url + gitlab_identity.PREFIX,
        },
        "released": list(released),
        "withdrawn": [],
        "trustConfig": {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": _trusted_root(keys, server_url, window),
            "signingConfig": _signing_config(server_url, window),
        },
    }


def _trusted_root(keys: Keys, server_url: str, window: dict[str, str]) -> dict[str, Any]:
    return {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [
            {
                "baseUrl": server_url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": _key(spki(keys.log.public_key()), "PKIX_ED25519", window),
                "logId": {"keyId": _base64(keys.log_id)},
            }
        ],
        "certificateAuthorities": [_authority(keys.ca_chain, server_url, window)],
        "ctlogs": [
            {
                "baseUrl": server_url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": _key(spki(keys.ct.public_key()), "PKIX_ECDSA_P256_SHA_256", window),
                "logId": {"keyId": _base64(keys.ct_id)},
            }
        ],
        "timestampAuthorities": [_authority(keys.tsa_chain, server_url + timestamp.PREFIX, window)],
    }


def _signing_config(server_url: str, window: dict[str, str]) -> dict[str, Any]:
    def service(url: str, version: int) -> dict[str, Any]:
        return {"url": url, "majorApiVersion": version, "validFor": window, "operator": "counterseal sandbox"}

    return {
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "caUrls": [service(server_url, 1)],
        "oidcUrls": [service(server_url + identity.PREFIX, 1)],
        "rekorTlogUrls": [service(server_url, 2)],
        "rekorTlogConfig": {"selector": "ANY"},
        "tsaUrls": [service(server_url + timestamp.PREFIX, 1)],
        "tsaConfig": {"selector": "ANY"},
    }


def _key(public: bytes, details: str, window: dict[str, str]) -> dict[str, Any]:
    return {"rawBytes": _base64(public), "keyDetails": details, "validFor": window}


def _authority(chain: Sequence[Certificate], url: str, window: dict[str, str]) -> dict[str, Any]:
    return {
        "subject": {"organization": ORGANIZATION, "commonName": ORGANIZATION},
        "uri": url,
        "certChain": {"certificates": [{"rawBytes": _base64(der(certificate))} for certificate in chain]},
        "validFor": window,
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
