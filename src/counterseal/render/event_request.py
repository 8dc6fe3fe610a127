"""The words of a request for an event: what reviewers want to know of it before they approve.

As with a promotion's, all that outsiders wrote is coded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.formats import event_request, wire
from counterseal.model import Held
from counterseal.render import escape

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.commands.request import EventBriefing
    from counterseal.model import EventRequest, Revoked, Target

_VERBS: Final = {
    event_request.RESUME: "End",
    event_request.REINSTATEMENT: "Take back",
    event_request.REVOCATION: "Make last",
}
#: Titles name so many entries.
MAX_NAMED: Final = 4


def words(asked: EventRequest, told: EventBriefing) -> tuple[str, str]:
    """Return title and body of the change request."""
    rows = [("Approvals", approvals(told, asked.requested_by.login, escape.word))]
    if asked.target is not None:
        rows.append(("Revokes", _target(asked.target, escape.word)))
        rows.append(("Since", wire.timestamp(asked.since) if asked.since else "when it is recorded"))
    rows += [(f"Entry {known.sequence}", restriction(known, escape.word)) for known in told.named]
    table = "\n".join(f"| {name} | {said} |" for name, said in rows)
    return title(asked, told), (
        f"{escape.inert(asked.reason)}\n\n| | |\n|---|---|\n{table}\n\n"
        "It touches these and nothing else. Approve this request at its last revision, then merge it: the gate records "
        f"it only while they are in force, and only if the policy's people agree. The request lapses at "
        f"{wire.timestamp(asked.valid_until)}.\n"
    )


def title(asked: EventRequest, told: EventBriefing) -> str:
    """Return the title of the change request: of our own words and numbers, since nothing can be escaped there."""
    if asked.target is not None:
        kind = asked.target.kind
        return f"Revoke {'an' if kind in {'artifact', 'identity'} else 'a'} {kind}"
    numbers = [str(known.sequence) for known in told.named]
    more = f" and {len(numbers) - MAX_NAMED} more" if len(numbers) > MAX_NAMED else ""
    what = "hold" if asked.kind == event_request.RESUME else "revocation"
    several = "s" if len(numbers) > 1 else ""
    entries = "entries" if several else "entry"
    return f"{_VERBS[asked.kind]} the {what}{several} of {entries} {', '.join(numbers[:MAX_NAMED])}{more}"


def approvals(told: EventBriefing, asker: str, name: Callable[[str], str] = escape.plain) -> str:
    """Return whose approvals it takes.

    Args:
        told: What reviewers are told.
        asker: Who asks, by login.
        name: Writes a login for where it is shown.
    """
    more = "; one more if a bot opened this request" if told.by_job else ""
    left = ", ".join(map(name, told.left))
    return f"2 needed of the policy's people ({left}); {name(asker)} asked, so {name(asker)} does not count{more}"


def restriction(known: Held | Revoked, name: Callable[[str], str] = escape.plain) -> str:
    """Return what an entry restricts, by whom and how long."""
    if isinstance(known, Held):
        what = f"holds {name(known.stage) if known.stage else 'every stage'}"
        until: str = f" until {wire.timestamp(known.until)}"
    else:
        what = f"revokes {_target(known.target, name)}"
        until = f" until {wire.timestamp(known.until)}, if nobody confirms it" if known.until else " for good"
    return f"{what} since {wire.timestamp(known.since)}{until}; made by {name(known.by)}"


def _target(target: Target, name: Callable[[str], str]) -> str:
    since, until = target.window_since, target.window_until
    signed = [
        *([f"from {wire.timestamp(since)}"] if since else []),
        *([f"to {wire.timestamp(until)}"] if until else []),
    ]
    return f"the {target.kind} {name(target.value)}" + (f", as far as it signed {' '.join(signed)}" if signed else "")
