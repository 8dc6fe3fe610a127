"""Rule `licences-allowed`: every component that the attested SBOM lists has a licence of the stage's list.

What an expression means is told by `inventory/licences.py`: one allowed side of an `OR` suffices, of an `AND` all are
needed, an exception is a part of its licence. What is no licence of SPDX's list is unknown, unless it is listed itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from counterseal.identifiers import SBOM_FILE
from counterseal.inventory import licences
from counterseal.policy import NO_REQUEST, Need, OptionProblem, RuleSpec, no_request, reason, satisfied, violated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from counterseal.evaluation.evidence import Evidence
    from counterseal.evaluation.sbom_facts import LicenceUse, SbomContent
    from counterseal.model import Finding, Person

NAME: Final = "licences-allowed"
#: How many licences a finding names, and how many characters of each: the rest is counted.
MAX_NAMED: Final = 8
MAX_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class Options:
    """Which licences components may have, and of how many nobody needs to know one."""

    allow: tuple[str, ...]
    max_unknown: int = field(default=0, metadata={"least": 0})


def judge(evidence: Evidence, options: Options) -> Finding:
    """Return whether no component has a licence that is not allowed, and few enough an unknown one."""
    if evidence.request.promotion is None or evidence.change is None:
        return no_request(NAME)
    facts, manifest = evidence.sbom, evidence.manifest
    if facts is None or manifest is None or not facts.same_as_attested or facts.digest != manifest.sbom:
        return violated(NAME, reason("sbom-not-attested", file=SBOM_FILE))
    if facts.content is None:
        return violated(NAME, reason("sbom-unreadable", file=SBOM_FILE, detail=facts.problem))
    return _judged(facts.content, options)


def _judged(content: SbomContent, options: Options) -> Finding:
    allowed = licences.Allowed.of(options.allow)
    by_standing: dict[licences.Standing, list[LicenceUse]] = {standing: [] for standing in licences.Standing}
    for use in content.licences:
        by_standing[allowed.standing(use.licences)].append(use)
    refused = by_standing[licences.Standing.REFUSED]
    accepted = _components(by_standing[licences.Standing.ALLOWED])
    unknown = content.elements - accepted - _components(refused)
    if refused:
        return violated(NAME, reason("licence-not-allowed", components=_components(refused), **_named(refused)))
    if unknown > options.max_unknown:
        named = _named(by_standing[licences.Standing.UNKNOWN])
        return violated(NAME, reason("licences-unknown", components=unknown, most=options.max_unknown, **named))
    return satisfied(NAME, components=content.elements, unknown=unknown)


def _components(uses: Iterable[LicenceUse]) -> int:
    return sum(use.components for use in uses)


def _named(uses: list[LicenceUse]) -> dict[str, object]:
    """Return the licences of some uses, cut, and how many more there are."""
    names = [" and ".join(use.licences) for use in uses[:MAX_NAMED]]
    short = [name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…" for name in names]
    return {"licences": short, "more": max(0, len(uses) - MAX_NAMED)}


def check(options: Options, groups: Mapping[str, tuple[Person, ...]]) -> OptionProblem | None:  # noqa: ARG001 - as all
    """Return what is wrong with the list itself."""
    for name in options.allow:
        if licences.is_joined(name):
            return OptionProblem(
                "allow",
                f"{name[:80]!r} is more than one licence",
                why="a list has single licences, and an expression is judged by its parts",
                fix="list each licence that is allowed; of an OR one suffices",
            )
    return None


RULE: Final = RuleSpec(
    name=NAME,
    title="every component of the attested SBOM has an allowed licence",
    judge=judge,
    codes=("sbom-not-attested", "sbom-unreadable", "licence-not-allowed", "licences-unknown", NO_REQUEST),
    needs=frozenset({Need.BYTES}),
    options=Options,
    check=check,
)
