"""Chooses what `log repair` reads with: the forge, its releases and its git, as the holder of the token sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.gate import collect
    from counterseal.ports import LostTips
    from counterseal.wiring.ports import Wiring


def ledgers(wiring: Wiring, work: Path) -> tuple[collect.Sources, LostTips]:
    """Return what a repair reads.

    Args:
        wiring: That knows which repository this is about (`Wiring.at_home`).
        work: A folder of our own.

    Raises:
        UsageError: It does not know, or there is no token.
    """
    from counterseal.adapters.git.lost import GitLostTips

    here = wiring.surroundings
    place, name = here.forge_host(), here.repository_name()
    user, token = here.git_login(place.kind)
    tips = GitLostTips(f"{place.git}/{name}.git", work / "lost.git", token=token, user=user)
    sources, _ = wiring.preview(work)
    return sources, tips
