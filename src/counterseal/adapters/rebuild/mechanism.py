"""How a command is kept apart: by bubblewrap, by unshare, or not at all; which one is found by trying, not by name.

A mechanism is believed only after a command that it ran told what it saw: no network, no file that was not brought, no
process of others, nothing to write to but its own (R53). Where none works, `none` runs commands with the same variables
in the same folders, and says that they were not isolated.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from counterseal.adapters.rebuild import bubblewrap, layout, namespaces
from counterseal.adapters.rebuild.watching import Watched
from counterseal.errors import CountersealError, UsageError
from counterseal.identifiers import page
from counterseal.model import Bounds, Conditions, Isolation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterseal.adapters.rebuild.watching import Ended

#: What a mechanism is started with; its command has none of it.
_OUTSIDE: Final = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_PROBE: Final = """\
[ ! -e {canary} ] || exit 41
[ "$(grep -c : /proc/net/dev)" -le 1 ] || exit 42
[ $$ -lt 100 ] || exit 43
[ "$(id -u)" = {uid} ] || exit 44
if ( : > /usr/.counterseal ) 2>/dev/null; then rm -f /usr/.counterseal; exit 45; fi
if ( : > /proc/sys/kernel/domainname ) 2>/dev/null; then exit 46; fi
for place in /root /run/docker.sock /var/run/docker.sock /etc/shadow; do [ ! -e "$place" ] || exit 47; done
grep -q '^CapEff:.0*$' /proc/self/status || exit 48
printf apart
"""
_SAW: Final = {
    41: "a file of the machine could be seen",
    42: "the network could be reached",
    43: "processes of the machine could be seen",
    44: "the command had another user",
    45: "a folder of the machine could be written",
    46: "a setting of the machine could be written",
    47: "files of the machine could be seen",
    48: "the command had capabilities",
}
_FIX: Final = (
    "install bubblewrap and let it make user namespaces; on Ubuntu 24.04: sudo sysctl -w "
    f"kernel.apparmor_restrict_unprivileged_userns=0 ({page('rebuild.md#what-keeps-a-build-apart')})"
)


class Mechanism(Protocol):
    """A way to keep a command apart."""

    isolation: Isolation

    def command(self, call: layout.Call) -> list[str]:
        """Return the command line."""

    def around(self, call: layout.Call) -> Mapping[str, str]:
        """Return the variables that the command line itself is started with."""

    def start(self, call: layout.Call) -> Path:
        """Return the folder that it is started in."""


class Bubblewrap:
    """Namespaces by bubblewrap."""

    isolation = Isolation(bubblewrap.NAME, isolated=True)

    def command(self, call: layout.Call) -> list[str]:
        """Return the command line."""
        return bubblewrap.command(call)

    def around(self, _call: layout.Call) -> Mapping[str, str]:
        """Return what bubblewrap itself is started with."""
        return _OUTSIDE

    def start(self, call: layout.Call) -> Path:
        """Return a folder that is there."""
        return call.folders.top


class Namespaces(Bubblewrap):
    """Namespaces by unshare(1)."""

    isolation = Isolation(namespaces.NAME, isolated=True)

    def command(self, call: layout.Call) -> list[str]:
        """Return the command line."""
        root = call.folders.top / "root"
        root.mkdir(exist_ok=True)
        return namespaces.command(call, root)


class NotApart:
    """Nothing: the command sees the whole machine. Its variables and its home are those that it would have apart.

    Args:
        why: Why nothing better works here.
    """

    def __init__(self, why: str) -> None:
        self.isolation = Isolation("none", isolated=False, why=why)

    def command(self, call: layout.Call) -> list[str]:
        """Return the command line."""
        return ["/bin/sh", "-c", call.script]

    def around(self, call: layout.Call) -> Mapping[str, str]:
        """Return the variables, with folders as they are on the machine."""
        folders, given = call.folders, call.environment()
        path = given["PATH"].replace(layout.TOOLS, os.fspath(folders.tools))
        return {**given, "PATH": path, "HOME": os.fspath(folders.home), "TMPDIR": os.fspath(folders.temporary)}

    def start(self, call: layout.Call) -> Path:
        """Return the source."""
        return call.folders.source


def choose(*, in_ci: bool, tried: Sequence[Mechanism] = (Bubblewrap(), Namespaces())) -> Mechanism:
    """Return the first mechanism that keeps a command apart here; where there is none, `NotApart` in CI.

    Args:
        in_ci: This is a job of CI, whose machine is nobody's own.
        tried: The mechanisms, the best first.

    Raises:
        UsageError: None works, and this is somebody's own machine.
    """
    reasons = []
    for mechanism in tried:
        reason = _wrong(mechanism)
        if not reason:
            return mechanism
        reasons.append(f"{mechanism.isolation.mechanism}: {reason}")
    why = "; ".join(reasons)
    if in_ci:
        return NotApart(why)
    raise UsageError("nothing here keeps a build apart, so nothing was built", why=why, fix=_FIX)


def _wrong(mechanism: Mechanism) -> str:
    """Return why a mechanism does not keep a command apart here; nothing if it does."""
    conditions = Conditions()
    with tempfile.TemporaryDirectory(prefix="counterseal.") as name:
        top = Path(name)
        (top / "canary").touch()
        folders = layout.Folders(top / "cell")
        folders.make(conditions)
        script = _PROBE.format(canary=top / "canary", uid=conditions.uid)
        call = layout.Call(folders, conditions, (), script, {})
        printed = io.BytesIO()
        try:
            ended = Watched(Bounds(seconds=30, output=4096), top, printed).run(
                mechanism.command(call), mechanism.around(call), mechanism.start(call)
            )
        except CountersealError as error:
            return f"{error.what}: {error.why}"
    return "" if ended.code == 0 and printed.getvalue() == b"apart" else _explained(ended)


def _explained(ended: Ended) -> str:
    said = " / ".join(line for line in ended.messages.splitlines() if line.strip())
    return _SAW.get(ended.code) or ended.stopped or said[-300:] or f"exit code {ended.code}"
