"""The sentences of `previous-stage-passed`."""

from __future__ import annotations

from typing import Final

from counterseal.render.findings.shown import Sentence, Sentences, Shown, said


def _age(seconds: int) -> str:
    minutes = seconds // 60
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 72 * 60 else f"{minutes // 1440} days"


def _promote_first(it: Shown) -> str:
    return f'counterseal request --stage {it["after"]} --reason "…", and promote it there first'


def _pushed(it: Shown) -> str:
    return (
        f"its allow for {it['after']}, entry {it['entry']}, was signed under a policy that came onto {it['branch']} "
        "without a merge"
    )


_FIRST: Final[Sentence] = _promote_first
REASONS: Final[Sentences] = {
    "satisfied": lambda it: f"passed {it['after']} (entry {it['entry']}, {_age(it['secondsAgo'])} ago)",
    "first-stage": lambda it: f"{it.about.stage} is the first stage",
    "stage-unknown": lambda it: f"the policy has no stage {it['stage']!r}; it has {', '.join(it['stages'])}",
    "previous-stage-missing": lambda it: (
        f"no decision lets this manifest into {it['after']}, which comes before {it.about.stage}"
    ),
    "previous-stage-policy-pushed": _pushed,
    "previous-stage-withdrawn": lambda it: f"its allow for {it['after']}, entry {it['entry']}, was withdrawn",
    "previous-stage-denied": lambda it: f"it was not allowed into {it['after']} (entry {it['entry']}: deny)",
}
FIXES: Final[Sentences] = {
    "stage-unknown": said("make a request for one of these stages"),
    **dict.fromkeys(
        (
            "previous-stage-missing",
            "previous-stage-policy-pushed",
            "previous-stage-withdrawn",
            "previous-stage-denied",
        ),
        _FIRST,
    ),
}
