"""A verdict or a refusal for every file that was verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.commands import verify
from counterseal.formats import wire
from counterseal.render import escape, failure, text
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.verification import Verdict


def report(result: verify.VerifyResult) -> Report:
    """Return the verdicts in the order of the files."""
    refused = [verdict for verdict in result.verdicts if isinstance(verdict, verify.Refused)]
    lines = [
        *map(_text, result.verdicts),
        *(f"skipped: {escape.plain(skipped.file_name)}: {skipped.why}" for skipped in result.skipped),
    ]
    if len(lines) > 1:
        counts = {"verified": len(result.verdicts) - len(refused), "not verified": len(refused)}
        counts["skipped"] = len(result.skipped)
        lines.append(", ".join(f"{count} {word}" for word, count in counts.items() if count))
    return Report(
        text="\n".join(lines),
        data={
            "schema": "counterseal.verify/v1",
            "files": [_data(verdict) for verdict in result.verdicts],
            "skipped": wire.encode(result.skipped),
        },
        exit_code=result.exit_code,
        errors=tuple((refusal.file_name, str(refusal.error)) for refusal in refused),
    )


def _text(verdict: Verdict | verify.Refused) -> str:
    if isinstance(verdict, verify.Refused):
        said = text.error(verdict.error).replace("error: not verified: ", "error: ", 1)
        return f"not verified: {escape.plain(verdict.file_name)}\n{said}"
    return text.verdict(verdict)


def _data(verdict: Verdict | verify.Refused) -> dict[str, Any]:
    if isinstance(verdict, verify.Refused):
        return {"fileName": verdict.file_name, "verified": False, "error": failure.data(verdict.error)}
    data: dict[str, Any] = wire.encode(verdict)
    return {"verified": True, **data}
