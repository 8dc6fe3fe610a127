"""The sentences of `licences-allowed`."""

from __future__ import annotations

from typing import Final

from counterseal.render.findings.shown import Sentences, Shown, make_sbom, plural, said, unreadable_sbom


def _satisfied(it: Shown) -> str:
    unknown = f", {it['unknown']} of them unknown" if it["unknown"] else ""
    return f"{plural(it['components'], 'component')} with allowed licences{unknown}"


def _names(it: Shown) -> str:
    more = f", and {it['more']} more" if it["more"] else ""
    return f"{', '.join(it['licences']) or 'nothing at all'}{more}"


def _refused(it: Shown) -> str:
    return f"{plural(it['components'], 'component')} with licences that the stage does not allow: {_names(it)}"


def _unknown(it: Shown) -> str:
    return f"{plural(it['components'], 'component')} without a known licence, and {it['most']} may be so: {_names(it)}"


REASONS: Final[Sentences] = {
    "satisfied": _satisfied,
    "sbom-not-attested": lambda it: f"{it['file']} is not an SBOM that the build attested, so nothing it lists counts",
    "sbom-unreadable": unreadable_sbom,
    "licence-not-allowed": _refused,
    "licences-unknown": _unknown,
}
FIXES: Final[Sentences] = {
    "sbom-not-attested": make_sbom,
    "sbom-unreadable": make_sbom,
    "licence-not-allowed": said("replace these components, or allow the licences in the policy by a change of its own"),
    "licences-unknown": said(
        "make the SBOM where licences are known, list the names in `allow`, or raise `max-unknown`"
    ),
}
