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

    `number` is the run's at GitHub, the pipeline's at GitLab. `identity` is what the ids of its entries are made of:
    the run's address without an attempt at GitHub, the pipeline's number at GitLab. `page` shows it to people.
    """

    number: int
    identity: str
    page: str
    state: RunState = RunState.WAITING
