"""What an allow makes public: judged once more, gathered, uploaded, recorded, and only then published."""

from __future__ import annotations

__all__ = ["publishing", "release_assets", "release_files", "second_reading"]
