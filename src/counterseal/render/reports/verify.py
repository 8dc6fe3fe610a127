"""A verdict or a refusal for every file that was verified: failures in full, and what files share said once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal.commands import verify
from counterseal.formats import wire
from counterseal.render import escape, failure
from counterseal.render import verdict as verdicts
from counterseal.render.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.verification import Verdict

#: How many verified files of a release are listed in the text; of more only their number is said.
LISTED: Final = 20


def report(result: verify.VerifyResult, warnings: tuple[str, ...] = ()) -> Report:
    """Return the verdicts in the order of the files; `warnings` go with them."""
    named = list(zip(result.verdicts, _shown(result), strict=True))
    refused = [(verdict, name) for verdict, name in named if isinstance(verdict, verify.Refused)]
    verified = [(verdict, name) for verdict, name in named if not isinstance(verdict, verify.Refused)]
    lines = [*_verified(verified), *_refused(refused)]
    lines += [f"skipped: {escape.plain(skipped.file_name)}: {skipped.why}" for skipped in result.skipped]
    if len(named) + len(result.skipped) > 1:
        lines.append(_summary(len(verified), [refusal for refusal, _ in refused], len(result.skipped)))
    return Report(
        text="\n".join(lines),
        data={
            "schema": "counterseal.verify/v1",
            "files": [
                _data(verdict) | ({"path": path} if path else {})
                for verdict, path in zip(result.verdicts, result.paths or [""] * len(named), strict=True)
            ],
            "skipped": wire.encode(result.skipped),
            "warnings": list(warnings),
        },
        exit_code=result.exit_code,
        errors=tuple((name, str(refusal.error)) for refusal, name in refused),
        warnings=warnings,
    )


def _shown(result: verify.VerifyResult) -> list[str]:
    """Return how each file is called: by its name, or by its path where two have one name."""
    names = [verdict.file_name for verdict in result.verdicts]
    return list(result.paths) if result.paths and len(set(names)) < len(names) else names


def _verified(verified: Sequence[tuple[Verdict, str]]) -> Iterator[str]:
    """Yield the files of each release, and what was looked at for all of them once."""
    releases: dict[tuple[Any, ...], list[tuple[Verdict, str]]] = {}
    for verdict, name in verified:
        shared = (verdict.stage, verdict.decided_at, verdict.repository, verdict.steps[1:])
        releases.setdefault(shared, []).append((verdict, name))
    for files in releases.values():
        if len(files) <= LISTED:
            for verdict, name in files:
                yield verdicts.head(verdict, name)
                yield from verdicts.steps(verdict.steps[:1])
        else:
            yield verdicts.head(files[0][0], f"{len(files)} files")
        yield from verdicts.steps(files[0][0].steps[1:])
        if files[0][0].sandbox:
            yield f"  {verdicts.SANDBOX_NOTE}"


def _refused(refused: Sequence[tuple[verify.Refused, str]]) -> Iterator[str]:
    """Yield each file that was refused, and why; what is the same for several once, below them."""
    reasons: dict[str, list[tuple[verify.Refused, str]]] = {}
    for refusal, name in refused:
        reasons.setdefault(failure.text(refusal.error), []).append((refusal, name))
    for said, files in reasons.items():
        for refusal, name in files:
            yield f"not verified: {escape.plain(name)}{', not of this release' if refusal.not_of_release else ''}"
        yield said.replace("error: not verified: ", "error: ", 1)


def _summary(verified: int, refused: Sequence[verify.Refused], skipped: int) -> str:
    strangers = sum(refusal.not_of_release for refusal in refused)
    words = {
        "verified": verified,
        f"not verified ({strangers} not of this release)" if strangers else "not verified": len(refused),
        "skipped": skipped,
    }
    return ", ".join(f"{count} {word}" for word, count in words.items() if count)


def _data(verdict: Verdict | verify.Refused) -> dict[str, Any]:
    if isinstance(verdict, verify.Refused):
        told = {"fileName": verdict.file_name, "verified": False, "notOfRelease": verdict.not_of_release}
        return told | {"error": failure.data(verdict.error)}
    data: dict[str, Any] = wire.encode(verdict)
    return {"verified": True, **data}
