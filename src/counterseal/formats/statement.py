"""In-toto Statement v1: build ours, parse anybody's. Payload bytes are never re-serialised after signing.

Source: in-toto Attestation Framework v1, spec/v1/statement.md and resource_descriptor.md; docs/formats.md#statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal.errors import FormatError
from counterseal.formats import digests, wire
from counterseal.identifiers import STATEMENT_TYPE
from counterseal.model import Statement, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_SUBJECTS: Final = 1024
#: 128 artifacts and `manifest.json`.
MAX_OWN_SUBJECTS: Final = 129
#: Names that name nothing, so that several subjects may have them (spec/v1/statement.md: unset, or `_`).
NAMELESS: Final = ("", "_")


def build(subjects: Iterable[Subject], predicate_type: str, predicate: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes (RFC 8785) of a statement about `subjects`, in the order of their names.

    Raises:
        FormatError: No subject, or more than 129 of them (128 artifacts and the manifest).
    """
    listed = sorted(subjects, key=lambda subject: subject.name)
    if not listed:
        raise FormatError("a statement needs at least one subject")
    if len(listed) > MAX_OWN_SUBJECTS:
        raise FormatError(
            f"{len(listed)} subjects are too many", why=f"one statement carries at most {MAX_OWN_SUBJECTS}"
        )
    return wire.canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": subject.name, "digest": {digests.SHA256: subject.digest}} for subject in listed],
            "predicateType": predicate_type,
            "predicate": predicate,
        }
    )


def parse(payload: bytes, what: str) -> Statement:
    """Return the statement in `payload`.

    Unknown top-level fields and unknown digest algorithms are ignored, a subject without a name has the name "", and no
    predicate (absent or null, as v1 allows) is an empty one; `_type` has to be exactly v1, each subject needs a
    sha256, and no two digests may contradict each other.

    Args:
        payload: The signed bytes.
        what: Name of the document, for messages.

    Raises:
        FormatError: It is no such statement.
    """
    data = wire.load_json(payload, what)
    if not isinstance(data, dict) or data.get("_type") != STATEMENT_TYPE:
        raise FormatError(f"{what}: not an in-toto Statement v1", why=f"`_type` has to be {STATEMENT_TYPE}")
    predicate_type, predicate, subjects = data.get("predicateType"), data.get("predicate"), data.get("subject")
    predicate = {} if predicate is None else predicate
    if not isinstance(predicate_type, str) or not predicate_type:
        raise FormatError(f"{what}: no predicateType")
    if not isinstance(predicate, dict):
        raise FormatError(f"{what}: the predicate is not an object")
    if not isinstance(subjects, list) or not 0 < len(subjects) <= MAX_SUBJECTS:
        raise FormatError(f"{what}: it needs 1 to {MAX_SUBJECTS} subjects")
    known = _Digests(what)
    return Statement(tuple(_subject(subject, known, what) for subject in subjects), predicate_type, predicate)


class _Digests:
    """What the subjects of one statement say of their bytes: of one name, and of one sha256, always the same."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._said: dict[tuple[str, str, str], str] = {}

    def add(self, name: str, digest_set: Mapping[str, object]) -> None:
        """Take what one subject says; refuse it if that contradicts itself or an earlier one."""
        said = [(algorithm, digest) for algorithm, digest in digests.of_content(digest_set)]
        sha256 = str(digest_set.get(digests.SHA256))
        for algorithm, digest in said:
            same = [("sha256", sha256)] if name in NAMELESS else [("name", name), ("sha256", sha256)]
            for kind, value in same:
                if self._said.setdefault((kind, value, algorithm), digest) != digest:
                    raise FormatError(
                        f"{self._what}: subject {name[:80]!r} has two digests by {algorithm}",
                        why="they contradict each other, so it is unclear which bytes are meant",
                    )


def _subject(data: Any, known: _Digests, what: str) -> Subject:
    name = data.get("name", "") if isinstance(data, dict) else None
    digest_set = data.get("digest") if isinstance(data, dict) else None
    if not isinstance(name, str) or not isinstance(digest_set, dict):
        raise FormatError(f"{what}: a subject is not {{name, digest}}")
    sha256 = digests.required_sha256(digest_set, f"{what}: subject {name[:80]!r}")
    known.add(name, digest_set)
    return Subject(name, sha256)


def check_critical(predicate: Mapping[str, Any], known: Iterable[str], what: str) -> None:
    """Refuse a predicate that lists a field in `critical` which this version does not know (docs/formats.md#versions).

    Raises:
        FormatError: Naming the field.
    """
    critical = predicate.get("critical", [])
    if not isinstance(critical, list):
        raise FormatError(f"{what}: `critical` is not a list")
    if unknown := sorted({str(name) for name in critical} - set(known)):
        raise FormatError(
            f"{what}: this version does not know the critical field {unknown[0][:80]!r}", fix="upgrade counterseal"
        )


def uncovered(statement: Statement, wanted: Iterable[Subject]) -> list[Subject]:
    """Return those of `wanted` that the statement is not about: no subject of that name, or one of another digest."""
    by_name: dict[str, set[str]] = {}
    for subject in statement.subjects:
        by_name.setdefault(subject.name, set()).add(subject.digest)
    return [subject for subject in wanted if by_name.get(subject.name) != {subject.digest}]
