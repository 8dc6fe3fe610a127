"""The parts of which both answers consist, in lines and as JSON data; most names and words in them are outsiders'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from counterseal import forges
from counterseal.formats import wire
from counterseal.model import EventRequest, FindingOutcome, PromotionRequest
from counterseal.render import escape, findings, restrictions, text
from counterseal.render.escape import plain
from counterseal.render.reports import preview as previews
from counterseal.render.verdict import SANDBOX_NOTE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from counterseal.commands import status
    from counterseal.evaluation import Decision
    from counterseal.gate import preview
    from counterseal.history import RecordedDecision
    from counterseal.model import Finding

SCHEMA: Final = "counterseal.status/v1"
_LACKING: Final = (FindingOutcome.VIOLATED, FindingOutcome.ERROR)


@dataclass(frozen=True, slots=True)
class Row:
    """A line about one thing, and lines below it."""

    head: str
    below: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a title; `none` says that there are none, `more` how many are left out."""

    title: str
    rows: Sequence[Row]
    none: str = ""
    more: int = 0

    @property
    def complete(self) -> Sequence[Row]:
        """Return the rows, and a last one for those that are left out."""
        rest = [Row(f"… and {self.more} more")] if self.more else []
        return [*self.rows, *rest] or ([Row(self.none)] if self.none else [])


def lines(sections: Iterable[Section]) -> list[str]:
    """Return sections as lines."""
    return [
        line
        for section in sections
        if section.complete
        for line in (section.title, *(line for row in section.complete for line in _indented(row)))
    ]


def _indented(row: Row) -> list[str]:
    # what an outsider wrote never begins a line, where a runner could take it for a command
    return [f"  - {row.head}", *(f"      {line}" for line in row.below)]


def markdown(sections: Iterable[Section]) -> str:
    """Return sections as Markdown."""
    return "\n".join(
        f"#### {escape.markdown(section.title)}\n\n" + "".join(f"- {_item(row)}\n" for row in section.complete)
        for section in sections
        if section.complete
    )


def _item(row: Row) -> str:
    return "<br>".join(escape.markdown(line, 2000) for line in (row.head, *row.below))


# --- what waits ------------------------------------------------------------------------------


def opened(request: status.Opened, host: str) -> Row:
    """Return an open request with what it lacks, and who can give it."""
    name = forges.change_name(host, request.change.number)
    place = plain(request.change.url)
    known, fork = request.preview, "" if request.change.inside else " · from a fork"
    if known is None:
        problem = request.problem
        told = [f"because {_told(problem)[0]}", *_told(problem)[1:]] if problem else []
        return Row(f"{name} cannot be judged · {place}{fork}", told)
    below = [line for finding in _lacks(known) for line in text.finding_lines(finding, previews.about(known), "")]
    what = f"{plain(known.tag)} into {plain(known.stage)}" if known.manifest else plain(known.path)
    head = f"{name} {what} · {place}{fork}"
    return Row(head, below or ["lacks nothing that shows before the merge: merge it"])


def _lacks(known: preview.Preview) -> list[Finding]:
    return [finding for finding in known.findings if finding.outcome in _LACKING]


def opened_data(request: status.Opened) -> dict[str, Any]:
    """Return an open request as JSON data."""
    known = request.preview
    return {
        "number": request.change.number,
        "url": request.change.url,
        "inside": request.change.inside,
        "paths": list(request.paths),
        "tag": known.tag if known else None,
        "stage": known.stage if known else None,
        "manifest": known.manifest if known else None,
        "lacks": [_lack(finding, known) for finding in _lacks(known)] if known else None,
        "problem": wire.encode(request.problem),
    }


def _lack(finding: Finding, known: preview.Preview) -> dict[str, Any]:
    about = previews.about(known)
    said = {"reason": findings.reason(finding, about), "fix": findings.fix(finding, about)}
    return {**said, "finding": wire.encode(finding)}


def merged(request: status.Merged) -> Row:
    """Return a merged request that waits for a gate."""
    place = f"merged at {request.revision[:7]}"
    if request.strays:
        count = f"{request.strays} file{'' if request.strays == 1 else 's'}"
        return Row(f"{count} in promotions/ that are no requests · {place}")
    content = request.content
    if content is None:
        return Row(f"{plain(request.path)} · {place} · it is not a readable request")
    reason = [f"reason: {plain(content.reason)}"] if content.reason else []
    who = f"asked for by {plain(content.requested_by.login)}"
    if isinstance(content, EventRequest):
        return Row(f"{plain(request.path)} · {place} · {who}", reason)
    return Row(f"{plain(content.candidate.tag)} into {plain(content.stage)} · {place} · {who}", reason)


def merged_data(request: status.Merged) -> dict[str, Any]:
    """Return a merged request as JSON data."""
    content = request.content
    asked = content if isinstance(content, PromotionRequest) else None
    return {
        "path": request.path,
        "revision": request.revision,
        "tag": asked.candidate.tag if asked else None,
        "stage": asked.stage if asked else None,
        "reason": content.reason if content else None,
        "strays": request.strays,
    }


# --- what is in force -------------------------------------------------------------------------


def standing(restrictions_in_force: Iterable[status.InForce]) -> list[Row]:
    """Return what is held and what is revoked, since when, by whom and why, and how that ends."""
    return [_stands(each) for each in restrictions_in_force]


def _stands(each: status.InForce) -> Row:
    body, number = each.recorded.event.body, each.recorded.sequence
    head = restrictions.headline(body).partition(": ")[2]
    who = restrictions.agreed(body) or f"by {plain(each.recorded.event.actor.login, 40)}"
    said = f"{who}, {when(each.recorded.event.occurred_at)}: {plain(restrictions.reason(body), 1000)}"
    return Row(f"{head} · entry {number}", [said, restrictions.way_out(body, number)])


def standing_data(each: status.InForce) -> dict[str, Any]:
    """Return a hold or a revocation in force as JSON data."""
    return {
        "sequence": each.recorded.sequence,
        "standing": wire.encode(each.what),
        "event": wire.encode(each.recorded.event),
    }


# --- what was decided ------------------------------------------------------------------------


def violations(decision: Decision) -> list[str]:
    """Return what a decision found wrong: nothing for an allow."""
    about = findings.of_decision(decision)
    wrong = (finding for finding in decision.findings if finding.outcome in _LACKING)
    return [line for finding in wrong for line in text.finding_lines(finding, about, "")]


def when(moment: datetime) -> str:
    """Return a moment."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def approvers(recorded: RecordedDecision) -> str:
    """Return who approved."""
    return ", ".join(plain(person.login, 40) for person in recorded.decision.responsible.approvers) or "nobody"


# --- how far it is known ---------------------------------------------------------------------


def _told(gap: status.Unseen) -> list[str]:
    words = (("why", gap.why), ("fix", gap.fix))
    return [plain(gap.what, 600), *(f"{name}: {plain(said.strip(), 600)}" for name, said in words if said)]


def unseen(gaps: Iterable[status.Unseen]) -> Section:
    """Return what could not be seen."""
    rows = (_told(gap) for gap in gaps)
    return Section("not seen", [Row(head, below) for head, *below in rows])


def proven(known: status.Proven) -> list[str]:
    """Return how far the ledger is proven."""
    said = "ledger: none in this clone" if known.entries is None else f"ledger: {text.chain(known.entries, known.head)}"
    return [said, *([SANDBOX_NOTE] if known.sandbox else [])]


def data(known: status.Proven, gaps: Iterable[status.Unseen]) -> dict[str, Any]:
    """Return what both answers say in JSON of how far they are known."""
    return {"schema": SCHEMA, **wire.encode(known), "unseen": wire.encode(tuple(gaps))}
