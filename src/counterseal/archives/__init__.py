"""Archives: what in one another build would make differently, why, the fix; and what is packed under which name.

It judges what was read of an archive, and neither opens nor writes one.
"""

from __future__ import annotations

from counterseal.archives.contents import MAX_SEARCHED, Looker, is_program
from counterseal.archives.flaws import Flaw, find
from counterseal.archives.said import FIXED_TIMES, PAX_PROCESS, UNNAMED, ZIP_FIRST

__all__ = [
    "FIXED_TIMES",
    "MAX_SEARCHED",
    "PAX_PROCESS",
    "UNNAMED",
    "ZIP_FIRST",
    "Flaw",
    "Looker",
    "fields",
    "find",
    "is_program",
    "limits",
    "makers",
    "naming",
]
