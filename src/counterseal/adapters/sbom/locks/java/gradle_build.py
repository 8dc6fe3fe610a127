"""What belongs to a Gradle build: its settings, the folders of its modules, their lock files.

Settings are programs; only plain `include`, `includeBuild` and `rootProject.name` are read. Modules that are included
in another way are seen by their lock files. Source: docs.gradle.org, "Settings File Basics", "Multi-Project Builds".
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.checkout import MAX_MANIFEST_BYTES
from counterseal.adapters.sbom.reading import text_of
from counterseal.adapters.sbom.records import Part, part_key
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.adapters.sbom.checkout import Checkout, Source

SETTINGS: Final = ("settings.gradle", "settings.gradle.kts")
MAX_FOLDERS: Final = 50_000
MAX_MODULES: Final = 5_000
_LOCKS: Final = ("gradle.lockfile", "buildscript-gradle.lockfile", "settings-gradle.lockfile")
#: Where Gradle before 6.4 has a lock of each configuration.
_OLD_LOCKS: Final = "gradle/dependency-locks"
#: Folders that no module lies in.
_NO_MODULES: Final = frozenset({"build", "gradle", "node_modules", "out", "src"})
_COMMENTS: Final = re.compile(r"/\*(?:[^*]|\*(?!/))*+(?:\*/)?|^[ \t]*+//[^\n]*+", re.MULTILINE)
_INCLUDE: Final = re.compile(
    r"(?<![\w.$])(include(?:Build|Flat)?)\b[ \t]*+\(?\s*+((?:[\"'][^\"'\n]*+[\"']\s*+,?+\s*+)++)", re.MULTILINE
)
_QUOTED: Final = re.compile(r"[\"']([^\"'\n$]++)[\"']")
_NAME: Final = re.compile(r"^[ \t]*+rootProject\.name[ \t]*+=[ \t]*+[\"']([^\"'\n$]++)[\"']", re.MULTILINE)
_PROPERTY: Final = re.compile(r"^[ \t]*+(group|version)[ \t]*+[=:][ \t]*+(\S++)[ \t]*+$", re.MULTILINE)
#: What Gradle calls a jar.
_JAR: Final = re.compile(r"(.{1,200}?)-(\d[0-9A-Za-z.+_-]*)\.[jw]ar\Z")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the settings of a build say: its name, and the folders of modules and of builds in it."""

    name: str | None = None
    includes: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()


def settings(source: Source) -> tuple[str, Settings]:
    """Return the folder of the build that the project lies in, and its settings; without any, the project's folder."""
    folder = source.project
    while True:
        for name in SETTINGS:
            if source.checkout.has(posixpath.join(folder, name)):
                return folder, _settings(source.checkout, folder, name)
        if folder == ".":
            return source.project, Settings()
        folder = posixpath.dirname(folder) or "."


def modules(checkout: Checkout, project: str) -> list[str]:
    """Return the project's folder and those below it that may be modules: with a lock, or included.

    Raises:
        UsageError: There are too many folders, or a module lies outside of the repository.
    """
    own = next((name for name in SETTINGS if checkout.has(posixpath.join(project, name))), None)
    says = _settings(checkout, project, own) if own else Settings()
    places = {checkout.joined(project, path, f"{own} in {project}") for path in says.includes}
    builds = {checkout.joined(project, path, f"{own} in {project}") for path in says.builds}
    places.update(_below(checkout, project, builds))
    return [project, *sorted(places - {project})]


def locks(checkout: Checkout, module: str) -> list[str]:
    """Return the lock files of a module."""
    paths = [posixpath.normpath(posixpath.join(module, name)) for name in _LOCKS]
    old = posixpath.normpath(posixpath.join(module, _OLD_LOCKS))
    paths += [f"{old}/{name}" for name in checkout.names(old) if name.endswith(".lockfile")]
    return [path for path in paths if checkout.has(path)]


def module_of(lock: str) -> str:
    """Return the folder of the module that a lock file is of."""
    return (posixpath.dirname(lock).removesuffix(_OLD_LOCKS) or ".").rstrip("/")


def parts(source: Source, top: str, says: Settings, folders: Iterable[str]) -> list[Part]:
    """Return the modules in folders as parts, named by their paths in the build; that in its top by the settings.

    Raises:
        UsageError: There are too many.
    """
    places = list(dict.fromkeys(folders))
    if len(places) > MAX_MODULES:
        raise UsageError(f"the build has more than {MAX_MODULES} modules", why="that many are not read")
    return [_part(source, top, says, folder) for folder in places]


def _settings(checkout: Checkout, folder: str, name: str) -> Settings:
    path = posixpath.normpath(posixpath.join(folder, name))
    text = _COMMENTS.sub("", text_of(checkout.read(path, max_bytes=MAX_MANIFEST_BYTES), path))
    paths: dict[str, list[str]] = {"include": [], "includeFlat": [], "includeBuild": []}
    for statement in _INCLUDE.finditer(text):
        paths[statement[1]] += _QUOTED.findall(statement[2])
    named = _NAME.search(text)
    flat = [posixpath.join("..", path) for path in paths["includeFlat"]]
    included = [path.strip(":").replace(":", "/") for path in paths["include"]]
    return Settings(named[1] if named else None, (*included, *flat), tuple(paths["includeBuild"]))


def _below(checkout: Checkout, project: str, builds: set[str]) -> Iterator[str]:
    """Yield the folders below a project with locks; those of another build only if it is part of this one."""
    waiting, left = [project], MAX_FOLDERS
    while waiting:
        folder = waiting.pop()
        if locks(checkout, folder):
            yield folder
        for name in checkout.folders(folder):
            left -= 1
            inner = posixpath.normpath(posixpath.join(folder, name))
            is_other = any(checkout.has(posixpath.join(inner, file)) for file in SETTINGS)
            is_own = not is_other or inner in builds or name == "buildSrc"
            if is_own and name not in _NO_MODULES and not name.startswith("."):
                waiting.append(inner)
        if left < 0:
            raise UsageError(
                f"{project} has more than {MAX_FOLDERS} folders",
                why="that many are not searched for lock files",
                fix="name the modules' lock files, each with --lock",
            )


def _part(source: Source, top: str, says: Settings, folder: str) -> Part:
    properties = _properties(source.checkout, top)
    name = says.name if folder == top else posixpath.relpath(folder, top)
    version = properties.get("version")
    for match in filter(None, (_JAR.match(subject.name) for subject in source.subjects)):
        if match[1] == (name and name.rpartition("/")[2]) or (name is None and folder == source.project):
            name, version = name or match[1], match[2]
            break
    purl = urls.maven(properties["group"], name.rpartition("/")[2], version) if name and "group" in properties else None
    return Part(part_key(folder), folder, name or "workspace", version, purl)


def _properties(checkout: Checkout, top: str) -> dict[str, str]:
    path = posixpath.normpath(posixpath.join(top, "gradle.properties"))
    if not checkout.has(path):
        return {}
    return dict(_PROPERTY.findall(text_of(checkout.read(path, max_bytes=MAX_MANIFEST_BYTES), path)))
