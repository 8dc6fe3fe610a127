"""Addresses and digests from outside: without what may be secret, in one spelling."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from counterseal.adapters.sbom.records import Distribution
from counterseal.errors import FormatError
from counterseal.formats import names

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Length of the digests in hex, by the names that lock files give them.
HASHES: Final = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128, "blake2b": 128}
_HEX: Final = frozenset("0123456789abcdef")
_SCP: Final = re.compile(r"(?:[^@/:\s]+@)?([A-Za-z0-9.-]+\.[A-Za-z0-9-]+):(?!//)(.+)\Z")


def clean_url(url: str) -> str | None:
    """Return an address without user, password, query and fragment, which may hold secrets; None if it is local."""
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", f":{split.port}" if split.port else ""
    except ValueError:
        return None
    if split.scheme not in ("http", "https", "ssh") or not names.URL_HOST.fits(host):
        return None
    host = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    path = quote(split.path, safe="/:@!$&'()*+,;=~%")
    return urlunsplit((split.scheme, host, re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", path), "", ""))


def clean_git(address: str) -> str | None:
    """Return the address of a git repository as a URL without secrets; None if it is local.

    `git+https://…`, `git+ssh://…`, `git://…` and `git@host:path` (git-clone, "GIT URLS") are known spellings.
    """
    bare = address.removeprefix("git+")
    if bare.startswith("git://"):
        return clean_url(f"https{bare[3:]}")
    if "://" not in bare and (match := _SCP.match(bare)):
        return clean_url(f"ssh://{match[1]}/{match[2].lstrip('/')}")
    return clean_url(bare)


def file_name(address: str) -> str:
    """Return the last part of an address or path, without query and fragment."""
    return unquote(address.replace("\\", "/").split("#")[0].split("?")[0].rstrip("/").rpartition("/")[2])


def check_digest(algorithm: str, digest: str, place: str) -> None:
    """Return if a digest is lower-case hex of its algorithm's length.

    Raises:
        FormatError: It is not.
    """
    size = HASHES.get(algorithm, len(digest))
    if len(digest) != size or not digest or set(digest) - _HEX:
        raise FormatError(f"{place}: {digest[:80]!r} is not a {algorithm[:20]}", fix="make the lock file again")


def distribution(address: str, hashes: Mapping[str, str], place: str) -> Distribution:
    """Return a file by its address, path or name, with its digests in hex; unknown algorithms are left out.

    Raises:
        FormatError: A digest is malformed.
    """
    for algorithm, digest in hashes.items():
        check_digest(algorithm, digest, place)
    known = tuple(sorted((algorithm, digest) for algorithm, digest in hashes.items() if algorithm in HASHES))
    return Distribution(file_name(address), clean_url(address), known)


def integrity(text: str, place: str) -> dict[str, str]:
    """Return the digests, in hex, of Subresource Integrity metadata (W3C SRI 1.0, section 3.5).

    Of several digests by one algorithm (any of which fits) none can be named; the algorithm is left out.

    Raises:
        FormatError: A digest is not base64, or not of its algorithm's length.
    """
    digests: dict[str, set[str]] = {}
    for part in text.split():
        algorithm, _, encoded = part.partition("?")[0].partition("-")
        try:
            digest = base64.b64decode(encoded, validate=True).hex()
        except (binascii.Error, ValueError) as error:
            raise FormatError(
                f"{place}: {part[:80]!r} is not an integrity value", why=str(error), fix="lock again"
            ) from error
        check_digest(algorithm, digest, place)
        digests.setdefault(algorithm, set()).add(digest)
    return {algorithm: values.pop() for algorithm, values in digests.items() if len(values) == 1}
