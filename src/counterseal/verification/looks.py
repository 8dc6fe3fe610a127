"""What a verdict looks at, step by step, and what is said and advised where a step fails: one fix a cause."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NoReturn

from counterseal.errors import VerificationError
from counterseal.evaluation import identity_words
from counterseal.identifiers import (
    BLOB_SUFFIX,
    BUILD_BUNDLES_FILE,
    BUNDLES_FILE,
    CHECKSUMS_FILE,
    EVIDENCE_FILE,
    MANIFEST_FILE,
    SBOM_FILE,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.model import Reason

#: What a release has beside its artifacts; the publication lists each by its digest.
BESIDE: Final = (SBOM_FILE, MANIFEST_FILE, BUILD_BUNDLES_FILE, BUNDLES_FILE, EVIDENCE_FILE, CHECKSUMS_FILE)
BESIDE_WORDS: Final = ", a file beside the artifacts, held to the list of the publication (step 5)"


class Look(StrEnum):
    """What is looked at, in this order; a refusal names the first that failed by its number."""

    SUBJECT = "digest and name"
    SIGNATURE = "signature"
    TIME = "time and log"
    DECISION = "decision"
    LEDGER = "ledger"
    KNOWLEDGE = "knowledge"

    @property
    def number(self) -> int:
        """Return its place, from 1 on."""
        return list(Look).index(self) + 1


class StepError(VerificationError):
    """A step failed.

    Args:
        look: The step.
        why: What does not hold.
        fix: The one thing to do about it.
    """

    def __init__(self, look: Look, why: str, fix: str) -> None:
        super().__init__(f"not verified: step {look.number}, {look}", why=why, fix=fix)
        self.look = look


class NotOfReleaseError(StepError):
    """The release of the proof has neither this name nor these bytes: the file is of another, or of none.

    Args:
        look: The step that found it out.
        why: What it has.
    """

    def __init__(self, look: Look, why: str) -> None:
        super().__init__(look, why, _OTHER)


_OTHER: Final = "take the ledger-proof.json of the release that the file is of; if it is, do not use the file"
ANEW: Final = (
    "download the file and ledger-proof.json again, both from the same release; if it fails again, do not use the "
    "file, and tell the project"
)


def fail(look: Look, why: str, fix: str = ANEW) -> NoReturn:
    """Refuse in a step.

    Raises:
        StepError: Always.
    """
    raise StepError(look, why, fix)


def is_beside(file_name: str) -> bool:
    """Return whether a file of this name lies beside the artifacts of every release, decided on or not."""
    return file_name in BESIDE or file_name.endswith(BLOB_SUFFIX)


SIGNER: Final = (
    "compare the gate with what the project names (--gate-revision, --gate-identity); if yours is right, do not use "
    "the file"
)


def signer_words(revisions: Sequence[str] | None, problem: Reason) -> str:
    """Return why a signer is not accepted; `revisions` are the gates that the consumer pins."""
    if problem.code == "gate-revision-unknown" and revisions is not None:
        accepted = ", ".join(revisions)
        return f"you accept only {accepted} (--gate-revision); this release's gate is {problem.data['revision']}"
    return identity_words.sentence(problem)
