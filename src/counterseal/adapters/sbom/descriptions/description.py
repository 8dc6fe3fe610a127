"""What a package says of itself, and where the packages of a build may lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from counterseal.adapters.sbom.records import Package

MAX_LICENCE: Final = 200
MAX_PARENTHESES: Final = 16


@dataclass(frozen=True, slots=True)
class Description:
    """What a package says of itself.

    Attributes:
        place: The kind of file that says it, as `METADATA` or `package.json`.
        licences: One text is an SPDX expression, id or name; several are names that stand beside each other.
        supplier: Name of the person or organisation that publishes it.
        source: Address of its source repository, without credentials.
    """

    place: str
    licences: tuple[str, ...] = ()
    supplier: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where packages may lie beside the checkout; empty: nowhere.

    Attributes:
        python: Folders as of `sys.path`, used where the project has no `.venv`.
    """

    python: tuple[Path, ...] = ()


class Descriptions(Protocol):
    """What is known of the packages of an ecosystem."""

    def of(self, package: Package) -> Description | None:
        """Return what a package of just this name and version says; None: it is not there."""


def fits(text: str) -> bool:
    """Return whether a licence is an expression, id or name: not a whole text, nor one nested too deeply to parse."""
    return 0 < len(text) <= MAX_LICENCE and text.isprintable() and text.count("(") <= MAX_PARENTHESES
