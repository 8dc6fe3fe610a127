"""Reads the ledger at its tip or as a whole, judged by the default branch as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.errors import ServiceError
from counterseal.gate.collect import read_policy
from counterseal.gate.judge import Judge
from counterseal.gate.ledger import tail, whole
from counterseal.gate.ledger.entries import Entries
from counterseal.gate.ledger.lines import Lines
from counterseal.gate.ledger.stream import ANYHOW, Asked
from counterseal.gate.ledger.tip import Tip
from counterseal.gate.ledger.walk import Walk
from counterseal.history import Sums
from counterseal.identifiers import page
from counterseal.ledger import Chain, NotesTree
from counterseal.model import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.gate.collect import Sources
    from counterseal.gate.ledger.whole import Whole
    from counterseal.model import Trust
    from counterseal.ports import BundleVerifier, LedgerSource, SourceRepository


class LedgerReader(Lines):
    """Turns what a store holds into a verified ledger."""

    def empty(self) -> Tip:
        """Return the ledger before its first entry."""
        return Tip(Walk(Chain(self.ledger_id), NotesTree(), self.judge), self)

    def nothing(self, source: LedgerSource) -> Whole:
        """Return the same, as all of it."""
        return whole.Whole(self.empty(), Sums(), Entries(self, source))

    def read(self, source: LedgerSource, look_up: Iterable[str] = ()) -> Tip:
        """Return the ledger at its tip: from its newest audit on, or, where that lies too far back, as a whole.

        Args:
            source: Where it lies.
            look_up: Keys that will be asked for, so that what they need comes in the same batches.

        Raises:
            LedgerError: It is not what it was.
            VerificationError: A line is not validly signed by a gate.
        """
        if (found := tail.read(self, source, look_up)) is None:
            return self.read_whole(source).tip
        walk, entries = found
        return Tip(walk, self, {entry.link.entry_id: entry for entry in entries})

    def read_whole(self, source: LedgerSource, asked: Asked = ANYHOW) -> Whole:
        """Return the ledger after every check of every entry; raises what `read` does."""
        return whole.read(self, source, asked)


def branch_tip(repository: SourceRepository) -> str:
    """Return the commit at the tip of the default branch.

    Raises:
        ServiceError: There is none.
    """
    head = repository.default_tip()
    if head is None:
        raise ServiceError(
            f"the default branch {repository.default_ref()} cannot be read",
            why="the repository is empty, or lost the branch",
            fix=f"push it, with a policy ({page('policy-reference.md')}); in a clone: git fetch origin",
        )
    return head


def remote(sources: Sources, store: LedgerSource) -> tuple[str, Tip]:
    """Return the tip of the default branch, and the ledger at the remote, read as a gate reads it.

    Raises:
        CountersealError: Branch, policy or ledger cannot be read, or the ledger is not what it was.
    """
    head, home = branch_tip(sources.repository), sources.forge.repository()
    reader = open_reader(sources.repository, head, sources.trust, sources.verifier, home=home)
    return head, reader.read(store)


def open_reader(
    repository: SourceRepository,
    head: str,
    trust: Trust,
    verifier: BundleVerifier,
    *,
    home: Repository | None = None,
    own_revision: str | None = None,
) -> LedgerReader:
    """Return a reader for the ledger of the policy at the tip of a branch: its lines are judged by that branch.

    Args:
        repository: Where the policies are.
        head: The tip of the default branch.
        trust: Whom to believe before any policy speaks.
        verifier: Verifies the lines.
        home: The repository that the gate decides for; None: the one that the ledger's id names.
        own_revision: The revision of the gate that asks, which accepts itself.

    Raises:
        PolicyError: The branch has no usable policy.
    """
    policy, _ = read_policy(repository, head)
    if home is None:
        host, number, _ = policy.ledger_id.split("/")
        home = Repository(host, int(number), "")
    return LedgerReader(
        policy.ledger_id, verifier, Judge(repository, trust, home, head, own_revision), policy.predecessor
    )
