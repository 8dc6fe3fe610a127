"""Repositories as `init` and `doctor` meet them, without git: a clone in memory, facts and answers about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterseal.model import Person, Visibility
from counterseal.project import layout
from counterseal.project.plan import Answers, Facts, GateChoice, Preset, Publish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.project.layout import Package

ALICE, BOB, CAROL = (
    Person("github.com", number, login) for number, login in ((1001, "alice"), (1002, "bob"), (1003, "carol"))
)


@dataclass(frozen=True)
class MemoryClone:
    """A `Clone` whose files are these."""

    contents: Mapping[str, str | bytes] = field(default_factory=dict)
    tagged: tuple[str, ...] = ()
    head: str | None = "refs/heads/main"
    folder: Path = Path("/nowhere")

    def origin(self) -> str:
        return ""

    def branch(self) -> str | None:
        return self.head

    def files(self) -> Sequence[str]:
        return sorted(self.contents)

    def read(self, path: str) -> bytes | None:
        content = self.contents.get(path)
        return content.encode() if isinstance(content, str) else content

    def committed(self, path: str) -> bytes | None:
        return self.read(path)

    def changed(self) -> bool:
        return False

    def tags(self) -> Sequence[str]:
        return self.tagged

    def revision(self, ref: str) -> str | None:  # noqa: ARG002 - it knows no commit
        return None

    def shallow(self) -> bool:
        return False


PYTHON = MemoryClone({"pyproject.toml": "", "uv.lock": "", "README.md": "# app\n"}, ("v1.0.0", "v1.2.0"))


def facts(clone: MemoryClone = PYTHON, host: str = "github.com", **changes: Any) -> Facts:
    """Return the facts of a repository with this clone."""
    found = layout.read(clone)
    package: Package | None = found.packages[0] if found.packages else None
    known: dict[str, Any] = {
        "host": host,
        "name": "ACME/app",
        "number": 777,
        "default_ref": "refs/heads/main",
        "visibility": Visibility.PUBLIC,
        "page": f"https://{host}/ACME/app",
        "layout": found,
        "package": package,
    }
    return Facts(**(known | changes))


def answers(**changes: Any) -> Answers:
    """Return the answers of three people, who want two stages."""
    people = (ALICE, BOB, CAROL)
    given: dict[str, Any] = {
        "preset": Preset.TWO_PERSON,
        "groups": {"maintainers": people, "meta": people},
        "stages": ("staging", "production"),
        "counts": (1, 2),
        "publish": Publish.RELEASE,
        "gate": GateChoice.COUNTERSEAL,
    }
    return Answers(**(given | changes))
