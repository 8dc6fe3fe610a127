"""What a rule is: its name, its options, the codes it may answer with, and its function. Judges nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from counterseal.model import Counted, Dismissed, Finding, FindingOutcome, Member

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The code of every satisfied finding, and of a rule that broke (evaluation.py).
SATISFIED: Final = "satisfied"
#: The code of a rule that has nothing to judge because the request cannot be read.
NO_REQUEST: Final = "no-request"
#: The code of a rule that needs the candidate's bytes, in a preview, which cannot read them.
BYTES_NOT_CHECKED: Final = "bytes-not-checked"


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


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a rule does not hold: code, the sentence with numbers and names, and the one thing to do."""

    code: str
    reason: str
    fix: str


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule, as a module of `rules/` describes it.

    Attributes:
        name: Kebab-case condition that should be true.
        title: One line for tables: what it demands.
        judge: Pure `(Evidence, options) -> Finding`.
        codes: Every code that its findings may have, beside `satisfied`.
        options: Dataclass of its options. A field is a positive `int`, a `bool`, a `str`, a `tuple[str, ...]` or a
            `Mapping[str, int]`; its key in a policy is its name with `-` for `_`, or the metadata `key`.
        always: It always applies, and a policy cannot name it.
        check: Looks at options and the policy's groups when a policy is loaded.
    """

    name: str
    title: str
    judge: Callable[[Any, Any], Finding]
    codes: tuple[str, ...]
    options: type[Any] = NoOptions
    always: bool = False
    check: Callable[[Any, Mapping[str, tuple[Member, ...]]], OptionProblem | None] | None = None


def satisfied(rule: str, reason: str, counted: Sequence[Counted] = (), dismissed: Sequence[Dismissed] = ()) -> Finding:
    """Return the finding of a rule that holds."""
    return Finding(rule, FindingOutcome.SATISFIED, SATISFIED, reason, "", tuple(counted), tuple(dismissed))


def violated(
    rule: str, problem: Problem, *, counted: Sequence[Counted] = (), dismissed: Sequence[Dismissed] = ()
) -> Finding:
    """Return the finding of a rule that does not hold."""
    outcome = FindingOutcome.VIOLATED
    return Finding(rule, outcome, problem.code, problem.reason, problem.fix, tuple(counted), tuple(dismissed))


def skipped(rule: str, code: str, reason: str) -> Finding:
    """Return the finding of a rule that had nothing to judge; it allows nothing."""
    return Finding(rule, FindingOutcome.SKIPPED, code, reason)


def no_request(rule: str) -> Finding:
    """Return the skipped finding where a request is needed that cannot be read; `review-of-this-revision` denies."""
    return skipped(rule, NO_REQUEST, "there is no readable request to judge")


def bytes_not_checked(rule: str) -> Finding:
    """Return the skipped finding of a preview, which cannot read drafts; `review-of-this-revision` denies it."""
    return skipped(rule, BYTES_NOT_CHECKED, "the candidate's bytes are read at the merge")
