"""Puts the parts together: `ports.SbomBuilder` for Python projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom import document, installed, lockfile, pylock, requirements, uv_lock
from counterseal.adapters.sbom import project as projects
from counterseal.adapters.sbom.toml import read_toml
from counterseal.errors import UsageError
from counterseal.formats import digests

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from counterseal.model import Subject

MAX_EPOCH: Final = 253402300799  # 9999-12-31, the last that RFC 3339 can write


class PythonSbomBuilder:
    """Makes the SBOM of a Python project from its lock file (`ports.SbomBuilder`).

    Args:
        lock: The lock file, for a workspace's member or another name; None: the project's own.
        environment: Where to look for installed packages; None: the project's `.venv`, else our own environment.
        development: Whether the project's development groups belong into the SBOM (scope `excluded`).
    """

    def __init__(
        self, *, lock: Path | None = None, environment: Sequence[Path] | None = None, development: bool = False
    ) -> None:
        self._lock = lock
        self._environment = environment
        self._development = development

    def build(self, project: Path, subjects: Iterable[Subject], *, revision: str | None, epoch: int) -> bytes:
        """Return the SBOM; see the port."""
        if not 0 <= epoch <= MAX_EPOCH:
            raise UsageError(f"{epoch} is no time in seconds since 1970", fix="correct SOURCE_DATE_EPOCH")
        artifacts = sorted(subjects, key=lambda artifact: artifact.name)
        own = projects.read(project, artifacts)
        path = self._lock or projects.find_lock(project)
        lock = self._read(path, own)
        where = installed.search_path(project) if self._environment is None else map(str, self._environment)
        facts = {"lock:digest": f"sha256:{digests.sha256(lockfile.read_bytes(path))}", "lock:file": path.name}
        if revision is not None:
            facts["source:revision"] = revision
        facts["python:environment"] = "universal"
        return document.write(own, lock, artifacts, licences=installed.licences(where), facts=facts, epoch=epoch)

    def _read(self, path: Path, own: projects.Project) -> lockfile.Lock:
        if path.suffix == ".txt":
            return requirements.read(lockfile.read_bytes(path), path.name, own)
        table = read_toml(path)
        if path.name.startswith("pylock."):
            return pylock.read(table, own)
        if path.name.endswith("uv.lock"):
            return uv_lock.read(table, own, development=self._development)
        raise UsageError(f"{path.name} is no lock file that can be read", fix=f"give {', '.join(projects.LOCKS)}")
