"""Reads what is known of a build from a release's folder, an output folder, or a file; signatures are verified.

Whose identity signed is shown, not judged: whether a release may be used, `verify` says.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from counterseal import inputs, plain_file
from counterseal.errors import FormatError, UsageError, VerificationError
from counterseal.formats import bundle, digests, manifest, subject, wire
from counterseal.formats.inputs import matrix, observation
from counterseal.identifiers import BUILD_BUNDLES_FILE, BUNDLES_FILE, MANIFEST_FILE, OBSERVATION_FILE, PROVENANCE
from counterseal.inputs import Build

if TYPE_CHECKING:
    from counterseal.ports import BundleVerifier

Verifiers = Callable[[], "BundleVerifier"]

_LOOKED_FOR: Final = (BUNDLES_FILE, BUILD_BUNDLES_FILE, OBSERVATION_FILE)
_MAX_LINES: Final = 1000


@dataclass(frozen=True, slots=True)
class Read:
    """A build as it was read: from where, and the artifacts that the provenance names which are contradicted."""

    path: Path
    build: Build
    contradicted: tuple[str, ...] = ()

    @property
    def signed(self) -> bool:
        """Return whether a signature was verified."""
        return self.build.certificate is not None


def read(path: Path, verifiers: Verifiers) -> Read:
    """Return what is known of a build.

    Args:
        path: A folder of a release or of `sign`, a file with bundles, or an input matrix or observation.
        verifiers: Makes the verifier of signatures, where there are any.

    Raises:
        UsageError: There is nothing of that kind.
        FormatError: It is not in the form of any of them.
        VerificationError: The provenance's signature does not hold, or the manifest names another input matrix.
    """
    place = _file_in(path) if path.is_dir() else path
    if not os.path.lexists(place):
        raise UsageError(f"no {place}", why="there is nothing to read", fix=f"name a folder with {BUNDLES_FILE}")
    target = Path(os.path.realpath(place))
    data = plain_file.read(target, max_bytes=subject.largest(BUILD_BUNDLES_FILE), what=str(place))
    if place.name.endswith(".jsonl"):
        return _signed(place, data.splitlines(), verifiers)
    document = wire.load_json(data, str(place))
    if isinstance(document, dict) and "mediaType" in document:
        return _signed(place, [data], verifiers)
    return Read(place, _unsigned(document, str(place)))


def _file_in(folder: Path) -> Path:
    for name in _LOOKED_FOR:
        if os.path.lexists(folder / name):
            return folder / name
    raise UsageError(
        f"{folder} has none of {', '.join(_LOOKED_FOR)}",
        why="what a build was made from stands in those",
        fix="download the release, or name the output folder of sign or observe",
    )


def _unsigned(document: Any, what: str) -> Build:
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema == matrix.SCHEMA:
        return Build(matrix=matrix.parse(document, what))
    if schema == observation.SCHEMA:
        return Build(observation=observation.read(document, what))
    raise FormatError(
        f"{what}: neither bundles, nor an input matrix, nor an observation",
        why=f"`schema` is {str(schema)[:80]!r}",
        fix=f"name {BUNDLES_FILE} of a release, or {OBSERVATION_FILE}",
    )


def _signed(place: Path, lines: list[bytes], verifiers: Verifiers) -> Read:
    """Return the build that the one provenance among some bundles is about."""
    if len(lines) > _MAX_LINES:
        raise FormatError(f"{place}: {len(lines)} bundles", why=f"at most {_MAX_LINES} are read")
    named = ((number, line, f"{place} line {number}") for number, line in enumerate(lines, 1) if line)
    found = [(line, what) for _, line, what in named if bundle.statement_of(line, what).predicate_type == PROVENANCE]
    if len(found) != 1:
        raise FormatError(
            f"{place}: {len(found)} provenances",
            why="which build is meant, exactly one has to say",
            fix="take the file of the release as it was published",
        )
    line, what = found[0]
    attestation = verifiers().verify_statement(line, what)
    build = inputs.of_provenance(attestation.statement, attestation.certificate, what)
    _check_manifest(place, build)
    subjects = attestation.statement.subjects
    return Read(place, build, inputs.contradicted(build.observation, subjects) if build.observation else ())


def _check_manifest(place: Path, build: Build) -> None:
    """Hold the input matrix to the manifest that lies beside it, if one does.

    Raises:
        VerificationError: The manifest names another.
    """
    path = place.with_name(MANIFEST_FILE)
    if not os.path.lexists(path) or build.matrix is None:
        return
    listed = manifest.parse(plain_file.read(path, max_bytes=subject.largest(MANIFEST_FILE)), str(path))
    digest = digests.sha256(wire.canonical(wire.encode(build.matrix)))
    if listed.input_matrix != digest:
        raise VerificationError(
            f"not verified: {path} names another input matrix",
            why=f"it names sha256:{listed.input_matrix}, and the provenance has sha256:{digest}",
            fix="download both again, from the same release",
        )
