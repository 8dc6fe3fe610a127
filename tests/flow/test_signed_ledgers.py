"""The ledgers that benches measure on are ledgers: readers accept them, whole and unchanged; gates go on from them."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import io
import json
import socket
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from bench import appends, gates, measuring, readers
from tests.evidence_samples import MAIN
from tests.signed_ledgers import layout
from tests.signed_ledgers.hosting import hosted
from tests.signed_ledgers.making import SignedLedger, make
from tests.signed_ledgers.plan import Kind, Parameters, plan

from counterseal.adapters.git.ledger import LocalLedger
from counterseal.adapters.git.repository import GitRepository
from counterseal.adapters.sigstore import trust
from counterseal.adapters.sigstore.verifier import SigstoreVerifier
from counterseal.cli.main import main
from counterseal.errors import LedgerError
from counterseal.evaluation import decision
from counterseal.gate import collect, reading
from counterseal.history import History, events
from counterseal.identifiers import DECISION
from counterseal.model import Outcome, StoredLine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from counterseal.gate.reading import LedgerReader

    from counterseal.ledger import Ledger
    from counterseal.model import StoredLedger

ENTRIES = 40


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SignedLedger:
    parameters = Parameters(ENTRIES, commits=60, policies=7, port=free_port())
    return make(tmp_path_factory.mktemp("made") / "ledger", parameters)


@pytest.fixture(scope="module")
def repository(made: SignedLedger, tmp_path_factory: pytest.TempPathFactory) -> GitRepository:
    return GitRepository(str(made.repository), tmp_path_factory.mktemp("source") / "git", token=None)


@pytest.fixture(scope="module")
def reader(made: SignedLedger, repository: GitRepository) -> LedgerReader:
    material = trust.load_trust(made.trust.read_bytes())
    verifier = SigstoreVerifier(material.trusted_root)
    return reading.open_reader(repository, reading.tip(repository), material.trust, verifier)


@pytest.fixture(scope="module")
def stored(made: SignedLedger) -> StoredLedger:
    return LocalLedger(made.repository).fetch()


@pytest.fixture(scope="module")
def whole(reader: LedgerReader, stored: StoredLedger) -> Ledger:
    return reader.read(stored)


def command(*arguments: str, environment: Mapping[str, str] | None = None) -> tuple[int, Any]:
    """Return how the command line ended, and the JSON that it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*arguments, "--format", "json"], dict(environment or {}))
    return code, json.loads(out.getvalue() or "null")


def test_the_verifier_accepts_it_whole(made: SignedLedger) -> None:
    code, told = command("log", "verify", "--folder", str(made.repository), "--trust", str(made.trust), "--sandbox")
    assert code == 0
    assert told["entries"] == ENTRIES


def test_it_is_what_was_planned(whole: Ledger, made: SignedLedger) -> None:
    history, steps = History(whole.entries), list(plan(made.parameters))
    outcomes = [(step.stage, step.outcome) for step in steps if step.kind is Kind.DECISION]
    assert [(each.decision.stage, each.decision.outcome) for each in history.decisions.values()] == outcomes
    kinds = Counter(str(step.kind) for step in steps if step.kind is not Kind.DECISION)
    assert Counter(str(each.event.kind) for each in history.events) == kinds
    assert {outcome for _, outcome in outcomes} == set(Outcome)


def test_a_long_one_has_all_kinds_and_leaves_nothing_to_be_published() -> None:
    for entries in range(2, 400):
        steps = list(plan(Parameters(entries)))
        allowed = {s.sequence for s in steps if (s.kind, s.stage, s.outcome) == (Kind.DECISION, "production", "allow")}
        followed = {s.about for s in steps if s.kind in (Kind.PUBLICATION, Kind.WITHDRAWN)}
        assert len(steps) == entries
        assert allowed == followed
    assert {step.kind for step in plan(Parameters(400))} == set(Kind)


@pytest.mark.parametrize("part", ["certificate", "signature", "payload", "log", "timestamp", "body"])
def test_an_altered_byte_is_refused(reader: LedgerReader, stored: StoredLedger, part: str) -> None:
    changed = [altered(line, part) if number == 7 else line for number, line in enumerate(stored.lines)]
    with pytest.raises(LedgerError, match=r"is not what a gate signed|not under the root"):
        reader.read(dataclasses.replace(stored, lines=tuple(changed)))


def altered(stored_line: StoredLine, part: str) -> StoredLine:
    """Return a line in which one byte of a part is another."""
    bundle = json.loads(stored_line.line)
    material, envelope = bundle["verificationMaterial"], bundle["dsseEnvelope"]
    entry = material["tlogEntries"][0]
    holder, name = {
        "certificate": (material["certificate"], "rawBytes"),
        "signature": (envelope["signatures"][0], "sig"),
        "payload": (envelope, "payload"),
        "log": (entry["inclusionProof"], "rootHash"),
        "timestamp": (material["timestampVerificationData"]["rfc3161Timestamps"][0], "signedTimestamp"),
        "body": (entry, "canonicalizedBody"),
    }[part]
    content = bytearray(base64.b64decode(holder[name]))
    content[len(content) * 2 // 3] ^= 1
    holder[name] = base64.b64encode(content).decode()
    line = json.dumps(bundle, separators=(",", ":"), ensure_ascii=False).encode()
    assert line != stored_line.line
    return StoredLine(stored_line.note, line)


def test_every_statement_is_byte_for_byte_what_the_writers_of_formats_write(whole: Ledger) -> None:
    for entry in whole.entries:
        told = entry.attestation.statement
        if told.predicate_type == DECISION:
            again = decision.payload(decision.parse(told, "it"), told.subjects, entry.link)
        else:
            again = events.payload(events.parse(told, "it"), told.subjects, entry.link)
        assert again == entry.attestation.payload


def test_lines_have_the_size_of_real_ones(whole: Ledger) -> None:
    sizes = [len(entry.line) for entry in whole.entries if entry.attestation.statement.predicate_type == DECISION]
    assert min(sizes) > 15_000
    assert max(sizes) < 20_000


def test_evidence_lies_beside_decisions(whole: Ledger, made: SignedLedger) -> None:
    listed = ["git", "-C", str(made.repository), "ls-tree", "-r", "--name-only", layout.REFS[0]]
    names = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split()
    decided = History(whole.entries).decisions.values()
    assert decided
    assert {layout.evidence_path(recorded.decision.evidence_digest.sha256) for recorded in decided} <= set(names)


def test_the_branch_beside_it_has_its_policies_and_requests(
    whole: Ledger, made: SignedLedger, repository: GitRepository
) -> None:
    head = repository.resolve(MAIN)
    assert head is not None
    assert len(repository.first_parents(head)) == made.parameters.commits
    assert len(repository.commits_touching(head, ".counterseal/policy.yml")) == made.parameters.policies
    requests = collect.merged_requests(repository, head)
    decided = [recorded.decision.request.file for recorded in History(whole.entries).decisions.values()]
    assert [request.path for request in requests] == decided
    assert head not in {request.revision for request in requests}


def test_the_same_parameters_make_the_same(whole: Ledger, made: SignedLedger, tmp_path: Path) -> None:
    again = make(tmp_path / "again", made.parameters)
    tips = {repository_of(each, MAIN) for each in (made, again)}
    assert len(tips) == 1

    def said(line: bytes) -> Any:
        statement = json.loads(base64.b64decode(json.loads(line)["dsseEnvelope"]["payload"]))
        del statement["predicate"]["ledger"]
        body = statement["predicate"].get("body", {})
        body.get("decision", {}).pop("line", None)  # it is over a signature
        return json.dumps(statement, sort_keys=True)

    lines = LocalLedger(again.repository).fetch().lines
    assert sorted(said(line.line) for line in lines) == sorted(said(entry.line) for entry in whole.entries)


def repository_of(made: SignedLedger, ref: str) -> str:
    asked = ["git", "-C", str(made.repository), "rev-parse", ref]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout


@pytest.mark.slow
def test_the_bench_measures_on_it(made: SignedLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "ENOUGH", 0.0)  # one round is enough
    measured = [*appends.measure(made, tmp_path), gates.measure(made, made, tmp_path), *readers.measure(made)]
    assert [each.work for each in measured] == ["append", "append, bytes", "gate", "log", "log again"]
    assert [each.problem for each in measured] == [""] * 5
    assert all(each.ours and each.ours.median > 0 for each in measured)
    came = measured[1].ours
    assert came is not None
    assert (came.fetched or 0) > 10_000, "a tip and a line come at least"


@pytest.mark.slow
def test_a_gate_goes_on_from_it_and_finds_nothing_to_do(made: SignedLedger, tmp_path: Path) -> None:
    with hosted(made, tmp_path / "sandbox") as there:
        environment = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), **there.gate_run()}
        code, told = command("gate", environment=environment)
    assert (code, told["decisions"], told.get("published", [])) == (0, [], [])
