"""The claims of a run's OIDC token, read strictly and unverified.

Fulcio verifies the token before it puts the claims into a certificate, and whoever reads our signatures
reads the certificate. Here they only say where to look.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from counterseal.errors import FormatError, UsageError
from counterseal.formats import digests, names, wire

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Whom a token is for: Sigstore, which signs in its name, or nobody but `request`, which only reads who asks.
AUDIENCE: Final = "sigstore"
REQUEST_AUDIENCE: Final = "counterseal-request"
WHAT: Final = "the identity token of this run"
MAX_TOKEN: Final = 64 << 10

_NUMBER: Final = names.Grammar("number", "[0-9]{1,19}", "at most 19 digits")


def decode(token: str) -> Mapping[str, Any]:
    """Return the claims of a JWT (RFC 7519), unverified.

    Raises:
        FormatError: It is no JWT.
    """
    parts = token.split(".")
    try:
        payload = base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True)
    except (IndexError, ValueError) as error:
        raise FormatError(f"{WHAT}: not a JWT") from error
    claims = wire.load_json(payload, WHAT, max_bytes=MAX_TOKEN)
    if not isinstance(claims, dict):
        raise FormatError(f"{WHAT}: the claims are no object")
    return claims


def text(claims: Mapping[str, Any], name: str, grammar: names.Grammar | None = None) -> str:
    """Return a claim that is a printable text, written as `grammar` says if one is given.

    Raises:
        FormatError: It is not.
        UsageError: It is a ref with invisible characters, which people can push.
    """
    value = claims.get(name)
    if name == "ref" and isinstance(value, str) and value.startswith("refs/") and not value.isprintable():
        raise UsageError(
            f"a tag or branch of this run has characters that are not shown: {ascii(value)[:200]}",
            why="nobody could tell what is signed from what it looks like",
            fix="name it with letters, digits and . _ + - /",
        )
    if not isinstance(value, str) or not value.isprintable() or not value or (grammar and not grammar.fits(value)):
        raise FormatError(f"{WHAT}: the claim {name!r} is {'missing' if value is None else 'malformed'}")
    return value


def number(claims: Mapping[str, Any], name: str) -> int:
    """Return a claim that is a number written as text, as forges write them."""
    return int(text(claims, name, _NUMBER))


def revision(claims: Mapping[str, Any], name: str) -> str:
    """Return a claim that is a full commit id."""
    value = text(claims, name)
    if not digests.is_revision(value):
        raise FormatError(f"{WHAT}: the claim {name!r} is not a full revision")
    return value


def protected(claims: Mapping[str, Any]) -> bool:
    """Return what `ref_protected` says, which both forges write as text."""
    value = text(claims, "ref_protected")
    if value not in {"true", "false"}:
        raise FormatError(f"{WHAT}: the claim 'ref_protected' is {value!r}, neither true nor false")
    return value == "true"
