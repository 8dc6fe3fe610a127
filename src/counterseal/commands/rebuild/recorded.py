"""Reads what a provenance records of the first build: its source, and its input matrix. Never an artifact.

The signature is not verified here: what stands there only steers what is recreated, and a wrong word shows in the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from counterseal import plain_file
from counterseal.errors import UsageError
from counterseal.formats import bundle, digests
from counterseal.formats import subject as subject_files
from counterseal.formats.inputs import matrix as matrices
from counterseal.identifiers import BUILD_BUNDLES_FILE, BUNDLES_FILE, PROVENANCE
from counterseal.reproduction import inputs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_GIT: Final = re.compile(r"git\+(https?://[^@\s]+)@\S+")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a provenance says: where the source is, its revision, and the input matrix (each None if it does not)."""

    uri: str | None
    revision: str | None
    matrix: matrices.InputMatrix | None


def read(path: Path) -> Recorded:
    """Return what the provenance in a file of bundles says; in a folder, only the file that counterseal writes is read.

    Raises:
        UsageError: There is none, or there are two.
        FormatError: It is malformed.
    """
    file = next((path / name for name in (BUILD_BUNDLES_FILE, BUNDLES_FILE) if (path / name).is_file()), path)
    data = plain_file.read(file, max_bytes=subject_files.largest(BUILD_BUNDLES_FILE))
    statements = [bundle.statement_of(line, file.name) for line in data.splitlines() if line.strip()]
    found = [statement for statement in statements if statement.predicate_type == PROVENANCE]
    if len(found) != 1:
        raise UsageError(
            f"{file.name} has {len(found)} provenances",
            why="one build is done again, as one provenance records it",
            fix=f"give {BUILD_BUNDLES_FILE} of the release",
        )
    predicate = found[0].predicate
    uri, revision = _source(predicate)
    return Recorded(uri, revision, inputs.matrix(predicate, file.name))


def _source(predicate: Mapping[str, Any]) -> tuple[str | None, str | None]:
    definition = predicate.get("buildDefinition")
    listed = definition.get("resolvedDependencies") if isinstance(definition, dict) else None
    for each in listed if isinstance(listed, list) else ():
        digest = each.get("digest") if isinstance(each, dict) else None
        revision = digest.get("gitCommit") if isinstance(digest, dict) else None
        match = _GIT.fullmatch(str(each.get("uri"))) if digests.is_revision(revision) else None
        if match:
            return match[1], revision
    return None, None
