"""The result of a second build, and the predicate of its comparison: their bytes, and those bytes read back strictly.

What they mean is said in docs/formats.md#rebuild-result and #rebuild. The result is nobody's word: it is not signed,
and whoever compares hashes the files again. The predicate says for each released artifact whether the second build gave
the same bytes; its subjects are the released artifacts, those that differ as well, so a reader has to look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from counterseal.errors import FormatError
from counterseal.formats import digests, subject, wire
from counterseal.identifiers import REBUILD_RESULT
from counterseal.model import (
    ComparedArtifact,
    DigestSet,
    Input,
    Isolation,
    RebuildResult,
    RebuildSource,
    RebuiltFile,
    StepEnd,
)

SCHEMA: Final = "counterseal.rebuild-result/v1"
MAX_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class RebuildFile:
    """`rebuild-result.json`: what a second build came to."""

    schema: str
    source: RebuildSource
    build_file: DigestSet
    subjects: tuple[RebuiltFile, ...]
    isolation: Isolation
    inputs: tuple[Input, ...]
    steps: tuple[StepEnd, ...]
    log: DigestSet


@dataclass(frozen=True, slots=True)
class RebuildPredicate:
    """The predicate https://counterseal.dev/rebuild/v1.

    Attributes:
        source: What was built again.
        reproduced: Every artifact is equal, and the second build was isolated and made its files itself.
        artifacts: All of the release.
        isolation: What kept the second build apart.
        inputs: What of the first build's inputs the second had as well, and what it had not.
        build_file: The sha256 of the build file.
        result: The sha256 of `rebuild-result.json`.
        log: The sha256 of what the build printed.
    """

    source: RebuildSource
    reproduced: bool
    artifacts: tuple[ComparedArtifact, ...]
    isolation: Isolation
    inputs: tuple[Input, ...]
    build_file: DigestSet
    result: DigestSet
    log: DigestSet


def build(result: RebuildResult) -> bytes:
    """Return the canonical bytes (RFC 8785) of a result.

    Raises:
        FormatError: An input is no JSON.
    """
    return wire.canonical({"schema": SCHEMA, **wire.encode(result)})


def parse(data: bytes, what: str = REBUILD_RESULT) -> RebuildResult:
    """Return the result in `data`, read strictly.

    Args:
        data: The bytes as received.
        what: Name of the document, for messages.

    Raises:
        FormatError: Anything else than `build` writes.
    """
    document = wire.load_json(data, what, max_bytes=MAX_BYTES)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise FormatError(f"{what}: not a result of a second build", why=f"`schema` has to be {SCHEMA}")
    file = wire.decode(RebuildFile, document, what)
    if not digests.is_revision(file.source.revision):
        raise FormatError(f"{what}: source: {file.source.revision[:80]!r} is not a full git revision")
    known: set[str] = set()
    for artifact in file.subjects:
        if not subject.is_plain(artifact.name) or artifact.name in known:
            raise FormatError(f"{what}: {artifact.name[:80]!r} is no plain name, or is there twice")
        known.add(artifact.name)
    for digest in (file.build_file, file.log, *(artifact.digest for artifact in file.subjects)):
        if not digests.is_sha256(digest.sha256):
            raise FormatError(f"{what}: {digest.sha256[:80]!r} is not a sha256")
    if file.isolation.isolated and file.isolation.mechanism == "none":
        raise FormatError(f"{what}: isolated by nothing", why="no mechanism is named that kept the build apart")
    return RebuildResult(file.source, file.build_file, file.subjects, file.isolation, file.inputs, file.steps, file.log)


def predicate(result: RebuildResult, data: bytes, artifacts: tuple[ComparedArtifact, ...]) -> dict[str, Any]:
    """Return the predicate of a comparison.

    Args:
        result: Of the second build.
        data: The bytes that `result` was read from.
        artifacts: What the comparison found, for every artifact of the release.
    """
    content = RebuildPredicate(
        source=result.source,
        reproduced=bool(artifacts) and result.counts and all(artifact.equal for artifact in artifacts),
        artifacts=artifacts,
        isolation=result.isolation,
        inputs=result.inputs,
        build_file=result.build_file,
        result=DigestSet(digests.sha256(data)),
        log=result.log,
    )
    encoded: dict[str, Any] = wire.encode(content)
    return encoded
