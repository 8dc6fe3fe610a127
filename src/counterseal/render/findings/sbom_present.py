"""The sentences of `sbom-present`."""

from __future__ import annotations

from typing import Final

from counterseal.render.findings.shown import Sentences, Shown, plural, said


def _missing(it: Shown) -> str:
    return f"the candidate has no {'file ' + it['file'] if it['attested'] else 'verified SBOM attestation'}"


def _fix(it: Shown) -> str:
    return f"make it with `counterseal sbom` and `counterseal sign` in one job, then request --stage {it.about.stage}"


REASONS: Final[Sentences] = {
    "satisfied": lambda it: f"SBOM with {it['components']} components for {plural(it['artifacts'], 'artifact')}",
    "sbom-missing": _missing,
    "sbom-ambiguous": lambda it: f"the candidate has {it['attestations']} SBOM attestations, and one was expected",
    "sbom-other-run": lambda it: f"the SBOM was signed in {it['run']}, not in the run of the provenance",
    "sbom-incomplete": lambda it: f"the SBOM attestation does not cover {', '.join(it['missing'])}",
    "sbom-differs": lambda it: f"{it['file']} is not the document that the build attested",
    "sbom-empty": said("the SBOM lists 0 components"),
}
FIXES: Final[Sentences] = {code: _fix for code in REASONS if code != "satisfied"}
