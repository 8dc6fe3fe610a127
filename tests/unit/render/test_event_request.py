"""What reviewers read in a request for an event, and that nobody else's words act in it."""

from __future__ import annotations

import dataclasses
import html

import pytest
from tests.unit import frozen
from tests.unit.render.test_golden import HOSTILE

from counterseal.commands.request import EventBriefing
from counterseal.model import Held, Repository, Revoked
from counterseal.render import event_request

HELD = Held(frozen.HELD_ID, 43, "production", "promote", frozen.moment(9, 13), frozen.moment(9, 13, day=27), "github.com/1001")  # fmt: skip  # noqa: E501
REVOKED = Revoked(frozen.REVOKED_ID, 44, frozen.STOLEN, frozen.moment(7, 0), None, "github.com/1001")
TOLD = EventBriefing(Repository("github.com", 701, "acme/app"), (HELD,), ("carol", "dora"), by_job=False)


def test_reviewers_are_told_what_they_decide_about() -> None:
    title, body = event_request.words(frozen.ENDING, TOLD)
    assert title == "End the hold of entry 43"
    shown = html.unescape(body)
    assert "| Entry 43 | holds <code>production</code> since 2026-11-24T09:13:44Z until 2026-11-27T09:13:44Z; " in shown
    assert "2 needed of the policy's people (<code>carol</code>, <code>dora</code>); " in shown


@pytest.mark.parametrize(
    ("kind", "named", "title"),
    [
        ("reinstatement", (REVOKED,), "Take back the revocation of entry 44"),
        ("revocation", (REVOKED,), "Make last the revocation of entry 44"),
        ("resume", (HELD,) * 6, "End the holds of entries 43, 43, 43, 43 and 2 more"),
    ],
)
def test_a_title_has_words_of_ours_alone(kind: str, named: tuple[Held | Revoked, ...], title: str) -> None:
    content = dataclasses.replace(frozen.ENDING, kind=kind)
    assert event_request.title(content, dataclasses.replace(TOLD, named=named)) == title


def test_what_somebody_wrote_acts_nowhere() -> None:
    asked = dataclasses.replace(frozen.REVOKING, reason=HOSTILE)
    title, body = event_request.words(asked, dataclasses.replace(TOLD, left=(HOSTILE,)))
    assert title == "Revoke an identity"
    for acts in ("<script>", "@all", "](javascript:", "![i]"):
        assert acts not in body
