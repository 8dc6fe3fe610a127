"""A reinstatement: people take revocations back, by a merged request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.history.events import revocation
from counterseal.history.events.consent import Consent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from counterseal.model import Revoked


@dataclass(frozen=True, slots=True)
class Reinstatement:
    """Body of a reinstatement: the revocations (entry ids) that it takes back, and no others; why, and who agreed."""

    revocations: tuple[str, ...]
    reason: str
    consent: Consent


def reinstated(revoked: Sequence[Revoked], body: Reinstatement, at: datetime) -> tuple[Revoked, ...]:
    """Return the revocations of which some were taken back."""
    return revocation.without(revoked, body.revocations, at)
