"""The consumer's side: whether an artifact may be used, in numbered steps, offline.

It asks no forge and reads no repository; all that it needs lies beside the artifact.
"""

from __future__ import annotations

from counterseal.verification.looks import NotOfReleaseError, StepError
from counterseal.verification.proven import Proven, Step, Verdict
from counterseal.verification.steps import Asked, prove

__all__ = ["Asked", "NotOfReleaseError", "Proven", "Step", "StepError", "Verdict", "prove", "vsa"]
