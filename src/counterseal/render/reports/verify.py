"""A verdict or a refusal for every file that was verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.commands import verify
from counterseal.formats import wire
from counterseal.render import text
from counterseal.render.report import Report

if TYPE_CHECKING:
    from counterseal.verification import Verdict


def report(result: verify.VerifyResult) -> Report:
    """Return the verdicts in the order of the files."""
    refused = [verdict for verdict in result.verdicts if isinstance(verdict, verify.Refused)]
    return Report(
        text="\n".join(_text(verdict) for verdict in result.verdicts),
        data={"schema": "counterseal.verify/v1", "files": [_data(verdict) for verdict in result.verdicts]},
        exit_code=result.exit_code,
        errors=tuple((refusal.file_name, str(refusal.error)) for refusal in refused),
    )


def _text(verdict: Verdict | verify.Refused) -> str:
    if isinstance(verdict, verify.Refused):
        return f"not verified: {verdict.file_name}\n{text.error(verdict.error)}"
    return text.verdict(verdict)


def _data(verdict: Verdict | verify.Refused) -> dict[str, Any]:
    if isinstance(verdict, verify.Refused):
        return {"fileName": verdict.file_name, "verified": False, "error": str(verdict.error)}
    data: dict[str, Any] = wire.encode(verdict)
    return {"verified": True, **data}
