"""What the forge answers when it will not do something."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - it is an answer of the forge, not a defect
    """The forge will not do this. `status` is the HTTP status that says so best."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.status = status
