"""What verification trusts, as other tools read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.render import escape
from counterseal.render.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping


def report(document: Mapping[str, Any], root: bytes) -> Report:
    """Return the trusted root on one line, as JSON the whole document, as Markdown what is in it."""
    return Report(root.decode().strip(), document, markdown=_markdown(document), verbatim=True)


def _withdrawn(gate: Mapping[str, Any]) -> str:
    counts = f"what it signed before {gate['until']} counts" if gate["until"] else "nothing it signed counts"
    return f"{gate['revision']} ({counts})"


def _markdown(document: Mapping[str, Any]) -> str:
    """Return a table of what the document trusts; the keys themselves are in its JSON."""
    known = "a sandbox, which proves nothing to anybody" if document["sandbox"] else "the public Sigstore instance"
    rows = [
        ("trust root", known),
        *((f"CI of {host}", issuer) for host, issuer in document["issuers"].items()),
        ("released gates", ", ".join(document["released"]) or "none"),
        ("withdrawn gates", ", ".join(map(_withdrawn, document["withdrawn"])) or "none"),
    ]
    lines = [f"| {escape.markdown(what)} | {escape.markdown(value, 2000)} |" for what, value in rows]
    return "\n".join(["| trusted | |", "|---|---|", *lines])
