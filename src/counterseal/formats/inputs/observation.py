"""`build-observation.json`: what `observe` saw of the commands of a build. Bytes, and bytes read back strictly.

What it means is said in docs/formats.md#observation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from counterseal.errors import FormatError
from counterseal.formats import digests, wire
from counterseal.model import Observation, ObservedStep

SCHEMA: Final = "counterseal.observation/v1"
#: How many commands one run may watch, and how much all that is known of them may be.
MAX_STEPS: Final = 16
MAX_BYTES: Final = 2 << 20


@dataclass(frozen=True, slots=True)
class ObservationFile:
    """What `observe` saw in a run: the build's own word."""

    schema: str
    run: str | None
    steps: tuple[ObservedStep, ...]


def build(observation: Observation) -> bytes:
    """Return the canonical bytes (RFC 8785) of an observation.

    Raises:
        FormatError: It has no steps or too many, or is too large.
    """
    if not 0 < len(observation.steps) <= MAX_STEPS:
        raise FormatError(f"{len(observation.steps)} observed commands", why=f"1 to {MAX_STEPS} are taken")
    data = wire.canonical(wire.encode(ObservationFile(SCHEMA, observation.run, observation.steps)))
    if len(data) > MAX_BYTES:
        raise FormatError(f"the observation has {len(data)} bytes", why=f"at most {MAX_BYTES} are written")
    return data


def parse(data: bytes, what: str) -> Observation:
    """Return the observation in a file.

    Args:
        data: The bytes as received.
        what: Name of the document, for messages.

    Raises:
        FormatError: It is none of this version, or not as counterseal writes it.
    """
    return read(wire.load_json(data, what, max_bytes=MAX_BYTES, max_depth=12), what)


def read(data: Any, what: str) -> Observation:
    """Return the observation that JSON data is, as a provenance carries it.

    Raises:
        FormatError: As `parse`.
    """
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise FormatError(f"{what}: not an observation of a build", why=f"`schema` has to be {SCHEMA}")
    file = wire.decode(ObservationFile, data, what)
    if not 0 < len(file.steps) <= MAX_STEPS:
        raise FormatError(f"{what}: {len(file.steps)} observed commands", why=f"1 to {MAX_STEPS} are taken")
    for step in file.steps:
        if not all(digests.is_sha256(each.digest.sha256) for each in step.wrote.files):
            raise FormatError(f"{what}: a digest is not a sha256")
    return Observation(file.run, file.steps)
