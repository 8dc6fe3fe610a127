"""How things are now: stages, candidates, open requests, merged ones, denials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal import forges
from counterseal.formats import wire
from counterseal.history import label
from counterseal.model import Held, Revoked
from counterseal.render import escape, text
from counterseal.render.escape import plain
from counterseal.render.report import Report
from counterseal.render.reports import log
from counterseal.render.reports.status import parts
from counterseal.render.reports.status.parts import Row, Section

if TYPE_CHECKING:
    from counterseal.commands import status
    from counterseal.history import RecordedDecision

_HEAD = ("stage", "has", "since (UTC)", "entry", "approved by", "released")


def overview(now: status.Status) -> Report:
    """Return how things are now."""
    rows, sections = _stage_rows(now), _sections(now)
    proven = parts.proven(now.proven)
    cells = ["| " + " | ".join(escape.markdown(cell) for cell in row) + " |" for row in rows]
    table = "\n".join((cells[0], "|---" * len(_HEAD) + "|", *cells[1:]))
    foot = "  \n".join(escape.markdown(line) for line in proven)
    return Report(
        "\n".join((*text.table(rows), *parts.lines(sections), *proven)),
        _data(now),
        markdown=f"{table}\n\n{parts.markdown(sections)}\n{foot}\n",
        table=rows,
    )


def _stage_rows(now: status.Status) -> list[tuple[str, ...]]:
    return [_HEAD, *(_stage_row(state) for state in now.stages)]


def _stage_row(state: status.StageState) -> tuple[str, ...]:
    name = plain(state.name) + ("" if state.listed else " (not in the policy any more)")
    known = state.known
    if known is None:
        return name, "nothing yet", "", "", "", ""
    decided = f"{known.decision.decided_at:%Y-%m-%d %H:%M}"
    publication = known.publication
    released = f"entry {publication.link.sequence}" if publication else "not yet" if state.publishes else ""
    what = plain(label(known.decision), 60) + (" (revoked)" if state.revoked else "")
    return name, what, decided, str(known.sequence), parts.approvers(known), released


def _sections(now: status.Status) -> list[Section]:
    waiting = {
        "candidates": [_candidate(candidate) for candidate in now.candidates or ()],
        "opened": [parts.opened(request, now.host) for request in now.opened or ()],
        "merged": [parts.merged(request) for request in now.merged],
        "denied": [_denied(recorded) for recorded in now.denied],
    }
    sections = [Section("held or revoked", [*parts.standing(now.standing), *_instead(now)])]
    if now.candidates is not None:
        hidden = " that this token can see" if forges.kind_of(now.host) is forges.ForgeKind.GITHUB else ""
        none = f"none waits{hidden}"
        sections.append(Section("candidates", waiting["candidates"], none, now.more.get("candidates", 0)))
    if now.opened is not None:
        sections.append(Section("open requests", waiting["opened"], "none"))
    return [
        *sections,
        Section("merged, not decided yet", waiting["merged"], "none", now.more.get("merged", 0)),
        Section("denied, and not asked again", waiting["denied"], "none", now.more.get("denied", 0)),
        parts.unseen(now.unseen),
    ]


def _instead(now: status.Status) -> list[Row]:
    """Return what stages had before what they have now, where that is revoked."""
    rows = []
    for state in now.stages:
        if state.revoked is None:
            continue
        had = state.instead
        said = f"{plain(label(had.decision), 60)}, entry {had.sequence}" if had else "nothing"
        rows.append(Row(f"{plain(state.name)} has what is revoked; what it had before, and stands: {said}"))
    return rows


def _candidate(candidate: status.Candidate) -> Row:
    passed = f"was let into {', '.join(map(plain, candidate.passed))}" if candidate.passed else "is in no stage yet"
    return Row(f"{plain(candidate.release.tag)} {passed} · {plain(candidate.release.url)}")


def _denied(recorded: RecordedDecision) -> Row:
    decision = recorded.decision
    what = f"{plain(label(decision))} into {plain(decision.stage)}" if decision.source else plain(label(decision))
    head = f"{what} · entry {recorded.sequence}, {parts.when(decision.decided_at)}"
    withdrawn = ["it was allowed, and withdrawn since"] if recorded.withdrawn else []
    return Row(head, [*withdrawn, *parts.violations(decision)])


def _data(now: status.Status) -> dict[str, Any]:
    return {
        **parts.data(now.proven, now.unseen),
        "tag": None,
        "stages": [
            {
                "name": state.name,
                "publishes": state.publishes,
                "inPolicy": state.listed,
                "has": log.row(state.known) if state.known else None,
                "revoked": state.revoked.recorded.sequence if state.revoked else None,
                "instead": log.row(state.instead) if state.instead else None,
            }
            for state in now.stages
        ],
        "candidates": None
        if now.candidates is None
        else [
            {
                "tag": candidate.release.tag,
                "release": candidate.release.id,
                "url": candidate.release.url,
                "passed": list(candidate.passed),
            }
            for candidate in now.candidates
        ],
        "requests": None if now.opened is None else [parts.opened_data(request) for request in now.opened],
        "merged": [parts.merged_data(request) for request in now.merged],
        "denied": [log.row(recorded) for recorded in now.denied],
        "held": [parts.standing_data(each) for each in now.standing if isinstance(each.what, Held)],
        "revoked": [parts.standing_data(each) for each in now.standing if isinstance(each.what, Revoked)],
        "more": wire.encode(dict(now.more)),
    }
