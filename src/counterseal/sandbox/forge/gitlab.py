"""GitLab's face of the forge."""

from __future__ import annotations

from typing import Final

API: Final = "/gitlab/api/v4"
GIT: Final = "/gitlab/git"
