"""Holds answers of the sandbox's GitLab face against our schemas of GitLab's documentation (gitlab_operations.py)."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from tests.contract.gitlab_operations import OPERATIONS, REFUSAL


class Violations(list[str]):
    """A hook for `GitLabFace.on_answer` that collects every deviation."""

    def __call__(self, name: str, status: int, body: bytes) -> None:
        self.extend(deviations(name, status, body))


def deviations(name: str, status: int, body: bytes) -> list[str]:
    """Return what is wrong with an answer to a call."""
    if status >= 500 and status != 501:
        return [f"{name}: HTTP {status}: {body[:300]!r}"]
    if status < 400 and (name not in OPERATIONS or status not in OPERATIONS[name].answers):
        return [f"{name}: HTTP {status} is not described"]
    if (validator := _validator(name if status < 400 else "", status)) is None:
        return []
    try:
        value: Any = json.loads(body)
    except ValueError as error:
        return [f"{name}: no JSON: {error}"]
    errors = validator.iter_errors(value)
    return [f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors]


@cache
def _validator(name: str, status: int) -> Draft202012Validator | None:
    """Return the validator of an answer (without a name: of a refusal), or None where it is no JSON."""
    schema = OPERATIONS[name].answers[status] if name else REFUSAL
    return None if schema is None else Draft202012Validator(schema)
