"""What an SBOM has of the minimum elements, and which components lack some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal.render import escape
from counterseal.render.report import Report

if TYPE_CHECKING:
    from fractions import Fraction

    from counterseal.commands.inventories import scoring
    from counterseal.inventory import Part

#: How many components that lack something are named in text and Markdown; JSON has all.
SHOWN: Final = 5
_WORDS: Final = {
    "supplier": "supplier name",
    "name": "component name",
    "version": "version",
    "identifier": "other unique identifier",
    "relationship": "dependency relationship",
    "author": "author of SBOM data",
    "timestamp": "timestamp",
}


def report(result: scoring.ScoreResult) -> Report:
    """Return the score."""
    path = escape.plain(str(result.path))
    head = (
        f"sbom score: {percent(result.score.share)} of NTIA's minimum elements · {path}, {result.components} components"
    )
    digests = f"{result.with_digest} of {result.components} components with a digest"
    origins = ", ".join(escape.plain(origin) for origin in result.origins[:SHOWN])
    beside = [
        f"beside the minimum: {digests}, {result.with_licence} with a licence of SPDX's list",
        f"made from: {origins or 'not said'}",
    ]
    lines = [
        head,
        *(f"  {line}" for part in result.score.parts for line in _lines(part)),
        *(f"  {row}" for row in beside),
    ]
    table = [
        f"| {_words(part)} | {_count(part)} | {escape.markdown(_lacking(part), 600)} |" for part in result.score.parts
    ]
    markdown = [f"### {escape.markdown(head)}", "", "| element | has it | missing at |", "|---|---|---|", *table, ""]
    markdown += [f"- {escape.markdown(row)}" for row in beside]
    return Report("\n".join(lines), _data(result), markdown="\n".join(markdown) + "\n")


def percent(share: Fraction) -> str:
    """Return a share in percent, rounded down: 100 % is what lacks nothing."""
    tenths = share * 1000 // 1
    return f"{tenths // 10}.{tenths % 10} %"


def _lines(part: Part) -> list[str]:
    mark = "✓" if part.present == part.needed else "✗"
    told = [f"{mark} {_words(part)}: {_count(part)}"]
    return told + ([f"    missing at {escape.plain(_lacking(part), 600)}"] if part.lacking else [])


def _words(part: Part) -> str:
    return _WORDS.get(part.name, part.name)


def _count(part: Part) -> str:
    return f"{part.present} of {part.needed}"


def _lacking(part: Part) -> str:
    more = len(part.lacking) - SHOWN
    return ", ".join(part.lacking[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _data(result: scoring.ScoreResult) -> dict[str, Any]:
    parts = [
        {"name": part.name, "present": part.present, "needed": part.needed, "lacking": list(part.lacking)}
        for part in result.score.parts
    ]
    return {
        "schema": "counterseal.sbom-score/v1",
        "path": str(result.path),
        "components": result.components,
        "score": round(float(result.score.share), 4),
        "minimum": parts,
        "withDigest": result.with_digest,
        "withLicence": result.with_licence,
        "origins": list(result.origins),
    }
