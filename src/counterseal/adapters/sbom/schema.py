"""Holds a document to CycloneDX's own JSON schema, as cyclonedx-python-lib ships it."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERRED = ("spdx", "jsf-0.82", "cryptography-defs")
_BASE = "http://cyclonedx.org/schema/"


def problem(document: Mapping[str, Any], version: str = "1.6") -> str | None:
    """Return where and why a document does not fit the schema of a version; None if it fits."""
    try:
        _validator(version).validate(document)
    except jsonschema_rs.ValidationError as error:
        place = "/".join(map(str, error.instance_path))
        return f"{place or 'the document'}: {error.message[:300]}"
    return None


@cache
def _validator(version: str) -> jsonschema_rs.Validator:
    registry = jsonschema_rs.Registry([(f"{_BASE}{name}.SNAPSHOT.schema.json", _schema(name)) for name in _REFERRED])
    return jsonschema_rs.Draft7Validator(_schema(f"bom-{version}"), registry=registry, validate_formats=True)


def _schema(name: str) -> dict[str, Any]:
    file = resources.files("cyclonedx.schema._res").joinpath(f"{name}.SNAPSHOT.schema.json")
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return schema
