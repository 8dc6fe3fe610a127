"""In which releases a component is, and which releases nobody could look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.errors import ALLOWED, COULD_NOT_DECIDE
from counterseal.formats import wire
from counterseal.render import escape
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.commands.inventories import finding


def report(result: finding.FindResult) -> Report:
    """Return the releases; the exit code is 1 if the answer is not complete."""
    holding, all_releases = result.holding, len(result.searched) + len(result.unread)
    head = f"{escape.plain(result.component)}: in {len(holding)} of {all_releases} releases"
    lines = [head, *(f"  {escape.plain(line, 600)}" for line in map(_holds, holding))]
    markdown = [f"### {escape.markdown(result.component)}: in {len(holding)} of {all_releases} releases", ""]
    markdown += [f"- {escape.markdown(line, 600)}" for line in map(_holds, holding)]
    if result.unread:
        warning = f"! not complete: {len(result.unread)} could not be looked at"
        lines += [f"  {warning}", *(f"    {escape.plain(line, 600)}" for line in map(_unread, result.unread))]
        markdown += [
            "",
            f"**{warning}**",
            "",
            *(f"- {escape.markdown(_unread(release), 600)}" for release in result.unread),
        ]
    code = COULD_NOT_DECIDE if result.unread else ALLOWED
    return Report("\n".join(lines), _data(result), exit_code=code, markdown="\n".join(markdown) + "\n")


def _holds(release: finding.Searched) -> str:
    components = ", ".join(sorted({element.label for element in release.elements}))
    return (
        f"{release.tag} ({release.stage}, entry {release.sequence}, {wire.timestamp(release.decided_at)}): {components}"
    )


def _unread(release: finding.Unread) -> str:
    return f"{release.tag} ({release.stage}, entry {release.sequence}): {release.why}"


def _data(result: finding.FindResult) -> dict[str, Any]:
    releases = [
        {
            "tag": release.tag,
            "stage": release.stage,
            "sequence": release.sequence,
            "decidedAt": wire.timestamp(release.decided_at),
            "components": [
                {"name": element.full_name, "version": element.version, "purl": element.purl}
                for element in release.elements
            ],
        }
        for release in result.holding
    ]
    return {
        "schema": "counterseal.sbom-find/v1",
        "component": result.component,
        "ledger": result.ledger_id,
        "searched": len(result.searched),
        "complete": not result.unread,
        "releases": releases,
        "unread": wire.encode(result.unread),
    }
