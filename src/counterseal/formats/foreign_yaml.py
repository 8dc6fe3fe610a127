"""YAML of other people, read leniently and without danger: what cannot be read is None, and nothing in it is run.

Scalars stay strings, so `on` is "on". Tags and merge keys mean nothing. Size and depth are counted before anything is
composed, since libyaml's composer ends the process on what is nested deeply enough.
"""

from __future__ import annotations

from typing import Any, Final

MAX_BYTES: Final = 256_000
MAX_DEPTH: Final = 64


def read(content: bytes) -> Any | None:
    """Return the one document of a file: mappings, lists and strings; None if it is none that can be read."""
    import yaml  # noqa: PLC0415 - only a clone with such files pays for it

    if len(content) > MAX_BYTES:
        return None
    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        text = content.decode("utf-8")
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            opens = isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent)
            depth += opens - isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent)
            if depth > MAX_DEPTH:
                return None
        return yaml.load(text, Loader=loader)  # noqa: S506 - it makes strings, lists and mappings of strings, nothing else
    except (yaml.YAMLError, ValueError, TypeError):  # TypeError: a mapping as a key
        return None
