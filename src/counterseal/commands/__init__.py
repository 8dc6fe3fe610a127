"""One file a verb that is more than a call of another room: ports come in as arguments, a result goes out."""

from __future__ import annotations

__all__ = [
    "archives",
    "candidate",
    "demo",
    "doctor",
    "emergency",
    "gate",
    "init",
    "inventories",
    "log",
    "outputs",
    "pin",
    "policy",
    "policy_files",
    "policy_people",
    "preview",
    "promotable",
    "rebuild",
    "rehearsal",
    "repair",
    "request",
    "sandbox",
    "sbom",
    "sign",
    "status",
    "verify",
]
