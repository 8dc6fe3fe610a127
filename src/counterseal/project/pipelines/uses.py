"""What a workflow or pipeline file names from elsewhere: actions, workflows, includes, images; and what it asks people.

What those name in turn is not looked into. All names are text of whoever wrote the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from counterseal.forges import ForgeKind
from counterseal.model import Used
from counterseal.project.pipelines.reading import UnreadableError, documents, entries, table, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: More is not listed, and said to be missing.
MAX_USES: Final = 300
_DOCKER: Final = "docker://"
_HERE: Final = ("./", "/")


@dataclass(frozen=True, slots=True)
class Named:
    """What a file names, sorted, each once; whether that is all of it; the parameters that a person may fill in."""

    uses: tuple[Used, ...] = ()
    complete: bool = False
    parameters: tuple[str, ...] = ()


def named(kind: ForgeKind, content: bytes) -> Named:
    """Return what a workflow file (GitHub) or a pipeline file (GitLab) names; of one that cannot be read, nothing."""
    try:
        found = documents(content)
    except UnreadableError:
        return Named()
    if kind is ForgeKind.GITLAB:
        whole = table(found[-1] if found else None)
        uses, parameters = _of_pipeline(whole), tuple(_form(table(whole.get("variables"))))
    else:
        whole = table(found[0] if found else None)
        dispatch = table(table(whole.get("on")).get("workflow_dispatch"))
        uses, parameters = _of_workflow(whole), tuple(table(dispatch.get("inputs")))
    if not whole:
        return Named()
    listed = sorted(set(uses), key=lambda use: (use.kind, use.name, use.at or ""))
    return Named(tuple(listed[:MAX_USES]), len(listed) <= MAX_USES, parameters[:MAX_USES])


def image(text: str) -> Used:
    """Return an image by its name and, if there is one, its digest, else its tag.

    Source: the grammar of references in github.com/distribution/reference.
    """
    name, at, digest = text.partition("@")
    if at:
        return Used("image", name, digest)
    folder, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    return Used("image", f"{folder}{slash}{last}", tag if colon else None)


# --- GitHub: docs.github.com "Workflow syntax": uses, container, services ---------------------------


def _of_workflow(whole: Mapping[str, Any]) -> Iterator[Used]:
    for body in map(table, table(whole.get("jobs")).values()):
        yield from (_used(text, "workflow") for text in texts(body.get("uses")))
        for step in map(table, entries(body.get("steps"))):
            yield from (_used(text, "action") for text in texts(step.get("uses")))
        yield from _images(body.get("container"), "image")
        for service in table(body.get("services")).values():
            yield from _images(service, "image")


def _used(text: str, kind: str) -> Used:
    if text.startswith(_HERE):
        return Used("local", text, None)
    if text.startswith(_DOCKER):
        return image(text.removeprefix(_DOCKER))
    name, at, version = text.partition("@")
    return Used(kind, name, version if at else None)


def _images(value: Any, key: str) -> Iterator[Used]:
    """Yield the image of a job or service: a text, or a map with the text in it."""
    for text in texts(table(value).get(key) if isinstance(value, dict) else value):
        if text:
            yield image(text)


# --- GitLab: docs.gitlab.com "CI/CD YAML syntax reference": include, image, services, variables -----


def _of_pipeline(whole: Mapping[str, Any]) -> Iterator[Used]:
    for include in entries(whole.get("include")):
        yield from _included(include)
    for body in (whole, *(table(value) for value in whole.values())):
        yield from _images(body.get("image"), "name")
        for service in entries(body.get("services")):
            yield from _images(service, "name")


def _included(include: Any) -> Iterator[Used]:
    if isinstance(include, str):
        remote = include.startswith(("http://", "https://"))
        yield Used("remote" if remote else "local", include, None)
        return
    what = table(include)
    for file in texts(what.get("file")):
        ref = next(iter(texts(what.get("ref"))), None)
        yield Used("project", f"{what.get('project', '')}/{file.lstrip('/')}", ref)
    for component in texts(what.get("component")):
        name, at, version = component.rpartition("@")
        yield Used("component", name if at else component, version if at else None)
    for address in texts(what.get("remote")):
        yield Used("remote", address, next(iter(texts(what.get("integrity"))), None))
    for kind in ("local", "template"):
        yield from (Used(kind, name, None) for name in texts(what.get(kind)))


def _form(variables: Mapping[str, Any]) -> Iterator[str]:
    """Yield the variables that GitLab asks for where a person starts a pipeline: those with a description."""
    yield from (name for name, value in variables.items() if "description" in table(value))
