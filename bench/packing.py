"""Prints whether tools build the same bytes twice, in surroundings that differ, and what `pack --check` says of one.

Each project is made and built twice: at another path, with other times and another order of its files, under another
umask, time zone and locale, seconds later. Three ways: as the tool does it by itself; with SOURCE_DATE_EPOCH and what
`pack --check` advises for programs; and with umask 022 in both as well. Every tool of Python is installed into an
environment of its own, in the newest version that there is.

    python bench/packing.py [--write] [TOOL …]     # --write: into docs/packing.md, between its markers
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from counterseal import archives  # noqa: E402 - found by the line above
from counterseal.adapters.archives.reading import LocalArchives  # noqa: E402 - as above

EPOCH = "1700000000"
PAGE = ROOT / "docs" / "packing.md"
BEGIN, END = "<!-- measured by: python bench/packing.py --write -->\n", "<!-- end of what was measured -->\n"
HEAD = (
    "| tool | file | by itself | with the epoch | and umask 022 | what `--check` says of the first |",
    "|---|---|---|---|---|---|",
)
LIMIT = 120
_PY = {"src/pkg/__init__.py": "A = {1, 2}\n", "src/pkg/b.py": "B = 1\n", "README.md": "pkg\n", "LICENSE": "none\n"}
_META = '[project]\nname = "pkg"\nversion = "1.0"\ndescription = "x"\nreadme = "README.md"\nrequires-python = ">=3.9"\n'


@dataclass(frozen=True)
class Tool:
    """Something that builds.

    Attributes:
        name: What it is called in the table.
        files: The project, text by path.
        command: Builds it, in its folder `app`.
        made: Globs of what was built.
        version: Prints its version.
        advised: Variables that the advice sets, beside the epoch; `{here}` is the folder above the project.
    """

    name: str
    files: Mapping[str, str]
    command: str
    made: Sequence[str]
    version: str
    advised: Mapping[str, str] = field(default_factory=dict)


def _python(name: str, requirement: str, backend: str, more: str = "") -> Tool:
    build = f'[build-system]\nrequires = ["{requirement}"]\nbuild-backend = "{backend}"\n'
    files = {**_PY, "pyproject.toml": f"{_META}{build}{more}"}
    version = f"{{python}} -c 'from importlib.metadata import version as v; print(v(\"{requirement}\"))'"
    return Tool(name, files, "{python} -m build -n -q", ("dist/*.whl", "dist/*.tar.gz"), version)


_GO = {"go.mod": "module example.com/x\n\ngo 1.21\n", "main.go": 'package main\n\nfunc main() { println("x") }\n'}
_CARGO = '[package]\nname = "x"\nversion = "1.0.0"\nedition = "2021"\n'
_LIBRARY = {
    "Cargo.toml": '[package]\nname = "dep"\nversion = "1.0.0"\nedition = "2021"\n',
    "src/lib.rs": '#[inline(never)]\npub fn f(n: usize) { if n > 9 { panic!("many") } }\n',
}
_MAIN = {"src/main.rs": "fn main() { dep::f(std::env::args().count()) }\n"}


def _rust(folder: str) -> dict[str, str]:
    """Return a program whose dependency lies in a folder."""
    needs = f'{_CARGO}[dependencies]\ndep = {{ path = "{folder}" }}\n[workspace]\n'
    return {"Cargo.toml": needs, **_MAIN, **{f"{folder}/{name}": text for name, text in _LIBRARY.items()}}


_CRATE = {"Cargo.toml": _CARGO, "src/main.rs": "fn main() {}\n"}
_NPM = {"package.json": '{"name": "x", "version": "1.0.0"}\n', "lib/a.js": "1\n", "lib/B.js": "2\n", "README.md": "x\n"}
_FILES = {"bin/run": "#!/bin/sh\n", "README.md": "x\n", "lib/a.txt": "a\n", "lib/B.txt": "b\n"}
_REMAP = {"RUSTFLAGS": "--remap-path-prefix={here}=."}
TOOLS = (
    _python("hatchling", "hatchling", "hatchling.build", '[tool.hatch.build.targets.wheel]\npackages = ["src/pkg"]\n'),
    _python("uv_build", "uv_build", "uv_build"),
    _python("flit_core", "flit_core", "flit_core.buildapi"),
    _python("setuptools", "setuptools", "setuptools.build_meta"),
    Tool("npm pack", _NPM, "npm pack --silent", ("*.tgz",), "npm --version"),
    Tool(
        "cargo package",
        _CRATE,
        "cargo package -q --offline --no-verify --allow-dirty",
        ("target/package/*.crate",),
        "cargo --version",
    ),
    Tool(
        "cargo build, all in one workspace",
        _rust("dep"),
        "cargo build -q --release --offline",
        ("target/release/x",),
        "rustc --version",
        _REMAP,
    ),
    Tool(
        "cargo build, a dependency beside it",
        _rust("../dep"),
        "cargo build -q --release --offline",
        ("target/release/x",),
        "rustc --version",
        _REMAP,
    ),
    Tool("go build", _GO, "go build -o x .", ("x",), "go version", {"GOFLAGS": "-trimpath"}),
    Tool("tar czf", _FILES, "tar czf x.tar.gz *", ("x.tar.gz",), "tar --version | head -1"),
    Tool(
        "counterseal pack",
        _FILES,
        "{ours} -m counterseal pack bin lib README.md --to out/x.tar.gz --to out/x.zip -q",
        ("out/x.tar.gz", "out/x.zip"),
        "{ours} -m counterseal --version",
    ),
)


def main() -> None:
    """Print the table; with --write put it into the page."""
    parser = argparse.ArgumentParser(description="Builds twice, and compares.")
    parser.add_argument("--write", action="store_true", help="put the table into docs/packing.md")
    parser.add_argument("tools", nargs="*", metavar="TOOL", help="names of tools (default: all)")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="packing-") as folder:
        for row in _rows(Path(folder), options.tools):
            print(row, flush=True)
            rows.append(row)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(before + BEGIN + "\n".join(rows) + "\n" + END + rest.partition(END)[2], encoding="utf-8")


def _rows(work: Path, names: Sequence[str]) -> Iterator[str]:
    yield from HEAD
    chosen = [tool for tool in TOOLS if not names or tool.name in names]
    python = _environment(work) if any("{python}" in tool.command for tool in chosen) else ""
    for tool in chosen:
        program = tool.command.split()[0]
        if not program.startswith("{") and shutil.which(program) is None:
            yield f"| {tool.name} | not there: {program} | | | | |"
            continue
        yield from _of_tool(tool, work / re.sub(r"\W", "-", tool.name), python)


def _environment(work: Path) -> str:
    """Return the Python of an environment that has all tools of Python."""
    uv = ROOT / ".venv" / ".uv" / "bin" / "uv"
    python = work / "env" / "bin" / "python"
    subprocess.run([uv, "venv", "-q", work / "env", "--python", sys.executable], check=True)
    wanted = ("build", "hatchling", "uv_build", "flit_core", "setuptools")
    subprocess.run([uv, "pip", "install", "-q", "--python", python, *wanted], check=True)
    return str(python)


def _of_tool(tool: Tool, work: Path, python: str) -> Iterator[str]:
    ways: list[list[dict[str, bytes]]] = []
    first: dict[str, Path] = {}
    for number, (advised, umasks) in enumerate(
        ((False, (0o022, 0o002)), (True, (0o022, 0o002)), (True, (0o022, 0o022)))
    ):
        built = []
        for turn in (0, 1):
            place = work / str(number) / ("a" if turn == 0 else "another/and longer".replace(" ", "-"))
            found = _build(tool, place, python, turn, umasks[turn], advised=advised)
            built.append({name: path.read_bytes() for name, path in found.items()})
            first = first or found
            time.sleep(2.1 if turn == 0 else 0)
        ways.append(built)
    version = _version(tool, python)
    for name, path in first.items():
        said = [_said(one.get(name), other.get(name)) for one, other in ways]
        flaws = archives.find(LocalArchives().read(path), None)
        codes = ", ".join(f"`{flaw.code}`{'' if flaw.certain else '?'}" for flaw in flaws if flaw.code != "deflate")
        yield f"| {tool.name} {version} | {_kind(name)} | {' | '.join(said)} | {codes or 'nothing'} |"


def _build(tool: Tool, place: Path, python: str, turn: int, umask: int, *, advised: bool) -> dict[str, Path]:
    app = place / "app"
    names = sorted(tool.files, reverse=bool(turn))
    before = os.umask(umask)
    try:
        app.mkdir(parents=True)
        for name in names:
            path = app / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(tool.files[name])
            os.utime(path, (1_600_000_000 + turn * 86_400,) * 2)
    finally:
        os.umask(before)
    environment = {**os.environ, "TZ": ("UTC", "Pacific/Kiritimati")[turn], "LC_ALL": ("C.UTF-8", "C")[turn]}
    for name in ("PYTHONPATH", "SOURCE_DATE_EPOCH", "CI"):
        environment.pop(name, None)
    if advised:
        environment |= {"SOURCE_DATE_EPOCH": EPOCH}
        environment |= {name: value.replace("{here}", str(place)) for name, value in tool.advised.items()}
    if python:
        environment["PATH"] = f"{Path(python).parent}{os.pathsep}{environment['PATH']}"
    command = _called(tool.command, python)
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=app,
        env=environment,
        umask=umask,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{tool.name}: {done.stdout}{done.stderr}")
    return {path.name: path for pattern in tool.made for path in sorted(app.glob(pattern))}


def _called(command: str, python: str) -> str:
    return command.replace("{python}", python).replace("{ours}", sys.executable)


def _said(one: bytes | None, other: bytes | None) -> str:
    if one is None or other is None:
        return "missing"
    return "equal" if hashlib.sha256(one).digest() == hashlib.sha256(other).digest() else "**differs**"


def _kind(name: str) -> str:
    endings = {".whl": "wheel", ".crate": ".crate", ".tgz": ".tgz", ".zip": "zip"}
    if name.endswith(".tar.gz"):
        return "sdist" if name.startswith("pkg-") else "tar.gz"
    return endings.get(Path(name).suffix, "program")


def _version(tool: Tool, python: str) -> str:
    command = _called(tool.version, python)
    said = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+(?:\.\d+)+", said)
    return found[0] if found else ""


if __name__ == "__main__":
    main()
