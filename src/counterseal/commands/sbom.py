"""`sbom`: writes the SBOM of a project with the artifacts in it; `sign` holds the artifacts to what stands there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.commands import outputs
from counterseal.formats import digests
from counterseal.identifiers import SBOM_FILE
from counterseal.model import Subject
from counterseal.ports import Tell, silent

if TYPE_CHECKING:
    from counterseal.ports import SbomBuilder, SubjectFiles


@dataclass(frozen=True, slots=True)
class SbomInputs:
    """What `sbom` is asked for.

    Attributes:
        projects: Folders of the projects; the first is the one that the artifacts are of.
        subjects: Paths, globs and checksum lists of the artifacts.
        output: The output folder.
        epoch: SOURCE_DATE_EPOCH, seconds since 1970, for the document's timestamp.
        revision: The source revision, if it is known.
        dry_run: Make and check the document, write nothing.
    """

    projects: tuple[Path, ...]
    subjects: tuple[str, ...]
    output: Path
    epoch: int
    revision: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class SbomResult:
    """The document: where, its sha256, how many packages besides the artifacts, and the artifacts.

    `unknown_licences` is how many of the packages have no licence. `redacted` counts what was replaced, by kind:
    credentials, and what the policy names. `size` is in bytes.
    """

    path: Path
    digest: str
    components: int
    subjects: tuple[Subject, ...]
    dry_run: bool
    unknown_licences: int = 0
    redacted: Mapping[str, int] = field(default_factory=dict)
    size: int = 0


def run(inputs: SbomInputs, *, builder: SbomBuilder, files: SubjectFiles, tell: Tell = silent) -> SbomResult:
    """Write `sbom.cdx.json` into the output folder.

    Raises:
        UsageError: A file, the project or its lock cannot be used.
        FormatError: The project or its lock is malformed.
    """
    subjects = tuple(artifact for _, artifact in files.collect(inputs.subjects))
    document = builder.build(inputs.projects, subjects, revision=inputs.revision, epoch=inputs.epoch, tell=tell)
    packages = [component for component in document.content["components"] if component["type"] != "file"]
    if not inputs.dry_run:
        outputs.place(inputs.output, {SBOM_FILE: document.data})
    return SbomResult(
        inputs.output / SBOM_FILE,
        digests.sha256(document.data),
        len(packages),
        subjects,
        inputs.dry_run,
        sum(1 for component in packages if not component.get("licenses")),
        document.redacted,
        len(document.data),
    )
