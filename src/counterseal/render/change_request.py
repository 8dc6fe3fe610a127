"""The words of a promotion request: what people who review it want to know, each with its link.

They are searched by forges as they were written, and a merge may take them over into its commit's message. So all that
outsiders wrote is coded, and a link leads to the repository or to where the forge itself says that something is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import forges
from counterseal.render import escape, inventories
from counterseal.render.escape import plain
from counterseal.render.findings.shown import short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from counterseal.commands.request import Briefing
    from counterseal.evaluation import Wanted
    from counterseal.model import PromotionRequest


def words(asked: PromotionRequest, told: Briefing) -> tuple[str, str]:
    """Return title and body of the change request."""
    rows = "\n".join(f"| {name} | {said} |" for name, said in _rows(asked, told))
    return title(asked.candidate.tag, asked.stage), (
        f"{escape.inert(asked.reason)}\n\n"
        f"| | |\n|---|---|\n{rows}\n\n"
        f"{escape.inert(chr(10).join(inventories.compared(told.compared)))}\n\n"
        f"Manifest `sha256:{asked.manifest}`. Approve this request at its last revision, then merge it: the gate reads "
        "all of this again before it decides.\n"
    )


def title(tag: str, stage: str) -> str:
    """Return the title of a change request and its commit: nothing can be escaped there, and a tag may have `@`."""
    return f"Promote {tag.replace('@', '(at)')} to {stage}"


def approvals(told: Briefing, asker: str, name: Callable[[str], str] = plain) -> str:
    """Return whose approvals the policy asks for.

    Args:
        told: What reviewers are told.
        asker: Who asks, by login.
        name: Writes a login for where it is shown.
    """
    if not told.wanted:
        return "the policy asks for no number of approvals"
    count = sum(wanted.people for wanted in told.wanted)
    whom = " and ".join(_group(wanted, number, name) for number, wanted in enumerate(told.wanted))
    more = "; one more if a bot opened this request" if told.by_job else ""
    return f"{count} needed: {whom}; {name(asker)} asked, so {name(asker)} does not count{more}"


def _group(wanted: Wanted, number: int, name: Callable[[str], str]) -> str:
    group = wanted.group or ("more of the policy's people" if number else "the policy's people")
    of = "" if number and not wanted.group else "of "
    return f"{wanted.people} {of}{group} ({', '.join(map(name, wanted.left)) or 'nobody is left'})"


def _rows(asked: PromotionRequest, told: Briefing) -> Iterator[tuple[str, str]]:
    home, tag = told.repository, asked.candidate.tag
    commit = escape.link(f"`{short(told.revision)}`", forges.commit_page(home.host, home.name, told.revision))
    yield "Tag", f"{escape.link(escape.word(tag), forges.tag_page(home.host, home.name, tag))} at {commit}"
    yield "Changes", _changes(asked, told)
    yield "Candidate", escape.link("its files", told.page)
    if told.run:
        yield "Built by", escape.link("this run", told.run)
    passed = told.tests and f"{told.tests.passed} passed, {told.tests.failed} failed"
    yield "Tests", passed or "the candidate says nothing of tests"
    yield "Approvals", approvals(told, asked.requested_by.login, escape.word)


def _changes(asked: PromotionRequest, told: Briefing) -> str:
    home, since = told.repository, told.since
    if since is None:
        unread = f"the ledger was not read: {escape.word(told.unread, 1000)}"
        return f"not compared: {unread if told.unread else f'{asked.stage} has nothing yet'}"
    what = f"since {escape.word(since.tag)}, which {asked.stage} has now (entry {since.entry})"
    if since.revision == told.revision:
        return f"none {what}"
    return escape.link(what, forges.comparison_page(home.host, home.name, since.revision, told.revision))
