"""A release beside a second build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import ALLOWED, NOT_VERIFIED
from counterseal.render import escape
from counterseal.render.findings.shown import plural
from counterseal.render.report import Report
from counterseal.render.reports.rebuilding import parts

if TYPE_CHECKING:
    from counterseal.commands.rebuild import comparing


def report(found: comparing.Comparison) -> Report:
    """Return for each artifact whether it is equal, and what to do where it is not."""
    count = sum(artifact.equal for artifact in found.artifacts)
    about = found.tag or "these files"
    revision = found.result.source.revision[:12]
    reproduced = found.predicate["reproduced"]
    word = "reproduced" if reproduced else "equal, but it does not count" if found.equal else "different"
    lines = [
        f"{word}: {count} of {plural(len(found.artifacts), 'artifact')} of {escape.plain(about)} at {revision}",
        f"  {parts.apart(found.result.isolation)}",
        *parts.artifacts(found.artifacts, found.fixes),
        *(f"  not released: {escape.plain(name)}" for name in found.unreleased),
        *_fetched(found),
        *parts.inputs(found.result.inputs),
    ]
    if found.signed:
        lines.append(f"  signed: {found.signed}")
    text = "\n".join(lines)
    doubt = found.equal and not reproduced
    return Report(
        text=text,
        data={
            "schema": "counterseal.rebuild-compare/v1",
            "tag": found.tag,
            "equal": found.equal,
            "predicate": found.predicate,
            "unreleased": list(found.unreleased),
            "fixes": {name: list(fixes) for name, fixes in found.fixes.items()},
            "signed": found.signed,
        },
        exit_code=ALLOWED if found.equal else NOT_VERIFIED,
        outputs={"equal": str(found.equal).lower(), "reproduced": str(reproduced).lower()},
        errors=() if found.equal else (("not reproduced", text),),
        warnings=("the bytes are equal, but this second build does not count",) if doubt else (),
    )


def _fetched(found: comparing.Comparison) -> list[str]:
    names = [file.name for file in found.result.subjects if file.fetched]
    return [f"  NOT built: the bytes of {escape.plain(name)} were fetched" for name in names]
