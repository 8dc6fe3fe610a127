"""What a consumer asks about every file, as it was typed → what is verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import forges
from counterseal.errors import UsageError
from counterseal.forges import ForgeKind
from counterseal.formats import digests
from counterseal.model import OwnGate
from counterseal.verification import Asked

if TYPE_CHECKING:
    from counterseal.model import Trust


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


def read(question: Question, trust: Trust) -> Asked:
    """Return the question with host and name of the repository, and with the own gate that was named.

    Raises:
        UsageError: `repository` is not `host/owner/name`, a revision is none, or the own gate that is named cannot be
            that repository's, or none is named where there is no other (GitLab).
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
    return Asked(question.stage, host, name, question.repository_id, question.revisions, own, question.ledger)


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
