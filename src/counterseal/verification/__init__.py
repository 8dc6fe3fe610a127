"""The consumer's side: whether an artifact may be used, in numbered steps, offline.

It asks no forge and reads no repository; all that it needs lies beside the artifact.
"""

from __future__ import annotations

from counterseal.verification.looks import StepError
from counterseal.verification.steps import Verdict, Wanted, verify

__all__ = ["StepError", "Verdict", "Wanted", "verify", "vsa"]
