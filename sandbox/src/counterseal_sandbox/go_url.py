"""How Fulcio writes an identity: as Go's `url.Parse(…).String()`, which escapes what a path or fragment may not have.

Only for `https://` with a host, as identities of workflows are. The tests with the real Fulcio hold the two together.

Source: Go 1.26, net/url (`setPath`, `setFragment`, `validEncoded`, `shouldEscape`).
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes

_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
#: A part made of these alone stays as it is (and "?" in a fragment).
_VALID: Final = re.compile(r"[A-Za-z0-9_.~!$&'()*+,;=:@\[\]/%-]*")
#: What is left when a part is written anew.
_PATH: Final = "-_.~$&+,/:;=@"
_FRAGMENT: Final = _PATH + "?!()*"


def written(url: str) -> str:
    """Return `url` as Go writes it.

    Raises:
        ValueError: Go does not take it for a URL, or a certificate cannot hold it.
    """
    if _CONTROL.search(url):
        raise ValueError(f"parse {url!r}: net/url: invalid control character in URL")
    whole, _, fragment = url.partition("#")
    path, mark, query = whole.partition("?")
    if bad := _BAD_ESCAPE.search(path) or _BAD_ESCAPE.search(fragment):
        raise ValueError(f'parse {url!r}: invalid URL escape "{bad.string[bad.start() : bad.start() + 3]}"')
    if not query.isascii():
        raise ValueError(f"x509: {url!r} cannot be encoded as an IA5String")
    end = "#" + _part(fragment, _FRAGMENT) if fragment else ""
    return _part(path, _PATH) + mark + query + end


def _part(text: str, kept: str) -> str:
    valid = _VALID.fullmatch(text.replace("?", "") if "?" in kept else text)
    return text if valid else quote(unquote_to_bytes(text), safe=kept)
