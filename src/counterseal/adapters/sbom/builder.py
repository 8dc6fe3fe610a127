"""Puts the parts together: `ports.SbomBuilder` by lock files and documents of other tools."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from counterseal.adapters.sbom import document, formats, graph, merging, schema
from counterseal.adapters.sbom.checkout import Checkout, Source
from counterseal.adapters.sbom.descriptions.description import Places
from counterseal.adapters.sbom.descriptions.of_lock import described
from counterseal.adapters.sbom.documents import confidential, foreign, form, tools, uniting
from counterseal.adapters.sbom.packages import NoPackageError
from counterseal.errors import CountersealError, FormatError, UsageError
from counterseal.model import Redaction
from counterseal.ports import Tell, silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from counterseal.adapters.sbom.records import Lock
    from counterseal.model import SbomDocument, Subject

MAX_EPOCH: Final = 253402300799  # 9999-12-31, the last that RFC 3339 can write


class LockSbomBuilder:
    """Makes the SBOM of projects from their lock files, from documents of other tools, or both (`ports.SbomBuilder`).

    Args:
        locks: Lock files of the first project; none: the project's own.
        documents: CycloneDX documents of other tools.
        reads_locks: Whether lock files are read beside the documents.
        places: Where packages may be installed beside the checkout.
        redaction: What the document must not have, beside credentials.
        development: Whether what is there for developers only belongs into the SBOM (scope `excluded`).
    """

    def __init__(
        self,
        *,
        locks: Sequence[Path] = (),
        documents: Sequence[Path] = (),
        reads_locks: bool = True,
        places: Places | None = None,
        development: bool = False,
        redaction: Redaction | None = None,
    ) -> None:
        self._locks = locks
        self._documents = documents
        self._reads_locks = reads_locks
        self._places = places or Places()
        self._development = development
        self._redaction = redaction or Redaction()

    def build(
        self,
        projects: Sequence[Path],
        subjects: Iterable[Subject],
        *,
        revision: str | None,
        epoch: int,
        tell: Tell = silent,
    ) -> SbomDocument:
        """Return the SBOM; see the port."""
        try:
            return self._build(projects, subjects, revision, epoch, tell)
        except CountersealError as error:
            raise confidential.told(error, self._redaction) from None

    def _build(
        self, projects: Sequence[Path], subjects: Iterable[Subject], revision: str | None, epoch: int, tell: Tell
    ) -> SbomDocument:
        if not 0 <= epoch <= MAX_EPOCH:
            raise UsageError(f"{epoch} is not a time in seconds since 1970", fix="correct SOURCE_DATE_EPOCH")
        artifacts = sorted(subjects, key=lambda artifact: artifact.name)
        facts: list[tuple[str, str]] = []
        contents: list[dict[str, Any]] = []
        if self._reads_locks:
            lock, content = self._of_locks(projects, artifacts, epoch, tell)
            facts += [("from", tools.LOCK), *(("lock", f"{path} sha256:{digest}") for path, digest in lock.files)]
            contents.append(content)
        for path in self._documents:
            tell(f"reading {path.name}")
            other = foreign.read(path, epoch=epoch)
            facts += other.facts
            contents.append(other.content)
        if revision is not None:
            facts.append(("source:revision", revision))
        tell("checking the document")
        foreign.add_root(contents[0], artifacts)
        content = uniting.united(contents)
        form.add_facts(content["metadata"]["component"], facts)
        content, redacted = confidential.redacted(content, self._redaction)
        form.in_order(content)
        if redacted:
            self._check(content)
            told = ", ".join(f"{kind} {count}" for kind, count in redacted.items())
            form.add_facts(content["metadata"]["component"], [("redacted", told)])
        form.add_artifacts(content, artifacts)
        return replace(form.finished(content), redacted=redacted)

    @staticmethod
    def _check(content: dict[str, Any]) -> None:
        if problem := schema.problem(content, content["specVersion"], masked=True):
            raise UsageError(
                "without what is redacted, this is not CycloneDX",
                why=problem,
                fix="make the patterns of `redact` narrower: one of them fits a word that the format has for itself",
            )

    def _of_locks(
        self, projects: Sequence[Path], artifacts: Sequence[Subject], epoch: int, tell: Tell
    ) -> tuple[Lock, dict[str, Any]]:
        checkout = self._checkout(projects)
        sources, locks = list(self._sources(checkout, projects, artifacts)), []
        for source in sources:
            tell(f"reading {source.lock}")
            locks.append(self._read(source))
        lock = merging.joined(locks)
        tell("reading what packages say of themselves")
        descriptions = described(lock, checkout, [source.project for source in sources], self._places)
        return lock, document.of_lock(lock, descriptions=descriptions, epoch=epoch, tell=tell)

    def _checkout(self, projects: Sequence[Path]) -> Checkout:
        for project in projects:
            if not project.is_dir():
                raise UsageError(f"{project} is not a folder", fix="name the project's folder with --project")
        return Checkout.of(*projects, *(lock.parent for lock in self._locks))

    def _sources(self, checkout: Checkout, projects: Sequence[Path], artifacts: Sequence[Subject]) -> Iterable[Source]:
        first, *others = (checkout.folder(project) for project in projects)
        for path in [checkout.relative(lock) for lock in self._locks] or [formats.find(checkout, first, artifacts)]:
            yield Source(checkout, path, first, artifacts)
        for project in others:
            yield Source(checkout, formats.find(checkout, project, artifacts), project, artifacts)

    def _read(self, source: Source) -> Lock:
        try:
            lock = formats.reader(source.lock).read(source)
        except NoPackageError as error:
            raise FormatError(f"{source.lock}: {error.what}", why=error.why, fix=error.fix) from error
        if lock.has_edges and lock.parts and source.project != (posixpath.dirname(source.lock) or "."):
            lock = graph.of_root(lock)
        lock = graph.scoped(lock)
        return lock if self._development else graph.without_development(lock)
