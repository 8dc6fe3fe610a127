"""`verify`: the consumer's question about downloaded files, offline, one process for many files."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal import forges, verification
from counterseal.errors import CountersealError, UsageError
from counterseal.forges import ForgeKind
from counterseal.formats import digests
from counterseal.identifiers import PROOF_FILE
from counterseal.ledger import MAX_PROOF
from counterseal.model import OwnGate, Trust
from counterseal.ports import BundleVerifier, Clock, Tell, silent
from counterseal.verification import Verdict, Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class OwnGateNamed:
    """An own gate as a consumer names it: the SAN of its certificates and their OIDC issuer."""

    identity: str
    issuer: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about every file; `repository` is `host/owner/name`."""

    stage: str
    repository: str
    repository_id: int | None = None
    revisions: tuple[str, ...] | None = None
    own_gate: OwnGateNamed | None = None
    ledger: str | None = None


@dataclass(frozen=True, slots=True)
class VerifyPorts:
    """What `verify` works with, and whom it trusts."""

    verifier: BundleVerifier
    trust: Trust
    clock: Clock


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not verified, and why."""

    file_name: str
    error: CountersealError


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is no matter of a verdict, and why."""

    file_name: str
    why: str


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """One verdict or refusal for each file, in the order given; `skipped` are those that have none."""

    verdicts: tuple[Verdict | Refused, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 0 if all files were verified, else the code of the first refusal."""
        refused = [verdict for verdict in self.verdicts if isinstance(verdict, Refused)]
        return refused[0].error.exit_code if refused else 0


def run(
    files: Sequence[Path],
    question: Question,
    ports: VerifyPorts,
    *,
    proof: Path | None,
    tell: Tell = silent,
) -> VerifyResult:
    """Verify files against the ledger proof that lies beside them (or at `proof`).

    Raises:
        UsageError: A file or the proof is missing, `repository` is not `host/owner/name`, or the own gate that is
            named cannot be that repository's, or none is named where there is no other (GitLab).
    """
    host, name, own = _asked(question, ports.trust)
    verdicts: list[Verdict | Refused] = []
    skipped: list[Skipped] = []
    for number, file in enumerate(files):
        tell(f"verifying {file.name}", number, len(files))
        if not file.is_file():
            raise UsageError(f"no file {file}", why="there is nothing to verify", fix="download it first")
        if file.name == PROOF_FILE:
            skipped.append(Skipped(file.name, "it is the proof, by which the others are verified"))
            continue
        with file.open("rb") as stream:
            digest = digests.sha256_of(stream)
        wanted = Wanted(
            file.name,
            digest,
            question.stage,
            host,
            name,
            question.repository_id,
            question.revisions,
            own,
            question.ledger,
        )
        data = _proof(proof or file.with_name(PROOF_FILE))
        try:
            verdicts.append(
                verification.verify(wanted, data, verifier=ports.verifier, trust=ports.trust, now=ports.clock.now())
            )
        except CountersealError as error:
            verdicts.append(Refused(file.name, error))
    if not verdicts:
        raise UsageError(
            f"nothing to verify but {PROOF_FILE}",
            why="it is the proof, by which other files of its release are verified",
            fix="name the files that you want to use",
        )
    return VerifyResult(tuple(verdicts), tuple(skipped))


def _asked(question: Question, trust: Trust) -> tuple[str, str, OwnGate | None]:
    """Return host and name of the repository that is asked about, and the own gate that was named.

    Raises:
        UsageError: One of them cannot be.
    """
    host, _, name = question.repository.removeprefix("https://").partition("/")
    if name.count("/") < 1 or host not in trust.issuers:
        raise UsageError(
            f"--repository {question.repository!r} is not of the form HOST/OWNER/NAME",
            why=f"known hosts are {', '.join(sorted(trust.issuers))}",
            fix="write it like github.com/acme/app",
        )
    name = name.rstrip("/").removesuffix(".git")
    for revision in question.revisions or ():
        if not digests.is_revision(revision):
            raise UsageError(
                f"--gate-revision {revision[:80]!r} is not a full commit id",
                why="a gate is identified by all 40 hex digits of its commit",
                fix="copy it from where the project names it, or from counterseal's releases",
            )
    if question.own_gate is None and forges.kind_of(host) is ForgeKind.GITLAB:
        raise UsageError(
            "no --gate-identity",
            why="on GitLab the gate is the project's own, which no list of released gates can know",
            fix="name the gate that the project names, for example --gate-identity "
            f"{forges.definition(host, name, '.gitlab-ci.yml')}@refs/heads/main --gate-issuer {trust.issuers[host]}",
        )
    own = _own_gate(question.own_gate, host, name, trust) if question.own_gate else None
    return host, name, own


def expand(given: Sequence[Path]) -> list[Path]:
    """Return the files: of a folder all in it, of a glob those that it matches, hidden ones too (in CI no shell does).

    Raises:
        UsageError: A glob matches nothing, or a folder has none or another in it: what is handed on would not be
            looked at.
    """
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            files += _in_folder(path)
            continue
        pattern = str(path)
        if path.exists() or not glob.has_magic(pattern):
            files.append(path)
            continue
        matched = sorted(map(Path, glob.glob(pattern, include_hidden=True)))  # noqa: PTH207 - `Path` takes no absolute one
        if not matched:
            raise UsageError(
                f"no file matches {pattern}", why="so there is nothing to verify", fix="download them first"
            )
        files += matched
    return files


def _in_folder(folder: Path) -> list[Path]:
    inside = sorted(folder.iterdir())
    if not inside or any(not path.is_file() for path in inside):
        raise UsageError(
            f"{folder} is not a folder of release files",
            why="it is empty" if not inside else "it has more in it than files, and those would not be looked at",
            fix="download the release into a folder of its own, or name the files",
        )
    return inside


def _own_gate(named: OwnGateNamed, host: str, name: str, trust: Trust) -> OwnGate:
    """Return the own gate that a consumer names; it has to be the repository's, and its issuer the host's."""
    prefix = forges.definition(host, name, "")
    file, at, ref = named.identity.removeprefix(prefix).partition("@")
    if not named.identity.startswith(prefix) or not at or not file or not ref.startswith("refs/heads/"):
        raise UsageError(
            f"--gate-identity {named.identity!r} is not a gate of {host}/{name}",
            why="an own gate is one file at one branch of the repository itself",
            fix=f"write it like {prefix}.gitlab-ci.yml@refs/heads/main",
        )
    if named.issuer != trust.issuers[host]:
        raise UsageError(
            f"--gate-issuer {named.issuer!r} is not the issuer of {host}" if named.issuer else "no --gate-issuer",
            why="an identity counts only together with its issuer",
            fix=f"--gate-issuer {trust.issuers[host]}",
        )
    return OwnGate(None, file, ref)


def _proof(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(
            f"no {path}",
            why="a verdict needs the proof that the decision is in the ledger",
            fix=f"download {PROOF_FILE} from the same release into the same folder, or name it with --proof",
        )
    if path.stat().st_size > MAX_PROOF:
        raise UsageError(f"{path} has {path.stat().st_size} bytes", why=f"a ledger proof has at most {MAX_PROOF}")
    return path.read_bytes()
