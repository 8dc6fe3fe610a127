"""What the forge answers when it will not do something."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Refused(Exception):  # noqa: N818 - it is an answer of the forge, not a defect
    """The forge will not do this.

    `status` is the HTTP status that says so best, `details` what GitLab puts in the message's place (None: nothing).
    """

    def __init__(self, message: str, status: int = 422, details: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.details = details
