"""A withdrawal: an allow that must be ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from counterseal.history.events.entry_reference import EntryReference


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Body of a withdrawal: an allow that must be ignored, and why, as the code and the data of a `Reason`.

    `stage` and `manifest` (sha256) are those of the allow.
    """

    stage: str
    manifest: str
    decision: EntryReference
    code: str
    data: Mapping[str, Any]
