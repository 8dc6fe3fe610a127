"""`rebuild`: a second build, also under other conditions; `rebuild compare`: beside a release, in another process."""

from __future__ import annotations

__all__ = ["building", "comparing", "placing", "recorded", "varying"]
