"""Which entry of a Yarn 2+ lock a parent gets for `name@range`: rerouted by `resolutions`, bound to its parent, plain.

Source: Yarn 4 (`Project.resolveEverything`, `parseResolution`), yarnpkg.com, "Manifest", "Catalogs".
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from counterseal.adapters.sbom.locks.npm.yarn_entries import split
from counterseal.adapters.sbom.locks.npm.yarn_locators import parameters
from counterseal.adapters.sbom.yaml import yaml_table
from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal.adapters.sbom.checkout import Checkout
    from counterseal.adapters.sbom.locks.npm.yarn_entries import Entry

_SETTINGS: Final = ".yarnrc.yml"
_CATALOG: Final = "catalog:"
#: `parent@version/name@range`, of which the first part and both versions may be missing.
_RESOLUTION: Final = re.compile(
    r"(?:(?P<parent>(?:@[^/@]+/)?[^/@]+)(?:@(?P<version>[^/]+))?/)?(?P<name>(?:@[^/@]+/)?[^/@]+)(?:@(?P<range>.+))?\Z"
)
#: A package of jsr.io has another name in the npm registry (jsr.io, "npm compatibility").
_JSR: Final = re.compile(r"jsr:@([^/@]+)/([^/@]+)@(.+)\Z")


@dataclass(frozen=True, slots=True)
class _Resolution:
    """Takes `instead` of what a parent (None: any) asks of a name by a range (None: any)."""

    parent: str | None
    version: str | None
    range: str | None
    instead: str

    def fits(self, parent: Entry, wanted: str) -> bool:
        """Return whether it is of a range that a parent asks for."""
        if self.range is not None and _normal(self.range) != _normal(wanted):
            return False
        if self.parent is None:
            return True
        name, reference = split(parent.locator, parent.place)
        return self.parent == name and self.version in (None, reference, reference.removeprefix("npm:"))


class Descriptors:
    """The descriptors of a lock.

    Args:
        checkout: Of the project, for its catalogs.
        top: The lock's folder.
        resolutions: As in the package.json there.
    """

    def __init__(self, checkout: Checkout, top: str, resolutions: Mapping[str, str]) -> None:
        self._checkout = checkout
        self._top = top
        self._root = ""
        self._settings = posixpath.normpath(posixpath.join(top, _SETTINGS))
        #: Name and range to the key of each locator that the range is bound to.
        self._keys: dict[tuple[str, str], dict[str, str]] = {}
        self._by_name: dict[str, set[str]] = {}
        #: Those of aliases, patches, addresses: what a plugin takes instead of what is asked for.
        self._rerouted: dict[str, set[str]] = {}
        self._resolutions: dict[str, list[_Resolution]] = {}
        self._catalogs: dict[str, dict[str, str]] | None = None
        for pattern, instead in resolutions.items():
            if match := _RESOLUTION.match(pattern.removeprefix("**/")):
                resolution = _Resolution(match["parent"], match["version"], match["range"], instead)
                self._resolutions.setdefault(match["name"], []).append(resolution)

    def add(self, written: str, entry: Entry) -> None:
        """Add the descriptors of an entry, `a@npm:^1, a@npm:^2`.

        Raises:
            FormatError: One is malformed, or stands there already.
        """
        if entry.is_member and entry.folder == self._top:
            self._root = entry.locator
        for descriptor in written.split(","):
            name, wanted = split(descriptor.strip(" "), entry.place)
            bound = self._keys.setdefault((name, _normal(wanted)), {})
            parent = parameters(wanted)[1].get("locator", "")
            if parent in bound:
                raise FormatError(f"{entry.place}: a range of {name} appears twice", fix="make the lock file again")
            bound[parent] = entry.key
            self._by_name.setdefault(name, set()).add(entry.key)
            if set(_normal(wanted)) & {"@", ":"}:
                self._rerouted.setdefault(name, set()).add(entry.key)

    def key(self, parent: Entry, name: str, wanted: str) -> str | None:
        """Return the key of what a parent gets for `name@wanted`."""
        for resolution in self._resolutions.get(name, ()):
            if resolution.fits(parent, wanted) and (key := self._bound(self._root, name, resolution.instead)):
                return key
        return self._bound(parent.locator, name, wanted) or _only(self._rerouted.get(name))

    def _bound(self, parent: str, name: str, wanted: str) -> str | None:
        if wanted.startswith(_CATALOG):
            chosen = self._catalog(wanted.removeprefix(_CATALOG).strip() or "default").get(name)
            if chosen is None:
                # Without the settings, a name that is locked once is what the catalog says.
                return _only(self._by_name.get(name))
            wanted = chosen
        bound = self._keys.get((name, _normal(wanted)), {})
        if len(bound) == 1:
            return next(iter(bound.values()))
        return bound.get(parent)

    def _catalog(self, name: str) -> Mapping[str, str]:
        if self._catalogs is None:
            self._catalogs = {}
            if self._checkout.has(self._settings):
                settings = yaml_table(self._checkout.read(self._settings), self._settings)
                catalogs = settings.table("catalogs")
                self._catalogs = {catalog: catalogs.text_map(catalog) for catalog in catalogs.data}
                self._catalogs.setdefault("default", settings.text_map("catalog"))
        return self._catalogs.get(name, {})


def _only(keys: set[str] | None) -> str | None:
    return next(iter(keys)) if keys and len(keys) == 1 else None


def _normal(wanted: str) -> str:
    """Return a range without parameters, default protocol and encoding, which are written in some places only."""
    bare = unquote(parameters(wanted)[0]).removeprefix("npm:").replace("@npm:", "@")
    match = _JSR.match(bare)
    return f"@jsr/{match[1]}__{match[2]}@{match[3]}" if match else bare
