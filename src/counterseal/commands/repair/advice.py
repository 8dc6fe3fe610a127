"""Holds the ledger that was found against what the forge has now: what lies on it, who did that, what puts it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.commands.repair.choosing import choose, lacking
from counterseal.commands.repair.looking import Found, Whole, look
from counterseal.errors import FormatError, VerificationError
from counterseal.gate import ledger
from counterseal.identifiers import LEDGER_REF, NOTES_REF, PROOF_FILE
from counterseal.model import BranchMove
from counterseal.ports import Tell, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.gate import collect
    from counterseal.model import Entry
    from counterseal.ports import LostTips


@dataclass(frozen=True, slots=True)
class Repair:
    """What was found, and what to do.

    Attributes:
        best: The ledger.
        found: All that there is.
        proofs: The tags of all releases whose proofs it contains.
        on_top: The commits of the branch that lie on it now, newest first.
        since: The moves of the branch after it was last at the ledger, newest first.
        others: Whole ledgers that are no part of it, each with the tags whose published proof it lacks.
        commands: What an administrator has to type; none if nothing has to be done.
        warnings: What was passed over.
        sandbox: All of it was signed in a sandbox, and proves nothing.
    """

    best: Whole
    found: Found
    proofs: tuple[str, ...]
    on_top: tuple[str, ...]
    since: tuple[BranchMove, ...]
    others: tuple[tuple[Whole, tuple[str, ...]], ...]
    commands: tuple[str, ...]
    warnings: tuple[str, ...]
    sandbox: bool


def run(sources: collect.Sources, tips: LostTips, tell: Tell = silent) -> Repair:
    """Return what the ledger is, and the commands that put branch and notes there. Nothing is changed.

    Raises:
        CountersealError: Branch, policy, releases or the log of pushes cannot be read.
        LedgerError: Which commit is the ledger cannot be told.
    """
    home, head = sources.forge.repository(), ledger.branch_tip(sources.repository)
    reader = ledger.open_reader(sources.repository, head, sources.trust, sources.verifier, home=home)
    found = look(sources.forge, tips, reader, tell)
    tell("reading the proofs of published releases")
    proofs, warnings = _proofs(sources, reader)
    best = choose(found, proofs)
    return Repair(
        best=best,
        found=found,
        proofs=tuple(proofs),
        on_top=_on_top(best, found, tips),
        since=_since(best, found.moves),
        others=tuple((other, tuple(lacking(other, proofs))) for other in found.whole if not best.extends(other)),
        commands=_commands(best, found),
        warnings=(*warnings, *_doubts(found)),
        sandbox=sources.trust.sandbox,
    )


def _proofs(sources: collect.Sources, reader: ledger.LedgerReader) -> tuple[dict[str, Entry], list[str]]:
    """Return the publication that each release proves, and a warning of each proof that is worth nothing."""
    proofs: dict[str, Entry] = {}
    warnings = []
    for release in sources.assets.proven():
        name = f"{release.tag} ({release.id})" if release.tag in proofs else release.tag
        try:
            proven = ledger.publication_of(release, sources.assets, reader, sources.work)
        except (FormatError, VerificationError) as error:
            why = f"{error.what}: {error.why}" if error.why else error.what
            warnings.append(f"{PROOF_FILE} of {release.tag} proves nothing and was passed over: {why}")
            continue
        if not ledger.is_of_predecessor(proven, reader):
            proofs[name] = proven
    return proofs, warnings


def _on_top(best: Whole, found: Found, tips: LostTips) -> tuple[str, ...]:
    """Return the commits that lie on the ledger at the branch, newest first; none where the branch left it."""
    if found.branch in (None, best.commit, *found.gone):
        return ()
    if best.commit not in tips.history(str(found.branch)):
        return ()
    return tuple(tips.history(str(found.branch), [best.commit]))


def _since(best: Whole, moves: Sequence[BranchMove]) -> tuple[BranchMove, ...]:
    """Return the moves after the branch was last at the ledger, newest first."""
    since: list[BranchMove] = []
    for move in moves:
        if move.after == best.commit:
            break
        since.append(move)
        if move.before == best.commit:
            break
    return tuple(since)


def _doubts(found: Found) -> list[str]:
    """Return what of the branch's past nobody can look at."""
    doubts = []
    if found.cut:
        doubts.append(f"the log of pushes was read back to {found.moves[-1].at:%Y-%m-%d %H:%M} UTC; it is longer")
    if found.gone:
        count = len(found.gone)
        named = ", ".join(commit[:12] for commit in found.gone[:5])
        doubts.append(f"{count} of the commits that the branch was at the forge does not have any more: {named}")
    return doubts


def _commands(best: Whole, found: Found) -> tuple[str, ...]:
    """Return the commands, each with the place that its ref must still be at; an empty one: the ref must be absent."""
    places = ((LEDGER_REF, found.branch), (NOTES_REF, found.notes))
    pushes = [
        f"git push --force-with-lease={ref}:{place or ''} origin {best.commit}:{ref}"
        for ref, place in places
        if place != best.commit
    ]
    return (f"git fetch origin {best.commit}", *pushes) if pushes else ()
