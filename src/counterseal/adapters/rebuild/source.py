"""A fresh checkout of a revision, from a clone on this machine or from an address, without any token.

It comes out of a repository of our own, so nothing that lies uncommitted anywhere is in it. It is a clone with history
and tags, since some builds take their version from those; its configuration is empty, and git never runs in it again.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from counterseal import plain_file
from counterseal.adapters.git.process import Git, explain
from counterseal.errors import ServiceError, UsageError
from counterseal.formats import digests
from counterseal.identifiers import BUILD_PATH

_FETCH_SECONDS: Final = 600.0
_LOCAL_HOSTS: Final = ("127.0.0.1", "::1", "localhost")
_LINK: Final = b"160000 "


class GitSource:
    """The source of a second build (`ports.BuildSource`).

    Args:
        where: A clone on this machine, or an address.
        revision: A full revision; of a clone also a name. None: what is checked out there.
        work: A folder of our own, which need not be there yet.

    Raises:
        UsageError: It is neither, the revision is not there, or it has submodules.
        ServiceError: It could not be fetched.
    """

    def __init__(self, where: str, revision: str | None, work: Path) -> None:
        self.uri, origin, protocol = _origin(where)
        local = protocol == "file"
        self.revision = _revision_here(Path(origin), revision) if local else _full(revision)
        self._git = Git(work)
        self._git.create()
        self._fetch(origin, protocol)
        self._refuse_links()

    def _fetch(self, origin: str, protocol: str) -> None:
        answer = self._git.run(
            *("fetch", "--quiet", "--no-write-fetch-head", "--no-auto-maintenance", "--no-tags", "--refmap="),
            *("--end-of-options", origin, f"{self.revision}:refs/heads/source", "refs/tags/*:refs/tags/*"),
            variables={"GIT_ALLOW_PROTOCOL": protocol},
            seconds=_FETCH_SECONDS,
        )
        if answer.code != 0:
            raise ServiceError(
                f"{self.revision} could not be fetched from {origin}",
                why=explain(answer),
                fix="name an address that anybody may read, or check the source out first and name that folder",
            )

    def _refuse_links(self) -> None:
        """Refuse submodules: what they point to is not in this repository."""
        listed = self._git.read("ls-tree", "-r", "-z", self.revision).split(b"\0")
        links = [line.partition(b"\t")[2].decode("utf-8", "replace") for line in listed if line.startswith(_LINK)]
        if links:
            raise UsageError(
                f"{self.revision} has the submodule {links[0]}",
                why="a submodule's source is in another repository, and is not brought here",
                fix="let the fetch command bring it by its revision, in place of the submodule",
            )

    def read(self, path: str = BUILD_PATH) -> bytes | None:
        """Return a file as it was committed, or None if it is not there or no plain file."""
        listed = self._git.run("ls-tree", "-z", self.revision, "--", path)
        kind, _, blob = listed.out.partition(b"\t")[0].decode("ascii", "replace").rpartition(" ")
        if listed.code != 0 or kind not in ("100644 blob", "100755 blob"):
            return None
        return self._git.read("cat-file", "blob", blob, limit=1 << 20)

    def committed_at(self) -> int:
        """Return when the revision was committed, in seconds since 1970."""
        return int(self._git.read("show", "--no-patch", "--format=%ct", self.revision))

    def check_out(self, folder: Path) -> None:
        """Put the revision's files into an empty folder, with a repository of their own beside them.

        Raises:
            ServiceError: It did not work.
        """
        repository = folder / ".git"
        copy = Git(repository)
        copy.create()
        variables = {"GIT_ALLOW_PROTOCOL": "file", "GIT_WORK_TREE": str(folder)}
        place = ("--end-of-options", str(self._git.folder))
        steps = (
            ("fetch", "--quiet", "--no-write-fetch-head", "--no-tags", "--refmap=", *place, "refs/*:refs/*"),
            ("update-ref", "--no-deref", "HEAD", self.revision),
            ("read-tree", self.revision),
            ("checkout-index", "--all", "--force"),
        )
        for step in steps:
            answer = copy.run(*step, variables=variables, seconds=_FETCH_SECONDS)
            if answer.code != 0:
                raise ServiceError(f"{self.revision} could not be checked out", why=explain(answer))
        config = repository / "config"
        config.write_text(config.read_text("ascii").replace("bare = true", "bare = false"), encoding="ascii")

    def digest(self, folder: Path, path: str) -> str | None:
        """Return the sha256 of a plain file of a checkout, None if there is none; before any command ran in it."""
        place = folder / path
        if not place.resolve().is_relative_to(folder.resolve()) or place.is_symlink() or not place.is_file():
            return None
        with plain_file.opened(place) as stream:
            return digests.sha256_of(stream)


def _origin(where: str) -> tuple[str, str, str]:
    """Return an address to record, one to fetch from, and by which protocol."""
    if "://" not in where:
        folder = Path(where)
        if not folder.is_dir():
            raise UsageError(
                f"{where} is no folder", fix="name a clone, or an address like https://github.com/acme/app"
            )
        folder = folder.resolve()
        top = Git(folder, own=False).run("rev-parse", "--path-format=absolute", "--git-common-dir")
        if top.code != 0:
            raise UsageError(f"{where} is not a git repository", why=explain(top), fix="name a clone")
        address = Git(folder, own=False).run("config", "--get", "remote.origin.url")
        named = address.out.decode("utf-8", "replace").strip() if address.code == 0 else ""
        return (named if re.match(r"https?://[^@\s]+\Z", named) else "file:."), str(folder), "file"
    parts = urlsplit(where)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            "the address has more than a place",
            why="a second build has no token, and the address is written into its result",
            fix="leave out everything before the host and after the path",
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS):
        raise UsageError(f"{where} is not fetched", why="only https is safe from others", fix="write https://…")
    return where, where, parts.scheme


def _full(revision: str | None) -> str:
    if revision is None or not digests.is_revision(revision):
        raise UsageError(
            "no full revision" if revision is None else f"{revision[:80]!r} is no full revision",
            why="a name or a part of a revision can mean something else tomorrow",
            fix="--revision with all 40 hex digits",
        )
    return revision


def _revision_here(folder: Path, revision: str | None) -> str:
    name = revision or "HEAD"
    answer = Git(folder, own=False).run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    found = answer.out.decode("ascii", "replace").strip()
    if answer.code != 0 or not digests.is_revision(found):
        raise UsageError(f"{name!r} is no revision in {folder.name}", fix="name one that is there, or fetch it first")
    return found
