"""What one listed person records at once, by starting a run: a hold, or a provisional revocation (R52).

`person` says whether somebody may, `known` whether there is anything to revoke, `restricting` records it. What such a
line has to prove to its readers stands in `evaluation/started.py`.
It only restricts: nothing here lets anything in, ends a hold or takes a revocation back.
"""

from __future__ import annotations

__all__ = ["known", "person", "restricting"]
