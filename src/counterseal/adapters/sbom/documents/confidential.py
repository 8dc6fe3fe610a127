"""A CycloneDX document without what must not leave, in whatever field it stands; its graph stays what it was."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from counterseal import credentials
from counterseal.adapters.sbom.documents import references
from counterseal.policy import Confidentiality

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from counterseal.errors import CountersealError
    from counterseal.model import Redaction


#: Members whose words are the format's own.
_OF_THE_FORMAT: Final = frozenset(
    ("$schema", "bomFormat", "specVersion", "type", "scope", "alg", "encoding", "aggregate", "phase", "acknowledgement")
)


def redacted(content: dict[str, Any], redaction: Redaction) -> tuple[dict[str, Any], Mapping[str, int]]:
    """Return a document without credentials and without what the policy wants redacted, and how much of each kind.

    Members are read in the order of their names, so that the words have the same numbers however a tool orders them.
    """
    words = Confidentiality.of(_texts(content), redaction)
    refs: dict[str, str] = {}
    unused = references.Unused()
    for ref in sorted(references.defined(content)):
        refs[ref] = unused.like(words.text(ref))
    changed = {old: new for old, new in refs.items() if old != new}
    return _object(references.renamed(content, changed) if changed else content, words), words.counts


def told(error: CountersealError, redaction: Redaction) -> CountersealError:
    """Return an error without what must not leave: its words quote what was read, and may have cut it."""
    words = Confidentiality(redaction)
    what, why, fix = (words.text(text, cut=True) for text in (error.what, error.why, error.fix))
    return type(error)(what, why=why, fix=fix)


def _object(node: Mapping[str, Any], words: Confidentiality) -> dict[str, Any]:
    """Return an object without it: also where the name of a value says that it is secret, or a group is apart."""
    changed = {
        member: node[member] if member in _OF_THE_FORMAT else _value(node[member], words) for member in sorted(node)
    }
    name, value, group = node.get("name", node.get("key")), node.get("value"), node.get("group")
    if isinstance(name, str) and isinstance(value, str) and value and credentials.is_secret(name):
        changed["value"] = words.word(value)
    if isinstance(node.get("license"), dict) and "id" in node["license"]:
        changed["license"]["id"] = node["license"]["id"]
    if isinstance(name, str) and isinstance(group, str) and group and words.is_name(f"{group}/{name}"):
        changed |= {"group": words.word(group, "names"), "name": words.word(name, "names")}
    if node.get("encoding") == "base64" and isinstance(node.get("content"), str):
        changed["content"] = _encoded(node["content"], words)
    return changed


def _value(value: Any, words: Confidentiality) -> Any:
    if isinstance(value, str):
        return words.text(value)
    if isinstance(value, dict):
        return _object(value, words)
    return [_value(part, words) for part in value] if isinstance(value, list) else value


def _encoded(content: str, words: Confidentiality) -> str:
    """Return an attachment; of what is no text nothing is known."""
    try:
        text = base64.b64decode(content).decode()
    except (binascii.Error, ValueError):
        return content
    changed = words.text(text)
    return base64.b64encode(changed.encode()).decode() if changed != text else content


def _texts(content: Any) -> Iterator[str]:
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
