"""What a command with network may know of how to reach it: certificates, proxies and mirrors, never a password."""

from __future__ import annotations

import os
from typing import Final

from counterseal import credentials

#: Files and folders of certificates; what lies elsewhere than here, no command sees.
_CERTIFICATES: Final = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO"),
    "NODE_EXTRA_CA_CERTS",
)
_PLACES: Final = ("/etc/ssl/certs", "/etc/pki/tls", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates")
#: Whatever a mirror gives, locks have digests of it.
_ADDRESSES: Final = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_PYTHON_INSTALL_MIRROR", "GOPROXY", "GOSUMDB"),
    *("NPM_CONFIG_REGISTRY", "npm_config_registry"),
)


def variables() -> dict[str, str]:
    """Return the variables of ours that a command with network gets as well."""
    found = {name: os.environ[name] for name in (*_CERTIFICATES, *_ADDRESSES) if os.environ.get(name)}
    return {name: value for name, value in found.items() if _harmless(name, value)}


def _harmless(name: str, value: str) -> bool:
    """Return whether a value can be handed on: certificates that can be seen, addresses that have no password."""
    if name in _CERTIFICATES:
        return any(value == place or value.startswith(f"{place}/") for place in _PLACES)
    return "@" not in value and not any(credentials.spans(value, cut=True))
