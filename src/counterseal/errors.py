"""Every error a user can meet: what went wrong, why, how to fix it, and the exit code.

An error is about not being able to do the work. A policy that says no is not an
error: it is a `Decision` with the outcome `deny` (exit code 10).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

ALLOWED = 0
COULD_NOT_DECIDE = 1
USAGE = 2
DENIED = 10
NOT_VERIFIED = 11
HELD = 12
#: Of several things that one run did, the first of these is its code.
_WORST = (COULD_NOT_DECIDE, USAGE, NOT_VERIFIED, DENIED, HELD, ALLOWED)


def worst(codes: Iterable[int]) -> int:
    """Return the exit code of a run that did several things: 1 before 11 before 10 before 12 before 0."""
    return min(codes, key=_WORST.index, default=ALLOWED)


class CountersealError(Exception):
    """Base of all errors; shown to the user as `error: WHAT`, `why: …`, `fix: …`.

    Args:
        what: What could not be done, with the name of the thing concerned.
        why: The cause, as far as it is known.
        fix: What the user can do about it.
    """

    exit_code: ClassVar[int] = COULD_NOT_DECIDE

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    def __reduce__(self) -> tuple[object, ...]:
        """Return how it is made again in another process."""
        return _again, (type(self), self.what, self.why, self.fix)

    def __str__(self) -> str:
        """Return the three parts as lines of text."""
        lines = [self.what]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


def _again(kind: type[CountersealError], what: str, why: str, fix: str) -> CountersealError:
    return kind(what, why=why, fix=fix)


class UsageError(CountersealError):
    """The call, its inputs or its environment are not usable (exit code 2)."""

    exit_code = USAGE


class PolicyError(CountersealError):
    """The policy file cannot be used (exit code 2); `what` begins with `policy.yml:LINE:COLUMN`."""

    exit_code = USAGE


class FormatError(CountersealError):
    """A document that we read is not what it should be (exit code 1)."""


class ServiceError(CountersealError):
    """A service (forge, certificate authority, log, timestamps, git) did not do its part (exit code 1)."""


class AbsentError(ServiceError):
    """A service says that it does not have what something else of it names (exit code 1)."""


class LimitError(ServiceError):
    """There is more of something than a forge tells or we read, and that will stay so: no reason to run again."""


class VerificationError(CountersealError):
    """A signature, identity, digest, proof or the ledger did not verify (exit code 11)."""

    exit_code = NOT_VERIFIED


class HeldError(CountersealError):
    """A hold is in force, so nothing was done now (exit code 12); it ends by itself, or by people."""

    exit_code = HELD


class SandboxSignedError(VerificationError):
    """What does not verify names a sandbox's authority, which nobody trusts unless they ask for it (exit code 11)."""


class LedgerError(VerificationError):
    """The ledger is not an untouched extension of what it was (exit code 11)."""
