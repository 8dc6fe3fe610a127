"""Where the commands of one build run: folders of its own, apart from everything else, within bounds.

Each command runs under `sh -eu` in the top folder of the source. A command with network sees the same as one without,
so what it brings lies where the next one finds it. No command has a token (R53): its variables are all named in
`layout.py`, its home begins empty, and it sees no file of the machine but programs.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
from typing import TYPE_CHECKING, Final

from counterseal.adapters.rebuild import files, layout
from counterseal.adapters.rebuild.network import variables as network_variables
from counterseal.adapters.rebuild.watching import Watched
from counterseal.errors import ServiceError
from counterseal.model import Bounds, StepEnd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from counterseal.adapters.rebuild.mechanism import Mechanism
    from counterseal.model import Conditions, Isolation

#: Runs the command and says on the other pipe, which the command has not, what it left behind. `$1` is the file.
_AROUND: Final = """\
printf 'begun\\n' >&2; umask {umask:03o}; ulimit -c 0; ulimit -f {blocks}; cd {path} || exit 125
/bin/sh -eu {file} 2>&1; code=$?
[ {looks} = yes ] && for process in /proc/[0-9]*; do
  number=${{process#/proc/}}
  [ "$number" = 1 ] || [ "$number" = $$ ] && continue
  {{ read -r line < "$process/stat"; }} 2>/dev/null || continue
  case ${{line##*) }} in Z*|X*) continue;; esac
  name=${{line#*(}}; printf 'left %s\\n' "${{name%)*}}" >&2
done
exit $code
"""
_BLOCK: Final = 512
_MAX_LEFT: Final = 20
_ASKING: Final = Bounds(seconds=120, output=64 << 10)
_FILE_TOO_LARGE: Final = 128 + 25  # SIGXFSZ


class BuildCell:
    """The place of one build (`ports.Cell`).

    Args:
        top: A folder that is not there yet, for everything of this build.
        mechanism: How its commands are kept apart.
        conditions: What is around the build.
        bounds: Of each command.
        tools: More folders with programs.
    """

    def __init__(
        self, top: Path, mechanism: Mechanism, conditions: Conditions, bounds: Bounds, tools: Sequence[Path] = ()
    ) -> None:
        self._folders = layout.Folders(top)
        self._mechanism, self._conditions, self._bounds = mechanism, conditions, bounds
        self._tools = tuple(tools)
        self._folders.make(conditions)
        self._committed: frozenset[str] = frozenset()
        self._brought: frozenset[str] = frozenset()

    @property
    def isolation(self) -> Isolation:
        """Return what keeps the commands apart."""
        return self._mechanism.isolation

    @property
    def source(self) -> Path:
        """Return the folder that the source is put into before the first command."""
        return self._folders.source

    @property
    def log(self) -> Path:
        """Return the file with all that the commands printed."""
        return self._folders.top / "log"

    def ask(self, script: str, more: Mapping[str, str]) -> str:
        """Return what a text for `sh -eu` prints, without network, and not into the log."""
        (self._folders.steps / "ask").write_text(script, encoding="utf-8")
        call, printed = self._call("ask", more, network=False), io.BytesIO()
        watched = Watched(_ASKING, self._folders.top, printed)
        watched.run(self._mechanism.command(call), self._mechanism.around(call), self._mechanism.start(call))
        return printed.getvalue().decode("utf-8", "replace")

    def run(self, name: str, script: str, more: Mapping[str, str], *, network: bool = False) -> StepEnd:
        """Run a command and return how it ended; everything that it started has ended then, too.

        Args:
            name: What it is called in the log.
            script: Text for `sh -eu`.
            more: Variables beside those that every command has.
            network: It may reach the network.

        Raises:
            ServiceError: It could not be kept apart, so it was not run.
        """
        (self._folders.steps / name).write_text(script, encoding="utf-8")
        call = self._call(name, more, network=network)
        with self.log.open("ab") as log, _processors(self._conditions.cpus):
            log.write(f"== {name}\n".encode())
            watched = Watched(self._bounds, self._folders.top, log)
            command, environment = self._mechanism.command(call), self._mechanism.around(call)
            ended = watched.run(command, environment, self._mechanism.start(call))
        said = ended.messages.splitlines()
        if "begun" not in said and not ended.stopped:
            raise ServiceError(
                f"the {name} command could not be started apart", why=" / ".join(said)[-600:], fix="run it once more"
            )
        left = dict.fromkeys(line.removeprefix("left ")[:64] for line in said if line.startswith("left "))
        stopped = ended.stopped
        if not stopped and ended.code == _FILE_TOO_LARGE:
            stopped = f"it wrote a file of more than {self._bounds.disk} bytes"
        code = ended.code if ended.code >= 0 else 128 - ended.code  # as a shell says which signal ended it
        return StepEnd(name, code, stopped, tuple(left)[:_MAX_LEFT])

    def _call(self, name: str, more: Mapping[str, str], *, network: bool) -> layout.Call:
        apart = self._mechanism.isolation.isolated
        path = self._conditions.path if apart else os.fspath(self._folders.source)
        file = f"{layout.STEPS}/{name}" if apart else os.fspath(self._folders.steps / name)
        script = _AROUND.format(
            umask=self._conditions.umask,
            blocks=self._bounds.disk // _BLOCK,
            path=shlex.quote(path),
            file=shlex.quote(file),
            looks="yes" if apart else "no",
        )
        reaching = network_variables() if network else {}
        return layout.Call(self._folders, self._conditions, self._tools, script, {**reaching, **more}, network)

    def settle(self) -> None:
        """Give the source's files the modes and the age that the conditions want them to have."""
        files.settle(self._folders.source, self._conditions.umask, self._conditions.age)
        self._committed = files.content_below([self._folders.source])

    def note(self) -> None:
        """Take note of every file that was brought before the build begins."""
        self._brought = files.content_below(self._folders.own()) - self._committed

    def was_brought(self, digest: str) -> bool:
        """Return whether a file with this sha256 was brought, and not committed, before the build began."""
        return digest in self._brought

    def outputs(self, patterns: Sequence[str]) -> Sequence[Path]:
        """Return what matches the declared outputs."""
        return files.matching(self._folders.source, patterns)

    def remove(self) -> None:
        """Remove everything of this build, and whatever it made hard to remove."""
        for entry in files.walk(self._folders.top):
            if entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    os.chmod(entry.path, 0o700)  # noqa: PTH101 - the entry has its path as text
        shutil.rmtree(self._folders.top, ignore_errors=True)


@contextlib.contextmanager
def _processors(count: int | None) -> Iterator[None]:
    """Let what is started meanwhile use only some processors, if a number is given."""
    if count is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
