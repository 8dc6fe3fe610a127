"""What one line of the ledger tells without the others: id, limits, the place it names, and a proof of it.

It chains nothing: that is `chain.py`. Layouts: docs/formats.md#ledger and #proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from counterseal.errors import FormatError, LedgerError
from counterseal.formats import digests, wire
from counterseal.ledger import merkle
from counterseal.model import Entry, InclusionProof, LedgerLink

if TYPE_CHECKING:
    from counterseal.model import Attestation, Statement

MAX_SKEW: Final = timedelta(minutes=5)
MAX_LINE: Final = 60 << 10
#: Revision of how a ledger is kept: layout, keys, state document. It rises when an older reader would misread.
FORMAT: Final = 1
MAX_PROOF: Final = 1 << 20
#: Older than any heartbeat of a schedule that runs: three days, and one in which it may have failed.
STOPPED: Final = timedelta(days=4)
#: The fix where an entry is of a newer revision than this tool reads.
UPGRADE: Final = "upgrade counterseal"
PROOF_SCHEMA: Final = "counterseal.ledger-proof/v1"

_ENTRY_ID: Final = "counterseal/entry-id/v1"


def entry_id(kind: str, ledger_id: str, *parts: str) -> str:
    """Return the id of an entry: sha256 of the canonical JSON array [schema, kind, ledger id, parts …].

    A decision's part is its request path, that of a publication or withdrawal the id of the decision; a genesis
    has none.
    """
    return digests.sha256(wire.canonical([_ENTRY_ID, kind, ledger_id, *parts]))


def check_line(line: bytes, what: str) -> None:
    """Refuse bytes that cannot be a line of the ledger: empty, over 60 KiB, or with a line break in them.

    Raises:
        FormatError: Naming `what` and the cause.
    """
    if not line or b"\n" in line or b"\r" in line:
        raise FormatError(f"{what}: an entry is one line that is not empty")
    if len(line) > MAX_LINE:
        raise FormatError(
            f"{what}: {len(line)} bytes are too many for an entry",
            why=f"an entry has at most {MAX_LINE} bytes",
            fix="promote fewer artifacts at once, or shorten the reason",
        )


def moment_problem(attestation: Attestation) -> str | None:
    """Return how the time that an entry states differs from what its signature proves, or None.

    A decision says `decidedAt`, an event `occurredAt`; either lies within 5 minutes of the signed timestamp.
    """
    predicate = attestation.statement.predicate
    name = "decidedAt" if "decidedAt" in predicate else "occurredAt"
    moment = wire.parse_timestamp(predicate.get(name), name)
    if abs(moment - attestation.signed_at) <= MAX_SKEW:
        return None
    signed = wire.timestamp(attestation.signed_at)
    return f"it says {name} {wire.timestamp(moment)}, and was signed at {signed}, more than 5 minutes apart"


def link_of(statement: Statement) -> LedgerLink:
    """Return the place in the ledger that a statement names, read strictly.

    Raises:
        FormatError: There is none, it is not in our form, or it is of a newer revision of the format.
    """
    member = statement.predicate.get("ledger")
    written = member.get("format") if isinstance(member, dict) else None
    if isinstance(written, int) and written > FORMAT:
        raise FormatError(
            f"the entry is newer than this tool: it is of revision {written} of the ledger's format",
            why=f"this version reads {FORMAT}",
            fix=UPGRADE,
        )
    return wire.decode(LedgerLink, member, "the ledger member of the statement")


def entry_of(line: bytes, attestation: Attestation) -> Entry:
    """Return the entry that a stored line and the attestation in it make.

    Raises:
        FormatError: The line is none, the attestation is of other bytes, or it names no place in the ledger.
    """
    check_line(line, f"line {digests.sha256(line)[:12]}")
    if attestation.bundle != line:
        raise FormatError(f"line {digests.sha256(line)[:12]}: the attestation was read from other bytes")
    return Entry(line, attestation, link_of(attestation.statement))


def check_link(link: LedgerLink, what: str) -> None:
    """Refuse a link that contradicts itself, which needs no other line to be seen.

    Raises:
        LedgerError: Naming `what` and the member.
    """
    if link.sequence != link.tree_size or link.sequence < 0:
        raise LedgerError(f"{what}: sequence {link.sequence} and tree size {link.tree_size} differ")
    first = link.sequence == 0
    if any((member is None) is not first for member in (link.previous, link.commit, link.tree)):
        raise LedgerError(
            f"{what}: only entry 0 has nothing before it, and it has nothing", why=f"this is {link.sequence}"
        )
    if not first and not (digests.is_revision(link.commit) and digests.is_revision(link.tree)):
        raise LedgerError(f"{what}: the commit or tree that it names is not a git object id")
    if not all(map(digests.is_sha256, link.peaks)) or len(link.peaks) != link.tree_size.bit_count():
        raise LedgerError(f"{what}: its peaks are not those of a tree of {link.tree_size} entries")
    if merkle.root_of_peaks([bytes.fromhex(peak) for peak in link.peaks]).hex() != link.root_hash:
        raise LedgerError(f"{what}: its peaks do not have the root that it names")


# --- ledger-proof.json -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProvenLine:
    """A decision's line, byte for byte, and the proof that it is in the ledger that the publication vouches for."""

    line: str
    inclusion: InclusionProof


@dataclass(frozen=True, slots=True)
class VouchingLine:
    """A publication's line, byte for byte."""

    line: str


@dataclass(frozen=True, slots=True)
class StateCopy:
    """A line that was the ledger's newest once, and the state document that it signs, both byte for byte."""

    line: str
    document: str


@dataclass(frozen=True, slots=True)
class ProofFile:
    """`ledger-proof.json`: the decision is in the ledger that the publication vouches for; what was in force then."""

    schema: str
    decision: ProvenLine
    publication: VouchingLine
    state: StateCopy


@dataclass(frozen=True, slots=True)
class LedgerProof:
    """What `ledger-proof.json` says, unverified: the decision is in the tree that the publication vouches for.

    `state_note` is the note of the ledger's state as it was then: its newest line, and the state document.
    """

    decision_line: bytes
    publication_line: bytes
    inclusion: InclusionProof
    state_note: bytes


def proof_file(decision: bytes, inclusion: InclusionProof, publication: bytes, state_note: bytes) -> bytes:
    """Return the bytes of `ledger-proof.json`.

    Args:
        decision: The line of the decision.
        inclusion: The proof that the publication covers it.
        publication: The line of the publication.
        state_note: The ledger's note of its state.

    Raises:
        FormatError: That is none.
    """
    line, document = state_of(state_note, "the note of the ledger's state")
    copy = StateCopy(line.decode(), document.decode())
    proven, vouching = ProvenLine(decision.decode(), inclusion), VouchingLine(publication.decode())
    content = ProofFile(PROOF_SCHEMA, proven, vouching, copy)
    return wire.canonical(wire.encode(content))


def parse_proof(data: bytes) -> LedgerProof:
    """Return what a `ledger-proof.json` says; its lines byte for byte.

    Raises:
        FormatError: It is not in our form.
    """
    what = "ledger-proof.json"
    proof = wire.decode(ProofFile, wire.load_json(data, what, max_bytes=MAX_PROOF), what)
    if proof.schema != PROOF_SCHEMA:
        raise FormatError(f"{what}: schema {proof.schema!r} is unknown", fix=f"this version reads {PROOF_SCHEMA}")
    decision, publication = proof.decision.line.encode(), proof.publication.line.encode()
    check_line(decision, f"{what}: decision")
    check_line(publication, f"{what}: publication")
    note = state_note(proof.state.line.encode(), proof.state.document.encode())
    state_of(note, f"{what}: state")
    return LedgerProof(decision, publication, proof.decision.inclusion, note)


def state_note(line: bytes, document: bytes) -> bytes:
    """Return the note in which a ledger keeps its newest line and the state document that it signs."""
    return line + b"\n" + document + b"\n"


def state_of(note: bytes, what: str) -> tuple[bytes, bytes]:
    """Return the line and the state document of such a note, unverified.

    Raises:
        FormatError: It has another form.
    """
    line, _, rest = note.partition(b"\n")
    document, _, more = rest.partition(b"\n")  # what copies text may have lost the last line's end
    if more or not document or b"\r" in document:
        raise FormatError(
            f"{what} is not a ledger's state",
            why="that is two lines: the newest entry, and the state document that it signs",
        )
    check_line(line, what)
    return line, document


def verify_proof(proof: LedgerProof, decision: Statement, publication: Statement) -> InclusionProof:
    """Return the inclusion proof after checking that the publication vouches for the decision's line.

    Args:
        proof: From `parse_proof`.
        decision: The verified statement in `proof.decision_line`.
        publication: The verified statement in `proof.publication_line`.

    Raises:
        LedgerError: It proves nothing; the message says why.
    """
    decision_link, publication_link, inclusion = link_of(decision), link_of(publication), proof.inclusion
    check_link(decision_link, "the decision")
    check_link(publication_link, "the publication")
    if decision_link.id != publication_link.id:
        raise LedgerError(
            "decision and publication are of different ledgers", why=f"{decision_link.id} and {publication_link.id}"
        )
    pairs = (
        ("index", inclusion.index, decision_link.sequence),
        ("tree size", inclusion.tree_size, publication_link.tree_size),
        ("root", inclusion.root_hash, publication_link.root_hash),
    )
    for name, says, signed in pairs:
        if says != signed:
            raise LedgerError(f"the proof's {name} is {says}, the signed entries say {signed}")
    if not all(map(digests.is_sha256, inclusion.hashes)):
        raise LedgerError("the proof has a hash that is not a sha256")
    hashes = [bytes.fromhex(digest) for digest in inclusion.hashes]
    leaf, root = merkle.leaf(proof.decision_line), bytes.fromhex(publication_link.root_hash)
    if not merkle.verify_inclusion(leaf, inclusion.index, inclusion.tree_size, hashes, root):
        raise LedgerError(
            f"entry {decision_link.sequence} is not in the ledger that entry {publication_link.sequence} vouches for",
            why="the inclusion proof does not lead to the signed root",
        )
    return inclusion
