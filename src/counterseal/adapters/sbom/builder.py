"""Puts the parts together: `ports.SbomBuilder` by lock files."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom import document, formats, graph, merging
from counterseal.adapters.sbom.checkout import Checkout, Source
from counterseal.adapters.sbom.descriptions.description import Places
from counterseal.adapters.sbom.descriptions.of_lock import described
from counterseal.adapters.sbom.packages import NoPackageError
from counterseal.errors import FormatError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from counterseal.adapters.sbom.records import Lock
    from counterseal.model import SbomDocument, Subject

MAX_EPOCH: Final = 253402300799  # 9999-12-31, the last that RFC 3339 can write


class LockSbomBuilder:
    """Makes the SBOM of projects from their lock files (`ports.SbomBuilder`).

    Args:
        locks: Lock files of the first project; none: the project's own.
        places: Where packages may be installed beside the checkout.
        development: Whether what is there for developers only belongs into the SBOM (scope `excluded`).
    """

    def __init__(self, *, locks: Sequence[Path] = (), places: Places | None = None, development: bool = False) -> None:
        self._locks = locks
        self._places = places or Places()
        self._development = development

    def build(
        self, projects: Sequence[Path], subjects: Iterable[Subject], *, revision: str | None, epoch: int
    ) -> SbomDocument:
        """Return the SBOM; see the port."""
        if not 0 <= epoch <= MAX_EPOCH:
            raise UsageError(f"{epoch} is no time in seconds since 1970", fix="correct SOURCE_DATE_EPOCH")
        artifacts = sorted(subjects, key=lambda artifact: artifact.name)
        checkout = self._checkout(projects)
        sources = list(self._sources(checkout, projects, artifacts))
        lock = merging.joined([self._read(source) for source in sources])
        facts = [("from", "lock"), *(("lock", f"{path} sha256:{digest}") for path, digest in lock.files)]
        if revision is not None:
            facts.append(("source:revision", revision))
        descriptions = described(lock, checkout, [source.project for source in sources], self._places)
        return document.write(lock, artifacts, descriptions=descriptions, facts=facts, epoch=epoch)

    def _checkout(self, projects: Sequence[Path]) -> Checkout:
        for project in projects:
            if not project.is_dir():
                raise UsageError(f"{project} is no folder", fix="name the project's folder with --project")
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
