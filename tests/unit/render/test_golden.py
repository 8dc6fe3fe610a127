"""Every form of every result as people see it, held against files.

After a wanted change: `WRITE_GOLDEN=1 pytest tests/unit/render/test_golden.py`, then read the diff.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit import frozen
from tests.unit.render.status_samples import Samples

from counterseal.commands.verify import VerifyResult
from counterseal.errors import UsageError
from counterseal.evaluation import decision as decisions
from counterseal.evaluation.approvals import Approvals
from counterseal.gate.preview import Preview
from counterseal.history import Brief, RecordedDecision, RecordedEvent, Told, brief
from counterseal.model import Attestation, Counted, Dismissed, EarlierDecision, Entry, Finding, FindingOutcome, Outcome
from counterseal.model import Statement as Signed
from counterseal.render import failure, findings, markdown, text
from counterseal.render.reports import preview as preview_report
from counterseal.render.reports import status as status_report
from counterseal.render.reports import verify as verify_report
from counterseal.verification.looks import Look
from counterseal.verification.proven import Step, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.evaluation.decision import Decision

GOLDEN = Path(__file__).parents[2] / "assets" / "render"
HOSTILE = (
    "::error::x\n\x1b[31m\u202e<script>alert(1)</script> [a](javascript:x) @all | `x` ![i](http://evil.example) #1"
)

DENY_FINDINGS = (
    Finding(
        "enough-reviews",
        FindingOutcome.VIOLATED,
        "review-missing",
        {
            "filled": 1,
            "required": 2,
            "head": frozen.HEAD,
            "missing": [{"group": "security", "people": 1, "left": ["dora"]}],
            "because": [],
            "merged": True,
        },
        counted=(Counted(frozen.ALICE, ("maintainers",)),),
        dismissed=(
            Dismissed(frozen.CAROL, "older-revision", {"revision": frozen.OLD_HEAD}),
            Dismissed(dataclasses.replace(frozen.ERIN, login="robot[bot]"), "no-person", {"kind": "bot"}),
            Dismissed(dataclasses.replace(frozen.ERIN, login=HOSTILE), HOSTILE),
        ),
    ),
    Finding("review-of-this-revision", FindingOutcome.VIOLATED, "request-malformed", {"detail": HOSTILE}),
    Finding("author-did-not-approve", FindingOutcome.VIOLATED, HOSTILE, {HOSTILE: [HOSTILE]}),
    Finding("sbom-present", FindingOutcome.SKIPPED, "not-read", {"needs": ["bytes"]}),
    Finding(
        "ledger-intact", FindingOutcome.SATISFIED, "satisfied", {"ledger": "L", "entries": 41, "extends": [HOSTILE]}
    ),
)
DENY = decisions.decide(
    dataclasses.replace(frozen.EVIDENCE, stage="production", permissions=()), DENY_FINDINGS
)  # fmt: skip


ABOUT = findings.About("production", frozen.PATH, frozen.HOST, 84)


def recorded(found: Decision, sequence: int, *, withdrawn: bool = False) -> RecordedDecision:
    """Return a decision as if it stood in the ledger at this place."""
    line = f"line {sequence}".encode()
    signed = Signed((frozen.WHEEL,), "x", {})
    digest = hashlib.sha256(line).hexdigest()
    attestation = Attestation(signed, b"", frozen.CERTIFICATE, frozen.moment(9, 12), 302, line, digest)
    return RecordedDecision(
        Entry(line, attestation, frozen.link(sequence, "decision", str(sequence))), found, withdrawn
    )


def told(found: Decision, sequence: int, *, withdrawn: bool = False, publication: int | None = None) -> Told:
    """Return what is kept in mind of a decision that stands in the ledger at this place."""
    kept = brief(found)
    assert isinstance(kept, Brief)
    return Told(sequence, "e" * 64, "a" * 64, kept, withdrawn=withdrawn, publication=publication)


def _log() -> str:
    rows = (told(frozen.ALLOW, 1), told(DENY, 2), told(frozen.ALLOW, 3, withdrawn=True))
    kinds = {"genesis": 1, "decision": 3, "publication": 1}
    return text.log(rows, SAMPLES.restricted(), entries=5, kinds=kinds, head="1234567890abcdef" * 2, sandbox=True)


def _verdict(*, sandbox: bool) -> str:
    steps = (
        Step(Look.SUBJECT, "sha256:0123456789ab…"),
        Step(Look.DECISION, f"entry 41 · {HOSTILE}"),
        Step(Look.LEDGER, "entry 42"),
    )
    name = frozen.WHEEL.name
    verdict = Verdict(name, frozen.WHEEL.digest, "production", frozen.moment(9, 12), frozen.HOME, sandbox, steps)
    return verify_report.report(VerifyResult((verdict,))).text


def _preview() -> str:
    earlier = EarlierDecision("e" * 64, 40, "staging", Outcome.ALLOW, frozen.moment(8), withdrawn=False)
    nobody = Approvals((), (), ())
    found = Preview(
        84, frozen.HOST, frozen.PATH, "8d1e07b", "production", "ab" * 32, "v1.2.0", DENY_FINDINGS, nobody, (earlier,)
    )
    return "\n".join(preview_report.lines(found))


def _error() -> str:
    return failure.text(
        UsageError(HOSTILE, why="the first\nand the second line", fix="permissions:\n  id-token: write\n")
    )


SAMPLES = Samples(HOSTILE, recorded, DENY, DENY_FINDINGS)
RESULTS: dict[str, Callable[[], str]] = {
    "decision-allow.txt": lambda: text.decision(frozen.ALLOW, 41, "ab" * 32, fresh=True),
    "decision-allow-recorded-before.txt": lambda: text.decision(frozen.ALLOW, 41, "ab" * 32, fresh=False),
    "decision-deny.txt": lambda: text.decision(DENY, 42, "ab" * 32, fresh=True),
    "decision-malformed.txt": lambda: text.decision(frozen.DENY, 42, "ab" * 32, fresh=True),
    "decision-allow.md": lambda: markdown.decision(frozen.ALLOW, 41, sandbox=False),
    "decision-deny.md": lambda: markdown.decision(DENY, 42, sandbox=True),
    "verdict.txt": lambda: _verdict(sandbox=False),
    "verdict-sandbox.txt": lambda: _verdict(sandbox=True),
    "log.txt": _log,
    "log-empty.txt": lambda: text.log((), entries=1, kinds={}, head="12" * 20, sandbox=False),
    "entry.txt": lambda: text.entry(recorded(DENY, 2)),
    "entry-hold.txt": lambda: text.entry(SAMPLES.restricting()[0]),
    "entry-revocation.txt": lambda: text.entry(SAMPLES.restricting()[2]),
    "entry-resume.txt": lambda: text.entry(RecordedEvent(SAMPLES.allow.entry, frozen.RESUME)),
    "entry-reinstatement.txt": lambda: text.entry(RecordedEvent(SAMPLES.allow.entry, frozen.REINSTATEMENT)),
    "preview.txt": _preview,
    "preview-findings.md": lambda: markdown.table(DENY_FINDINGS, ABOUT),
    "error.txt": _error,
    "status.txt": lambda: status_report.overview(SAMPLES.status()).text,
    "status.md": lambda: status_report.overview(SAMPLES.status()).markdown,
    "status-no-token.txt": lambda: status_report.overview(SAMPLES.empty()).text,
    "status-nothing-waits.txt": lambda: status_report.overview(SAMPLES.nothing_waits()).text,
    "status-of-a-tag.txt": lambda: status_report.way(SAMPLES.way()).text,
    "status-of-a-tag.md": lambda: status_report.way(SAMPLES.way()).markdown,
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_looks_as_it_did(name: str) -> None:
    shown = RESULTS[name]() + "\n"
    file = GOLDEN / name
    if os.environ.get("WRITE_GOLDEN") == "1":
        file.parent.mkdir(exist_ok=True)
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RESULTS)
def test_nothing_in_a_result_acts_where_it_is_shown(name: str) -> None:
    shown = RESULTS[name]()
    assert all(char.isprintable() or char in " \n" for char in shown)
    assert not any(line.lstrip().startswith("::") for line in shown.split("\n"))


def test_no_file_without_a_result() -> None:
    assert {each.name for each in GOLDEN.iterdir()} == set(RESULTS)
