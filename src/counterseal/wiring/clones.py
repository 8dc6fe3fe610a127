"""Chooses how the ledger in somebody's clone is read: without its remote, judged by the branch that the clone has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.gate.ledger import LedgerReader
    from counterseal.model import Trust
    from counterseal.ports import BundleVerifier, LedgerSource


def ledger(trust: Trust, verifier: BundleVerifier, folder: Path, work: Path) -> tuple[LedgerReader, LedgerSource]:
    """Return how to read the ledger in a clone, and where it lies there.

    Args:
        trust: Whom the reader believes.
        verifier: Verifies lines.
        folder: The clone.
        work: A folder of our own.

    Raises:
        CountersealError: It is no clone, or one that lacks something.
    """
    from counterseal.adapters.git.ledger_clone import LocalLedger
    from counterseal.adapters.git.repository import GitRepository
    from counterseal.gate import ledger as ledgers

    clone = LocalLedger(folder)
    clone.check()
    repository = GitRepository(str(folder.resolve()), work / "source.git", token=None)
    return ledgers.open_reader(repository, ledgers.branch_tip(repository), trust, verifier), clone
