"""Programs that make SBOMs: ours, those of the ecosystems, and those for all; which lock files they read, and how.

A program is taken from the PATH or from `$COUNTERSEAL_CACHE/bin`; what is on neither is named as missing. None reaches
a registry: what needs one beside the lock file makes no SBOM here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Name of a lock file → what cdxgen calls its ecosystem.
ECOSYSTEMS = {
    "package-lock.json": "js",
    "pnpm-lock.yaml": "js",
    "yarn.lock": "js",
    "uv.lock": "python",
    "poetry.lock": "python",
    "pdm.lock": "python",
    "pylock.toml": "python",
    "requirements": "python",
    "Cargo.lock": "rust",
    "go.mod": "go",
    "gradle.lockfile": "java",
}
CACHE = Path(os.environ.get("COUNTERSEAL_CACHE") or Path.home() / ".cache" / "counterseal")
PATH = f"{CACHE / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
#: Offline, without anybody's settings; licences are those in the lock.
ENVIRONMENT = {
    "CARGO_NET_OFFLINE": "true",
    "FETCH_LICENSE": "false",
    "GOFLAGS": "-mod=mod",
    "GOPROXY": "off",
    "SYFT_CHECK_FOR_APP_UPDATE": "false",
    "UV_OFFLINE": "1",
    "npm_config_offline": "true",
    "npm_config_update_notifier": "false",
    "npm_config_userconfig": os.devnull,
}
_PROCESS = Path(__file__).with_name("sbom_process.py")


@dataclass(frozen=True)
class Work:
    """What a program is to read.

    Attributes:
        folder: A copy of the case's files.
        project: Folder of the project in it.
        locks: Paths of the lock files in it, where the project does not lead to them.
        kind: The key of the lock file in `ECOSYSTEMS`.
        output: Where the SBOM belongs.
    """

    folder: Path
    project: str
    locks: tuple[str, ...]
    kind: str
    output: Path

    @property
    def place(self) -> Path:
        """Return the project's folder."""
        return self.folder / self.project


@dataclass(frozen=True)
class Run:
    """How a program ended: its SBOM or None, seconds, peak memory in MiB, and its last line if it made none."""

    document: Path | None
    seconds: float
    mebibytes: float
    reason: str = ""


@dataclass(frozen=True)
class Tool:
    """A program that makes SBOMs.

    Attributes:
        name: As its users call it.
        program: Its file's name.
        reads: Names of the lock files that it is asked to read.
        arguments: What it is called with.
        version: What makes it print its version.
        writes: Its SBOM, if it chooses the place itself; `-`: on stdout.
        needs: What it cannot do without beside a lock file.
    """

    name: str
    program: str
    reads: frozenset[str]
    arguments: Callable[[Work], list[str]]
    version: tuple[str, ...] = ("--version",)
    writes: str = ""
    needs: str = ""

    def reads_all(self, kind: str, locks: Sequence[str]) -> bool:
        """Return whether it is here and reads these; cyclonedx-py reads one file of requirements at a time."""
        return bool(self.path()) and kind in self.reads and (len(locks) <= 1 or self.program != "cyclonedx-py")

    def path(self) -> str | None:
        """Return where the program is."""
        return sys.executable if self.program == "counterseal" else shutil.which(self.program, path=PATH)

    def told_version(self) -> str:
        """Return its version, as it says it."""
        done = subprocess.run(
            [str(self.path()), *self.version], env=environment(), capture_output=True, text=True, check=False
        )
        match = re.search(r"\d+\.\d+\.\d+", done.stdout + done.stderr)
        return match[0] if match else ""

    def run(self, work: Work, limit: float) -> Run:
        """Return how it ended, within so many seconds."""
        printed = work.output.with_suffix(".out")
        command = [sys.executable, "-I", "-S", str(_PROCESS), str(limit), str(printed)]
        done = subprocess.run(
            [*command, str(self.path()), *self.arguments(work)],
            cwd=work.place,
            env=environment() | {"HOME": str(work.output.parent)},
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(done.stdout)
        document = printed if self.writes == "-" else work.place / self.writes if self.writes else work.output
        good = told["code"] == 0 and _is_sbom(document)
        is_stopped = told["code"] == -signal.SIGKILL
        words = f"it needs {self.needs}" if self.needs else _last_words(Path(f"{printed}.errors"))
        reason = f"stopped after {limit:.0f} s" if is_stopped else words
        return Run(document if good else None, told["seconds"], told["kibibytes"] / 1024, "" if good else reason)


def environment() -> dict[str, str]:
    """Return what programs see of the environment: nothing of CI; each gets an empty home of its own for work."""
    kept = ("HOME", "PYTHONPATH", "RUSTUP_HOME", "LANG", "TMPDIR")
    rustup = {"RUSTUP_HOME": str(Path.home() / ".rustup")}
    return rustup | {name: os.environ[name] for name in kept if name in os.environ} | ENVIRONMENT | {"PATH": PATH}


def _is_sbom(file: Path) -> bool:
    return file.is_file() and b'"CycloneDX"' in file.read_bytes()


def _last_words(errors: Path) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", errors.read_text(errors="replace"))
    rows = [re.sub(r"(?<![\w/])/[\w./-]*/", "…/", row.strip()) for row in text.splitlines() if row.strip()]
    return rows[-1].replace("|", "¦")[:120] if rows else "no word"


def _ours(work: Work) -> list[str]:
    (work.place / "artifact.bin").write_bytes(b"an artifact")
    # Nothing is installed for anybody; without such a folder our own environment would be looked into.
    (work.place / ".venv" / "lib" / "python3" / "site-packages").mkdir(parents=True)
    locks = [word for lock in work.locks for word in ("--lock", str(work.folder / lock))]
    options = ["--include", "dev", "--output", str(work.output.parent), "--quiet"]
    return ["-m", "counterseal", "sbom", "artifact.bin", *locks, *options]


TOOLS = (
    Tool("counterseal", "counterseal", frozenset(ECOSYSTEMS), _ours, ("-m", "counterseal", "--version")),
    Tool(
        "npm sbom",
        "npm",
        frozenset({"package-lock.json"}),
        lambda _: ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx"],
        writes="-",
    ),
    Tool(
        "cyclonedx-npm",
        "cyclonedx-npm",
        frozenset({"package-lock.json"}),
        lambda work: ["--package-lock-only", "--output-file", str(work.output)],
    ),
    Tool(
        "uv export",
        "uv",
        frozenset({"uv.lock"}),
        lambda work: [
            *("export", "--frozen", "--quiet", "--format", "cyclonedx1.5"),
            *("--all-packages", "--all-extras", "--all-groups", "--output-file", str(work.output)),
        ],
    ),
    Tool(
        "cyclonedx-py",
        "cyclonedx-py",
        frozenset({"poetry.lock"}),
        lambda work: ["poetry", "--all-extras", "--output-file", str(work.output)],
    ),
    Tool(
        "cyclonedx-py",
        "cyclonedx-py",
        frozenset({"requirements"}),
        lambda work: ["requirements", str(work.folder / work.locks[0]), "--output-file", str(work.output)],
    ),
    Tool(
        "cargo-cyclonedx",
        "cargo-cyclonedx",
        frozenset({"Cargo.lock"}),
        lambda _: ["cyclonedx", "--format", "json", "--override-filename", "made"],
        ("cyclonedx", "--version"),
        "made.json",
        "the crates",
    ),
    Tool(
        "cyclonedx-gomod",
        "cyclonedx-gomod",
        frozenset({"go.mod"}),
        lambda work: ["mod", "-json", "-output", str(work.output), "."],
        ("version",),
        needs="the modules",
    ),
    Tool(
        "cdxgen",
        "cdxgen",
        frozenset(ECOSYSTEMS),
        lambda work: [
            *("--type", ECOSYSTEMS[work.kind], "--no-install-deps", "--no-babel"),
            *("--output", str(work.output), "."),
        ],
    ),
    Tool(
        "syft",
        "syft",
        frozenset(ECOSYSTEMS),
        lambda work: ["scan", "dir:.", "--quiet", "--output", f"cyclonedx-json={work.output}"],
    ),
)
