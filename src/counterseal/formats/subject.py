"""Names and digests → `Subject`: what may be signed under which name, and how a checksum list is read.

Pure: it sees names, sizes and text, never a file. Names are as strict as the strictest place they will stand in:
a release asset (GitHub renames what it does not like), a statement, a shell line and somebody's file system.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal import identifiers
from counterseal.errors import FormatError, UsageError
from counterseal.formats import digests, names, wire
from counterseal.model import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterseal.model import Asset

MAX_SUBJECTS: Final = 128
MAX_CHECKSUMS_BYTES: Final = 1 << 20

#: How many bytes a file of a candidate may have: what is read as a whole is small, the rest is only digested.
MAX_FILE_BYTES: Final = 2 << 30
MAX_SIGNATURE_BYTES: Final = 256 << 10
MAX_CANDIDATE_BYTES: Final = 10 << 30
_READ_WHOLE: Final[Mapping[str, int]] = {
    identifiers.MANIFEST_FILE: 1 << 20,
    identifiers.SBOM_FILE: wire.MAX_BYTES,
    identifiers.BUILD_BUNDLES_FILE: 32 << 20,
}

#: Content that begins so is refused: Rekor v2 logs blob and DSSE signatures alike, so a blob signature over it
#: could be wrapped again as an attestation that nobody made (DSSE v1 protocol.md, PAE).
REFUSED_PREFIX: Final = b"DSSEv1 "

#: Names of a release that we write ourselves.
RESERVED: Final = frozenset(
    {
        identifiers.MANIFEST_FILE,
        identifiers.SBOM_FILE,
        identifiers.BUILD_BUNDLES_FILE,
        identifiers.BUNDLES_FILE,
        identifiers.EVIDENCE_FILE,
        identifiers.OBSERVATION_FILE,
        identifiers.CHECKSUMS_FILE,
        identifiers.PROOF_FILE,
    }
)

_CHECKSUM_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)\Z")
_VERSION: Final = re.compile(r"[_@-]v?([0-9]{1,9}(?:\.[0-9]{1,9})+)")
_BSD_LINE = re.compile(r"SHA\d+ ?\(")


@dataclass(frozen=True, slots=True)
class Checksum:
    """A line of a checksum list: a path as written there, and its sha256."""

    path: str
    digest: str


def largest(name: str) -> int:
    """Return how many bytes a file of a candidate may have under this name."""
    signature = name.endswith(identifiers.BLOB_SUFFIX)
    return _READ_WHOLE.get(name, MAX_SIGNATURE_BYTES if signature else MAX_FILE_BYTES)


def too_large(files: Iterable[Asset]) -> frozenset[int]:
    """Return the ids of the files that are not read, because one of them, or all together, have too many bytes."""
    refused, total = set(), 0
    for file in files:
        if file.size > largest(file.name) or total + file.size > MAX_CANDIDATE_BYTES:
            refused.add(file.id)
        else:
            total += file.size
    return frozenset(refused)


def is_plain(name: str) -> bool:
    """Return whether a release asset of this name keeps it (our own file names do)."""
    return names.FILE.fits(name)


def check_name(name: str) -> None:
    """Return if a file may be signed and released under this name.

    GitHub replaces special characters, and dots at the ends, by dots when a file is uploaded ("Upload a release
    asset", REST API), so that a verifier would look for a name that is not there.

    Raises:
        UsageError: The name would be renamed, is an option to some tool, is too long, or is one of ours.
    """
    if not name:
        raise UsageError("a subject has no name", fix="give each file a name")
    if why := _name_problem(name):
        raise UsageError(f"{name!r} cannot be the name of a released file", why=why, fix=_name_fix(name))


def _name_problem(name: str) -> str:
    refused = sorted(set(re.sub(f"[{names.FILE_CHARACTERS}]", "", name)))
    if "/" in name or "\\" in name:
        return "a subject's name has no folder part"
    if refused:
        return f"GitHub would rename it because of {', '.join(map(repr, refused[:8]))}"
    if name[0] in ".-" or name[-1] == ".":
        return "GitHub renames dots at the ends, and a leading dash would be read as an option"
    if ".." in name:
        return "two dots in a row read like a way out of a folder"
    if not names.ARTIFACT.fits(name):
        return f"{len(name)} characters are more than {names.MAX_ARTIFACT}"
    return "counterseal writes a file of this name itself" if _is_ours(name.lower()) else ""


def _is_ours(name: str) -> bool:
    """Return whether a name (in lower case) is one of those that we write beside the artifacts."""
    evidence = name.startswith("evidence.") and name.endswith(".json")
    return name in {reserved.lower() for reserved in RESERVED} or name.endswith(identifiers.BLOB_SUFFIX) or evidence


def _name_fix(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_+-]+", ".", name.replace("\\", "/").rpartition("/")[2]).strip(".-")
    usable = plain[: names.MAX_ARTIFACT]
    if usable and usable != name and not _name_problem(usable):
        return f"rename it before `sbom`, for example to {usable}"
    return "rename it before `sbom`; letters, digits and . _ + - are kept as they are"


def make(name: str, digest: str, size: int) -> Subject:
    """Return the subject for a file of this name, sha256 and size in bytes.

    Raises:
        UsageError: The name is refused (see `check_name`), or the file is empty.
        FormatError: `digest` is no sha256.
    """
    check_name(name)
    if size <= 0:
        raise UsageError(
            f"{name} is empty", why="forges refuse empty release files", fix="check the step that builds it"
        )
    if not digests.is_sha256(digest):
        raise FormatError(f"{name}: {digest!r} is not a sha256", fix="give 64 lower-case hex digits")
    return Subject(name, digest)


def of_another_version(tag: str, files: Iterable[str]) -> list[str]:
    """Return those files whose names have a version, but not that of a tag: mostly somebody forgot to raise it.

    Only the numbers with full stops between them are compared; `1.2` is `1.2.0`.

    Args:
        tag: Such as `v1.2.0`, or `app/v1.2.0-rc.1`.
        files: Names of artifacts.
    """
    wanted = _VERSION.search(f"-{tag.rpartition('/')[2]}")
    if wanted is None:
        return []
    told = {file: [_numbers(found[1]) for found in _VERSION.finditer(file.removesuffix(".7z"))] for file in files}
    return [file for file, versions in told.items() if versions and _numbers(wanted[1]) not in versions]


def _numbers(version: str) -> list[int]:
    numbers = [int(number) for number in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


def together(subjects: Sequence[Subject]) -> tuple[Subject, ...]:
    """Return the subjects of one release in the order of their names.

    Raises:
        UsageError: None, more than 128, or two of one name (upper and lower case count as the same, because
            they are one file on many consumers' machines).
    """
    if not subjects:
        raise UsageError("nothing to sign", why="no file was named", fix="name the files, for example dist/*")
    if len(subjects) > MAX_SUBJECTS:
        raise UsageError(
            f"{len(subjects)} files are too many for one release",
            why=f"one statement carries at most {MAX_SUBJECTS}",
            fix="pack them into archives, or release them apart",
        )
    seen: dict[str, Subject] = {}
    for subject in subjects:
        if (other := seen.setdefault(subject.name.lower(), subject)) is not subject:
            raise UsageError(
                f"two files are called {subject.name}"
                if other.name == subject.name
                else f"{other.name} and {subject.name}",
                why=f"one release holds one file of a name (sha256 {other.digest[:12]}… and {subject.digest[:12]}…)",
                fix="rename one of them before `sbom`",
            )
    return tuple(sorted(subjects, key=lambda subject: subject.name))


def parse_checksums(data: bytes, what: str) -> tuple[Checksum, ...]:
    """Return the lines of a checksum list as coreutils' `sha256sum` writes it (`*` or a second space before the name).

    Args:
        data: The file.
        what: Its name, for messages.

    Raises:
        FormatError: Another format, an escaped name (a line that begins with a backslash), a path twice.
    """
    if len(data) > MAX_CHECKSUMS_BYTES:
        raise FormatError(f"{what}: {len(data)} bytes are too many", why=f"at most {MAX_CHECKSUMS_BYTES} are read")
    try:
        lines = data.decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"{what}: not UTF-8", why=str(error)) from error
    checksums: dict[str, Checksum] = {}
    for number, line in enumerate(lines, start=1):
        checksum = _checksum(line, f"{what}:{number}")
        if checksums.setdefault(checksum.path, checksum) is not checksum:
            raise FormatError(f"{what}:{number}: {checksum.path!r} appears twice")
    return tuple(checksums.values())


def _checksum(line: str, place: str) -> Checksum:
    if line.startswith("\\"):
        raise FormatError(
            f"{place}: an escaped name", why="names with backslashes or line breaks are not released", fix="rename it"
        )
    match = _CHECKSUM_LINE.match(line)
    if match is None or "\r" in line:
        why = "it looks like the BSD format" if _BSD_LINE.match(line) else f"found {line[:80]!r}"
        raise FormatError(
            f"{place}: not `<sha256>  <name>`", why=why, fix="write it with `sha256sum FILES > SHA256SUMS`"
        )
    return Checksum(match[2], match[1].lower())
