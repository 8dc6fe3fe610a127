"""Events come back as they went; what an older reader may pass over, and what it may not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit import frozen

from counterseal import ledger
from counterseal.errors import FormatError
from counterseal.formats import statement
from counterseal.history import events as event
from counterseal.history.events import Event, EventKind
from counterseal.identifiers import EVENT

EVENTS = {
    EventKind.GENESIS: frozen.GENESIS,
    EventKind.PUBLICATION: frozen.PUBLICATION,
    EventKind.WITHDRAWN: frozen.WITHDRAWN,
    EventKind.AUDIT: frozen.AUDIT,
    EventKind.HOLD: frozen.HOLD,
    EventKind.RESUME: frozen.RESUME,
    EventKind.REVOCATION: frozen.AT_ONCE,
    EventKind.REINSTATEMENT: frozen.REINSTATEMENT,
}


def predicate(kind: EventKind) -> dict[str, Any]:
    found: dict[str, Any] = frozen.document(f"event-{kind}", kind)["predicate"]
    return found


def parse(document: dict[str, Any]) -> Event:
    return event.parse(statement.parse(statement.build([frozen.WHEEL], EVENT, document), "entry 7"), "entry 7")


@pytest.mark.parametrize("kind", EventKind)
def test_an_event_comes_back_as_it_went(kind: EventKind) -> None:
    link = frozen.link(7, "x")
    found = statement.parse(event.payload(EVENTS[kind], [frozen.WHEEL], link), "x")
    assert event.parse(found, "x") == EVENTS[kind] == parse(predicate(kind))
    assert (found.predicate_type, found.subjects, ledger.link_of(found)) == (EVENT, (frozen.WHEEL,), link)


@pytest.mark.parametrize("kind", EventKind)
def test_later_members_are_ignored_at_every_depth(kind: EventKind) -> None:
    document = predicate(kind)
    body = {**document["body"], "later": [1]}
    body["decision"] = {**body.get("decision", {}), "later": 1}
    actor = {**document["actor"], "later": 1}
    assert parse({**document, "later": None, "body": body, "actor": actor}) == EVENTS[kind]


@pytest.mark.parametrize("kind", ["freeze", "waiver", "Genesis", "genesis ", "", "rollback"])
def test_an_unknown_kind_is_never_passed_over(kind: str) -> None:
    with pytest.raises(FormatError, match=f"entry 7: unknown kind of event '{kind}'\n  fix: upgrade"):
        parse({**predicate(EventKind.GENESIS), "kind": kind})


def test_a_critical_member_that_is_not_known_is_an_error() -> None:
    known = predicate(EventKind.WITHDRAWN)
    assert parse({**known, "critical": ["body", "kind", "ledger"]}) == frozen.WITHDRAWN
    with pytest.raises(FormatError, match="entry 7: this version does not know the critical field 'until'"):
        parse({**known, "critical": ["body", "until"], "until": "2027-01-01T00:00:00Z"})


@pytest.mark.parametrize(
    ("kind", "member", "value", "path"),
    [
        (EventKind.GENESIS, "kind", None, "kind"),
        (EventKind.GENESIS, "kind", 1, "kind"),
        (EventKind.GENESIS, "body", [], "body"),
        (EventKind.GENESIS, "body", {}, r"\(genesis\): ledgerId"),
        (EventKind.GENESIS, "occurredAt", "2026-11-24", "occurredAt"),
        (EventKind.GENESIS, "occurredAt", "2026-11-24T09:13:44", "occurredAt"),
        (EventKind.GENESIS, "actor", {"login": "alice"}, r"actor\.host"),
        (EventKind.GENESIS, "policy", None, "policy"),
        (EventKind.PUBLICATION, "kind", "withdrawn", r"\(withdrawn\): code"),
        (EventKind.WITHDRAWN, "kind", "publication", r"\(publication\): tag"),
    ],
)
def test_what_is_no_event(kind: EventKind, member: str, value: object, path: str) -> None:
    with pytest.raises(FormatError, match=rf"^entry 7:? {path}"):
        parse({**predicate(kind), member: value})


@pytest.mark.parametrize("member", ["kind", "occurredAt", "actor", "policy", "body"])
def test_a_member_that_is_missing(member: str) -> None:
    document = {key: value for key, value in predicate(EventKind.PUBLICATION).items() if key != member}
    with pytest.raises(FormatError, match=f"entry 7: {member}: Field required"):
        parse(document)


def test_a_statement_of_another_form_is_no_event() -> None:
    with pytest.raises(FormatError):
        parse(json.loads(json.dumps(frozen.document("decision", "allow")["predicate"])))
