"""How old this machine's copy of Sigstore's public root of trust is."""

from __future__ import annotations

from datetime import UTC, datetime

from counterseal.errors import ServiceError

#: What TUF writes each time that it asks for news (TUF specification, "timestamp role").
_TIMESTAMP = "timestamp.json"


def refreshed() -> datetime:
    """Return when the copy was last compared with Sigstore's own.

    Raises:
        ServiceError: It never was: then the root is the one that came with the library.
    """
    from sigstore._internal.tuf import DEFAULT_TUF_URL, _get_dirs  # noqa: PLC0415 - 0.5 s, and no public way

    try:
        return datetime.fromtimestamp((_get_dirs(DEFAULT_TUF_URL)[0] / _TIMESTAMP).stat().st_mtime, UTC)
    except OSError as error:
        raise ServiceError(
            "this machine has not asked Sigstore for it yet",
            why="the root is the one that came with counterseal's libraries",
            fix="gates fetch it for themselves; for what you verify here, install the newest counterseal",
        ) from error
