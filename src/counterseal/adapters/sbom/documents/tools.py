"""Which tools made a document: the old list of them and the new object (`metadata.tools`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What a document of lock files says of itself, and no other may.
LOCK: Final = "lock"
MAX_TOOLS: Final = 8
MAX_NAME: Final = 80
_ODD: Final = re.compile(r"[^\x21-\x2b\x2d-\x7e]+")


def origin(metadata: Mapping[str, Any]) -> str:
    """Return name and version of the tools that made a document, `unknown` if it does not say.

    None begins with the word `lock`: a rule that demands this origin takes it with anything behind it.
    """
    names = dict.fromkeys(name for tool in _tools(metadata.get("tools")) if (name := _named(tool)))
    return ", ".join([*names][:MAX_TOOLS]) or "unknown"


def added(metadata: dict[str, Any], component: Mapping[str, Any]) -> None:
    """Add a tool to those of a document, in the form that they have, if it is none of them."""
    tools = metadata.setdefault("tools", {})
    known = tools if isinstance(tools, list) else tools.setdefault("components", [])
    tool = {"name": component["name"], "version": component["version"]} if known is tools else dict(component)
    if tool not in known:
        known.append(tool)


def united(one: Any, other: Any) -> Any:
    """Return the tools of two documents, each once; those of lists as components where the other has an object."""
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *(tool for tool in other if tool not in one)]
    first, second = _as_object(one), _as_object(other)
    together: dict[str, Any] = {}
    for member in sorted(first.keys() | second.keys()):
        known = first.get(member, [])
        together[member] = [*known, *(tool for tool in second.get(member, []) if tool not in known)]
    return together


def _tools(tools: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(tools, dict):
        yield from (*tools.get("components", ()), *tools.get("services", ()))
    else:
        yield from tools or ()


def _named(tool: Mapping[str, Any]) -> str:
    """Return a tool's name and version, of printable ASCII without commas."""
    texts = (_ODD.sub(" ", str(tool.get(member) or ""))[:MAX_NAME] for member in ("name", "version"))
    words = " ".join(texts).split()
    return " ".join(["tool", *words] if words and words[0].casefold() == LOCK else words)


def _as_object(tools: Any) -> dict[str, Any]:
    return {"components": [_as_component(tool) for tool in tools]} if isinstance(tools, list) else dict(tools or {})


def _as_component(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool of the old list as a component: its vendor is a publisher."""
    component = {"type": "application", "name": "unknown", **tool}
    if "vendor" in component:
        component["publisher"] = component.pop("vendor")
    return component
