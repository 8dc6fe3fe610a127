"""Whose signature a line of the ledger may have: the gate's that the protected branch had when it signed."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from counterseal.errors import PolicyError, VerificationError
from counterseal.evaluation import identity, identity_words, started
from counterseal.formats import digests, wire
from counterseal.gate.collect import read_policy
from counterseal.identifiers import POLICY_PATH

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.model import Attestation, Certificate, Policy, Repository, Statement, Trust
    from counterseal.ports import SourceRepository


@dataclass(frozen=True, slots=True)
class _Branch:
    """The first parents of a tip, newest first; of each how old it is; and at which ages the policy was changed."""

    head: str
    line: Sequence[str]
    ages: Mapping[str, int]
    changes: Sequence[int]


class Judge:
    """Says whether an attestation was made by the gate of the protected branch (R29, R44).

    Authority comes from the policy at the source revision of the signer's own certificate, which has to be of the first
    parents of `head`, the tip of the default branch: there it was what the branch was at. The policy that an entry
    names is what judged; it has to be of that line, too, and no younger than the signer.

    Args:
        repository: Where the policies are.
        trust: Whom to believe before any policy speaks.
        home: The repository that the gate decides for.
        head: The tip of the default branch.
        own_revision: The revision of the gate that asks, which accepts itself.
    """

    def __init__(
        self, repository: SourceRepository, trust: Trust, home: Repository, head: str, own_revision: str | None = None
    ) -> None:
        self.trust = trust
        self.repository = repository
        self._home = home
        self._own_revision = own_revision
        self._policies: dict[str, Policy] = {}
        self.head = head
        self._branch: _Branch | None = None

    @property
    def _known(self) -> _Branch:
        """Return the branch at its tip; it is read when somebody is judged."""
        if self._branch is None or self._branch.head != self.head:
            line = self.repository.first_parents(self.head)
            ages = {revision: age for age, revision in enumerate(line)}
            changes = [ages[revision] for revision in self.repository.commits_touching(self.head, POLICY_PATH)]
            self._branch = _Branch(self.head, line, ages, changes)
        return self._branch

    def world(self) -> str:
        """Return a sha256 of all that verdicts follow from: branch, and whom the reader trusts."""
        home = [self._home.host, self._home.id, self.repository.default_ref()]
        return digests.sha256(wire.canonical([self.head, *home, self._own_revision, wire.encode(self.trust)]))

    def __call__(self, attestation: Attestation, what: str) -> None:
        """Accept the signer of `attestation`.

        Raises:
            VerificationError: The signer is not the gate, or the policy it names is not the branch's.
        """
        self.check(attestation.certificate, attestation.statement, what, signed_at=attestation.signed_at)

    def check(
        self, certificate: Certificate, statement: Statement, what: str, *, signed_at: datetime | None = None
    ) -> None:
        """Accept a signer of a statement, as `__call__` does; before signing it tells whether readers will."""
        age = self.age(certificate.source_revision)
        emergency = started.at_once(statement)
        accepted = identity.accepted_gate(self._policy(age or 0, what).gate, self.trust, self._own_revision)
        problem = identity.gate_problem(
            certificate,
            trust=self.trust,
            host=self._home.host,
            repository=self._home,
            default_ref=self.repository.default_ref(),
            accepted=replace(accepted, emergency=emergency, signed_at=signed_at),
        )
        why = identity_words.sentence(problem) if problem else ""
        if emergency:
            why = why or started.line_problem(certificate, statement)
        if age is None:  # whatever is wrong with the identity says more
            why = why or f"it ran at {str(certificate.source_revision)[:12]}, where the default branch never was"
        if why:
            raise VerificationError(f"{what}: not signed by the gate", why=why)
        self._check_named(statement, certificate.source_revision, what)

    def age(self, revision: str | None) -> int | None:
        """Return how many first parents lie between the branch's tip and a revision, or None if it is none of them.

        A revision that is not known may be of a run that began after we looked.
        """
        if revision is not None and revision not in self._known.ages:
            head = self.repository.resolve(self.repository.default_ref())
            self.head = head or self.head
        return self._known.ages.get(revision) if revision else None

    def is_older(self, revision: str | None, other: str | None) -> bool:
        """Return whether a revision of the default branch is older than another; also if either is not on it."""
        age, other_age = self.age(revision), self.age(other)
        return age is None or other_age is None or age > other_age

    def _check_named(self, statement: Statement, signer: str | None, what: str) -> None:
        """Require that the statement names a policy of the branch as the signer could know it."""
        named_policy = statement.predicate.get("policy")
        revision = named_policy.get("revision") if isinstance(named_policy, dict) else None
        digest = named_policy.get("digest") if isinstance(named_policy, dict) else None
        if not isinstance(revision, str):
            raise VerificationError(f"{what}: it names no policy revision")
        age = self.age(revision)
        if age is None:
            raise VerificationError(f"{what}: policy revision {revision[:12]} is not on the default branch")
        signer_age = self.age(signer)  # after the other, which may have read the branch anew
        if signer_age is None or age < signer_age:
            raise VerificationError(f"{what}: policy revision {revision[:12]} is younger than the run that signed it")
        if not isinstance(digest, dict) or digest.get("sha256") != self._policy(age, what).digest:
            raise VerificationError(f"{what}: the policy at {revision[:12]} is not the one that the entry names")

    def _policy(self, age: int, what: str) -> Policy:
        """Return the policy that the branch had at an age; it is read once a change."""
        line, changes = self._known.line, self._known.changes
        index = bisect.bisect_left(changes, age)
        if index == len(changes):
            raise VerificationError(f"{what}: there was no policy yet at {line[age][:12]}")
        changed = line[changes[index]]
        if changed not in self._policies:
            try:
                self._policies[changed], _ = read_policy(self.repository, changed)
            except PolicyError as error:  # nobody was the gate then: no reason for a gate of today to stop
                raise VerificationError(
                    f"{what}: there was no usable policy at {line[age][:12]}", why=error.what
                ) from error
        return self._policies[changed]
