"""What `log repair` found: the ledger, what lies on it, who did that, and the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.formats import wire
from counterseal.identifiers import LEDGER_BRANCH, NOTES_REF, page
from counterseal.render import escape
from counterseal.render.report import Report
from counterseal.render.verdict import SANDBOX_NOTE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.commands.repair import Found, Repair
    from counterseal.model import BranchMove

_SHOWN = 10


def proposed(repair: Repair) -> Report:
    """Return what was found and, if something has to be done, the commands for an administrator."""
    return Report("\n".join(_lines(repair)), _data(repair), warnings=tuple(map(escape.plain, repair.warnings)))


def _lines(repair: Repair) -> Iterator[str]:
    best = repair.best
    verified = f"{_entries(best.entries)}, every signature and the chain verified"
    published = f"all {len(repair.proofs)} published proofs are in it" if repair.proofs else "nothing is published yet"
    yield f"ledger {best.ledger_id}: {best.commit} · {verified} · {published}"
    yield f"  head        sha256:{best.head}"
    yield f"  {LEDGER_BRANCH}, which is the ledger: {_place(repair.found.branch, repair)}"
    yield f"  {NOTES_REF}, its copy: {_place(repair.found.notes, repair)}"
    yield from _on_top(repair)
    yield from _moves(repair.since)
    for other, lacks in repair.others:
        without = f", without the entry that is published with {', '.join(map(escape.plain, lacks[:5]))}"
        yield f"  another ledger is whole: {other.commit[:12]} with {_entries(other.entries)}{without if lacks else ''}"
    for broken in repair.found.broken[:_SHOWN]:
        yield f"  not a ledger: {broken.commit[:12]}: {escape.plain(broken.why, 300)}"
    yield from _what_to_do(repair)
    if repair.sandbox:
        yield SANDBOX_NOTE


def _entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"


def _place(commit: str | None, repair: Repair) -> str:
    """Return what is at a ref now."""
    best, found = repair.best, repair.found
    if commit is None:
        return "absent"
    if commit == best.commit:
        return "there"
    if any(broken.commit == commit for broken in found.broken):
        return f"at {commit[:12]}, which is no whole ledger"
    whole = next((whole for whole in found.whole if whole.commit == commit), None)
    if whole is None or best.extends(whole):
        behind = f", which lacks {_entries(best.entries - whole.entries)}" if whole else ", an older state"
        return f"at {commit[:12]}{behind}"
    return f"at {commit[:12]}, another ledger"


def _on_top(repair: Repair) -> Iterator[str]:
    if repair.on_top:
        count = len(repair.on_top)
        named = ", ".join(commit[:12] for commit in repair.on_top[:_SHOWN])
        yield f"  on top of it: {count} {'commit' if count == 1 else 'commits'} of which no whole ledger came: {named}"


def _moves(since: tuple[BranchMove, ...]) -> Iterator[str]:
    for move in since[:_SHOWN]:
        who = f"{escape.plain(move.actor.login)} (id {move.actor.id})" if move.actor else "an account that is gone"
        before, after = (commit[:12] if commit else "" for commit in (move.before, move.after))
        did = f"moved it from {before} to {after}" if before and after else f"deleted it at {before}"
        yield f"  {wire.timestamp(move.at)}  {who} {did if before else f'made it at {after}'}"
    if len(since) > _SHOWN:
        yield f"  and {len(since) - _SHOWN} more moves before that"


def _what_to_do(repair: Repair) -> Iterator[str]:
    if not repair.commands:
        yield f"nothing to repair: branch and notes are at the largest ledger that {_known(repair.found)}"
        return
    yield f"an administrator puts it back, after finding out about the above ({page('repair.md')}):"
    yield from (f"  {command}" for command in repair.commands)
    if repair.found.branch != repair.best.commit:
        yield f"The rule of {LEDGER_BRANCH} against force pushes has to be off for these, and on again afterwards."


def _known(found: Found) -> str:
    return f"the log of pushes knows of ({len(found.moves)} {'push' if len(found.moves) == 1 else 'pushes'})"


def _data(repair: Repair) -> dict[str, Any]:
    best, found = repair.best, repair.found
    return {
        "schema": "counterseal.repair/v1",
        "ledger": best.ledger_id,
        "commit": best.commit,
        "entries": best.entries,
        "head": best.head,
        "branch": found.branch,
        "notes": found.notes,
        "published": list(repair.proofs),
        "onTop": list(repair.on_top),
        "moves": [
            {"at": wire.timestamp(move.at), "by": wire.encode(move.actor), "before": move.before, "after": move.after}
            for move in repair.since
        ],
        "others": [
            {"commit": other.commit, "entries": other.entries, "lacks": list(lacks)} for other, lacks in repair.others
        ],
        "broken": [{"commit": broken.commit, "why": broken.why} for broken in found.broken],
        "gone": list(found.gone),
        "commands": list(repair.commands),
        "sandbox": repair.sandbox,
    }
