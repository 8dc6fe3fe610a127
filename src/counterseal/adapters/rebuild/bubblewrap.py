"""The command line by which bubblewrap (bwrap) runs a command apart. `mechanism.py` tries whether that works here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.adapters.rebuild.layout import links

if TYPE_CHECKING:
    from counterseal.adapters.rebuild.layout import Call

NAME: Final = "bubblewrap"
_ALWAYS: Final = (
    *("bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--die-with-parent", "--new-session", "--hostname", "rebuild", "--cap-drop", "ALL", "--clearenv"),
)
#: Settings of the kernel: who builds as root could write them, and bubblewrap leaves them as they are (measured, 0.8).
_SETTINGS: Final = ("sys", "sysrq-trigger", "irq", "bus")
_SHARED_MEMORY: Final = str(64 << 20)


def command(call: Call) -> list[str]:
    """Return the command that runs a text for `sh` in namespaces of its own."""
    uid = str(call.conditions.uid)
    words = [*_ALWAYS, "--uid", uid, "--gid", uid]
    if not call.network:
        words += ["--unshare-net"]
    words += ["--proc", "/proc"]
    words += [word for name in _SETTINGS for word in ("--ro-bind-try", f"/proc/{name}", f"/proc/{name}")]
    words += ["--dev", "/dev", "--size", _SHARED_MEMORY, "--tmpfs", "/dev/shm"]  # noqa: S108 - a new one
    words += [word for name, target in links().items() for word in ("--symlink", target, name)]
    for bind in call.binds():
        words += ["--bind" if bind.writable else "--ro-bind", str(bind.source), bind.target]
    words += ["--symlink", "/tmp", "/var/tmp", "--dir", "/run", "--remount-ro", "/"]  # noqa: S108 - the build's own
    words += [word for name, value in call.environment().items() for word in ("--setenv", name, value)]
    return [*words, "--", "/bin/sh", "-c", call.script]
