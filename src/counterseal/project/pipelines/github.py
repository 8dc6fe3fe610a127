"""Reads a workflow file of GitHub Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal.identifiers import REPOSITORY
from counterseal.project.pipelines.pipeline import Job, Pin, Pipeline
from counterseal.project.pipelines.reading import UnreadableError, documents, entries, table, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OURS: Final = f"{REPOSITORY}/"
_ID_TOKEN: Final = "id-token"  # noqa: S105 - the name of a permission
_REFS: Final = {"tags": "refs/tags/", "branches": "refs/heads/"}
#: What `read-all` and `write-all` stand for, as far as anything of ours asks for it.
_NAMES: Final = ("contents", "pull-requests", "actions", _ID_TOKEN)


def parse(path: str, content: bytes) -> Pipeline:
    """Return what a workflow file says."""
    try:
        found = documents(content)
    except UnreadableError as error:
        return Pipeline(path, problem=str(error))
    whole = table(found[0] if found else None)
    if not whole:
        return Pipeline(path, problem="it is no workflow")
    given, variables = _permissions(whole.get("permissions")), frozenset(table(whole.get("env")))
    bodies = {name: table(body) for name, body in table(whole.get("jobs")).items()}
    return Pipeline(
        path,
        events=dict(_events(whole.get("on"))),
        jobs=tuple(_job(name, body, given, variables) for name, body in bodies.items()),
        pins=tuple(Pin(path, what, at) for body in bodies.values() for what, at in _ours(body)),
        elsewhere=sum("uses" in body and not any(_ours(body)) for body in bodies.values()),
    )


def _events(value: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    named = table(value) or dict.fromkeys(texts(value))
    for event, how in named.items():
        yield event, _refs(table(how)) if event == "push" else ()


def _refs(how: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the patterns of refs whose push starts a workflow: all branches and tags if none are named.

    Where some are ignored, all others count; which those are is not looked into.
    """
    given = {kind: texts(how[kind]) for kind in _REFS if kind in how}
    given |= {kind: ("*",) for kind in _REFS if f"{kind}-ignore" in how}
    if not given:
        return tuple(f"{start}*" for start in _REFS.values())
    return tuple(f"{_REFS[kind]}{each.replace('**', '*')}" for kind, patterns in given.items() for each in patterns)


def _job(name: str, body: Mapping[str, Any], given: Mapping[str, str] | None, outer: frozenset[str]) -> Job:
    permissions = _permissions(body["permissions"]) if "permissions" in body else given
    steps = [table(step) for step in entries(body.get("steps"))]
    inner = (frozenset(table(place.get("env"))) for place in (body, *steps))
    return Job(
        name,
        uses=tuple(dict.fromkeys(what for what, _ in _ours(body))),
        permissions=permissions,
        signs=permissions is not None and permissions.get(_ID_TOKEN) == "write",
        scripts=any("run" in step for step in steps),
        variables=outer.union(*inner),
    )


def _permissions(value: Any) -> dict[str, str] | None:
    """Return permissions by name; None if the file names none."""
    if value is None:
        return None
    if isinstance(value, str) and value.endswith("-all"):
        level = value.removesuffix("-all")
        return {name: level for name in _NAMES if name != _ID_TOKEN or level == "write"}
    return {name: level for name, level in table(value).items() if isinstance(level, str)}


def _ours(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the code of counterseal that a job runs, and the revision that stands behind it."""
    for place in (body, *(table(step) for step in entries(body.get("steps")))):
        used = place.get("uses")
        if isinstance(used, str) and used.lower().startswith(_OURS):
            what, _, revision = used[len(_OURS) :].partition("@")
            yield what, revision
