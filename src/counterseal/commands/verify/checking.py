"""Holds each file to the proof that lies beside it (or to the one that is named); each proof is verified once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal import plain_file, verification
from counterseal.commands.verify import choosing, hashing, question
from counterseal.errors import NOT_VERIFIED, CountersealError, UsageError, VerificationError
from counterseal.formats import digests
from counterseal.identifiers import CHECKSUMS_FILE, PROOF_FILE
from counterseal.ledger import MAX_PROOF
from counterseal.model import Trust
from counterseal.ports import BundleVerifier, Clock, Tell, silent
from counterseal.verification import Asked, NotOfReleaseError, StepError, Told, Verdict, knowledge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.commands.verify.choosing import Chosen
    from counterseal.commands.verify.question import Question
    from counterseal.verification import Known, Proven


@dataclass(frozen=True, slots=True)
class VerifyPorts:
    """What `verify` works with, and whom it trusts."""

    verifier: BundleVerifier
    trust: Trust
    clock: Clock
    #: Brings the state of the ledger that the consumer says; None: the copies of the releases have to do.
    told: Callable[[Asked], Told] | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not verified, and why."""

    file_name: str
    error: CountersealError

    @property
    def not_of_release(self) -> bool:
        """Return whether the release of the proof has neither the file's name nor its bytes."""
        return isinstance(self.error, NotOfReleaseError)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is no matter of a verdict, and why."""

    file_name: str
    why: str


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """One verdict or refusal for each file, in the order given; `skipped` are those that have none.

    `paths` are those of the verdicts, as the files were named.
    """

    verdicts: tuple[Verdict | Refused, ...]
    skipped: tuple[Skipped, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 0 if all files were verified, 11 if one was refused, else the code of the first error."""
        codes = [verdict.error.exit_code for verdict in self.verdicts if isinstance(verdict, Refused)]
        return NOT_VERIFIED if NOT_VERIFIED in codes else codes[0] if codes else 0


def run(
    given: Sequence[Path], asked: Question, ports: VerifyPorts, *, proof: Path | None, tell: Tell = silent
) -> VerifyResult:
    """Verify files, folders and globs against the ledger proof that lies beside them (or at `proof`).

    Raises:
        UsageError: A file or the proof is missing, there is nothing to verify, or the question cannot be (see
            `question.read`).
    """
    what = question.read(asked, ports.trust)
    if what.current and ports.told is None:
        raise UsageError(
            "--current needs --state",
            why="what a stage has now no release can tell",
            fix=f"add {knowledge.NEWEST}, or name a state that somebody fetched",
        )
    proofs = _Proofs(proof, what, ports)
    chosen = choosing.choose(given)
    files = [each for each in chosen if not proofs.is_one(each)]
    if not files:
        raise UsageError(
            f"nothing to verify but {PROOF_FILE}",
            why="it is the proof, by which other files of its release are verified",
            fix="name the files that you want to use",
        )
    for each in files:
        proofs.bring(each)
    verdicts: list[tuple[Verdict | Refused, str]] = []
    skipped: list[Skipped] = []
    for number, (each, digest) in enumerate(_hashed(chosen)):
        tell(f"verifying {each.path.name}", number, len(chosen))
        result = _result(each, digest, proofs)
        if isinstance(result, Skipped):
            skipped.append(result)
        else:
            verdicts.append((result, str(each.path)))
    return VerifyResult(tuple(each for each, _ in verdicts), tuple(skipped), tuple(path for _, path in verdicts))


def _hashed(chosen: Sequence[Chosen]) -> Iterator[tuple[Chosen, str | CountersealError]]:
    """Yield each file with its digest, or with what is wrong with it."""
    found = hashing.hashed([each.place for each in chosen if each.problem is None])
    for each in chosen:
        yield each, each.problem or next(found)


def _result(file: Chosen, digest: str | CountersealError, proofs: _Proofs) -> Verdict | Refused | Skipped:
    name = file.place.name
    if isinstance(digest, CountersealError):
        return Refused(name, digest)
    if file.listed not in {None, digest}:
        return Refused(name, _not_as_listed(file, digest))
    if proofs.is_one(file):
        return _proof_itself(name, digest, proofs)
    proven = proofs.of(file)
    if isinstance(proven, CountersealError):
        return Refused(name, proven)
    try:
        return proven.verdict(name, digest)
    except CountersealError as error:
        return Refused(name, error)


def _not_as_listed(file: Chosen, digest: str) -> VerificationError:
    return VerificationError(
        f"not verified: {file.place.name} is not as {CHECKSUMS_FILE} lists it",
        why=f"it has sha256:{digest}, and sha256:{file.listed} is listed",
        fix="download both again, from the same release; if they still differ, do not use the file",
    )


def _proof_itself(name: str, digest: str, proofs: _Proofs) -> Refused | Skipped:
    """Return that a file is the proof; one that is called so and by which nothing was verified is not passed over."""
    if digest in proofs.digests:
        return Skipped(name, "it is the proof, by which the others are verified")
    return Refused(
        name,
        VerificationError(
            f"not verified: {name} is not the proof by which the others are verified",
            why="it is called so, and nothing here was held to it",
            fix="leave it out, or the --proof that is another",
        ),
    )


class _Proofs:
    """The proofs of a run: each is read once a path, and verified once, however many files there are.

    Args:
        named: The proof of all files; None: the one beside each.
        asked: What is asked of every file.
        ports: Whom the consumer trusts.
    """

    def __init__(self, named: Path | None, asked: Asked, ports: VerifyPorts) -> None:
        self._named = Path(os.path.realpath(named)) if named else None
        self._asked, self._ports, self._now = asked, ports, ports.clock.now()
        self._known = self._know(ports.told) if ports.told else None
        self._at: dict[Path, str] = {}
        #: What each proves, by the digest of its bytes.
        self.digests: dict[str, Proven | CountersealError] = {}

    def _know(self, tell: Callable[[Asked], Told]) -> Known | CountersealError:
        """Return what is known of the ledger, or why that is not to be believed; that it did not come is raised."""
        ports = self._ports
        told = tell(self._asked)
        try:
            return knowledge.read(self._asked, told, ports.verifier, ports.trust)
        except StepError as error:
            return error

    def is_one(self, file: Chosen) -> bool:
        """Return whether a file is named as the proof, or called as one: then it is never verified as a file."""
        return file.place.name == PROOF_FILE or file.place == self._named

    def bring(self, file: Chosen) -> None:
        """Read and verify the proof of a file, unless that was done before.

        Raises:
            UsageError: It is missing, or cannot be one.
        """
        path = self._path(file)
        if path in self._at:
            return
        if not path.is_file():
            shown = self._named or file.path.with_name(PROOF_FILE)
            raise UsageError(
                f"no {shown}",
                why="a verdict needs the proof that the decision is in the ledger",
                fix=f"download {PROOF_FILE} from the same release into the same folder, or name it with --proof",
            )
        data = plain_file.read(path, max_bytes=MAX_PROOF)
        self._at[path] = digests.sha256(data)
        if self._at[path] not in self.digests:
            self.digests[self._at[path]] = self._proven(data)

    def of(self, file: Chosen) -> Proven | CountersealError:
        """Return what the proof of a file proves, or why it proves nothing."""
        return self.digests[self._at[self._path(file)]]

    def _path(self, file: Chosen) -> Path:
        return self._named or file.place.with_name(PROOF_FILE)

    def _proven(self, data: bytes) -> Proven | CountersealError:
        ports = self._ports
        try:
            return verification.prove(
                self._asked, data, verifier=ports.verifier, trust=ports.trust, now=self._now, known=self._known
            )
        except CountersealError as error:
            return error
