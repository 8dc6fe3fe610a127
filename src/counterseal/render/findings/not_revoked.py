"""The sentences of `not-revoked`."""

from __future__ import annotations

from typing import Final

from counterseal.render.findings.shown import Sentences, Shown, said, whose


def _revoked(it: Shown) -> str:
    lasts = f" until {it['until']}, if nobody confirms it" if it["until"] else ""
    return f"the {it['kind']} {it['what']} was revoked by {whose(it)} in entry {it['entry']}{lasts}"


REASONS: Final[Sentences] = {
    "satisfied": said("nothing that it rests on is revoked"),
    "revoked": _revoked,
}
FIXES: Final[Sentences] = {
    "revoked": lambda it: (
        "build anew what was revoked; if it was revoked in error, two people take that back: "
        f"counterseal request --kind reinstatement --entry {it['entry']}"
    ),
}
