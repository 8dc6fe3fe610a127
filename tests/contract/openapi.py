"""Holds answers of the sandbox's GitHub face against GitHub's own description (tests/assets/README.md)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

SLICE = Path(__file__).resolve().parent.parent / "assets" / "github-openapi-slice.json"
ROOT = "urn:github"

#: What GitHub really answers though its description says otherwise: (operation, end of the message's path, message).
KNOWN = [
    # a fork that was deleted: many clients have met this null
    ("pulls/", ("head", "repo"), "None"),
    ("repos/", ("head", "repo"), "None"),
    # said to be nullable, but beside `anyOf`, where the validator does not see it
    ("pulls/list-commits", ("author",), "None is not valid under any"),
    ("pulls/list-commits", ("committer",), "None is not valid under any"),
    ("repos/get", ("author",), "None is not valid under any"),
    ("repos/get", ("committer",), "None is not valid under any"),
    # an upload that broke off leaves an asset in the state `starter`
    ("repos/", ("state",), "'starter' is not one of"),
]


class Violations(list[str]):
    """A hook for `GitHubFace.on_answer` that collects every deviation."""

    def __call__(self, operation: str, status: int, body: bytes) -> None:
        if status >= 500 and status != 501:
            self.append(f"{operation}: HTTP {status}: {body[:300]!r}")
        elif (validator := _validator(operation, status)) is not None:
            self.extend(_errors(validator, operation, json.loads(body)))


def _errors(validator: Any, operation: str, value: Any) -> list[str]:
    deviations = []
    for error in validator.iter_errors(value):
        place = tuple(str(part) for part in error.absolute_path)
        known = (
            operation.startswith(start) and place[-len(end) :] == end and text in error.message
            for start, end, text in KNOWN
        )
        if not any(known):
            deviations.append(f"{operation}: {'/'.join(place)}: {error.message[:300]}")
    return deviations


@cache
def document() -> dict[str, Any]:
    return json.loads(SLICE.read_text())  # type: ignore[no-any-return]


@cache
def _places() -> dict[str, str]:
    places = {}
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            pointer = path.replace("~", "~0").replace("/", "~1")
            places[operation["operationId"]] = f"/paths/{pointer}/{method}/responses"
    return places


@cache
def _registry() -> Registry[Any]:
    registry: Registry[Any] = Registry().with_resource(ROOT, DRAFT4.create_resource(document()))
    return registry


@cache
def _validator(operation: str, status: int) -> Any:
    """Return the validator of an answer, or None where GitHub describes none (no body, or a status of ours)."""
    pointer = f"{_places()[operation]}/{status}"
    answer = _at(pointer)
    if answer is not None and "$ref" in answer:
        pointer = answer["$ref"].removeprefix("#")
        answer = _at(pointer)
    if answer is None or "application/json" not in answer.get("content", {}):
        return None
    schema = {"$ref": f"{ROOT}#{pointer}/content/application~1json/schema".replace("{", "%7B").replace("}", "%7D")}
    return OAS30Validator(schema, registry=_registry())


def _at(pointer: str) -> Any:
    value: Any = document()
    for part in pointer.split("/")[1:]:
        value = value.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
    return value
