"""What reviewers read in a promotion request, at both forges; and that nobody else's words act in it."""

from __future__ import annotations

import dataclasses
import html
import re

import pytest
from tests.unit import frozen
from tests.unit.render.test_golden import HOSTILE

from counterseal.commands.request import Briefing, Outcomes, Since
from counterseal.evaluation import Wanted
from counterseal.formats.manifest import check_tag
from counterseal.gate.sboms import Comparison
from counterseal.inventory import Difference, Package
from counterseal.model import Repository
from counterseal.render import change_request

OLD, NEW = "a" * 40, "b" * 40
BRIEFING = Briefing(
    repository=Repository("github.com", 701, "acme/app"),
    revision=NEW,
    page="https://github.com/acme/app/releases/tag/untagged-1",
    since=Since("v1.1.0", OLD, 3),
    unread="",
    run="https://github.com/acme/app/actions/runs/5/attempts/1",
    tests=Outcomes(120, 0),
    wanted=(Wanted("security", 1, ("dora",)),),
    by_job=False,
    compared=Comparison("staging", 17),
)


def rows(briefing: Briefing) -> dict[str, str]:
    """Return the rows of the table by their names, character references resolved."""
    _, body = change_request.words(frozen.REQUEST, briefing)
    return {
        name: html.unescape(said) for name, said in re.findall(r"^\| ([A-Z][\w ]*) \| (.*) \|$", body, re.MULTILINE)
    }


def test_reviewers_are_told_what_they_decide_about() -> None:
    assert rows(BRIEFING) == {
        "Tag": "[<code>v1.2.0</code>](https://github.com/acme/app/tree/v1.2.0)"
        f" at [`bbbbbbb`](https://github.com/acme/app/commit/{NEW})",
        "Changes": "[since <code>v1.1.0</code>, which production has now (entry 3)]"
        f"(https://github.com/acme/app/compare/{OLD}...{NEW})",
        "Candidate": "[its files](https://github.com/acme/app/releases/tag/untagged-1)",
        "Built by": "[this run](https://github.com/acme/app/actions/runs/5/attempts/1)",
        "Tests": "120 passed, 0 failed",
        "Approvals": "1 needed: 1 of security (<code>dora</code>); "
        "<code>bob</code> asked, so <code>bob</code> does not count",
    }


def test_at_gitlab_the_same_with_its_addresses() -> None:
    told = rows(dataclasses.replace(BRIEFING, repository=Repository("gitlab.com", 701, "acme/tools/app")))
    assert "(https://gitlab.com/acme/tools/app/-/tags/v1.2.0)" in told["Tag"]
    assert f"(https://gitlab.com/acme/tools/app/-/commit/{NEW})" in told["Tag"]
    assert f"(https://gitlab.com/acme/tools/app/-/compare/{OLD}...{NEW})" in told["Changes"]


def test_what_is_not_known_is_said_or_left_out() -> None:
    told = rows(dataclasses.replace(BRIEFING, since=None, run=None, tests=None, page=""))
    assert told["Changes"] == "not compared: production has nothing yet"
    assert told["Tests"] == "the candidate says nothing of tests"
    assert told["Candidate"] == "its files"
    assert "Built by" not in told
    unread = rows(dataclasses.replace(BRIEFING, since=None, unread="no ledger"))
    assert unread["Changes"] == "not compared: the ledger was not read: <code>no ledger</code>"
    same = rows(dataclasses.replace(BRIEFING, since=Since("v1.2.0", NEW, 3)))
    assert same["Changes"].startswith("none since <code>v1.2.0</code>")


def test_whose_approval_is_asked_for() -> None:
    wanted = (Wanted("security", 1, ("dora",)), Wanted(None, 2, ("alice", "carol", "dora")))
    briefing = dataclasses.replace(BRIEFING, wanted=wanted, by_job=True)
    assert change_request.approvals(briefing, "bob") == (
        "3 needed: 1 of security (dora) and 2 more of the policy's people (alice, carol, dora); "
        "bob asked, so bob does not count; one more if a bot opened this request"
    )
    nobody = dataclasses.replace(BRIEFING, wanted=(Wanted(None, 1, ()),))
    assert change_request.approvals(nobody, "bob").startswith("1 needed: 1 of the policy's people (nobody is left);")
    assert change_request.approvals(dataclasses.replace(BRIEFING, wanted=()), "bob").startswith(
        "the policy asks for no"
    )


def test_the_words_of_a_change_request_act_nowhere() -> None:
    hostile = tuple(Package(f"{HOSTILE}\n/approve\nCloses #7", "npm", (HOSTILE,), (HOSTILE,)) for _ in range(50))
    briefing = dataclasses.replace(
        BRIEFING,
        page="https://evil.example/) @all #7 <script>",
        since=Since(f"{HOSTILE}\n/approve\nCloses #7", OLD, 3),
        wanted=(Wanted("security", 1, (f"{HOSTILE}\n/approve\nCloses #7",)),),
        compared=Comparison("production", 50, "x/@all", 7, Difference(hostile, (), (), ())),
    )
    asked = dataclasses.replace(frozen.REQUEST, reason=f"{HOSTILE}\n/approve\nCloses #7")
    heading, body = change_request.words(asked, briefing)
    assert heading == f"Promote {frozen.REQUEST.candidate.tag} to {frozen.REQUEST.stage}"
    assert frozen.REQUEST.manifest in body
    assert not any(word in body for word in ("<script", "@all", "#7", "\n/approve", "\x1b", "://evil"))
    links = re.findall(r"\]\(([^)]*)\)", body)
    assert len(links) == 4
    assert all(link.startswith("https://github.com/acme/app/") for link in links)
    assert body.count("&#x2b; &#x3a;") == 20, "each row begins with its mark and the hostile name"
    assert "and 30 more" in body
    assert len(body) < 65536, "what GitHub takes"


def test_a_tag_with_a_mention_in_it_mentions_nobody() -> None:
    candidate = dataclasses.replace(frozen.REQUEST.candidate, tag="x/@everyone")
    heading, body = change_request.words(dataclasses.replace(frozen.REQUEST, candidate=candidate), BRIEFING)
    assert "@" not in heading + body
    assert "(https://github.com/acme/app/tree/x/%40everyone)" in body


@pytest.mark.parametrize(
    ("tag", "called"),
    [("v1.2.0", "Promote v1.2.0 to staging"), ("x/@everyone", "Promote x/(at)everyone to staging")],
)
def test_a_title_calls_nobody(tag: str, called: str) -> None:
    check_tag(tag)
    assert change_request.title(tag, "staging") == called
