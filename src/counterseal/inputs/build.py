"""A build by what is known of it: what the platform certifies, and apart from that what the build says itself."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.errors import FormatError
from counterseal.formats import provenance
from counterseal.formats.inputs import matrix as matrices
from counterseal.formats.inputs import observation as observations
from counterseal.identifiers import PROVENANCE
from counterseal.model import Certificate, Observation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.model import Statement, Subject


@dataclass(frozen=True, slots=True)
class Build:
    """What is known of a build; None for what is not.

    Attributes:
        certificate: The platform's word, of a signature that was verified.
        matrix: The build's own word: the input matrix of `sign`.
        observation: The build's own word: what `observe` saw.
    """

    certificate: Certificate | None = None
    matrix: matrices.InputMatrix | None = None
    observation: Observation | None = None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Where the build says something else than what it is held to: what about, both values, and whose the first is."""

    about: str
    known: str
    said: str
    by: str


def of_provenance(statement: Statement, certificate: Certificate | None, what: str) -> Build:
    """Return the build that a provenance of ours is about.

    Args:
        statement: The provenance.
        certificate: Who signed it; None if that was not verified.
        what: Its name, for messages.

    Raises:
        FormatError: It is no provenance of `counterseal sign`, or not in its form.
    """
    if statement.predicate_type != PROVENANCE:
        raise FormatError(f"{what}: a {statement.predicate_type[:200]}, no provenance")
    parameters = provenance.parameters(statement.predicate)
    if "inputMatrix" not in parameters:
        raise FormatError(
            f"{what}: the provenance has no input matrix",
            why="it was not made by `counterseal sign`",
            fix="name a release that was signed with counterseal",
        )
    observed = parameters.get("observation")
    return Build(
        certificate,
        matrices.parse(parameters["inputMatrix"], f"{what}: inputMatrix"),
        None if observed is None else observations.read(observed, f"{what}: observation"),
    )


def contradictions(build: Build) -> tuple[Contradiction, ...]:
    """Return where the build contradicts its certificate, or itself."""
    found: list[Contradiction] = []
    certificate, matrix = build.certificate, build.matrix
    if matrix is None:
        return ()
    revision = matrix.must_equal.revision
    if certificate is not None and certificate.source_revision != revision:
        found.append(Contradiction("revision", certificate.source_revision or "none", revision, "the certificate"))
    runner = matrix.informational.get("RUNNER_ENVIRONMENT")
    if certificate is not None and runner is not None and runner != certificate.runner_environment:
        known = certificate.runner_environment or "none"
        found.append(Contradiction("runner environment", known, runner, "the certificate"))
    if matrix.checkout is not None and matrix.checkout.revision != revision:
        found.append(Contradiction("checked-out revision", revision, matrix.checkout.revision, "the input matrix"))
    return tuple(found)


def contradicted(observation: Observation, subjects: Iterable[Subject]) -> tuple[str, ...]:
    """Return the names of artifacts that have other bytes than those that a command is said to have written last.

    An artifact that no command is said to have written is not contradicted.
    """
    last: dict[str, set[str]] = {}
    for step in observation.steps:
        written: dict[str, set[str]] = {}
        for file in step.wrote.files:
            written.setdefault(posixpath.basename(file.path), set()).add(file.digest.sha256)
        last |= written
    return tuple(sorted(each.name for each in subjects if each.digest not in last.get(each.name, {each.digest})))
