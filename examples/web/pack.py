"""Writes dist/NAME-VERSION.tgz of this npm package as `npm pack` does, without node and always the same bytes.

Packed are package.json, README, LICENSE, what `main` and `bin` name, and what `files` names: files, folders, or
patterns as of pathlib. SOURCE_DATE_EPOCH is the time of every file; without it, the one that npm writes.
"""

import gzip
import io
import json
import os
import sys
import tarfile
from pathlib import Path

ALWAYS = ("package.json", "README*", "LICENSE*", "LICENCE*")
#: 1985-10-26T08:15:00Z, which npm gives to every file.
NPM_TIME = 499162500


def main() -> None:
    here = Path(__file__).resolve().parent
    package = json.loads((here / "package.json").read_text(encoding="utf-8"))
    programs = package.get("bin", {})
    programs = [programs] if isinstance(programs, str) else list(programs.values())
    files = packed(here, [*ALWAYS, *programs, package.get("main", "package.json"), *package["files"]])
    name = package["name"].removeprefix("@").replace("/", "-")
    target = here / "dist" / f"{name}-{package['version']}.tgz"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(tarball(here, files, {Path(program).as_posix() for program in programs}))
    print(target.relative_to(here))


def packed(here: Path, patterns: list[str]) -> list[str]:
    """Return the paths of the files that patterns name, sorted; a folder stands for all in it."""
    paths = {path for pattern in patterns for path in here.glob(pattern.removeprefix("./").rstrip("/"))}
    paths |= {inner for path in paths for inner in path.rglob("*")}
    if links := sorted(str(path) for path in paths if path.is_symlink()):
        sys.exit(f"pack.py: npm packs no symlinks: {', '.join(links)}")
    return sorted(path.relative_to(here).as_posix() for path in paths if path.is_file())


def tarball(here: Path, files: list[str], programs: set[str]) -> bytes:
    """Return the archive: names below `package/`, one time, fixed modes, nobody's files."""
    moment = int(os.environ.get("SOURCE_DATE_EPOCH", NPM_TIME))
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in files:
            data = (here / file).read_bytes()
            entry = tarfile.TarInfo(f"package/{file}")
            entry.size, entry.mtime, entry.mode = len(data), moment, 0o755 if file in programs else 0o644
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(tar.getvalue(), compresslevel=9, mtime=0)


if __name__ == "__main__":
    main()
