"""Where package managers keep packages on this machine, by their variables and habits.

In a gate or anywhere else these choose only where descriptions are read (R35): what an SBOM says of names, versions and
digests comes from the lock.
Sources: The Cargo Book, "Environment Variables"; Go Modules Reference, "Environment variables"; Gradle, "Build
Environment" and "Dependency Caching"; Maven, "Configuring Apache Maven"; yarnpkg.com, "Settings" (`globalFolder`).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.adapters.sbom.descriptions.description import Places

if TYPE_CHECKING:
    from collections.abc import Mapping


def package_places(environ: Mapping[str, str]) -> Places:
    """Return the places; a variable whose value is no absolute path counts for nothing."""
    home = _folders(environ.get("HOME"))

    def place(variable: str, habit: str, below: str = "") -> tuple[Path, ...]:
        tops = _folders(environ.get(variable)) or tuple(folder / habit for folder in home)
        return tuple(top / below for top in tops)

    given = re.search(r"(?:^|\s)-Dmaven\.repo\.local=(\S+)", f"{environ.get('MAVEN_ARGS')} {environ.get('MAVEN_OPTS')}")
    read_only = tuple(folder / "modules-2" / "files-2.1" for folder in _folders(environ.get("GRADLE_RO_DEP_CACHE")))
    go = tuple(path / "pkg" / "mod" for path in place("GOPATH", "go")[:1])
    return Places(
        python=tuple(map(Path, sys.path)),
        yarn=place("YARN_GLOBAL_FOLDER", ".yarn/berry", "cache"),
        cargo=place("CARGO_HOME", ".cargo"),
        go=_folders(environ.get("GOMODCACHE")) or go,
        gradle=place("GRADLE_USER_HOME", ".gradle", "caches/modules-2/files-2.1") + read_only,
        maven=_folders(given[1] if given else None) or tuple(folder / ".m2" / "repository" for folder in home),
    )


def _folders(path: str | None) -> tuple[Path, ...]:
    """Return the folders of a path as GOPATH has it; of other variables it is one."""
    return tuple(Path(folder) for folder in (path or "").split(":") if folder.startswith("/") and "\0" not in folder)
