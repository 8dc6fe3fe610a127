"""YAML of other people's files → plain lists, maps and texts: leniently, as CI takes it, but bounded.

Anchors, tags and merge keys are taken as they come; a scalar stays the text that it is (`on` is "on").
"""

from __future__ import annotations

from typing import Any, Final

MAX_BYTES: Final = 256_000
_MAX_DEPTH: Final = 40
_OPENING: Final = ("MappingStartEvent", "SequenceStartEvent")
_CLOSING: Final = ("MappingEndEvent", "SequenceEndEvent")


class UnreadableError(ValueError):
    """A file cannot be read; the text says why."""


def documents(content: bytes) -> list[Any]:
    """Return the documents of a file.

    Raises:
        UnreadableError: It is no YAML, or too big or too deep to be a workflow.
    """
    import yaml  # noqa: PLC0415 - 13 ms, paid only by who has such a file

    if len(content) > MAX_BYTES:
        raise UnreadableError(f"{len(content)} bytes are too many: at most {MAX_BYTES} are read")
    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        text, depth = content.decode(), 0
        for event in yaml.parse(text, Loader=loader):
            depth += (type(event).__name__ in _OPENING) - (type(event).__name__ in _CLOSING)
            if depth > _MAX_DEPTH:
                raise UnreadableError("it is nested too deeply")
        return list(yaml.load_all(text, Loader=loader))
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        raise UnreadableError(" ".join(str(error).split())[:200]) from None


def table(value: Any) -> dict[str, Any]:
    """Return a map with keys that are texts, or an empty one if it is none; a merge key brings what it names."""
    if not isinstance(value, dict):
        return {}
    found = {key: inner for key, inner in value.items() if isinstance(key, str)}
    merged = found.pop("<<", None)
    for other in merged if isinstance(merged, list) else [merged]:
        if isinstance(other, dict):
            found = {**{key: inner for key, inner in other.items() if isinstance(key, str)}, **found}
    return found


def entries(value: Any) -> list[Any]:
    """Return a list; one thing alone is a list of one."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a list, or of one text alone."""
    return tuple(each for each in entries(value) if isinstance(each, str))
