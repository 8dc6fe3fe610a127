"""What a command of a second build sees: which folders lie where, and which variables it has. It starts nothing.

Everything is by allow-list: the system's programs, a few files of `/etc`, folders with tools that somebody named, and
the build's own folders (R53). There is no `/home`, `/root`, `/run`, `/var` or `/sys` of the machine, and no socket.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal.errors import UsageError
from counterseal.model import Conditions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TOOLS: Final = "/build/tools"
STEPS: Final = "/build/steps"
#: Where the programs are that every system has.
SYSTEM_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
#: Of `/etc`, what programs need to start and to check certificates; nothing there is a secret.
_ETC: Final = (
    *("alternatives", "ca-certificates", "ca-certificates.conf", "crypto-policies", "pki/tls", "pki/ca-trust"),
    *("ssl/certs", "ssl/openssl.cnf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "mime.types", "os-release"),
    *("protocols", "services", "debian_version", "java-11-openjdk", "java-17-openjdk", "java-21-openjdk"),
)
#: Where hosted runners of GitHub keep the tools that `setup-*` actions install.
_TOOL_CACHES: Final = (Path("/opt/hostedtoolcache"),)
#: What names a token or a key, in the folder of somebody who works.
_SECRET_FILES: Final = (
    *(".netrc", ".git-credentials", ".npmrc", ".pypirc", ".ssh", ".aws", ".azure", ".gnupg", ".docker", ".kube"),
    *("credentials", "credentials.toml", ".credentials", "config.toml"),
)


#: What no folder with tools may contain.
_NEVER: Final = ("/etc", "/run", "/var", "/root", "/home")


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder of the machine, and where a command sees it."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one build on this machine, all below one that is ours."""

    top: Path

    @property
    def source(self) -> Path:
        """Return the checkout."""
        return self.top / "source"

    @property
    def home(self) -> Path:
        """Return the home of the build's user; empty at first."""
        return self.top / "home"

    @property
    def tools(self) -> Path:
        """Return where tools are installed that were not here."""
        return self.top / "tools"

    @property
    def temporary(self) -> Path:
        """Return what is `/tmp` to the build."""
        return self.top / "tmp"

    @property
    def steps(self) -> Path:
        """Return where the commands lie, as files."""
        return self.top / "steps"

    @property
    def etc(self) -> Path:
        """Return our own files of `/etc`."""
        return self.top / "etc"

    def own(self) -> tuple[Path, ...]:
        """Return the folders that the build writes to."""
        return self.source, self.home, self.tools, self.temporary

    def make(self, conditions: Conditions) -> None:
        """Make the folders, empty, and our files of `/etc`."""
        for folder in (*self.own(), self.steps, self.etc):
            folder.mkdir(parents=True)
        user, uid = conditions.user, conditions.uid
        lines = {
            "passwd": f"root:x:0:0::/:/bin/sh\n{user}:x:{uid}:{uid}::{home(conditions)}:/bin/sh\n",
            "group": f"root:x:0:\n{user}:x:{uid}:\n",
            "hosts": "127.0.0.1 localhost\n::1 localhost\n",
            "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
            "resolv.conf": "",
        }
        for name, text in lines.items():
            (self.etc / name).write_text(text, encoding="ascii")


def home(conditions: Conditions) -> str:
    """Return where the home is, as the build sees it."""
    return f"/home/{conditions.user}"


def links() -> dict[str, str]:
    """Return the links at the top of this machine's file system that a program is found by."""
    return {name: str(Path(name).readlink()) for name in _SYSTEM if Path(name).is_symlink()}


def binds(folders: Folders, conditions: Conditions, tools: Sequence[Path], *, network: bool) -> Iterator[Bind]:
    """Return everything that a command sees, parents before what lies in them.

    Args:
        folders: Of the build.
        conditions: Where they appear.
        tools: More folders with programs, as they are.
        network: The command may reach the network, and needs to know whom to ask for names.
    """
    yield from (Bind(Path(name), name) for name in _SYSTEM if Path(name).is_dir() and not Path(name).is_symlink())
    yield from (Bind(etc.resolve(), str(etc)) for name in _ETC if (etc := Path("/etc", name)).exists())
    for name in ("passwd", "group", "hosts", "nsswitch.conf"):
        yield Bind(folders.etc / name, f"/etc/{name}")
    resolver = Path("/etc/resolv.conf")
    yield Bind(resolver.resolve() if network and resolver.exists() else folders.etc / "resolv.conf", "/etc/resolv.conf")
    yield Bind(folders.source, conditions.path, writable=True)
    yield Bind(folders.home, home(conditions), writable=True)
    yield Bind(folders.tools, TOOLS, writable=True)
    yield Bind(folders.temporary, "/tmp", writable=True)  # noqa: S108 - the build's own
    yield Bind(folders.steps, STEPS)
    yield from (Bind(folder, str(folder)) for folder in (*_TOOL_CACHES, *tools) if folder.is_dir())


def variables(conditions: Conditions, tools: Sequence[Path], more: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a command; `more` are declared or recorded variables."""
    places = [f"{TOOLS}/env/bin", *(str(folder / "bin" if (folder / "bin").is_dir() else folder) for folder in tools)]
    return {
        "LANG": conditions.locale,
        "LC_ALL": conditions.locale,
        "TZ": conditions.zone,
        **more,
        "PATH": ":".join((*places, SYSTEM_PATH)),
        "HOME": home(conditions),
        "TMPDIR": "/tmp",  # noqa: S108 - the build's own
        "USER": conditions.user,
        "LOGNAME": conditions.user,
        "SHELL": "/bin/sh",
        "TERM": "dumb",
    }


@dataclass(frozen=True, slots=True)
class Call:
    """A command that is to be kept apart: its text, what it sees, its variables."""

    folders: Folders
    conditions: Conditions
    tools: tuple[Path, ...]
    script: str
    more: Mapping[str, str]
    network: bool = False

    def environment(self) -> dict[str, str]:
        """Return all of its variables."""
        return variables(self.conditions, self.tools, self.more)

    def binds(self) -> list[Bind]:
        """Return all that it sees."""
        return list(binds(self.folders, self.conditions, self.tools, network=self.network))


def check_tools(folder: Path, apart: Sequence[Path]) -> Path:
    """Return a folder with programs, resolved, if a build may see all of it.

    Args:
        folder: As it was named.
        apart: Folders that a build may not see: somebody's home, where we are, temporary files.

    Raises:
        UsageError: It is no folder, contains one of those, or has files with secrets.
    """
    place = Path(os.path.realpath(folder))
    if not place.is_dir():
        raise UsageError(f"--tools {folder} is no folder", fix="name the folder that the tool is installed in")
    for other in map(str, (*apart, *_NEVER)):
        if Path(os.path.realpath(other)).is_relative_to(place):
            raise UsageError(
                f"--tools {folder} would show {other} to the build",
                why="a second build sees nothing of what people and jobs keep on this machine",
                fix="name the folder of the tool alone, such as /opt/node-22",
            )
    if secrets := sorted(name for name in _SECRET_FILES if os.path.lexists(place / name)):
        raise UsageError(
            f"--tools {folder} has {secrets[0]}",
            why="such files have tokens or keys, and the build would see it",
            fix="name a folder below it that has the programs only",
        )
    return place
