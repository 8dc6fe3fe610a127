"""Collects how revisions came onto the protected branch: by which change request, and who moved the branch (R43, R44).

Judges nothing. Where the forge may only be slow to tell, nothing can be decided yet: that is an error, which a later
run does not have (R50).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from counterseal.errors import ServiceError
from counterseal.evaluation import PolicyOrigin, Source
from counterseal.identifiers import POLICY_PATH
from counterseal.model import Merge, Mover, Outcome
from counterseal.ports import Forge, SourceRepository

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.history import RecordedDecision
    from counterseal.model import EarlierDecision, Manifest

#: How long after a commit came onto the branch a forge may not yet say which change request brought it and who merged
#: that (R50); afterwards what it does not say counts as a push.
LAG: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Says how revisions came onto the default branch, as it is at the moment `now`."""

    repository: SourceRepository
    forge: Forge
    now: datetime

    def of(self, revision: str) -> Merge | None:
        """Return how a change request brought a revision onto the branch, or None.

        Raises:
            ServiceError: The forge does not say who moved the branch, and it is too early to take that for an answer.
        """
        merge = self.forge.merge_of(revision, self.repository.default_ref())
        if merge and merge.mover is Mover.UNKNOWN and self.now - merge.merged_at < LAG:
            raise ServiceError(
                f"who merged change request {merge.number} is not known yet",
                why="the forge's log does not have the merge, which may be a matter of minutes",
                fix=f"run the gate again in {LAG.seconds // 60} minutes",
            )
        return merge

    def mover(self, merge_revision: str) -> Mover:
        """Return who moved the branch to the merge revision of a change request."""
        merge = self.of(merge_revision)
        return merge.mover if merge and merge.end == merge_revision else Mover.UNKNOWN

    def source(self, manifest: Manifest | None) -> Source | None:
        """Return how the tag and the revision of a manifest stand to the branch."""
        if manifest is None:
            return None
        repository, revision = self.repository, manifest.revision
        ref = repository.default_ref()
        head, tag_revision = repository.resolve_all(ref, f"refs/tags/{manifest.tag}")
        on_branch = head is not None and repository.is_ancestor(revision, head)
        on_line = on_branch and head is not None and revision in repository.first_parents(head)
        return Source(
            tag_revision=tag_revision,
            on_protected_branch=on_branch,
            on_first_parent_line=on_line,
            merge=self.of(revision) if on_branch else None,
            default_ref=ref,
        )

    def policy(self, revision: str) -> PolicyOrigin | None:
        """Return how the policy at a revision came onto the branch; before the first one there was nothing to ask."""
        changes = self.repository.commits_touching(revision, POLICY_PATH)
        if not changes:
            return None
        first = len(changes) == 1
        return PolicyOrigin(changes[0], first, None if first else self.of(changes[0]))

    def earlier(self, decisions: Iterable[RecordedDecision]) -> tuple[EarlierDecision, ...]:
        """Return earlier decisions as evidence, and of each allow whether a policy that was pushed made it (R44).

        Readers accept every policy that the branch ever had, and a push may have named another gate for one commit.
        Whoever builds on an allow asks how both its policies came: the signer's, and the one that judged.
        """
        return tuple(
            replace(
                recorded.as_evidence(),
                pushed=recorded.decision.outcome is Outcome.ALLOW and self._was_pushed(recorded),
            )
            for recorded in decisions
        )

    def _was_pushed(self, recorded: RecordedDecision) -> bool:
        signer = recorded.entry.attestation.certificate.source_revision or recorded.decision.policy.revision
        origins = (self.policy(revision) for revision in dict.fromkeys((signer, recorded.decision.policy.revision)))
        return any(origin is None or not origin.merged for origin in origins)
