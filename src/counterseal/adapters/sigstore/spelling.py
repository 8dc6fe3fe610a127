"""One spelling for every value of a bundle: what several texts could stand for proves nothing about the text.

Most of a bundle's JSON is signed by nobody, so whoever passes it on can spell it otherwise: base64 with blanks, other
letters or loose bits at its end, numbers with signs or zeros before them, keys in snake_case. Readers differ in what
they take, and two bundles that mean the same would not be the same bytes. Here the spelling of protobuf's writers is
the only one: lowerCamelCase, base64 of RFC 4648 section 4 with its padding, whole numbers in plain digits.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final

from counterseal.errors import FormatError

#: The fields of bytes, in bundles (sigstore_bundle.proto and what it imports) and in bodies of log entries (Rekor's
#: types hashedrekord and dsse, versions 0.0.1 and 0.0.2), where the same names hold other things if they are no texts.
_BYTES: Final = frozenset(
    {
        *("rawBytes", "keyId", "signedEntryTimestamp", "rootHash", "hashes", "canonicalizedBody", "signedTimestamp"),
        *("payload", "sig", "digest", "signature", "content", "verifier"),
    }
)
_NUMBERS: Final = frozenset({"logIndex", "treeSize", "integratedTime"})
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)


def check(document: Any, what: str) -> None:
    """Refuse a document of which a value could be spelled otherwise.

    Args:
        document: A bundle, or the body of a log entry, as our loader has read it.
        what: Its name, for messages.

    Raises:
        FormatError: Naming the field.
    """
    waiting = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            for key, value in part.items():
                _check_field(key, value, what)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _check_field(key: str, value: Any, what: str) -> None:
    if "_" in key:
        raise FormatError(
            f"{what}: the key {key[:80]!r} is not in lowerCamelCase",
            why="readers of bundles differ in which of two spellings they take",
        )
    if key in _BYTES and not all(is_canonical(text) for text in (value if isinstance(value, list) else [value])):
        raise FormatError(
            f"{what}: `{key}` is not in strict base64",
            why="it has characters, blanks or loose bits that readers pass over, so other text would mean the same",
        )
    if key in _NUMBERS and isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise FormatError(f"{what}: `{key}` is not a number in plain digits", why=f"it is {value[:40]!r}")


def is_canonical(value: Any) -> bool:
    """Return whether a text is the one base64 of its bytes; what is no text is for others to judge."""
    if not isinstance(value, str):
        return True
    try:
        return base64.b64encode(base64.b64decode(value, validate=True)).decode() == value
    except (binascii.Error, ValueError):
        return False
