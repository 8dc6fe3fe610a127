"""What Yarn 2 and later call a package: `name@protocol:reference#selector::parameters`.

Source: yarnpkg.com, "Lexicon", "Protocols"; the code of `structUtils`, `patchUtils`, `fileUtils`, `gitUtils`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from counterseal.adapters.sbom.addresses import clean_git, clean_url
from counterseal.adapters.sbom.locks.npm.yarn_entries import split
from counterseal.adapters.sbom.records import Origin
from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Patches of patches.
_MAX_PATCHES: Final = 8
_FOLDERS: Final = ("workspace:", "portal:", "link:")
_FILES: Final = ("file:", "exec:")
_ARCHIVE: Final = re.compile(r"[^?]*\.(?:tar\.gz|tgz)\Z")
_ADDRESS: Final = re.compile(r"(?:https?|ssh|git(?:\+[a-z]+)?|file)://|git@|github:")


@dataclass(frozen=True, slots=True)
class Locator:
    """A locator without its patches.

    Attributes:
        path: Of a file or folder of the checkout, as written.
        parent: The locator that the path is relative to; None: the lock's folder.
        is_folder: Whether the package is a folder.
        location: Address of archive or git repository, without secrets; None: the registry says.
        patch: What it is patched by.
    """

    name: str
    origin: Origin
    path: str | None = None
    parent: str | None = None
    is_folder: bool = False
    is_workspace: bool = False
    location: str | None = None
    revision: str | None = None
    patch: str | None = None


def locator(text: str, place: str) -> Locator:
    """Return what a resolution tells.

    Raises:
        FormatError: It is none, of an unknown protocol, or patched too often.
    """
    patch: str | None = None
    for _ in range(_MAX_PATCHES):
        name, reference = split(text, place)
        if reference.startswith("virtual:"):
            reference = reference.partition("#")[2]
        if not reference.startswith("patch:"):
            return replace(_plain(name, reference, place), patch=patch)
        quoted, _, files = reference.removeprefix("patch:").partition("#")
        text, patch = unquote(quoted), patch or files.partition("::")[0]
    raise FormatError(f"{place}: patched too often", why=f"at most {_MAX_PATCHES} times are read")


def parameters(text: str) -> tuple[str, Mapping[str, str]]:
    """Return what stands before `::`, and the parameters after it."""
    bare, mark, written = text.partition("::")
    if not mark:
        return bare, {}
    pairs = (part.partition("=") for part in written.split("&") if part)
    return bare, {name: unquote(value) for name, _, value in pairs}


def _plain(name: str, reference: str, place: str) -> Locator:
    bare, bound = parameters(reference)
    if reference.startswith("npm:"):
        return Locator(name, Origin.REGISTRY, location=bound.get("__archiveUrl"))
    parent = bound.get("locator")
    address, _, selector = bare.partition("#")
    commit = dict(part.partition("=")[::2] for part in selector.split("&")).get("commit")
    if commit:
        return Locator(name, Origin.GIT, location=clean_git(address), revision=commit)
    for protocol in _FOLDERS:
        if bare.startswith(protocol):
            path, is_workspace = bare.removeprefix(protocol), protocol == _FOLDERS[0]
            return Locator(name, Origin.PATH, path, parent, is_folder=True, is_workspace=is_workspace)
    for protocol in _FILES:
        if bare.startswith(protocol):
            path = address.removeprefix(protocol)
            is_folder = protocol == _FILES[0] and not _ARCHIVE.match(path)
            return Locator(name, Origin.PATH, path, parent, is_folder=is_folder)
    if not _ADDRESS.match(bare):
        protocol = bare.partition(":")[0]
        raise FormatError(f"{place}: the protocol {protocol[:40]!r} is unknown", fix="use a newer counterseal")
    return Locator(name, Origin.URL, location=clean_url(address))
