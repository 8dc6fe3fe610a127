"""What a repository needs to use counterseal: proposed (`init`), and held against what is there (`doctor`).

It works on what was read of the clone and of the forge, and reads and writes nothing itself.
"""

from __future__ import annotations

__all__ = ["checks", "influence", "layout", "people", "pipelines", "plan"]
