"""The request for an event: one form of bytes, at one path, that asks for one thing."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from counterseal.errors import CountersealError, FormatError, UsageError
from counterseal.formats import event_request, manifest, names, wire
from counterseal.model import EventRequest, Person, Target

UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
ENTRY = "a" * 64
SAN = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
RESUME = EventRequest("1", Person("github.com", 1002, "bob"), "resume", (ENTRY,), None, None, "b" * 64, "why", UNTIL)
REVOKE = dataclasses.replace(RESUME, kind="revocation", entries=(), target=Target("artifact", "c" * 64))


def at(content: EventRequest) -> str:
    return f"promotions/_events/{content.kind}.{content.request_id}.json"


@pytest.mark.parametrize(
    "content",
    [
        RESUME,
        dataclasses.replace(RESUME, entries=tuple(f"{number:064x}" for number in range(64))),
        dataclasses.replace(RESUME, kind="reinstatement"),
        dataclasses.replace(RESUME, kind="revocation"),
        REVOKE,
        dataclasses.replace(REVOKE, since=UNTIL - timedelta(days=400)),
        dataclasses.replace(REVOKE, target=Target("run", "https://github.com/acme/app/actions/runs/1/attempts/1")),
        dataclasses.replace(REVOKE, target=Target("gate", "d" * 40)),
        dataclasses.replace(REVOKE, target=Target("identity", SAN, UNTIL - timedelta(days=3), UNTIL)),
        dataclasses.replace(REVOKE, target=Target("identity", SAN, None, UNTIL)),
    ],
)
def test_what_is_written_is_read_back(content: EventRequest) -> None:
    data = event_request.build(content)
    assert event_request.parse(data, at(content)) == content
    assert event_request.parse_path(event_request.path(content.kind, content.request_id)) == (content.kind, "1")


@pytest.mark.parametrize(
    "changes",
    [
        {"entries": ()},
        {"entries": (ENTRY, ENTRY)},
        {"entries": (ENTRY.upper(),)},
        {"entries": tuple(f"{number:064x}" for number in range(65))},
        {"kind": "hold"},
        {"kind": "revocation", "entries": (ENTRY, "b" * 64)},
        {"target": Target("artifact", "c" * 64)},
        {"kind": "revocation", "target": Target("artifact", "c" * 64)},
        {"since": UNTIL},
        {"reason": " "},
        {"reason": "a \u202e mark"},
        {"policy": "b" * 63},
        {"request_id": "../x"},
        {"requested_by": Person("github.com", 0, "bob")},
        {"requested_by": Person("github.com", 1, "bob smith")},
    ],
)
def test_what_its_kind_cannot_ask_for_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CountersealError):
        event_request.build(dataclasses.replace(RESUME, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"target": Target("stage", "production")},
        {"target": Target("artifact", "c" * 40)},
        {"target": Target("manifest", "")},
        {"target": Target("run", "ftp://github.com/x")},
        {"target": Target("gate", "d" * 39)},
        {"target": Target("identity", "a b")},
        {"target": Target("identity", "a\u200bb")},
        {"target": Target("identity", "a" * 1001)},
        {"target": Target("identity", SAN, UNTIL, UNTIL)},
        {"target": Target("artifact", "c" * 64, UNTIL, None)},
        {"since": UNTIL + timedelta(seconds=1)},
        {"target": None},
    ],
)
def test_what_cannot_be_revoked_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CountersealError):
        event_request.build(dataclasses.replace(REVOKE, **changes))


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document | {"more": 1},
        lambda document: document | {"schema": "counterseal.event-request/v2"},
        lambda document: document | {"validUntil": "2026-12-01T00:00:00+00:00"},
        lambda document: document | {"entries": ENTRY},
        lambda document: document | {"kind": "reinstatement"},
        lambda document: document | {"requestId": "2"},
        lambda document: {key: value for key, value in document.items() if key != "since"},
        lambda document: [document],
    ],
)
def test_other_content_is_refused(change: Any) -> None:
    document = wire.load_json(event_request.build(RESUME), "x")
    with pytest.raises(FormatError):
        event_request.parse(wire.canonical(change(document)), at(RESUME))


def test_the_same_content_in_other_bytes_is_refused() -> None:
    data = event_request.build(RESUME)
    with pytest.raises(FormatError, match="not the bytes"):
        event_request.parse(data + b"\n", at(RESUME))


@pytest.mark.parametrize(
    "path",
    [
        "promotions/_events/hold.1.json",
        "promotions/_events/resume.json",
        "promotions/_events/resume.1.2.json",
        "promotions/_events/resume.A.json",
        "promotions/_events/resume.1.yml",
        "promotions/_events/x/resume.1.json",
        "promotions/events/resume.1.json",
        "x/promotions/_events/resume.1.json",
        f"promotions/_events/{ENTRY}.1.json",
    ],
)
def test_other_paths_are_none_of_a_request(path: str) -> None:
    with pytest.raises(FormatError):
        event_request.parse_path(path)


def test_no_stage_has_requests_there() -> None:
    assert not names.STAGE.fits("_events")
    with pytest.raises(UsageError):
        manifest.request_path("_events", ENTRY, "1")
    with pytest.raises(FormatError):
        manifest.parse_request_path("promotions/_events/resume.1.json")
