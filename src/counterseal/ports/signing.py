"""What the core asks of Sigstore and of the run that it is in: an identity, signatures, their verification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from counterseal.model import Attestation, Certificate, Run

T = TypeVar("T")
R = TypeVar("R")


class Environment(Protocol):
    """The CI run that we are in."""

    def run(self) -> Run:
        """Return the run as its OIDC token tells it.

        Raises:
            UsageError: No CI run with an identity; the message shows the YAML to paste.
        """


class Signer(Protocol):
    """Signs with the identity of this run; one certificate for all that one signer signs."""

    def sign_statement(self, payload: bytes) -> bytes:
        """Return a Sigstore bundle (one JSON line, no newline) around exactly these payload bytes."""

    def sign_digest(self, digest: str) -> bytes:
        """Return a Sigstore bundle (one JSON line) with a blob signature over a file with this sha256."""


class BundleVerifier(Protocol):
    """Verifies bundles against one trust root, offline. Says who signed, not whether they may."""

    def verify_statement(self, bundle: bytes, what: str) -> Attestation:
        """Return the attestation in a bundle after every cryptographic check.

        Args:
            bundle: One bundle as received.
            what: Name of the bundle for messages.

        Raises:
            VerificationError: A check failed; the message says which.
        """

    def verify_digest(self, bundle: bytes, digest: str, what: str) -> Certificate:
        """Return who made the blob signature in a bundle over a file with this sha256."""


@runtime_checkable
class Crewed(Protocol):
    """A verifier that may have others verify as it does."""

    def crew(self) -> AbstractContextManager[Crew]:
        """Return processes that verify as this does, one a core; they end with the context, whatever they do then."""


class Crew(Protocol):
    """Processes beside ours for work that needs nothing but a verifier."""

    @property
    def size(self) -> int:
        """Return how many there are."""

    def submit(self, job: Callable[[BundleVerifier, T], R], item: T) -> Callable[[], R]:
        """Begin a piece of work; return what waits for its result, and raises what went wrong.

        Args:
            job: A function of a module, of which every process has its own.
            item: What it is about. It and the result are copied from process to process.
        """
