"""A changelog as data: releases with their version, date and notes."""

from __future__ import annotations

import datetime
import re

from packaging.version import InvalidVersion, Version
from pydantic import BaseModel

_HEADING = re.compile(r"^##\s+\[?v?(?P<version>[^\]\s]+)\]?(?:\s+[-–(]+\s*(?P<date>\d{4}-\d{2}-\d{2})\)?)?\s*$")


class Release(BaseModel):
    """One release of a changelog."""

    version: str
    date: datetime.date | None = None
    notes: list[str] = []

    @property
    def number(self) -> Version:
        """Return the version in a form that can be compared."""
        return Version(self.version)


def parse(text: str) -> list[Release]:
    """Return the releases of a Markdown changelog (`## 1.2.0 - 2026-11-20`), newest first."""
    releases: list[Release] = []
    for line in text.splitlines():
        if match := _HEADING.match(line):
            try:
                Version(match["version"])
            except InvalidVersion:
                continue  # "## Unreleased" and other headings
            releases.append(Release.model_validate(match.groupdict()))
        elif releases and line.lstrip().startswith(("- ", "* ")):
            releases[-1].notes.append(line.strip()[2:])
    return sorted(releases, key=lambda release: release.number, reverse=True)


def newer(releases: list[Release], than: str) -> list[Release]:
    """Return the releases after version `than`."""
    return [release for release in releases if release.number > Version(than)]
