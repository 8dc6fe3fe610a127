"""What is kept in mind of an entry while a whole ledger is read: enough for lists, and not for one entry whole.

A decision weighs tens of kilobytes in memory, and a ledger may have a hundred thousand. Whoever shows one whole fetches
its line again.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from counterseal import forges
from counterseal.evaluation import Decision
from counterseal.history.events import Event, Publication
from counterseal.identifiers import DECISION
from counterseal.model import FindingOutcome, Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterseal.model import Subject

#: The findings that are kept: why something was denied.
_WHY: Final = (FindingOutcome.VIOLATED, FindingOutcome.ERROR)


@dataclass(frozen=True, slots=True)
class Brief(Decision):
    """A decision without its reviews, evidence, builds, and without the findings that do not tell why it was denied."""


def brief(content: Decision | Event) -> Brief | Event:
    """Return what is kept in mind of what an entry says; of a publication not its files."""
    if isinstance(content, Decision):
        members = {field.name: getattr(content, field.name) for field in dataclasses.fields(Decision)}
        why = tuple(finding for finding in content.findings if finding.outcome in _WHY)
        return Brief(**{**members, "findings": why, "reviews": (), "evidence": (), "builds": (), "abandoned": ()})
    if isinstance(content.body, Publication):
        return dataclasses.replace(content, body=dataclasses.replace(content.body, assets=()))
    return content


def slim(said: Statement) -> Statement:
    """Return a statement without what `brief` leaves out; it says the same in brief, and names its entry as before."""
    predicate = dict(said.predicate)
    if isinstance(place := predicate.get("ledger"), dict):
        predicate["ledger"] = {name: place.get(name) for name in ("id", "entryId", "sequence")}
    if said.predicate_type == DECISION:
        predicate |= dict.fromkeys(("reviews", "evidence", "builds", "abandoned"), ())
        findings = predicate.get("findings")
        if isinstance(findings, list):
            predicate["findings"] = [
                each for each in findings if isinstance(each, dict) and each.get("outcome") in _WHY
            ]
    elif isinstance(body := predicate.get("body"), dict) and "assets" in body:
        predicate["body"] = {**body, "assets": ()}
    return Statement(said.subjects, said.predicate_type, predicate)


class Same:
    """Keeps one of what is the same in many entries: people, policies, stages, reasons."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def brief(self, decision: Decision) -> Brief:
        """Return what is kept in mind of a decision."""
        kept = decision if isinstance(decision, Brief) else brief(decision)
        assert isinstance(kept, Brief)  # noqa: S101 - as `brief` has it
        shared = ("stage", "previous_stage", "reason", "policy", "responsible", "environment", "evaluator")
        same = {name: self._one(getattr(kept, name)) for name in shared}
        source = kept.source and dataclasses.replace(
            kept.source,
            repository=self._one(kept.source.repository),
            **{name: self._one(getattr(kept.source, name)) for name in ("revision", "ref", "tag")},
        )
        return dataclasses.replace(kept, **same, source=source, manifest=self._one(kept.manifest))

    def event(self, event: Event) -> Event:
        """Return what is kept in mind of an event."""
        kept = brief(event)
        assert isinstance(kept, Event)  # noqa: S101 - as `brief` has it
        return dataclasses.replace(kept, actor=self._one(kept.actor), policy=self._one(kept.policy))

    def _one(self, value: Any) -> Any:
        return self._known.setdefault(value, value)


def mentions(decision: Decision, about: Iterable[Subject], text: str) -> bool:
    """Return whether a decision has a word with this in it; capitals do not matter.

    Args:
        decision: The decision, whole.
        about: The subjects of its statement.
        text: Looked for in tag, artifact, digest, revision, login, request (`#17`, `!17`), reason, outcome, or in the
            name of a rule that was violated.
    """
    wanted = text.casefold()
    return any(wanted in word.casefold() for word in _words(decision, about))


def _words(decision: Decision, about: Iterable[Subject]) -> Iterator[str]:
    if decision.source:
        yield from (decision.source.tag, decision.source.revision)
    for subject in about:
        yield from (subject.name, subject.digest)
    yield from (str(decision.outcome), decision.reason)
    yield from (finding.rule for finding in decision.findings if finding.outcome is FindingOutcome.VIOLATED)
    responsible = decision.responsible
    if decision.request.number is not None:
        yield forges.change_name(responsible.run_actor.host, decision.request.number)
    yield from (
        person.login for person in (responsible.requester, *responsible.approvers, responsible.run_actor) if person
    )
