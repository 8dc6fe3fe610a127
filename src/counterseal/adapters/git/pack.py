"""Writes a pack: a few git objects as one stream (gitformat-pack(5)).

git takes it in without looking for what is not there; its own commands for making trees would miss the rest of a tree
of which a copy has only a part.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS: Final = {"commit": 1, "tree": 2, "blob": 3}


def pack(objects: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a pack, version 2, of whole objects.

    Args:
        objects: Kind (`commit`, `tree`, `blob`) and content of each.
    """
    parts = [_header(kind, len(content)) + zlib.compress(content, 1) for kind, content in objects]
    body = b"PACK" + (2).to_bytes(4, "big") + len(parts).to_bytes(4, "big") + b"".join(parts)
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def _header(kind: str, size: int) -> bytes:
    """Return kind and size: 4 bits of it beside the kind, then 7 a byte; the highest bit says that more follow."""
    encoded, rest = [_KINDS[kind] << 4 | size & 15], size >> 4
    while rest:
        encoded[-1] |= 128
        encoded.append(rest & 127)
        rest >>= 7
    return bytes(encoded)
