"""Lines of a requirements file: logical lines with their `# via` comments, and the package that a line asks for.

Source: pip's documentation, "Requirements File Format".
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.addresses import HASHES, clean_git, clean_url, distribution, file_name
from counterseal.adapters.sbom.locks.python import artifacts
from counterseal.adapters.sbom.locks.python.candidates import subfolder
from counterseal.adapters.sbom.locks.python.requirement import requirement
from counterseal.adapters.sbom.records import Origin, Package, Scope
from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMENT: Final = re.compile(r"(?:^|\s)#(.*)$")
_HASH: Final = re.compile(r"--hash[= ]\s*(\S*)")
_OPTION: Final = re.compile(r"(-[rce](?!-)|--(?:requirement|constraint|editable)(?=[= ]))[= ]?\s*(.*)")
#: Where the options of a requirement begin.
_OPTIONS: Final = re.compile(r"\s--?[A-Za-z]")
_KINDS: Final = {"--requirement": "-r", "--constraint": "-c", "--editable": "-e"}
#: What says where and how to install, and nothing of what (pip, "Requirements File Format", global options).
_HARMLESS: Final = re.compile(
    r"(?:-[if](?!-)|--(?:index-url|extra-index-url|no-index|find-links|no-binary|only-binary|prefer-binary"
    r"|require-hashes|pre|trusted-host|use-feature)(?=[= ]|\Z))"
)
_VCS: Final = re.compile(r"(?:git|hg|svn|bzr)\+")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|file:|git\+")
_AT: Final = re.compile(r"[A-Za-z0-9._-]+\s*(?:\[[^\]]*\])?\s*@")
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_ARCHIVES: Final = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz")


@dataclass(slots=True)
class Line:
    """A logical line: where it stands, its text without comment, and who needs it (None: no comment says it)."""

    place: str
    text: str
    via: set[str] | None = None

    def option(self) -> tuple[str, str] | None:
        """Return `-r`, `-c` or `-e` with its value, another option with none; None: it is a requirement.

        Raises:
            FormatError: pip has no such option.
        """
        if not self.text.startswith("-"):
            return None
        match = _OPTION.fullmatch(self.text)
        if match is None and not _HARMLESS.match(self.text):
            raise FormatError(
                f"{self.place}: {self.text[:40]!r} is not an option of a requirements file",
                fix="correct the line, or make the file again",
            )
        return (_KINDS.get(match[1], match[1]), match[2].strip().strip("\"'")) if match else ("-", "")


def lines(text: str, file: str) -> Iterator[Line]:
    """Yield the logical lines of a file."""
    pending: Line | None = None
    parts: list[str] = []
    in_via = False
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        comment = _COMMENT.search(raw)
        content = (raw[: comment.start()] if comment else raw).strip()
        if not content and not parts:
            in_via = comment is not None and pending is not None and _note(pending, comment[1], in_via=in_via)
            continue
        parts.append(content.removesuffix("\\").strip())
        if content.endswith("\\"):
            continue
        if pending:
            yield pending
        pending, parts = Line(f"{file}:{number}", " ".join(filter(None, parts))), []
        in_via = comment is not None and _note(pending, comment[1], in_via=False)
    if pending:
        yield pending
    if rest := " ".join(filter(None, parts)):
        yield Line(f"{file}: last line", rest)


def _note(line: Line, comment: str, *, in_via: bool) -> bool:
    """Add what a comment says of who needs a line; return whether the next comment may go on.

    pip-compile and uv write `# via a, b`, or `# via` and a comment with a name each, indented.
    """
    words = comment.strip()
    if words == "via" or words.startswith("via "):
        line.via = line.via or set()
        words = words.removeprefix("via")
    elif not in_via or not comment.startswith("  "):
        return False
    # A constraint is no reason to be there.
    entries = {entry.strip() for entry in words.split(",")} - {""}
    entries = {entry for entry in entries if not entry.startswith("-c ")}
    line.via = (line.via or set()) | {
        canonicalize_name(entry) if _NAME.fullmatch(entry) else ""
        for entry in entries  # "": a file or project
    }
    return True


def without_options(text: str) -> str:
    """Return a requirement without `--hash` and other options behind it."""
    return _OPTIONS.split(text, maxsplit=1)[0].strip()


def target(text: str) -> str | None:
    """Return the path of a folder that a line or `-e` without options asks for, extras cut off; None: it is none."""
    path = re.sub(r"\[[^\]]*\]$", "", _OPTIONS.split(text.split(";", maxsplit=1)[0], maxsplit=1)[0].strip())
    if path.startswith("file:"):
        path = unquote(path.removeprefix("file:").partition("#")[0])
        path = path.removeprefix("//") if path.startswith("//") else path
    elif _URL.match(path) or _AT.match(path):
        return None
    return None if path.endswith(_ARCHIVES) or not ("/" in path or path.startswith(".")) else path


def package(text: str, place: str, scope: Scope) -> Package:
    """Return the package that a line asks for.

    Raises:
        FormatError: It is no requirement, or a digest is malformed.
    """
    hashes = [(algorithm, digest) for algorithm, _, digest in (value.partition(":") for value in _HASH.findall(text))]
    wanted = without_options(text)
    address, marker, version = "", "", None
    if not _AT.match(wanted) and (_URL.match(wanted) or wanted.startswith((".", "/")) or wanted.endswith(_ARCHIVES)):
        address, _, marker = (part.strip() for part in wanted.partition(" ;"))
        name, version = _named(address)
    else:
        asked = requirement(wanted, place)
        name, marker, address = asked.name, str(asked.marker or ""), asked.url or ""
        version = next((one.version for one in asked.specifier if _exact(one.operator, one.version)), None)
        version = version or (_named(address)[1] if address else None)
    origin, location, revision = _origin(address)
    fragment = dict(part.partition("=")[::2] for part in address.partition("#")[2].split("&"))
    hashes += [(algorithm, fragment[algorithm]) for algorithm in HASHES if algorithm in fragment]
    if not _NAME.fullmatch(name):
        name = requirement(name, place).name
    purl = urls.pypi(name, version, location, revision)
    folder = fragment.get("subdirectory")
    file = "" if origin in (Origin.REGISTRY, Origin.GIT) else address
    return Package(
        purl.to_string(),
        purl,
        canonicalize_name(name),
        version,
        origin,
        tuple(dict.fromkeys(distribution(file, {algorithm: digest}, place) for algorithm, digest in hashes)),
        scope=scope,
        markers=(marker,) if marker else (),
        location=location,
        revision=revision,
        notes=subfolder(folder),
    )


def _exact(operator: str, version: str) -> bool:
    return operator in ("==", "===") and "*" not in version


def _origin(address: str) -> tuple[Origin, str | None, str | None]:
    """Return origin, address and revision of `git+https://host/path@revision#egg=name`, an archive, or nothing."""
    if not address:
        return Origin.REGISTRY, None, None
    bare = address.partition("#")[0]
    if _VCS.match(bare):
        path, at, revision = bare.rpartition("@")
        # An `@` before the path is of the user: git+ssh://git@host/path.
        if not at or ("/" in revision and "/" not in path.partition("://")[2]):
            path, revision = bare, ""
        if path.startswith("git+"):
            return Origin.GIT, clean_git(path), revision or None
        return Origin.URL, clean_url(path.partition("+")[2]), None
    location = clean_url(bare)
    return (Origin.URL if location else Origin.PATH), location, None


def _named(address: str) -> tuple[str, str | None]:
    """Return name and version that an address tells: by `#egg=`, or by the name of its file."""
    file = file_name(address)
    name, version = artifacts.built(file) or (re.sub(r"(\.git)?(@.*)?$", "", file), None)
    egg = re.search(r"[#&]egg=([A-Za-z0-9._-]+)", address)
    return (egg[1] if egg else name), version


def folder_name(path: str) -> str:
    """Return the name of a part by its folder."""
    return canonicalize_name(re.sub(r"[^A-Za-z0-9._-]+", "-", posixpath.basename(path)).strip("-._") or "folder")
