"""The ledgers that benches measure on are ledgers: readers accept them, whole and unchanged; gates go on from them."""

from __future__ import annotations

import base64
import contextlib
import io
import itertools
import json
import socket
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from bench import appends, gates, measuring, readers
from tests.evidence_samples import MAIN
from tests.signed_ledgers.hosting import hosted
from tests.signed_ledgers.making import SignedLedger, make
from tests.signed_ledgers.plan import Kind, Parameters, plan

from counterseal.adapters.git.ledger_clone import LocalLedger
from counterseal.adapters.git.repository import GitRepository
from counterseal.adapters.sigstore import trust
from counterseal.adapters.sigstore.verifier import SigstoreVerifier
from counterseal.cli.main import main
from counterseal.errors import LedgerError
from counterseal.evaluation import decision
from counterseal.gate import ledger as ledgers
from counterseal.gate.request_files import merged_requests
from counterseal.history import events, places
from counterseal.history.events import Audit
from counterseal.identifiers import DECISION, LEDGER_BRANCH
from counterseal.ledger import keys
from counterseal.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence
    from pathlib import Path

    from counterseal.gate.ledger import LedgerReader, Whole
    from counterseal.model import LedgerCommit

#: With room for audits: of every 65th entry, and of the one after which 20 lie.
ENTRIES, AFTER = 100, 20


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SignedLedger:
    parameters = Parameters(ENTRIES, commits=60, policies=7, after=AFTER, port=free_port())
    return make(tmp_path_factory.mktemp("made") / "ledger", parameters)


@pytest.fixture(scope="module")
def repository(made: SignedLedger, tmp_path_factory: pytest.TempPathFactory) -> GitRepository:
    return GitRepository(str(made.repository), tmp_path_factory.mktemp("source") / "git", token=None)


@pytest.fixture(scope="module")
def reader(made: SignedLedger, repository: GitRepository) -> LedgerReader:
    material = trust.load_trust(made.trust.read_bytes())
    verifier = SigstoreVerifier(material.trusted_root)
    return ledgers.open_reader(repository, ledgers.branch_tip(repository), material.trust, verifier)


@pytest.fixture(scope="module")
def source(made: SignedLedger) -> LocalLedger:
    return LocalLedger(made.repository)


@pytest.fixture(scope="module")
def whole(reader: LedgerReader, source: LocalLedger) -> Whole:
    return reader.read_whole(source)


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


def test_it_is_what_was_planned(whole: Whole, made: SignedLedger) -> None:
    history, steps = whole.history, list(plan(made.parameters))
    outcomes = [(step.stage, step.outcome) for step in steps if step.kind is Kind.DECISION]
    assert [(each.decision.stage, each.decision.outcome) for each in history.decisions.values()] == outcomes
    kinds = Counter(str(step.kind) for step in steps if step.kind is not Kind.DECISION)
    assert Counter(str(each.event.kind) for each in history.events) == kinds
    assert {outcome for _, outcome in outcomes} == set(Outcome)


def test_a_gate_reads_it_from_its_newest_audit_on(reader: LedgerReader, source: LocalLedger, whole: Whole) -> None:
    tip = reader.read(source)
    assert (tip.commit, tip.root, tip.size) == (whole.tip.commit, whole.tip.root, ENTRIES)
    assert (tip.since_audit, len(tip.entries)) == (AFTER, AFTER + 1)


def test_audits_are_as_gates_make_them(whole: Whole, repository: GitRepository) -> None:
    made = [each for each in whole.history.events if isinstance(each.event.body, Audit)]
    assert [each.sequence for each in made] == [ENTRIES - 1 - AFTER - 65, ENTRIES - 1 - AFTER]
    bodies = [each.event.body for each in made if isinstance(each.event.body, Audit)]
    assert [body.trigger for body in bodies] == ["schedule", "push"]
    for each, body in zip(made, bodies, strict=True):
        assert body.verified == each.sequence - 1
        assert body.swept is not None
        decided = {known.decision.request.file for known in whole.history.decisions.values()
                   if known.sequence < each.sequence}  # fmt: skip
        asked = {request.path for request in merged_requests(repository, body.swept.revision)}
        assert asked - decided == {waiting.path for waiting in body.swept.undecided}, "nothing waited then"


@pytest.mark.parametrize("entries", [1, 2, 64, 65, 66, 100, 131, 1000])
@pytest.mark.parametrize("after", [0, 1, 64])
def test_no_more_than_64_entries_lie_after_an_audit(entries: int, after: int) -> None:
    steps = list(plan(Parameters(entries, after=after)))
    begins = [step.sequence for step in steps if step.kind in (Kind.GENESIS, Kind.AUDIT)]
    assert [step.sequence for step in steps] == list(range(entries))
    assert all(later - before <= 65 for before, later in itertools.pairwise([*begins, entries]))
    assert begins[-1] == max(0, entries - 1 - after)


def test_a_gate_would_not_leave_more_than_64() -> None:
    with pytest.raises(ValueError, match="a gate would audit before"):
        Parameters(100, after=65)


def test_a_long_one_has_all_kinds_and_leaves_nothing_to_be_published() -> None:
    for entries in range(2, 400):
        steps = list(plan(Parameters(entries, after=entries % 65)))
        allowed = {s.sequence for s in steps if (s.kind, s.stage, s.outcome) == (Kind.DECISION, "production", "allow")}
        followed = {s.about for s in steps if s.kind in (Kind.PUBLICATION, Kind.WITHDRAWN)}
        assert len(steps) == entries
        assert allowed == followed
    assert {step.kind for step in plan(Parameters(400))} == set(Kind)


class Altered:
    """A ledger of which one line has another byte."""

    def __init__(self, source: LocalLedger, number: int, part: str) -> None:
        self._source, self._part = source, part
        self._line = source.commits(None)[-1 - number].line

    def tip(self) -> str | None:
        return self._source.tip()

    def commits(self, most: int | None) -> Sequence[LedgerCommit]:
        return self._source.commits(most)

    def history(self, after: str | None = None) -> tuple[int, Generator[LedgerCommit]]:
        return self._source.history(after)

    def objects(self, ids: Collection[str]) -> Mapping[str, bytes]:
        brought = self._source.objects(ids)
        return {name: altered(brought[name], self._part) if name == self._line else brought[name] for name in brought}


@pytest.mark.parametrize("part", ["certificate", "signature", "payload", "log", "timestamp", "body"])
@pytest.mark.parametrize("number", [7, ENTRIES - 7])
def test_an_altered_byte_is_refused(reader: LedgerReader, source: LocalLedger, number: int, part: str) -> None:
    with pytest.raises(LedgerError, match=rf"ledger entry {number} .*(is not what a gate signed|not under the root)"):
        reader.read_whole(Altered(source, number, part))


def altered(note: bytes, part: str) -> bytes:
    """Return a line in which one byte of a part is another."""
    bundle = json.loads(note)
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
    assert line + b"\n" != note
    return line + b"\n"


def test_every_statement_is_byte_for_byte_what_the_writers_of_formats_write(whole: Whole) -> None:
    for entry in whole.entries:
        told = entry.attestation.statement
        if told.predicate_type == DECISION:
            again = decision.payload(decision.parse(told, "it"), told.subjects, entry.link)
        else:
            again = events.payload(events.parse(told, "it"), told.subjects, entry.link)
        assert again == entry.attestation.payload


def test_lines_have_the_size_of_real_ones(whole: Whole) -> None:
    sizes = [len(entry.line) for entry in whole.entries if entry.attestation.statement.predicate_type == DECISION]
    assert min(sizes) > 15_000
    assert max(sizes) < 20_000


def test_evidence_lies_beside_decisions(whole: Whole, made: SignedLedger) -> None:
    listed = ["git", "-C", str(made.repository), "ls-tree", "-r", LEDGER_BRANCH]
    there = {path: blob for _, _, blob, path in map(str.split, git_prints(listed).splitlines())}
    decided = whole.history.decisions.values()
    assert decided
    for recorded in decided:
        key = places.document_key(recorded.decision)
        assert there[keys.path(str(key))] == recorded.decision.evidence_digest.git_blob
    git_prints(["git", "-C", str(made.repository), "fsck", "--strict", "--no-dangling"])  # nothing is missing


def git_prints(call: list[str]) -> str:
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout


def test_the_branch_beside_it_has_its_policies_and_requests(
    whole: Whole, made: SignedLedger, repository: GitRepository
) -> None:
    head = repository.resolve(MAIN)
    assert head is not None
    assert len(repository.first_parents(head)) == made.parameters.commits
    assert len(repository.commits_touching(head, ".counterseal/policy.yml")) == made.parameters.policies
    requests = merged_requests(repository, head)
    decided = [recorded.decision.request.file for recorded in whole.history.decisions.values()]
    assert sorted(request.path for request in requests) == sorted(decided)  # some came with the same commit
    assert head not in {request.revision for request in requests}


def test_the_same_parameters_make_the_same(whole: Whole, made: SignedLedger, tmp_path: Path) -> None:
    again = make(tmp_path / "again", made.parameters)
    tips = {repository_of(each, MAIN) for each in (made, again)}
    assert len(tips) == 1

    def said(line: bytes) -> Any:
        statement = json.loads(base64.b64decode(json.loads(line)["dsseEnvelope"]["payload"]))
        del statement["predicate"]["ledger"]
        body = statement["predicate"].get("body", {})
        body.get("decision", {}).pop("line", None)  # it is over a signature
        return json.dumps(statement, sort_keys=True)

    source = LocalLedger(again.repository)
    names = [str(commit.line) for commit in source.commits(None)[::-1]]
    lines = source.objects(names)
    assert [said(lines[name]) for name in names] == [said(entry.line) for entry in whole.entries]


def repository_of(made: SignedLedger, ref: str) -> str:
    return git_prints(["git", "-C", str(made.repository), "rev-parse", ref])


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
