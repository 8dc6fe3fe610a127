"""What builds say they were made from: read from a provenance, held to the certificate, compared field by field.

Pure. It judges nothing: what the build itself says can contradict what the platform certifies, and never confirm it.
"""

from __future__ import annotations

from counterseal.inputs.build import Build, Contradiction, contradicted, contradictions, of_provenance
from counterseal.inputs.difference import Change, compare
from counterseal.inputs.fields import Field, Group, fields

__all__ = [
    "Build",
    "Change",
    "Contradiction",
    "Field",
    "Group",
    "compare",
    "contradicted",
    "contradictions",
    "fields",
    "of_provenance",
]
