"""A resume: people end holds before they end by themselves, by a merged request."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.history.events.consent import Consent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from counterseal.model import Held


@dataclass(frozen=True, slots=True)
class Resume:
    """Body of a resume: the holds (entry ids) that it ends, and no others; why, and who agreed."""

    holds: tuple[str, ...]
    reason: str
    consent: Consent


def resumed(holds: Sequence[Held], body: Resume, at: datetime) -> tuple[Held, ...]:
    """Return the holds after a resume: those that it names are ended, and stay known for a while."""
    return tuple(
        dataclasses.replace(held, ended=held.ended or at) if held.entry_id in body.holds else held for held in holds
    )
