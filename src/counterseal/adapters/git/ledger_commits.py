"""The commits of the ledger's branch as git has them, and the hints in their messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterseal.errors import LedgerError, ServiceError
from counterseal.model import LedgerCommit

if TYPE_CHECKING:
    from collections.abc import Generator

    from counterseal.adapters.git.process import Git
    from counterseal.model import NewCommit

COMMITTER: Final = ("counterseal", "counterseal@users.noreply.github.com")
MAX_MESSAGE: Final = 4000
#: Bytes of 256 ids as git lists them, and more than a commit of ours has.
_AT_ONCE: Final = 256 * 41
_MAX_COMMIT: Final = 64 << 10
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_HEADER = re.compile(rb"(tree|parent) ([0-9a-f]{40})")
_LINE = re.compile(rb"^Line: ([0-9a-f]{40})$", re.MULTILINE)
_SINCE = re.compile(rb"^Since-Audit: ([0-9]{1,9})$", re.MULTILINE)
#: No pipeline runs for a commit of the ledger's branch, on either forge.
_QUIET: Final = "[skip ci]"


def encode(commit: NewCommit, seconds: int) -> bytes:
    """Return a commit as git stores it (gitformat-commit in git-commit-tree(1)).

    Args:
        commit: What is to be committed.
        seconds: The time, since 1970.
    """
    name, address = COMMITTER
    who = f"{name} <{address}> {seconds} +0000"
    title = _CONTROL.sub("?", commit.message).strip()[:MAX_MESSAGE] or "counterseal ledger entry"
    hints = f"Line: {commit.line}\nSince-Audit: {commit.since_audit}\n"
    parent = f"parent {commit.base}\n" if commit.base else ""
    head = f"tree {commit.tree}\n{parent}author {who}\ncommitter {who}\n"
    return f"{head}\n{title}\n\n{_QUIET}\n\n{hints}".encode(errors="replace")


def read(git: Git, tip: str, most: int | None) -> list[LedgerCommit]:
    """Return the commits up to a tip by first parents, newest first.

    git prints them as they are stored: neither grafts nor a cut-off history change what their parents are.

    Raises:
        LedgerError: Something there is no commit.
        ServiceError: One is not here.
    """
    number = () if most is None else (f"--max-count={most}",)
    printed = git.read(
        "rev-list", "--header", "--encoding=none", "--first-parent", *number, "--end-of-options", tip, "--"
    )
    return [_parse(record) for record in printed.split(b"\0") if record.strip(b"\n")]


def stream(git: Git, tip: str, after: str | None = None) -> tuple[int, Generator[LedgerCommit]]:
    """Return how many commits there are up to a tip by first parents, and they, oldest first, a few at a time.

    While they are read, one process of git answers for all objects.

    Args:
        git: The repository.
        tip: The newest commit.
        after: Only those after this one.

    Raises:
        LedgerError: Something there is no commit.
        ServiceError: One is not here, or `after` is none of them.
    """
    if after and git.run("merge-base", "--is-ancestor", after, tip).code != 0:
        raise ServiceError(f"the ledger's branch does not have commit {after[:12]}")
    known = (f"^{after}",) if after else ()
    printed = git.read("rev-list", "--reverse", "--first-parent", "--end-of-options", tip, *known, "--")
    return printed.count(b"\n"), _stream(git, printed)


def _stream(git: Git, names: bytes) -> Generator[LedgerCommit]:
    with git.reading():
        for start in range(0, len(names), _AT_ONCE):
            ids = names[start : start + _AT_ONCE].decode("ascii").split()
            brought = git.commits(ids, limit=len(ids) * _MAX_COMMIT)
            yield from (_commit(name, brought[name]) for name in ids)


def _parse(record: bytes) -> LedgerCommit:
    name, _, rest = record.lstrip(b"\n").partition(b"\n")
    head, _, message = rest.partition(b"\n\n")
    text = re.sub(rb"^    ", b"", message, flags=re.MULTILINE)
    return _commit(name.decode("ascii", "replace"), head + b"\n\n" + text)


def _commit(name: str, content: bytes) -> LedgerCommit:
    """Return a commit as git stores it."""
    head, _, message = content.partition(b"\n\n")
    facts = [match.groups() for line in head.split(b"\n") if (match := _HEADER.fullmatch(line))]
    trees = [value.decode() for kind, value in facts if kind == b"tree"]
    if len(trees) != 1:
        raise LedgerError(f"commit {name[:12]} of the ledger's branch cannot be read")
    lines, since = _LINE.findall(message), _SINCE.findall(message)
    return LedgerCommit(
        name,
        trees[0],
        tuple(value.decode() for kind, value in facts if kind == b"parent"),
        lines[-1].decode() if lines else None,
        int(since[-1]) if since else None,
    )
