"""Chooses how the ledger in somebody's clone is read: without its remote, judged by the branch that the clone has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from counterseal.adapters.sigstore.verifier import SigstoreVerifier
    from counterseal.gate.ledger import LedgerReader
    from counterseal.model import Trust
    from counterseal.ports import LedgerSource
    from counterseal.wiring.surroundings import Surroundings


def remembering(surroundings: Surroundings) -> tuple[Path, Path] | None:
    """Return our folders for what can be found out again, and for what has to be kept (XDG Base Directory).

    None in CI, and where nobody lives. Caches of CI are filled by others: one that a branch wrote may be given to the
    job of another.
    """
    folders = {
        name: Path(surroundings.environ.get(name) or "") for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
    }
    home, cache, state = folders.values()
    if surroundings.in_ci or not home.is_absolute():
        return None
    cache = cache if cache.is_absolute() else home / ".cache"
    state = state if state.is_absolute() else home / ".local" / "state"
    return cache / "counterseal", state / "counterseal"


def ledger(
    consumer: tuple[Trust, SigstoreVerifier], folder: Path, work: Path, home: Surroundings | None
) -> tuple[LedgerReader, LedgerSource]:
    """Return how to read the ledger in a clone, and where it lies there.

    Args:
        consumer: Whom the reader believes, and what verifies lines.
        folder: The clone.
        work: A folder of our own.
        home: Where what was verified may be remembered; None: nowhere.

    Raises:
        CountersealError: It is no clone, or one that lacks something.
    """
    from counterseal.adapters.git.ledger_clone import LocalLedger
    from counterseal.adapters.git.repository import GitRepository
    from counterseal.gate import ledger as ledgers

    clone = LocalLedger(folder)
    clone.check()
    clone.lend(work / "source.git")
    repository = GitRepository(str(folder.resolve()), work / "source.git", token=None)
    trust, verifier = consumer
    reader = ledgers.open_reader(repository, ledgers.branch_tip(repository), trust, verifier)
    if home and (folders := remembering(home)):
        from counterseal.adapters.local.remembered import FileMemory

        (cache, state), name = folders, ledgers.memory_name(reader.ledger_id, verifier.root_digest)
        reader.memory = FileMemory(cache / "ledgers", name, state)
    return reader, clone
