"""The sentences of `entries-in-force`."""

from __future__ import annotations

from typing import Final

from counterseal.render.findings.shown import Sentences, Shown, said, short


def _in_force(it: Shown) -> str:
    entries = it["entries"]
    if not entries:
        return "it names no earlier entry"
    return f"in force: {', '.join(f'entry {entry}' for entry in entries)}"


REASONS: Final[Sentences] = {
    "satisfied": _in_force,
    "hold-ended": lambda it: f"the hold of entry {it['entry']} ended at {it['ended']}",
    "no-hold": lambda it: f"no hold in force is the entry {short(it['entryId'])}",
    "no-revocation": lambda it: f"no revocation in force is the entry {short(it['entryId'])}",
    "revocation-ended": lambda it: f"the provisional revocation of entry {it['entry']} ended at {it['ended']}",
    "confirmed-already": lambda it: f"the revocation of entry {it['entry']} lasts already",
}
FIXES: Final[Sentences] = {
    "hold-ended": said("nothing, as far as this hold is concerned: it stops nothing any more"),
    "no-hold": said("see what is held (counterseal status), and ask with the numbers of its entries"),
    "no-revocation": said("see what is revoked (counterseal log), and ask with the numbers of its entries"),
    "revocation-ended": said("revoke it by a request: counterseal request --kind revocation --target …"),
    "confirmed-already": said("nothing: it does not end by itself"),
}
