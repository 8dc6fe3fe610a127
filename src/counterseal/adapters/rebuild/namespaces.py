"""The command line by which unshare(1) runs a command apart, where there is no bubblewrap.

What bubblewrap does by itself is done here in steps of util-linux: new namespaces, a root of our own into which the
binds go, the old root taken away, and then a second user namespace without any capability, as bubblewrap has it.
`mechanism.py` tries whether that works here.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from counterseal.adapters.rebuild.layout import links

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.adapters.rebuild.layout import Call

NAME: Final = "unshare"
_ALWAYS: Final = (
    *("unshare", "--user", "--map-root-user", "--mount", "--propagation", "private", "--pid", "--fork"),
    *("--kill-child=SIGKILL", "--ipc", "--uts", "--cgroup"),
)
#: In its own namespaces nothing but a bind leads out, so each is made read-only with all that is mounted below it.
_HEAD: Final = """\
PATH=/usr/sbin:/usr/bin:/sbin:/bin
only_read() {
  while read -r _ _ _ _ point _; do
    point=$(printf %b "$point")
    case $point in "$1"|"$1"/*) mount -o remount,bind,ro "$point";; esac
  done < /proc/self/mountinfo
}
bring() {
  if [ -d "$2" ]; then mkdir -p "$new$3"; else mkdir -p "$(dirname "$new$3")"; : > "$new$3"; fi
  mount --rbind "$2" "$new$3"
  [ "$1" = rw ] || only_read "$new$3"
}
mount -t tmpfs -o mode=755,size=16m cell "$new"
hostname rebuild 2>/dev/null || :
mkdir -p "$new/proc" "$new/dev" "$new/run" "$new/var"
mount -t proc proc "$new/proc"
for part in sys sysrq-trigger irq bus; do
  [ -e "$new/proc/$part" ] || continue
  mount --bind "$new/proc/$part" "$new/proc/$part"
  mount -o remount,bind,ro "$new/proc/$part"
done
mount -t tmpfs -o mode=755,size=1m dev "$new/dev"
for name in null zero full random urandom tty; do
  : > "$new/dev/$name"
  mount --bind "/dev/$name" "$new/dev/$name"
done
ln -s /proc/self/fd "$new/dev/fd"; ln -s fd/0 "$new/dev/stdin"; ln -s fd/1 "$new/dev/stdout"
ln -s fd/2 "$new/dev/stderr"; mkdir "$new/dev/shm"; ln -s /tmp "$new/var/tmp"
mount -t tmpfs -o mode=1777,size=64m shm "$new/dev/shm"
"""
_TAIL: Final = """\
cd "$new"
pivot_root . .
umount -l .
cd /
mount -o remount,bind,ro /
"""
#: `setfcap` alone is needed to make the second user namespace (user_namespaces(7)), and is gone in it.
_NOTHING: Final = "setpriv --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all,+setfcap --"


def command(call: Call, root: Path) -> list[str]:
    """Return the command that runs a text for `sh` in namespaces of its own.

    Args:
        call: The text, and what it sees.
        root: An empty folder, where its file system is put together.
    """
    lines = [f"new={shlex.quote(str(root))}", _HEAD]
    lines += [f'ln -s {shlex.quote(target)} "$new"{shlex.quote(name)}' for name, target in links().items()]
    for bind in call.binds():
        lines.append(shlex.join(["bring", "rw" if bind.writable else "ro", str(bind.source), bind.target]))
    uid = call.conditions.uid
    inner = ["unshare", "--user", f"--map-user={uid}", f"--map-group={uid}", "--", "env", "-i"]
    inner += [f"{name}={value}" for name, value in call.environment().items()]
    last = f"exec {_NOTHING} {shlex.join([*inner, '/bin/sh', '-c', call.script])}"
    setup = "\n".join((*lines, _TAIL, last))
    return [*_ALWAYS, *([] if call.network else ["--net"]), "--", "/bin/sh", "-euc", setup]
