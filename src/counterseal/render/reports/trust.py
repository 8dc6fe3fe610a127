"""What verification trusts, as other tools read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.render.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping


def report(document: Mapping[str, Any], root: bytes) -> Report:
    """Return the trusted root on one line, and as JSON the whole document."""
    return Report(root.decode().strip(), document, verbatim=True)
