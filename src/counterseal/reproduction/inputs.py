"""What the first build had, as far as it is recorded or declared, and whether the second has it as well.

Nothing is guessed: what cannot be brought or asked for is named as not recreated, with the reason. What a provenance
records is the builder's word; it only steers what is brought, and a wrong word shows in other digests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from counterseal.formats import names, provenance
from counterseal.formats.inputs import matrix as matrices
from counterseal.model import BuildFile, Input

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Tools that a Python environment has, by the name that they are installed by.
PYTHON_TOOLS: Final = frozenset(
    {
        *("build", "cython", "editables", "flit", "flit-core", "hatch-vcs", "hatchling", "installer", "maturin"),
        *("meson-python", "packaging", "pdm-backend", "pip", "poetry-core", "scikit-build-core", "setuptools"),
        *("setuptools-scm", "uv", "uv-build", "wheel"),
    }
)
#: What other tools say of themselves.
_CALLS: Final[Mapping[str, str]] = {
    "cargo": "cargo --version",
    "cmake": "cmake --version",
    "gcc": "gcc -dumpfullversion",
    "git": "git --version",
    "go": "go version",
    "java": "java -version",
    "make": "make --version",
    "node": "node --version",
    "npm": "npm --version",
    "rustc": "rustc --version",
}
#: Which programs signed; what they are changes no byte of an artifact.
_NO_INPUT: Final = frozenset({"counterseal"})
_VERSION: Final = re.compile(r"(?<![0-9.])[0-9]+(?:\.[0-9]+)+[0-9A-Za-z.+-]*")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.@/+:-]{1,64}")
_LOCALE: Final = ("LC_ALL", "LANG")
_ENV: Final = "/build/tools/env"
_ASK_PYTHON: Final = """\
python=$(command -v python || command -v python3 || :)
ask() { printf '%s\\t' "$1"; shift; { "$@" 2>&1 || :; } | head -n 1 | head -c 200 || :; echo; }
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a second build has to have.

    Attributes:
        tools: Versions by name.
        epoch: SOURCE_DATE_EPOCH; None: not set.
        variables: What is set beside that, without locale and zone.
        locale: `LC_ALL`, None if nothing is recorded.
        zone: `TZ`, None if nothing is recorded.
        lock_files: sha256 by path.
        machine: What is recorded of the machine, for people.
        unusable: Names of what is recorded so that it cannot be set.
    """

    tools: Mapping[str, str] = field(default_factory=dict)
    epoch: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    locale: str | None = None
    zone: str | None = None
    lock_files: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)
    unusable: Mapping[str, str] = field(default_factory=dict)


def matrix(predicate: Mapping[str, Any], what: str) -> matrices.InputMatrix | None:
    """Return the input matrix in a provenance of ours, None if it has none.

    Raises:
        FormatError: There is one, and it is malformed.
    """
    found = provenance.parameters(predicate).get("inputMatrix")
    return None if found is None else matrices.parse(found, what)


def wanted(file: BuildFile, recorded: matrices.InputMatrix | None, committed_at: int) -> Wanted:
    """Return what is to be recreated: what the source declares, and what else is recorded.

    Args:
        file: The build file.
        recorded: The input matrix, if there is one.
        committed_at: When the revision was committed, for SOURCE_DATE_EPOCH if nothing is recorded.
    """
    if recorded is None:
        return Wanted(tools=file.tools, epoch=committed_at, variables=file.environment)
    usable = {name: value for name, value in recorded.variables.items() if _settable(name, value)}
    tools = {name: version for name, version in recorded.must_equal.tools.items() if name not in _NO_INPUT}
    unusable = {name: value for name, value in recorded.variables.items() if name not in usable}
    more = {name: value for name, value in usable.items() if name not in (*_LOCALE, "TZ", "SOURCE_DATE_EPOCH")}
    return Wanted(
        tools={**tools, **file.tools},
        epoch=recorded.must_equal.source_date_epoch,
        variables={**more, **file.environment},
        locale=next((usable[name] for name in _LOCALE if name in usable), None),
        zone=usable.get("TZ"),
        lock_files={path: digest.sha256 for path, digest in recorded.must_equal.lock_files.items()},
        machine=recorded.informational,
        unusable=unusable,
    )


def _settable(name: str, value: str) -> bool:
    return names.VARIABLE.fits(name) and _PLAIN.fullmatch(value) is not None


def variables(wanted: Wanted) -> dict[str, str]:
    """Return the variables that both commands get, beside those that every command has."""
    epoch = {} if wanted.epoch is None else {"SOURCE_DATE_EPOCH": str(wanted.epoch)}
    return {**wanted.variables, **epoch}


def _askable(wanted: Wanted) -> dict[str, str]:
    known = {"python", *PYTHON_TOOLS, *_CALLS}
    return {
        name: version for name, version in wanted.tools.items() if name in known and names.TOOL_VERSION.fits(version)
    }


def installing(wanted: Wanted) -> str | None:
    """Return the text for `sh` that brings the interpreter and the tools of Python with uv; None if none are wanted.

    It never fails: `asking` finds out afterwards what is there.
    """
    tools = _askable(wanted)
    packages = sorted(f"{name}=={version}" for name, version in tools.items() if name in PYTHON_TOOLS)
    python = tools.get("python")
    if python is None and not packages:
        return None
    chosen = f" --python {python}" if python else ""
    lines = [
        "command -v uv || { echo 'uv is not here, so neither interpreter nor tools can be brought'; exit 0; }",
        f"export UV_PYTHON_INSTALL_DIR={_ENV.removesuffix('env')}python UV_NO_CONFIG=1 UV_LINK_MODE=copy",
        f"uv venv --quiet --no-project{chosen} {_ENV} || exit 0",
    ]
    if packages:
        install = f"uv pip install --quiet --only-binary :all: --python {_ENV}/bin/python"
        lines.append(f"{install} {' '.join(packages)} || exit 0")
    return "\n".join(lines) + "\n"


def asking(wanted: Wanted) -> str:
    """Return the text for `sh` that prints `name TAB version` of every tool that is wanted and can be asked."""
    lines = [_ASK_PYTHON]
    for name in sorted(_askable(wanted)):
        if name == "python":
            lines.append('ask python "$python" -c "import platform; print(platform.python_version())"')
        elif name in PYTHON_TOOLS:
            lines.append(f'ask {name} "$python" -c "import importlib.metadata as m; print(m.version(\'{name}\'))"')
        else:
            lines.append(f"ask {name} {_CALLS[name]}")
    return "\n".join(lines) + "\n"


def told(wanted: Wanted, answer: str) -> list[Input]:
    """Return every tool that is wanted, beside what `asking` printed of it."""
    said = dict(line.partition("\t")[::2] for line in answer.splitlines() if "\t" in line)
    return [_tool(name, version, said.get(name)) for name, version in sorted(wanted.tools.items())]


def _tool(name: str, version: str, line: str | None) -> Input:
    if line is None:
        why = "it cannot be asked for its version, so whether it is the same is not known"
        return Input(name, version, None, recreated=False, why=why)
    match = _VERSION.search(line)
    found = match[0] if match else None
    if found is None:
        return Input(name, version, None, recreated=False, why="it is not here")
    why = "" if found == version else "another version is here"
    return Input(name, version, found, recreated=found == version, why=why)


def around(wanted: Wanted, set_variables: Mapping[str, str], found: Mapping[str, str | None]) -> Iterator[Input]:
    """Return variables, lock files and machine, beside what the second build has of them.

    Args:
        wanted: What is to be recreated.
        set_variables: All variables of the build.
        found: Of each lock file its sha256 here, and of what is recorded of the machine what it is here, by name.
    """
    epoch = None if wanted.epoch is None else str(wanted.epoch)
    has = set_variables.get("SOURCE_DATE_EPOCH")
    yield Input("SOURCE_DATE_EPOCH", epoch, has, recreated=epoch == has)
    asked = {"LC_ALL": wanted.locale, "TZ": wanted.zone, **wanted.variables}
    for name, value in sorted(asked.items()):
        if value is not None:
            here = set_variables.get(name)
            yield Input(name, value, here, recreated=here == value, why="" if here == value else "it was varied")
    for name, value in sorted(wanted.unusable.items()):
        yield Input(name, value, set_variables.get(name), recreated=False, why="it cannot be set as it is recorded")
    for path, digest in sorted(wanted.lock_files.items()):
        here = found.get(path)
        why = "" if here == digest else "the source has no such file" if here is None else "the source has another one"
        yield Input(path, digest, here, recreated=here == digest, why=why)
    for name, value in sorted(wanted.machine.items()):
        here = found.get(name)
        why = "" if here == value else "this is another machine"
        yield Input(name, value, here, recreated=here == value, why=why)
