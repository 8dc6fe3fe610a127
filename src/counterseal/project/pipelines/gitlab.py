"""Reads a pipeline file of GitLab CI; what it includes from elsewhere is counted, not read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from counterseal.identifiers import REPOSITORY
from counterseal.project.pipelines.pipeline import Job, Pin, Pipeline
from counterseal.project.pipelines.reading import UnreadableError, documents, entries, table, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SIGSTORE: Final = "sigstore"
_TEMPLATES: Final = re.compile(r"/?gitlab-templates/([a-z-]+)\.yml")
_SCRIPTS: Final = ("script", "before_script", "after_script", "hooks", "run")
_NO_JOBS: Final = frozenset({
    "include", "default", "variables", "workflow", "stages", "image", "services", "cache", "before_script",
    "after_script", "spec",
})  # fmt: skip
#: How deep `extends` is followed, as GitLab does it.
_MAX_EXTENDS: Final = 11


def parse(path: str, content: bytes) -> Pipeline:
    """Return what a pipeline file says."""
    try:
        found = documents(content)
    except UnreadableError as error:
        return Pipeline(path, problem=str(error))
    whole = table(found[-1] if found else None)
    if not whole:
        return Pipeline(path, problem="it is no pipeline")
    included = [table(each) for each in entries(whole.get("include")) if isinstance(each, dict)]
    ours = [each for each in included if str(each.get("project", "")).lower() == REPOSITORY]
    elsewhere = len(entries(whole.get("include"))) - len(ours)
    default, variables = table(whole.get("default")), frozenset(table(whole.get("variables")))
    bodies = {name: table(body) for name, body in whole.items() if name not in _NO_JOBS and isinstance(body, dict)}
    jobs = [_job(name, bodies, default, variables) for name in bodies]
    included_jobs = [Job(f"counterseal-{what}", uses=(what,)) for each in ours for what, _ in _templates(each)]
    return Pipeline(
        path,
        jobs=(*included_jobs, *jobs),
        pins=tuple(Pin(path, what, at) for each in ours for what, at in _templates(each)),
        elsewhere=elsewhere,
    )


def _templates(include: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the templates of an include, and each revision that it names: of the YAML, and of the code."""
    revisions = dict.fromkeys((include.get("ref"), table(include.get("inputs")).get("revision")))
    for file in texts(include.get("file")):
        match = _TEMPLATES.fullmatch(file)
        for revision in revisions:
            yield match[1] if match else file, revision if isinstance(revision, str) else ""


def _job(name: str, bodies: Mapping[str, Mapping[str, Any]], default: Mapping[str, Any], outer: frozenset[str]) -> Job:
    body, based_on = _extended(name, bodies)
    tokens = table(body.get("id_tokens", default.get("id_tokens")))
    return Job(
        name,
        uses=tuple(based_on),
        signs=any(_SIGSTORE in texts(table(token).get("aud")) for token in tokens.values()),
        scripts=any(key in body for key in _SCRIPTS),
        variables=outer | frozenset(table(body.get("variables"))),
    )


def _extended(name: str, bodies: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """Return a job with what it extends in this file, and the names of what it extends elsewhere."""
    whole: dict[str, Any] = {}
    waiting, elsewhere = [name], list[str]()
    for _ in range(_MAX_EXTENDS):
        if not waiting:
            break
        body = bodies[waiting.pop(0)]
        whole = {**body, **whole}
        for other in texts(body.get("extends")):
            (waiting if other in bodies else elsewhere).append(other)
    return whole, elsewhere
