"""Holds a document to CycloneDX's own JSON schema, as cyclonedx-python-lib ships it."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_REFERRED = ("spdx", "jsf-0.82", "cryptography-defs")
_BASE = "http://cyclonedx.org/schema/"


def problem(document: Mapping[str, Any], version: str = "1.6", *, masked: bool = False) -> str | None:
    """Return where and why a document does not fit the schema of a version; None if it fits.

    Args:
        document: The JSON.
        version: One of 1.2 to 1.7.
        masked: Leave out what stands there, which may be secret.
    """
    try:
        _validator(version, masked=masked).validate(document)
    except jsonschema_rs.ValidationError as error:
        place = "/".join(map(str, error.instance_path))
        return f"{place[:200] or 'the document'}: {error.message[:300]}"
    return None


def unexpected(document: Mapping[str, Any], version: str) -> Iterator[tuple[list[str | int], list[str]]]:
    """Yield the paths of objects that have members which the schema of a version does not know, and these."""
    for error in _validator(version, masked=True).iter_errors(document):
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
            yield list(error.instance_path), list(error.kind.unexpected)


@cache
def _validator(version: str, *, masked: bool) -> jsonschema_rs.Validator:
    registry = jsonschema_rs.Registry([(f"{_BASE}{name}.SNAPSHOT.schema.json", _schema(name)) for name in _REFERRED])
    return jsonschema_rs.Draft7Validator(
        _schema(f"bom-{version}"), registry=registry, validate_formats=True, mask="what is there" if masked else None
    )


def _schema(name: str) -> dict[str, Any]:
    file = resources.files("cyclonedx.schema._res").joinpath(f"{name}.SNAPSHOT.schema.json")
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return schema
