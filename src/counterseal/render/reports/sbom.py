"""What `sbom` wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.formats import subject, wire
from counterseal.identifiers import SBOM_FILE
from counterseal.render import versions
from counterseal.render.findings.shown import plural
from counterseal.render.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.commands import sbom


def report(result: sbom.SbomResult, tag: str | None = None) -> Report:
    """Return the document's place, digest and size.

    Args:
        result: What was written.
        tag: That is built, if this is known.
    """
    counted = ", ".join(f"{kind} {count}" for kind, count in result.redacted.items())
    redacted = f"\n  redacted: {counted}" if counted else ""
    done = "would write" if result.dry_run else "wrote"
    return Report(
        text=f"sbom: {plural(result.components, 'component')} ({result.unknown_licences} without a licence), "
        f"{plural(len(result.subjects), 'artifact')}\n"
        f"  {done} {result.path} · sha256:{result.digest}{redacted}",
        data={"schema": "counterseal.sbom/v1", **wire.encode(result), "path": str(result.path)},
        outputs={"sbom": str(result.path), "sbom-digest": result.digest},
        warnings=(*_too_large(result.size), *versions.warnings(tag, (artifact.name for artifact in result.subjects))),
    )


def _too_large(size: int) -> Iterator[str]:
    limit = subject.largest(SBOM_FILE)
    if size > limit:
        yield f"the SBOM has {size} bytes, and `sign` takes at most {limit}: make an SBOM of each project"
