"""Rule `enough-reviews`: enough distinct people approved this request, the demanded number from each group (R13, R16).

Who counts at all is told by `approvals.py`. Here places are filled by matching: each person takes one place,
and whoever is in two groups takes the one that leaves most places filled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from counterseal.evaluation.approvals import Approval, approvals, excluded, hidden_hands, unknown_authorship
from counterseal.model import Dismissed, Finding, Person, Policy, Stage
from counterseal.policy import NO_REQUEST, Need, OptionProblem, RuleSpec, no_request, reason, satisfied, violated

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from counterseal.evaluation.evidence import Evidence

NAME: Final = "enough-reviews"
ANY: Final = ""  # a place that anybody in the policy may take


@dataclass(frozen=True, slots=True)
class Options:
    """How many people, and how many of them from which group; the others may be in any group of the policy."""

    count: int
    groups: Mapping[str, int] = field(default_factory=dict, metadata={"key": "from"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many approvals are asked for of a group (None: of anybody in the policy), and who could give one."""

    group: str | None
    people: int
    left: tuple[str, ...]


def judge(evidence: Evidence, options: Options) -> Finding:
    """Return whether the request has its approvals; one more where somebody's part is unknown (R14, R15)."""
    change = evidence.change
    if evidence.request.content is None or change is None:
        return no_request(NAME)
    tally = approvals(evidence)
    gaps = (*unknown_authorship(evidence), *hidden_hands(evidence))
    places = _places(options, extra=1 if gaps else 0)
    filled = match(places, [approval.groups for approval in tally.counted])
    people = [approval.person for approval in tally.counted]
    about = {"filled": len(filled), "required": len(places), "head": change.head, "merged": change.merged}
    if len(filled) == len(places):
        return satisfied(NAME, counted=people, dismissed=tally.dismissed, **about)
    missing = Counter(place for number, place in enumerate(places) if number not in filled)
    spare = [approval.person for number, approval in enumerate(tally.counted) if number not in filled.values()]
    return violated(
        NAME,
        reason("review-missing", missing=_missing(evidence, missing, tally.counted), because=gaps[:1], **about),
        counted=[people[number] for number in sorted(filled.values())],
        dismissed=[
            *tally.dismissed,
            *(Dismissed(person.actor, "no-place", {"groups": list(person.groups)}) for person in spare),
        ],
    )


def match(places: Sequence[str], people: Sequence[Sequence[str]]) -> dict[int, int]:
    """Return place → person so that as many places as possible are filled, earlier ones first (Kuhn's algorithm).

    Args:
        places: The group of each place, or `ANY`.
        people: The groups of each person.
    """
    holder: dict[int, int] = {}

    def seat(place: int, tried: set[int]) -> bool:
        for person, groups in enumerate(people):
            if person in tried or (places[place] != ANY and places[place] not in groups):
                continue
            tried.add(person)
            current_place = next((number for number, seated in holder.items() if seated == person), None)
            if current_place is None or seat(current_place, tried):
                holder[place] = person
                return True
        return False

    for place in range(len(places)):
        seat(place, set())
    return holder


def _places(options: Options, *, extra: int) -> list[str]:
    named = [group for group, number in options.groups.items() for _ in range(number)]
    return named + [ANY] * (options.count - len(named) + extra)


def _missing(evidence: Evidence, missing: Mapping[str, int], counted: Sequence[Approval]) -> list[dict[str, object]]:
    """Return how many are missing of which group (None: of any), and who of its people could still approve."""
    out = {*excluded(evidence), *(approval.actor.key for approval in counted)}
    return [
        {"group": group or None, "people": number, "left": _left(evidence.policy, group, out)}
        for group, number in missing.items()
    ]


def _left(policy: Policy, group: str, out: Collection[tuple[str, int]]) -> list[str]:
    members = policy.groups[group] if group else [member for some in policy.groups.values() for member in some]
    return list(dict.fromkeys(member.login for member in members if member.key not in out))


def check(options: Options, groups: Mapping[str, tuple[Person, ...]]) -> OptionProblem | None:
    """Return why a policy with these groups can never fulfil the options."""
    for group in options.groups:
        if group not in groups:
            return OptionProblem("from", f"unknown group {group!r}", fix=f"groups are: {', '.join(groups)}")
    if (demanded := sum(options.groups.values())) > options.count:
        return OptionProblem("count", f"count is {options.count}, and `from` asks for {demanded}", fix="raise count")
    people: dict[tuple[str, int], list[str]] = {}
    for group, members in groups.items():
        for member in members:
            people.setdefault(member.key, []).append(group)
    if not can_fulfil(options, list(people.values())):
        why = f"the policy names {len(people)} people, and each takes one place"
        return OptionProblem("count", "nobody could ever fulfil this", why=why, fix="lower the numbers or add people")
    return None


def can_fulfil(options: Options, people: Sequence[Sequence[str]]) -> bool:
    """Return whether people, each by their groups, could fill every place."""
    if options.count > len(people):
        return False
    return len(match(_places(options, extra=0), people)) == options.count


def possible_without(policy: Policy, stage: Stage, *out: Person) -> bool:
    """Return whether enough people of a policy are left to approve for a stage once some of them are out."""
    groups: dict[tuple[str, int], list[str]] = {}
    for group, members in policy.groups.items():
        for member in members:
            if member.key not in {person.key for person in out}:
                groups.setdefault(member.key, []).append(group)
    uses = (use.options for use in stage.rules if use.name == NAME)
    # one approval is always needed, by review-of-this-revision
    return bool(groups) and all(can_fulfil(options, list(groups.values())) for options in uses)


def few_enough(policy: Policy, stage: Stage, host: str) -> tuple[Person, ...]:
    """Return people of a forge whose approvals together suffice for a stage, at least one; none if nobody's do."""
    everybody = list({member.key: member for members in policy.groups.values() for member in members}.values())
    out = [person for person in everybody if person.host != host]
    if len(out) == len(everybody) or not possible_without(policy, stage, *out):
        return ()
    for person in reversed(everybody):
        if person not in out and len(out) + 1 < len(everybody) and possible_without(policy, stage, *out, person):
            out.append(person)
    return tuple(person for person in everybody if person not in out)


def wanted(policy: Policy, stage: Stage, person: Person) -> list[Wanted]:
    """Return whose approvals a stage asks for once one person of the policy is out: so many of each group."""
    uses = (use.options for use in stage.rules if use.name == NAME)
    places = Counter(place for options in uses for place in _places(options, extra=0))
    return [
        Wanted(group or None, people, tuple(_left(policy, group, [person.key]))) for group, people in places.items()
    ]


RULE: Final = RuleSpec(
    name=NAME,
    title="enough distinct people approved this request, so many from each group",
    judge=judge,
    codes=("review-missing", NO_REQUEST),
    needs=frozenset({Need.REVIEWS}),
    options=Options,
    check=check,
)
