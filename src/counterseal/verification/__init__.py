"""The consumer's side: whether an artifact may be used, in numbered steps, offline.

It asks no forge and reads no repository; all that it needs lies beside the artifact, or is handed over.
"""

from __future__ import annotations

from counterseal.verification.asked import Asked
from counterseal.verification.knowledge import Known, Told
from counterseal.verification.looks import NotOfReleaseError, StepError
from counterseal.verification.proven import Proven, Step, Verdict
from counterseal.verification.steps import prove

__all__ = [
    "Asked",
    "Known",
    "NotOfReleaseError",
    "Proven",
    "Step",
    "StepError",
    "Told",
    "Verdict",
    "knowledge",
    "prove",
    "telling",
    "vsa",
]
