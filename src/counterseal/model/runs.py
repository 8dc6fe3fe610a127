"""A run of the gate that somebody asked the forge for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RunState(StrEnum):
    """How far a run is."""

    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A run that a call of the API started.

    `number` is the run's at GitHub, the pipeline's at GitLab; `page` is its address, without an attempt: of that the id
    of its entry is made.
    """

    number: int
    page: str
    state: RunState = RunState.WAITING
