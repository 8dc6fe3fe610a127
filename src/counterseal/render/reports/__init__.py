"""One file a verb: its result as a `Report`, in all forms."""

from __future__ import annotations

__all__ = [
    "candidate",
    "completion",
    "demo",
    "emergencies",
    "gate",
    "inventories",
    "log",
    "policy",
    "preview",
    "publish",
    "rebuilding",
    "repair",
    "request",
    "sandbox",
    "sbom",
    "setting_up",
    "sign",
    "status",
    "trust",
    "verify",
]
