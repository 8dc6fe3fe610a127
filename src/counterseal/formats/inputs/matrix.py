"""The input matrix: its data, and that data read back. What it means is said in docs/formats.md#input-matrix.

Nothing here reads a file or knows the time: the same inputs give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from counterseal.errors import FormatError
from counterseal.formats import digests, wire
from counterseal.model import Container, Definition, DigestSet

if TYPE_CHECKING:
    from counterseal.model import BuildInputs

SCHEMA: Final = "counterseal.input-matrix/v1"
MAX_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class MustEqual:
    """What has to be equal in a rebuild."""

    revision: str
    submodules: Mapping[str, str]
    lock_files: Mapping[str, DigestSet]
    tools: Mapping[str, str]
    source_date_epoch: int | None


@dataclass(frozen=True, slots=True)
class CheckoutState:
    """The commit that was checked out, and how many of its files were not as committed, the first of them named."""

    revision: str
    changed: tuple[str, ...]
    changes: int


@dataclass(frozen=True, slots=True)
class InputMatrix:
    """What a build was made from and with: in the provenance, and by digest in the manifest."""

    schema: str
    must_equal: MustEqual
    checkout: CheckoutState | None
    definition: Definition | None
    container: Container | None
    parameters: Mapping[str, str]
    informational: Mapping[str, str]
    variables: Mapping[str, str]


def build(inputs: BuildInputs, revision: str) -> dict[str, Any]:
    """Return the input matrix: what a rebuild has to have equal, what is worth knowing, and the allowed variables.

    `wire.canonical` of it is what the manifest's `inputMatrix` digest is of; it travels in the provenance.

    Args:
        inputs: What the build was made from and with.
        revision: The source revision.
    """
    lock_files = {path: DigestSet(digest) for path, digest in sorted(inputs.lock_files.items())}
    there = inputs.checkout
    submodules = dict(sorted(there.submodules.items())) if there else {}
    matrix = InputMatrix(
        SCHEMA,
        MustEqual(revision, submodules, lock_files, dict(sorted(inputs.tools.items())), inputs.epoch),
        CheckoutState(there.revision, tuple(sorted(there.changed)), there.changes) if there else None,
        inputs.definition,
        inputs.container,
        dict(sorted(inputs.parameters.items())),
        dict(sorted(inputs.platform.items())),
        dict(sorted(inputs.variables.items())),
    )
    data: dict[str, Any] = wire.encode(matrix)
    return data


def parse(data: Any, what: str) -> InputMatrix:
    """Return the input matrix that JSON data is, as a provenance carries it; it is closed, so it is read strictly.

    Args:
        data: What `build` returns, from wherever it was read.
        what: Name of the document, for messages.

    Raises:
        FormatError: It is no input matrix of this version, or not as counterseal writes it.
    """
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise FormatError(f"{what}: not an input matrix", why=f"`schema` has to be {SCHEMA}")
    matrix = wire.decode(InputMatrix, data, what)
    equal = matrix.must_equal
    if not all(map(digests.is_revision, (equal.revision, *equal.submodules.values()))):
        raise FormatError(f"{what}: a revision is not a full git revision")
    named = [*equal.lock_files.values(), *(each.digest for each in (matrix.definition, matrix.container) if each)]
    if not all(digests.is_sha256(each.sha256) for each in named if each is not None):
        raise FormatError(f"{what}: a digest is not a sha256")
    return matrix
