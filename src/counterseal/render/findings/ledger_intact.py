"""The sentences of `ledger-intact`."""

from __future__ import annotations

from typing import Final

from counterseal.render.findings.shown import Sentences, Shown, said


def _satisfied(it: Shown) -> str:
    extends = f" and extends {', '.join(it['extends'])}" if it["extends"] else ""
    return f"the ledger {it['ledger']} has {it['entries']} {'entry' if it['entries'] == 1 else 'entries'}{extends}"


REASONS: Final[Sentences] = {
    "satisfied": _satisfied,
    "other-ledger": lambda it: f"the ledger is {it['ledger']}, and the policy names {it['expected']}",
}
FIXES: Final[Sentences] = {
    "other-ledger": said("restore ledger.id in the policy; a ledger is chosen once"),
}
