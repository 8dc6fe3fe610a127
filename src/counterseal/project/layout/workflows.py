"""Workflow files of other people, as far as it matters what starts them and what they publish; read leniently.

Nothing in them is run, changed or believed: a file that cannot be read is one of which nothing is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from counterseal.project.pipelines import reading

_PYPI: Final = re.compile(r"pypa/gh-action-pypi-publish|\b(twine|uv|poetry|hatch|pdm|flit)\s+(upload|publish)\b")
_NPM: Final = re.compile(r"\b(npm|pnpm|yarn)\s+publish\b")


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow file.

    Attributes:
        path: Where it is.
        readable: Whether it could be read at all.
        tags: The patterns of tags whose push starts it; `*` if every push does.
        on_release: Whether a published release starts it.
        publishes: The index that it seems to publish to: `pypi`, `npm` or nothing.
    """

    path: str
    readable: bool
    tags: tuple[str, ...] = ()
    on_release: bool = False
    publishes: str = ""


def parse(path: str, content: bytes) -> Workflow:
    """Return what a workflow file says."""
    try:
        read = reading.documents(content)
    except reading.UnreadableError:
        return Workflow(path, readable=False)
    if len(read) != 1 or not isinstance(read[0], dict):
        return Workflow(path, readable=False)
    text = content.decode()
    events = _events(reading.table(read[0]).get("on"))
    publishes = "pypi" if _PYPI.search(text) else "npm" if _NPM.search(text) else ""
    return Workflow(path, True, _tags(events), "release" in events, publishes)  # noqa: FBT003 - `readable`


def _events(triggers: Any) -> dict[str, Any]:
    """Return what starts a workflow, by event."""
    if isinstance(triggers, dict):
        return reading.table(triggers)
    return dict.fromkeys(reading.texts(triggers))


def _tags(events: dict[str, Any]) -> tuple[str, ...]:
    if "push" not in events:
        return ()
    push = reading.table(events["push"])
    if not push.keys() & {"tags", "tags-ignore", "branches", "branches-ignore"}:
        return ("*",)
    return reading.texts(push.get("tags", ["*"] if "tags-ignore" in push else []))
