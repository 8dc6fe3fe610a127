"""JUnit XML → which tests passed and failed. Pure: it sees bytes, never a file.

The report was written by project code, so it is read with a bare parser: no document type, hence no entities, and
bounds on size, depth and number. Source: there is no standard; what pytest, Maven Surefire, Gradle and gotestsum write.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn
from xml.parsers import expat

from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES: Final = 16 << 20
MAX_TESTS: Final = 50_000
MAX_DEPTH: Final = 64
MAX_NAME: Final = 500


@dataclass(slots=True)
class _Reader:
    depth: int = 0
    current: str | None = None
    outcome: str = "passed"
    counts: dict[str, list[str]] = field(default_factory=lambda: {"passed": [], "failed": [], "skipped": []})

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
        if tag == "testcase":
            parts = (attributes.get("classname", ""), attributes.get("name", ""))
            self.current, self.outcome = "::".join(part for part in parts if part)[:MAX_NAME], "passed"
        elif self.current is not None and tag in ("failure", "error"):
            self.outcome = "failed"
        elif self.current is not None and tag == "skipped" and self.outcome == "passed":
            self.outcome = "skipped"

    def end(self, tag: str) -> None:
        self.depth -= 1
        if tag == "testcase" and self.current is not None:
            self.counts[self.outcome].append(self.current)
            self.current = None
            if sum(map(len, self.counts.values())) > MAX_TESTS:
                raise ValueError(f"more than {MAX_TESTS} tests")


def parse(data: bytes, what: str) -> Mapping[str, list[str]]:
    """Return the names of tests under `passed`, `failed` and `skipped`.

    Args:
        data: The report.
        what: Its name, for messages.

    Raises:
        FormatError: It is no such report, or has a document type.
    """
    if len(data) > MAX_BYTES:
        raise FormatError(f"{what}: {len(data)} bytes are too many", why=f"at most {MAX_BYTES} are read")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, ValueError, LookupError) as error:  # an unknown encoding is a LookupError
        raise FormatError(
            f"{what}: not a JUnit report", why=str(error), fix="give the XML that your tests wrote"
        ) from error
    return reader.counts


def _no_doctype(*_: object) -> NoReturn:
    raise ValueError("it has a document type, which could define entities")
