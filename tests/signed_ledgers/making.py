"""Makes whole ledgers of signed entries in a bare repository, beside the branch that they are about; and keeps them.

    python -m tests.signed_ledgers.making ENTRIES [FOLDER]

It signs some hundred entries a second. What was made once lies in the cache, until a source that made it changes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.evidence_samples import MAIN
from tests.signed_ledgers import branch, statements
from tests.signed_ledgers.authority import Authority
from tests.signed_ledgers.layout import REFS, Layout
from tests.signed_ledgers.plan import Parameters, plan

from counterseal_sandbox import trust
from counterseal_sandbox.keys import Keys
from counterseal_sandbox.service import DEFAULT_GATE_REVISION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.signed_ledgers.branch import Branch

ROOT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = Path(
    os.environ.get("COUNTERSEAL_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "counterseal"
)
#: What decides over the bytes of a ledger, beside its parameters.
_SOURCES: Final = (
    "tests/evidence_samples.py",
    "tests/signed_ledgers",
    *(f"src/counterseal/{room}" for room in ("model", "formats", "evaluation", "ledger", "history", "identifiers.py")),
    "src/counterseal/adapters/git/ledger_commits.py",
    *(f"sandbox/src/counterseal_sandbox/{name}.py" for name in ("keys", "fulcio", "rekor", "timestamp", "trust")),
)
_A_DAY: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class SignedLedger:
    """A ledger in a folder of its own: nobody may write there, see `lend`."""

    folder: Path
    parameters: Parameters

    @property
    def repository(self) -> Path:
        """Return the bare repository."""
        return self.folder / "repository.git"

    @property
    def trust(self) -> Path:
        """Return the trust document of the sandbox that has signed."""
        return self.folder / "trust.json"

    @property
    def keys(self) -> Path:
        """Return the folder of that sandbox's keys, for a gate that is to go on."""
        return self.folder / "keys"

    def lend(self, repository: Path) -> None:
        """Give all that is here to another bare repository, without copying where one disk holds both."""
        for pack in (self.repository / "objects" / "pack").iterdir():
            target = repository / "objects" / "pack" / pack.name
            try:
                target.hardlink_to(pack)
            except OSError:
                shutil.copyfile(pack, target)
        for ref in (MAIN, *REFS):
            _git(repository, "update-ref", ref, _git(self.repository, "rev-parse", ref))


def cached(parameters: Parameters) -> SignedLedger:
    """Return the ledger with these parameters, made now or before."""
    place = CACHE / "signed-ledgers"
    folder = place / f"{parameters.name}-{_sources()}"
    if not folder.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        for old in (*place.glob(f"{parameters.name}-*"), *_left_over(place)):
            shutil.rmtree(old)
        with tempfile.TemporaryDirectory(dir=place, prefix="making.") as temporary:
            make(Path(temporary) / "ledger", parameters)
            (Path(temporary) / "ledger").rename(folder)
    return SignedLedger(folder, parameters)


def _left_over(place: Path) -> list[Path]:
    """Return what is of processes that were killed while they made a ledger."""
    return [folder for folder in place.glob("making.*") if time.time() - folder.stat().st_mtime > _A_DAY]


def make(folder: Path, parameters: Parameters) -> SignedLedger:
    """Make a ledger in a new folder."""
    made = SignedLedger(folder, parameters)
    keys = Keys.generate(parameters.begin)
    keys.save(made.keys)
    made.trust.write_text(json.dumps(trust.document(keys, parameters.url, [DEFAULT_GATE_REVISION])))
    made.repository.mkdir()
    _git(made.repository, "init", "--quiet", "--bare", "--template=", "--initial-branch=main")
    there = branch.write(made.repository, parameters, statements.requests(parameters, plan(parameters)))
    layout = Layout(statements.LEDGER)
    command = [*branch.fast_import(made.repository), "--quiet", "--done"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for commit in _commits(parameters, there, Authority(keys, parameters.url), layout):
            process.stdin.write(commit)
        process.stdin.write(b"done\n")
    if process.returncode != 0:
        raise RuntimeError(f"git fast-import ended with {process.returncode}")
    if _git(made.repository, "rev-parse", REFS[0]) != layout.commit:
        raise RuntimeError("git made other commits than those that the entries name")
    for ref in REFS[1:]:
        _git(made.repository, "update-ref", ref, REFS[0])
    return made


def _commits(parameters: Parameters, there: Branch, authority: Authority, layout: Layout) -> Iterator[bytes]:
    """Yield what each entry adds to the repository."""
    says = statements.Statements(parameters, there)
    for step in plan(parameters):
        entry_id = says.entry_id(step)
        written = says.write(step)
        payload = layout.place(entry_id, written)
        revision, run = says.revision(step), statements.run_number(step)
        line = authority.sign(payload, revision=revision, run=run, moment=written.moment, trigger=step.trigger)
        says.recorded(step, entry_id, line)
        yield layout.append(line)


@cache
def _sources() -> str:
    """Return a short digest of everything that ledgers are made by."""
    total = sha256()
    for name in _SOURCES:
        path = ROOT / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            total.update(b"%s\0%s\0" % (str(file.relative_to(ROOT)).encode(), file.read_bytes()))
    return total.hexdigest()[:16]


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    wanted = Parameters(int(sys.argv[1]))
    print((make(Path(sys.argv[2]), wanted) if sys.argv[2:] else cached(wanted)).folder)
