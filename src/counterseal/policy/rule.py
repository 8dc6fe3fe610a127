"""What a rule is: its name, its options, the codes it may answer with, and its function. Judges nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from counterseal.formats import wire
from counterseal.model import Counted, Dismissed, Finding, FindingOutcome, Person, Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

#: The code of every satisfied finding, and of a rule that broke (judging.py).
SATISFIED: Final = "satisfied"
#: The code of a rule that has nothing to judge because the request cannot be read.
NO_REQUEST: Final = "no-request"
#: The code of a rule that needs what was not read.
NOT_READ: Final = "not-read"


@dataclass(frozen=True, slots=True)
class NoOptions:
    """The options of a rule that has none."""


@dataclass(frozen=True, slots=True)
class OptionProblem:
    """Why options make no sense together with the policy's people; `key` is the option to point at."""

    key: str
    what: str
    why: str = ""
    fix: str = ""


class Need(StrEnum):
    """A part of the evidence that costs something to read, or that only a merged request has.

    A rule that needs what was not read is skipped; a gate decides only where everything was read.
    """

    BYTES = "bytes"  # the candidate's files, the build's statements and signatures in them, whose hands were on it
    MERGE = "merge"  # how the request came onto the branch, and the policy before it
    REVIEWS = "reviews"  # the change request, its reviews, and what its reviewers may do
    LEDGER = "ledger"  # the verified ledger and what it says of the manifest


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule, as a module of `rules/` describes it.

    Attributes:
        name: Kebab-case condition that should be true.
        title: One line for tables: what it demands.
        judge: Pure `(Evidence, options) -> Finding`.
        codes: Every code that its findings may have, beside `satisfied` and `not-read`.
        needs: What it looks at beside the request's file and the policy.
        options: Dataclass of its options. A field is a positive `int` (with the metadata `least` 0 also that), a
            `bool`, a `str`, a `tuple[str, ...]` or a `Mapping[str, int]`, or one of these or None where it may be left
            out; its key in a policy is its name with `-` for `_`, or the metadata `key`.
        always: It always applies, and a policy cannot name it.
        check: Looks at options and the policy's groups when a policy is loaded.
    """

    name: str
    title: str
    judge: Callable[[Any, Any], Finding]
    codes: tuple[str, ...]
    needs: frozenset[Need]
    options: type[Any] = NoOptions
    always: bool = False
    check: Callable[[Any, Mapping[str, tuple[Person, ...]]], OptionProblem | None] | None = None


def reason(code: str, **facts: object) -> Reason:
    """Return a reason; of the facts records become plain JSON, and names lowerCamelCase keys."""
    return Reason(code, wire.members(facts))


def satisfied(
    rule: str, *, counted: Sequence[Counted] = (), dismissed: Sequence[Dismissed] = (), **facts: object
) -> Finding:
    """Return the finding of a rule that holds."""
    data = wire.members(facts)
    return Finding(rule, FindingOutcome.SATISFIED, SATISFIED, data, tuple(counted), tuple(dismissed))


def violated(
    rule: str, why: Reason, *, counted: Sequence[Counted] = (), dismissed: Sequence[Dismissed] = ()
) -> Finding:
    """Return the finding of a rule that does not hold."""
    return Finding(rule, FindingOutcome.VIOLATED, why.code, why.data, tuple(counted), tuple(dismissed))


def skipped(rule: str, code: str, **facts: object) -> Finding:
    """Return the finding of a rule that had nothing to judge; it allows nothing."""
    return Finding(rule, FindingOutcome.SKIPPED, code, wire.members(facts))


def no_request(rule: str) -> Finding:
    """Return the skipped finding where a request is needed that cannot be read; `review-of-this-revision` denies."""
    return skipped(rule, NO_REQUEST)


def not_read(rule: str, unread: Collection[Need]) -> Finding:
    """Return the skipped finding of a rule that needs what was not read: a preview reads no candidate, for one."""
    return skipped(rule, NOT_READ, needs=sorted(unread))
