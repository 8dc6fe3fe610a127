"""The sentences of `stage-not-held`."""

from __future__ import annotations

from typing import Final

from counterseal.render.findings.shown import Sentences, Shown, said, whose


def _held(it: Shown) -> str:
    entries = ", ".join(map(str, it["entries"]))
    what = "every stage is" if it["everything"] else f"{it['stage']} is"
    return f"{what} held by {whose(it)} until {it['until']} (entry {entries})"


REASONS: Final[Sentences] = {
    "satisfied": said("nobody holds the stage"),
    "stage-held": _held,
}
FIXES: Final[Sentences] = {
    "stage-held": lambda it: (
        f"ask again when it ended: counterseal request --stage {it['stage']} --again; two people end it before: "
        f"counterseal request --kind resume --entry {it['entries'][-1]}"
    ),
}
