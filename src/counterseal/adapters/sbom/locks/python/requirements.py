"""Reads a `requirements.txt` in which everything is pinned with digests (`pip-compile --generate-hashes`).

Such a file has no edges; the comments `# via` of pip-compile and `uv export` are taken for them where they stand.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from counterseal.adapters.sbom import packages as urls
from counterseal.adapters.sbom.addresses import clean_url, distribution
from counterseal.adapters.sbom.locks.python import pyproject
from counterseal.adapters.sbom.locks.python.pyproject import direct_keys
from counterseal.adapters.sbom.locks.python.requirement import requirement
from counterseal.adapters.sbom.reading import text_of
from counterseal.adapters.sbom.records import MAX_PACKAGES, Lock, Origin, Package, check_packages
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.adapters.sbom.checkout import Source

_HASH = re.compile(r"--hash[= ](\w+):(\w+)")
_HARMLESS = ("--index-url", "--extra-index-url", "--trusted-host", "--no-binary", "--only-binary", "-i ", "--pre")
_NESTED = ("-r", "--requirement", "-c", "--constraint", "-e", "--editable")


def read(source: Source) -> Lock:
    """Return what a hashed requirements file says of a project.

    Raises:
        UsageError: Something is not pinned with a digest, so the file locks nothing.
        FormatError: A line is no requirement.
    """
    data, file, project = source.data(), source.lock, pyproject.read(source)
    text = text_of(data, file)
    packages: dict[str, Package] = {}
    needed_by: dict[str, set[str]] = {}
    for number, line, via in _lines(text):
        if line.startswith(_HARMLESS):
            continue
        if len(packages) >= MAX_PACKAGES:
            raise UsageError(f"{file} has more than {MAX_PACKAGES} packages", why="that many are not read")
        package = _package(line, f"{file}:{number}")
        packages[package.key] = package
        needed_by.setdefault(package.key, set()).update(via)
    check_packages([package.name for package in packages.values()], file)
    keys: dict[str, list[str]] = {}
    for key, package in packages.items():
        keys.setdefault(package.name, []).append(key)
    needs: dict[str, set[str]] = {}
    for key, parents in needed_by.items():
        for name in parents & keys.keys():
            needs.setdefault(name, set()).add(key)
    linked = tuple(
        replace(package, dependencies=tuple(sorted(needs.get(package.name, ())))) for package in packages.values()
    )
    root = pyproject.part(project, source.project, direct_keys(project, keys, file))
    return Lock(source.digest(data), root, linked, has_edges=any(needed_by.values()))


def _lines(text: str) -> Iterator[tuple[int, str, set[str]]]:
    """Yield number, requirement with its options, and the names in the `# via` comments below it."""
    pending: tuple[int, str] | None = None
    via: set[str] = set()
    parts: list[str] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        comment = re.search(r"(?:^|\s)#(.*)$", raw)
        line = (raw[: comment.start()] if comment else raw).strip()
        if comment and pending and not parts and not line:
            via |= _via(comment[1])
        if not line and not parts:
            continue
        parts.append(line.removesuffix("\\").strip())
        if line.endswith("\\"):
            continue
        if pending:
            yield (*pending, via)
        pending, via, parts = (number, _joined(parts)), _via(comment[1]) if comment else set(), []
    if pending:
        yield (*pending, via)
    if rest := _joined(parts):
        yield number, rest, set()


def _joined(parts: list[str]) -> str:
    return " ".join(part for part in parts if part)


def _via(comment: str) -> set[str]:
    """Return the names in a comment; what is no name (a file, `-r x.in`) matches no package later."""
    return {canonicalize_name(name) for name in re.findall(r"[A-Za-z0-9._-]+", comment.replace("via", " ", 1))}


def _package(line: str, place: str) -> Package:
    if re.split(r"[\s=]", line, maxsplit=1)[0] in _NESTED:
        raise UsageError(
            f"{place}: {line[:80]!r}", why="a lock has to name every package itself", fix="use `uv lock`, or compile it"
        )
    hashes = _HASH.findall(line)
    asked = requirement(_HASH.sub("", line).strip(), place)
    pins = [
        specifier.version
        for specifier in asked.specifier
        if specifier.operator in ("==", "===") and "*" not in specifier.version
    ]
    if not hashes or not (pins or asked.url):
        raise UsageError(
            f"{place}: {asked.name} is not pinned with a digest",
            why="without `==` and --hash the file does not say what gets installed",
            fix="make a lock with `uv lock`, or `pip-compile --generate-hashes`",
        )
    location = clean_url(asked.url) if asked.url else None
    version = pins[0] if pins else None
    name = canonicalize_name(asked.name)
    files = (distribution(asked.url or "", {algorithm: digest}, place) for algorithm, digest in hashes)
    purl = urls.pypi(name, version, location)
    return Package(
        purl.to_string(),
        purl,
        name,
        version,
        Origin.URL if asked.url else Origin.REGISTRY,
        tuple(dict.fromkeys(files)),
        markers=(str(asked.marker),) if asked.marker else (),
        location=location,
    )
