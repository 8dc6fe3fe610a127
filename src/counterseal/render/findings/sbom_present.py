"""The sentences of `sbom-present`."""

from __future__ import annotations

from typing import Final

from counterseal.render.findings.shown import Sentences, Shown, make_sbom, plural, said, unreadable_sbom


def _missing(it: Shown) -> str:
    return f"the candidate has no {'file ' + it['file'] if it['attested'] else 'verified SBOM attestation'}"


def _again(it: Shown) -> str:
    return f'sign, and counterseal request --stage {it.about.stage} --reason "…"'


def _elements(it: Shown) -> str:
    return ", ".join(f"{name} of {count}" for name, count in sorted(it["missing"].items()))


def _unknown(it: Shown) -> str:
    return (
        f"{it['unknown']} of {plural(it['elements'], 'component')} have no licence of SPDX's list, "
        f"and {it['most']} may be so"
    )


def _origin(it: Shown) -> str:
    told = ", ".join(it["origins"]) or "nothing that it names"
    return f"the SBOM was made from {told}, and the policy wants {it['expected']}"


REASONS: Final[Sentences] = {
    "satisfied": lambda it: (
        f"SBOM with {plural(it['components'], 'component')}, {plural(it['artifacts'], 'artifact')} among them"
    ),
    "sbom-missing": _missing,
    "sbom-ambiguous": lambda it: f"the candidate has {it['attestations']} SBOM attestations, and one was expected",
    "sbom-other-run": lambda it: f"the SBOM was signed in {it['run']}, not in the run of the provenance",
    "sbom-incomplete": lambda it: f"the SBOM attestation does not cover {', '.join(it['missing'])}",
    "sbom-differs": lambda it: f"{it['file']} is not the document that the build attested",
    "sbom-empty": said("the SBOM lists 0 components"),
    "sbom-unreadable": unreadable_sbom,
    "sbom-below-minimum": lambda it: f"the SBOM lacks elements of the minimum {it['minimum']}: {_elements(it)}",
    "licences-unknown": _unknown,
    "sbom-other-origin": _origin,
}
FIXES: Final[Sentences] = {
    **{code: make_sbom for code in REASONS if code != "satisfied"},
    "sbom-below-minimum": lambda it: f"counterseal sbom score names the components; complete them, then {_again(it)}",
    "licences-unknown": lambda it: (
        f"counterseal sbom where the packages are installed names licences; then {_again(it)}"
    ),
    "sbom-other-origin": lambda it: f"make it with `counterseal sbom` from the lock file, then {_again(it)}",
}
