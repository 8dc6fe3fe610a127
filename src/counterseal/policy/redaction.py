"""`redact:` of a policy: which hosts, names and paths a published document must not have."""

from __future__ import annotations

import re
from typing import Final

from counterseal.formats import yaml
from counterseal.model import Redaction

MAX_PATTERNS: Final = 100
MAX_PATTERN: Final = 200
_KINDS: Final = ("hosts", "names", "paths")
_TWO: Final = re.compile(r"[^\W_].*[^\W_]", re.DOTALL)


def load_redaction(data: bytes, name: str) -> Redaction:
    """Return `redact:` of a policy file, of which nothing else is looked at: this is not what a gate decides by.

    Raises:
        PolicyError: It is no YAML as policies are, or `redact` is not as it should be.
    """
    return read(yaml.mapping(yaml.load(data, name), "the policy").items.get("redact"))


def read(node: yaml.Node | None) -> Redaction:
    """Return the patterns below `redact`; none if the key is not there.

    Raises:
        PolicyError: An unknown key, or a pattern that is none.
    """
    if node is None:
        return Redaction()
    fields = yaml.fields(node, "redact", (), _KINDS)
    return Redaction(**{kind: _patterns(kind, fields[kind]) for kind in _KINDS if kind in fields})


def _patterns(kind: str, node: yaml.Node) -> tuple[str, ...]:
    texts = yaml.texts(node, kind)
    if len(texts) > MAX_PATTERNS:
        raise node.place.error(f"{kind} has {len(texts)} patterns", why=f"at most {MAX_PATTERNS} are read")
    for text, place in texts:
        if len(text) > MAX_PATTERN or not text.isprintable() or " " in text or not _TWO.search(text):
            raise place.error(
                f"{yaml.shown(text)} is not a pattern",
                why=f"a pattern has at least two letters or digits, no blanks, at most {MAX_PATTERN} characters, and "
                "`*` stands for anything",
                fix={"hosts": "write it like *.corp.example", "names": "write it like @acme/*"}.get(
                    kind, "write it like internal/*"
                ),
            )
    return tuple(dict.fromkeys(text for text, _ in texts))
