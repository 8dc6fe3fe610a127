"""Results as lines for people. The first line names subject and stage; nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal import forges
from counterseal.formats import wire
from counterseal.history import RecordedDecision, label
from counterseal.history.events import Consent, Hold, Publication
from counterseal.identifiers import EVENT_STAGE, page
from counterseal.model import FindingOutcome, Outcome
from counterseal.render import findings, restrictions
from counterseal.render.escape import plain
from counterseal.render.findings.shown import plural
from counterseal.render.verdict import SANDBOX_NOTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterseal.evaluation import Decision
    from counterseal.history import RecordedEvent, Told, ToldEvent
    from counterseal.history.events import Event
    from counterseal.model import EarlierDecision, Finding, Reason
    from counterseal.render.findings import About

MARKS = {
    FindingOutcome.SATISFIED: "✓",
    FindingOutcome.VIOLATED: "✗",
    FindingOutcome.SKIPPED: "–",
    FindingOutcome.ERROR: "!",
}


def decision(decision: Decision, sequence: int, digest: str, *, fresh: bool) -> str:
    """Return a decision: the verdict first, then what is wrong (deny) or that all is well (allow)."""
    head = f"{decision.outcome}: {plain(headline(decision), 300)}"
    recorded = "recorded" if fresh else "recorded before, not decided again"
    if decision.outcome is Outcome.ALLOW:
        approvers = ", ".join(plain(person.login) for person in decision.responsible.approvers)
        satisfied = sum(finding.outcome is FindingOutcome.SATISFIED for finding in decision.findings)
        return "\n".join(
            (
                head,
                f"  {satisfied} rules satisfied · request {_request(decision)} approved by {approvers}",
                f"  ledger: entry {sequence} (allow {recorded}) · decision sha256:{digest[:12]}…",
            )
        )
    violated = [finding for finding in decision.findings if finding.outcome is FindingOutcome.VIOLATED]
    about = findings.of_decision(decision)
    body = [line for finding in violated for line in finding_lines(finding, about)]
    rules = "\n         ".join(page(f"rules.md#{finding.rule}") for finding in violated)
    return "\n".join((head, *body, f"  ledger: entry {sequence} (deny {recorded})", f"  rules: {rules}"))


def headline(decision: Decision) -> str:
    """Return what a decision says of what: `acme/app v1.2.0 may enter production`."""
    may = "may" if decision.outcome is Outcome.ALLOW else "may not"
    if decision.stage == EVENT_STAGE:
        return f"what {label(decision)} asks for {may} be done"
    return f"{label(decision)} {may} enter {decision.stage}"


def _request(decision: Decision) -> str:
    """Return what people call the change request of a decision, or a word for that there was none."""
    number = decision.request.number
    return forges.change_name(decision.responsible.run_actor.host, number) if number else "without a change request:"


def finding_lines(finding: Finding, about: About, indent: str = "  ") -> list[str]:
    """Return a finding: rule and reason, who counted and who did not, and the fix."""
    result = [f"{indent}{finding.rule}: {plain(findings.reason(finding, about), 1000)}"]
    counted = ", ".join(plain(findings.counted(person)) for person in finding.counted)
    left_out = map(findings.not_counted, finding.dismissed)
    dismissed = "; ".join(f"{plain(who)} ({plain(why)})" for who, why in left_out)
    people = "   ".join(
        part for part in (counted and f"counted: {counted}", dismissed and f"not counted: {dismissed}") if part
    )
    if people:
        result.append(f"{indent}    {people}")
    if fix := findings.fix(finding, about):
        result.append(f"{indent}    fix: {plain(fix, 1000)}")
    return result


def sentences(decision: Decision) -> list[dict[str, str]]:
    """Return what the findings of a decision say, for JSON: the decision itself has codes and data only."""
    about = findings.of_decision(decision)
    return [
        {"rule": finding.rule, "reason": findings.reason(finding, about), "fix": findings.fix(finding, about)}
        for finding in decision.findings
    ]


def withdrawn(why: Reason, *, taken_back: bool | None) -> str:
    """Return why an allow was withdrawn, and what became of a release of it that was public (None: none was)."""
    words = findings.withdrawal(why)
    if taken_back is None:
        return words
    return (
        f"{words}; {'it is a draft again' if taken_back else 'the forge does not take it back, so delete it by hand'}"
    )


def marked(finding: Finding, about: About) -> list[str]:
    """Return a finding with a mark in front, for previews and for one entry in full."""
    first, *rest = finding_lines(finding, about)
    return [f"  {MARKS[finding.outcome]} {first.strip()}", *(f"  {line}" for line in rest)]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns; the first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def log_rows(decisions: Sequence[Told], restricted: Sequence[ToldEvent] = ()) -> list[tuple[str, ...]]:
    """Return the table of decisions, and of holds and revocations with what ended them, newest first, its head above.

    Args:
        decisions: Newest first.
        restricted: Newest first.
    """
    head = ("seq", "decided (UTC)", "outcome", "what", "stage", "approved by", "requested by", "why")
    rows = [(recorded.sequence, _log_row(recorded)) for recorded in decisions]
    rows += [(known.sequence, _restricted_row(known)) for known in restricted]
    merged = sorted(rows, key=lambda each: -each[0]) if restricted else rows
    return [head, *(row for _, row in merged)]


def _restricted_row(known: ToldEvent) -> tuple[str, ...]:
    event, body = known.event, known.event.body
    consent = getattr(body, "consent", None)
    approvers = consent.approvers if isinstance(consent, Consent) else ()
    asker = consent.requester if isinstance(consent, Consent) else event.actor
    return (
        str(known.sequence),
        f"{event.occurred_at:%Y-%m-%d %H:%M}",
        str(event.kind),
        restrictions.what(body),
        (plain(body.stage) if body.stage else "every one") if isinstance(body, Hold) else "",
        ", ".join(plain(person.login, 40) for person in approvers),
        plain(asker.login, 40) if asker else "unknown",
        plain(restrictions.reason(body), 120),
    )


def log(
    decisions: Sequence[Told],
    restricted: Sequence[ToldEvent] = (),
    *,
    entries: int,
    kinds: Mapping[str, int],
    head: str | None,
    sandbox: bool,
) -> str:
    """Return the table of decisions, holds and revocations and, below it, how far it is proven."""
    tail = f"{plural(len(decisions), 'decision')} · {chain(entries, head, kinds=kinds)}"
    rows = table(log_rows(decisions, restricted)) if decisions or restricted else []
    return "\n".join((*rows, tail, *([SANDBOX_NOTE] if sandbox else [])))


def chain(entries: int, head: str | None, *, kinds: Mapping[str, int] | None = None) -> str:
    """Return how far a ledger is proven.

    Args:
        entries: How many it has.
        head: Its newest entry.
        kinds: How many entries of each kind there are.
    """
    told = ", ".join(plural(count, kind) for kind, count in (kinds or {}).items())
    count = f"{entries} {'entry' if entries == 1 else 'entries'}{f' ({told})' if told else ''}"
    return f"chain of {count} complete and verified · head {(head or '')[:12]}…"


def _log_row(recorded: Told) -> tuple[str, ...]:
    decision = recorded.decision
    responsible = decision.responsible
    published = " (published)" if recorded.publication is not None else ""
    outcome = str(decision.outcome) + (" (withdrawn)" if recorded.withdrawn else published)
    return (
        str(recorded.sequence),
        f"{decision.decided_at:%Y-%m-%d %H:%M}",
        outcome,
        plain(label(decision), 60),
        plain(decision.stage),
        ", ".join(plain(person.login, 40) for person in responsible.approvers) or "nobody",
        plain(responsible.requester.login, 40) if responsible.requester else "unknown",
        plain(_why(decision), 120),
    )


def _why(decision: Decision) -> str:
    """Return in one line why it was decided so: the requester's reason, or the first violated finding."""
    if decision.outcome is Outcome.ALLOW:
        return decision.reason
    first = next((finding for finding in decision.findings if finding.outcome is FindingOutcome.VIOLATED), None)
    return (
        f"{first.rule}: {findings.reason(first, findings.of_decision(decision))}" if first else "no rule was satisfied"
    )


def entry(recorded: RecordedDecision | RecordedEvent) -> str:
    """Return one entry whole: what was known, who was dismissed and why, where to look further."""
    attestation, link = recorded.entry.attestation, recorded.entry.link
    before = f"{link.tree_size} {'entry' if link.tree_size == 1 else 'entries'}"
    place = [
        f"entry {link.sequence} · {link.entry_id}",
        f"  signed by     {attestation.certificate.san}",
        f"  run           {attestation.certificate.run_uri}",
        f"  time          {wire.timestamp(attestation.signed_at)}, log entry {attestation.log_index}",
        f"  line          sha256:{attestation.digest}",
        f"  earlier       {before}, Merkle root {link.root_hash}",
    ]
    if not isinstance(recorded, RecordedDecision):
        return "\n".join((*place, f"  event         {recorded.event.kind}", *_event(recorded.event)))
    head = decision(recorded.decision, recorded.sequence, attestation.digest, fresh=True).split("\n")[0]
    return "\n".join((head, *place, *_details(recorded.decision), *_artifacts(recorded)))


def _event(event: Event) -> list[str]:
    """Return what an event says: a member a line, of a publication every file."""
    body = event.body
    if isinstance(body, Publication):
        return [
            f"  decision      entry {body.decision.sequence} ({body.decision.entry_id})",
            f"  stage         {plain(body.stage)}",
            f"  tag           {plain(body.tag)} (release {body.release} at the forge)",
            f"  manifest      sha256:{body.manifest}",
            f"  started by    {plain(event.actor.login)}",
            "  files",
            *(f"    sha256:{asset.digest}  {plain(asset.name)} ({asset.size} bytes)" for asset in body.assets),
        ]
    if rows := restrictions.members(body):
        by = ("run by" if restrictions.agreed(body) else "by", f"{event.actor.login} ({event.actor.id})")
        return [f"  {name:<13} {plain(value, 2000)}" for name, value in (*rows, by)]
    members: dict[str, Any] = wire.encode(body)
    return [f"  {plain(key):<13} {plain(_words(value), 1000)}" for key, value in members.items()]


def _words(value: Any) -> str:
    """Return a member of an event as people read it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(member)}" for key, member in value.items())
    return ", ".join(map(_words, value)) if isinstance(value, list) else str(value)


def _artifacts(recorded: RecordedDecision) -> list[str]:
    """Return the files that a decision is about, by digest and name."""
    subjects = recorded.entry.attestation.statement.subjects
    return ["  files", *(f"    sha256:{subject.digest}  {plain(subject.name)}" for subject in subjects)]


def _details(decision: Decision) -> list[str]:
    """Return what a decision was made from, what every rule said, and every review."""
    policy, about = decision.policy, findings.of_decision(decision)
    reviews = [
        f"    {plain(review.actor.login) if review.actor else 'deleted account'} · {review.state} · "
        f"{(review.revision or 'no revision')[:12]} · {', '.join(review.groups) or 'no group'} · {review.url}"
        for review in decision.reviews
    ]
    people = decision.responsible
    asked = plain(people.requester.login) if people.requester else "unknown"
    approved = ", ".join(plain(person.login) for person in people.approvers) or "nobody"
    return [
        f"  requested by  {asked}",
        f"  approved by   {approved}",
        f"  run by        {plain(people.run_actor.login)} (who merged, or started the gate)",
        f"  policy        {policy.uri} at {policy.revision[:12]}, sha256:{policy.digest.sha256}",
        f"  request       {_request(decision)} {plain(decision.request.file)}",
        f"  evidence      sha256:{decision.evidence_digest.sha256}",
        *(f"  built by      {build.invocation_uri}" for build in decision.builds),
        f"  reason        {plain(decision.reason)}",
        "  findings",
        *(f"  {line}" for finding in decision.findings for line in marked(finding, about)),
        *(["  reviews"] if reviews else []),
        *reviews,
    ]


def earlier(history: Sequence[EarlierDecision], stage: str | None) -> str | None:
    """Return in one line where the manifest passed before, or None."""
    passed = [
        decision
        for decision in history
        if decision.outcome is Outcome.ALLOW and not decision.withdrawn and decision.stage != stage
    ]
    if not passed:
        return None
    last = passed[-1]
    return f"passed {last.stage} (entry {last.sequence}, {wire.timestamp(last.decided_at)})"
