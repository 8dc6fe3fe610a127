"""What can be read of this machine without asking anybody: platform, runner, container, limits, locale, time zone.

Sources: docs.github.com "Variables reference" (runner images add ImageOS and ImageVersion), docs.gitlab.com "Predefined
CI/CD variables", kernel.org "Control Group v2".
"""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from counterseal.model import Container, DigestSet, Limits
from counterseal.project import pipelines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from counterseal.adapters.local.secret_values import Published

RUNNER_VARIABLES: Final = (
    *("ImageOS", "ImageVersion", "RUNNER_ARCH", "RUNNER_OS", "RUNNER_ENVIRONMENT"),
    *("CI_RUNNER_EXECUTABLE_ARCH", "CI_RUNNER_VERSION", "CI_RUNNER_REVISION", "CI_SERVER_VERSION"),
)
#: What a GitLab job runs in; GitHub has no variable for it.
_IMAGE: Final = "CI_JOB_IMAGE"
_LOCALE: Final = ("LC_ALL", "LC_CTYPE", "LANG")
_MAX_FILE: Final = 64 << 10
_ZONES: Final = "zoneinfo/"
#: Version 1 writes a number near 2^63 where there is no limit.
_NO_LIMIT: Final = 1 << 60


def platform_facts() -> dict[str, str]:
    """Return what kind of machine this is."""
    return {
        "arch": platform.machine(),
        "kernel": platform.release(),
        "os": platform.system(),
        "pythonImplementation": platform.python_implementation(),
    }


def container(variables: Mapping[str, str], words: Published) -> Container | None:
    """Return the image of the job, if CI names one; its digest, if that is how it is named."""
    text = variables.get(_IMAGE, "")
    if not text:
        return None
    used = pipelines.image(text)
    match = re.fullmatch(r"sha256:([0-9a-f]{64})", used.at or "")
    return Container(words.text(used.name if match else text), DigestSet(match[1]) if match else None)


def umask() -> str:
    """Return the umask in octal."""
    match = re.search(r"^Umask:\s*([0-7]+)$", _text(Path("/proc/self/status")), re.MULTILINE)
    if match:
        return match[1]
    mask = os.umask(0o077)  # it can only be asked for by setting it
    os.umask(mask)
    return f"{mask:04o}"


def locale(variables: Mapping[str, str]) -> str:
    """Return the locale that is in force for characters (POSIX, "Internationalization Variables")."""
    return next((variables[name] for name in _LOCALE if variables.get(name)), "C")


def time_zone(variables: Mapping[str, str], root: Path = Path("/etc")) -> str:
    """Return the name of the time zone; empty if nothing names it."""
    if variables.get("TZ"):
        return variables["TZ"]
    try:
        linked = str((root / "localtime").readlink())
    except OSError:
        linked = ""
    named = linked.partition(_ZONES)[2] or _text(root / "timezone").strip()
    return named if re.fullmatch(r"[A-Za-z0-9_+/-]{1,80}", named) else ""


def limits(groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> Limits:
    """Return what the control groups of this process, and those that they lie in, let it have."""
    cpus = [value for folder in _folders(groups, own) for value in _cpus(folder)]
    memory = [value for folder in _folders(groups, own) for value in _memory(folder)]
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    least = min(cpus, default=None)
    return Limits(None if least is None else f"{least:g}", min(memory, default=None), processors)


def _folders(groups: Path, own: Path) -> Iterator[Path]:
    """Yield the folders of this process's groups and of all above them, whether they are there or not."""
    for line in _text(own).splitlines()[:64]:
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        tops = [groups] if number == "0" else [groups / names, *(groups / name for name in names.split(","))]
        parts = [part for part in path.split("/") if part and part != ".."]
        for top in tops:
            yield from (top.joinpath(*parts[:count]) for count in range(len(parts) + 1))


def _cpus(folder: Path) -> Iterator[float]:
    quota, _, period = _text(folder / "cpu.max").strip().partition(" ")
    pairs = [(quota, period), (_text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us"))]
    for most, time in pairs:
        if most.strip().isdigit() and time.strip().isdigit() and int(time) > 0:
            yield int(most) / int(time)


def _memory(folder: Path) -> Iterator[int]:
    for name in ("memory.max", "memory.limit_in_bytes"):
        text = _text(folder / name).strip()
        if text.isdigit() and len(text) < 20 and int(text) < _NO_LIMIT:
            yield int(text)


def _text(path: Path) -> str:
    """Return a small text of the system; nothing if it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_FILE).decode("utf-8", "replace")
    except OSError:
        return ""
