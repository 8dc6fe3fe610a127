"""Whole ledgers of really signed lines: read by processes beside ours, and again with what is remembered (R55)."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.signed_ledgers.making import SignedLedger, make
from tests.signed_ledgers.plan import Parameters

from counterseal.adapters.git.ledger_clone import LocalLedger
from counterseal.adapters.git.repository import GitRepository
from counterseal.adapters.sigstore import trust
from counterseal.adapters.sigstore.verifier import SigstoreVerifier
from counterseal.cli.main import main
from counterseal.errors import LedgerError, ServiceError
from counterseal.gate import ledger as ledgers
from counterseal.gate.ledger import Asked, stream
from counterseal.identifiers import LEDGER_REF

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Mapping

    from counterseal.gate.ledger import LedgerReader
    from counterseal.model import Attestation, LedgerCommit
    from counterseal.ports import BundleVerifier

ENTRIES = 220


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SignedLedger:
    parameters = Parameters(ENTRIES, commits=60, policies=3, after=9, port=free_port())
    return make(tmp_path_factory.mktemp("made") / "ledger", parameters)


@pytest.fixture
def reader(made: SignedLedger, tmp_path: Path) -> LedgerReader:
    material = trust.load_trust(made.trust.read_bytes())
    repository = GitRepository(str(made.repository), tmp_path / "git", token=None)
    verifier = SigstoreVerifier(material.trusted_root)
    return ledgers.open_reader(repository, ledgers.branch_tip(repository), material.trust, verifier)


WHO = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def log(
    made: SignedLedger,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    repository: Path | None = None,
) -> tuple[int, Any]:
    """Return how `log` ended, and the JSON that it printed."""
    out, err = io.StringIO(), io.StringIO()
    where = (
        "--folder",
        str(repository or made.repository),
        "--trust",
        str(made.trust),
        "--sandbox",
        "--format",
        "json",
    )
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["log", *arguments, *where], dict(environment or {}))
    return code, json.loads(out.getvalue() or "null")


# --- processes -------------------------------------------------------------------------------------


def test_processes_say_what_one_says(made: SignedLedger, reader: LedgerReader, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    source = LocalLedger(made.repository)
    many = reader.read_whole(source, Asked(search="alice", tell=lambda _what, done=0, of=None: told.append(done)))  # noqa: ARG005
    assert told[-1] == ENTRIES
    monkeypatch.setattr(stream, "ALONE", ENTRIES + 1)
    one = reader.read_whole(source, Asked(search="alice"))
    assert (many.tip.commit, many.tip.root, many.tip.state) == (one.tip.commit, one.tip.root, one.tip.state)
    assert many.history.decisions == one.history.decisions
    assert [event.event for event in many.history.events] == [event.event for event in one.history.events]
    assert list(many.entries.said()) == list(one.entries.said())


class Altered:
    """A ledger of which some lines have another byte in their payload."""

    def __init__(self, source: LocalLedger, *numbers: int) -> None:
        self._source = source
        listed = source.commits(None)[::-1]
        self._lines = {listed[number].line for number in numbers}

    def tip(self) -> str | None:
        return self._source.tip()

    def commits(self, most: int | None) -> Any:
        return self._source.commits(most)

    def history(self, after: str | None = None) -> tuple[int, Generator[LedgerCommit]]:
        return self._source.history(after)

    def objects(self, ids: Collection[str]) -> Mapping[str, bytes]:
        brought = self._source.objects(ids)
        wrong = b'"payload":"eyJ', b'"payload":"eyK'
        return {name: brought[name].replace(*wrong) if name in self._lines else brought[name] for name in brought}


def test_the_first_wrong_line_is_named_whoever_finds_another_one_first(
    made: SignedLedger, reader: LedgerReader
) -> None:
    altered = Altered(LocalLedger(made.repository), 70, 71, 150, 215)
    with pytest.raises(LedgerError, match=r"is not what a gate signed") as refused:
        reader.read_whole(altered)
    assert altered._source.commits(None)[::-1][70].id[:12] in refused.value.what


def own_pid(_verifier: BundleVerifier, _item: str) -> int:
    return os.getpid()


def dies(_verifier: BundleVerifier, _item: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_processes_end_with_the_work(reader: LedgerReader) -> None:
    assert isinstance(reader.verifier, SigstoreVerifier)
    with reader.verifier.crew() as crew:
        pids = {crew.submit(own_pid, "x")() for _ in range(3)}
        assert os.getpid() not in pids
        assert all(map(is_there, pids))
    assert not any(map(is_there, pids))


def test_a_process_that_dies_is_an_error_and_no_wait(reader: LedgerReader) -> None:
    assert isinstance(reader.verifier, SigstoreVerifier)
    with reader.verifier.crew() as crew, pytest.raises(ServiceError, match="ended in the middle of its work"):
        crew.submit(dies, "x")()


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in which modules lie that must not be imported."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("pickle", "json", "counterseal", "sigstore", "queue"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\nraise SystemExit\n")
    yield folder
    assert not (tmp_path / "sprung").exists()


def test_nothing_is_imported_from_the_folder_that_we_are_in(made: SignedLedger, trap: Path) -> None:
    program = "import sys; sys.path[:] = [each for each in sys.path if each]\nfrom counterseal.cli.main import main\n"
    words = ["log", "verify", "--folder", str(made.repository), "--trust", str(made.trust), "--sandbox"]
    run = subprocess.run(
        [sys.executable, "-P", "-c", f"{program}sys.exit(main({words!r}))"],
        cwd=trap, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"], "CI": "true"},
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert f"chain of {ENTRIES} entries" in run.stdout


# --- what is remembered ----------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


def kept(home: Mapping[str, str]) -> list[Path]:
    return [each for each in (Path(home["HOME"]) / ".cache" / "counterseal").rglob("*") if each.is_file()]


def test_a_ledger_that_was_verified_is_remembered(made: SignedLedger, home: dict[str, str]) -> None:
    first, again = log(made, environment=home), log(made, environment=home)
    assert first == again
    assert first[0] == 0
    assert len(kept(home)) == 1
    assert len(first[1]["decisions"]) > ENTRIES // 2
    assert log(made, "--search", "staging", environment=home) == log(made, "--search", "staging", "--no-cache")


def test_the_second_time_few_signatures_are_verified(
    made: SignedLedger, home: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log(made, "verify", environment=home)
    asked: list[str] = []
    verify = SigstoreVerifier.verify_statement

    def counted(self: SigstoreVerifier, line: bytes, what: str) -> Attestation:
        asked.append(what)
        return verify(self, line, what)

    monkeypatch.setattr(SigstoreVerifier, "verify_statement", counted)
    assert log(made, "verify", environment=home)[0] == 0
    assert len(asked) == 1


@pytest.mark.parametrize("poison", ["garbage", "cut off", "another byte", "a folder", "gone", "no key"])
def test_whatever_was_done_to_it_the_answer_is_the_same(made: SignedLedger, home: dict[str, str], poison: str) -> None:
    first = log(made, "verify", environment=home)
    (file,) = kept(home)
    whole = file.read_bytes()
    if poison == "garbage":
        file.write_bytes(b"garbage" * 1000)
    elif poison == "cut off":
        os.truncate(file, len(whole) // 2)
    elif poison == "another byte":
        file.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    elif poison == "no key":
        (key,) = (Path(home["HOME"]) / ".local" / "state").rglob("*.key")
        key.unlink()
    else:
        file.unlink()
        if poison == "a folder":
            file.mkdir()
    assert log(made, "verify", environment=home) == first


def test_what_is_remembered_excuses_no_line_of_another_branch(
    made: SignedLedger, home: dict[str, str], tmp_path: Path
) -> None:
    """Somebody rewrites the branch below its tip: the commits are others, and all are verified again."""
    assert log(made, "verify", environment=home)[0] == 0
    clone = tmp_path / "clone.git"
    git("clone", "--quiet", "--mirror", str(made.repository), str(clone))
    names = git("-C", str(clone), "rev-list", "--first-parent", LEDGER_REF).split()
    said = git("-C", str(clone), "log", "-1", "--format=%B", names[0])
    moved = git("-C", str(clone), *WHO, "commit-tree", f"{names[0]}^{{tree}}", "-p", names[2], "-m", said)
    git("-C", str(clone), "update-ref", LEDGER_REF, moved)
    for environment in ({}, home):
        code, answer = log(made, "verify", environment=environment, repository=clone)
        assert code == 11
        assert "entry 219 stands where entry 218 belongs" in str(answer["error"])


@pytest.mark.parametrize("more", [{"CI": "true"}, {"GITHUB_ACTIONS": "true"}, {"GITLAB_CI": "true"}, {"option": ""}])
def test_in_ci_and_with_no_cache_nothing_is_remembered_or_believed(
    made: SignedLedger, home: dict[str, str], more: dict[str, str]
) -> None:
    option = ["--no-cache"] if "option" in more else []
    assert log(made, "verify", *option, environment={**home, **more})[0] == 0
    assert kept(home) == []


def test_a_gate_remembers_nothing(made: SignedLedger, reader: LedgerReader) -> None:
    assert reader.memory is None  # as `open_reader` made it, by which gates read
    reader.read_whole(LocalLedger(made.repository))
    assert reader.memory is None


def test_a_proof_is_made_whatever_is_remembered(made: SignedLedger, home: dict[str, str]) -> None:
    decisions = log(made, environment=home)[1]["decisions"]
    published = str(next(each["sequence"] for each in decisions if each["published"]))
    first, again = (log(made, "prove", published, environment=home) for _ in range(2))
    assert first == again == log(made, "prove", published, "--no-cache", environment=home)
    assert first[0] == 0
