"""What to do about each kind of thing that varies, in general and with the tool that seems to have made the archive."""

from __future__ import annotations

from typing import Final

_EPOCH: Final = 'SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"'
_REPACK: Final = "or make the archive with `counterseal pack`"
_GNU_TAR: Final = (
    f"tar --sort=name --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX --mtime=@{_EPOCH.split('=', 1)[1]} "
    "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime"
)
_ZIP_TIMES: Final = f"set the files' time first (touch -d @$SOURCE_DATE_EPOCH), TZ=UTC zip -X; {_REPACK}"
_GENERAL: Final = {
    "times": f"set {_EPOCH} for the build; with GNU tar --mtime; {_REPACK}",
    "times-to-tell": f"set {_EPOCH} here too, and it is compared",
    "zone": "write times in UTC: TZ=UTC for the build; with Info-ZIP zip -X",
    "modes": "set `umask 022` before the checkout and the build, and give files 0644 or 0755 (chmod -R u=rwX,go=rX)",
    "owners": "tar --owner=0 --group=0 --numeric-owner; with Info-ZIP zip -X",
    "order": f"sort the names first, with LC_ALL=C: tar --sort=name, find … | sort; {_REPACK}",
    "order-to-tell": "nothing, if the tool does it the same each time; else sort the names",
    "fields": "zip -X leaves the extra fields out; tar --format=ustar, or --pax-option=delete=atime,delete=ctime",
    "pax-process": "tar --pax-option=exthdr.name=%d/PaxHeaders/%f",
    "gzip-time": "gzip -n leaves name and time out (tar -c … | gzip -n); in Python gzip.GzipFile(…, mtime=0)",
    "gzip-name": "gzip -n leaves name and time out",
    "gzip-name-to-tell": "nothing, if the file is always called so; else gzip -n",
    "gzip-system": "build on one operating system, or take the byte out: gzip -n on Linux always writes 3",
    "gzip-streams": "compress in one piece and one thread (pigz -p 1, or gzip)",
    "gzip-inside": "compress that file with gzip -n",
    "names-outside": "pack from inside of the folder, with relative names: tar -C FOLDER .",
    "names-twice": "pack each name once; which of them an unpacker takes is up to it",
    "names-hidden": "rename these files: nobody sees what they are called",
    "names-encoding": "name files in ASCII, or write names as UTF-8 (LC_ALL=C.UTF-8 for the build)",
    "links": "tar --hard-dereference; what is linked depends on how the files were copied",
    "links-outside": "make the link relative (ln -sr), or pack the file itself",
    "special": "leave devices, pipes and sockets out",
    "pyc-time": "leave __pycache__ out (PYTHONDONTWRITEBYTECODE=1), or compile with --invalidation-mode unchecked-hash,"
    " SOURCE_DATE_EPOCH and PYTHONHASHSEED=0",
    "paths-go": "build with `go build -trimpath`",
    "paths-rust": 'RUSTFLAGS="--remap-path-prefix=$PWD=. --remap-path-prefix=$HOME/.cargo=cargo"',
    "paths-c": 'CFLAGS="-ffile-prefix-map=$PWD=."; where it is Rust or Go that links it, the same for them',
    "paths-script": "let the installer write the first line: #!/usr/bin/env …",
    "deflate": "make both builds with the same tool in the same version; `counterseal pack --store` does without",
    "unseen": "check the program by itself: counterseal pack --check FILE",
}
_BY_MAKER: Final = {
    ("setuptools", "times"): f"set {_EPOCH}; the source archive takes times from the files, whatever is set: repack it "
    "with `counterseal pack`, or build with hatchling, flit or uv_build",
    ("setuptools", "modes"): "setuptools takes modes from the files: `umask 022` before the checkout and the build",
    ("setuptools", "owners"): "setuptools takes owners from the files: repack it with `counterseal pack`",
    ("setuptools", "gzip-time"): "setuptools writes the clock's time: repack it with `counterseal pack`, or gunzip and "
    "gzip -n",
    (
        "setuptools",
        "fields",
    ): "setuptools writes times below a second into its sdist: repack it with `counterseal pack`",
    ("setuptools", "order"): f"set PYTHONHASHSEED=0: setup.py may go through a set; {_REPACK}",
    ("hatchling", "times"): f"set {_EPOCH}, and leave `reproducible = false` out of pyproject.toml",
    ("flit", "times"): f"set {_EPOCH}: flit writes the clock's or the files' time without it",
    ("flit", "gzip-time"): f"set {_EPOCH}: flit writes the clock's time without it",
    ("poetry", "times"): f"set {_EPOCH}: poetry writes the files' time without it",
    ("npm", "times"): "pack with npm 7 or newer: it writes one time for all files",
    ("npm", "modes"): "npm takes modes from the files: `umask 022` before the checkout, chmod -R u=rwX,go=rX",
    ("cargo", "times"): "package with a cargo that writes one time for all files (1.55 or newer)",
    ("Maven", "times"): "set project.build.outputTimestamp in pom.xml",
    ("Maven", "order"): "set project.build.outputTimestamp in pom.xml: Maven sorts then",
    ("Gradle", "times"): "isPreserveFileTimestamps = false for every AbstractArchiveTask",
    ("Gradle", "order"): "isReproducibleFileOrder = true for every AbstractArchiveTask",
    ("jar", "times"): f"jar --date (JDK 17), from {_EPOCH.partition('=')[0]}",
    ("Info-ZIP", "times"): _ZIP_TIMES,
    ("Info-ZIP", "fields"): "zip -X",
    ("tar", "times"): f"{_GNU_TAR}; {_REPACK}",
    ("zip", "times"): _ZIP_TIMES,
    ("zip", "order"): f"sort the names first: find … | LC_ALL=C sort | zip -X -@; {_REPACK}",
}


def of(code: str, maker: str, kind: str) -> str:
    """Return what to do about something of this code.

    Args:
        code: Of a `Flaw`.
        maker: As `makers.of` says.
        kind: Of the archive, for what nothing tells who made it.
    """
    return _BY_MAKER.get((maker or kind, code)) or _GENERAL[code]
