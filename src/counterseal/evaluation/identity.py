"""Whose signature it is: every check of an identity, in one place, pure over certificates (R29, R30, R34, R40).

A certificate's fields are facts of the forge's CI, signed by the certificate authority; names among them may change
hands, numbers may not. Each function returns None where the identity is accepted, else a sentence that says
what is wrong. Cryptography is not judged here: that was `BundleVerifier`'s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import forges
from counterseal.forges import DIALECTS, ForgeKind, kind_of
from counterseal.formats import digests
from counterseal.identifiers import GATE_ID
from counterseal.model import Certificate, OwnGate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.model import BuilderIdentity, GateIdentity, Repository, Run, Trust

Check = tuple[bool, str]


@dataclass(frozen=True, slots=True)
class AcceptedGate:
    """Whom somebody accepts as the gate: an own gate, or counterseal's at one of these revisions.

    Args:
        revisions: The accepted revisions of counterseal's gate: the released ones, or the policy's.
        own_revision: The revision of the gate that asks, which accepts itself.
        own: An own gate; then the revisions mean nothing.
    """

    revisions: Sequence[str] = ()
    own_revision: str | None = None
    own: OwnGate | None = None


def claimed(run: Run) -> Certificate:
    """Return what Fulcio will put into the certificate of a run, as the run's token has it."""
    site = f"https://{run.repository.host}"
    return Certificate(
        san=f"{site}/{run.signer_ref}",
        issuer=run.issuer,
        signer_uri=f"{site}/{run.signer_ref}",
        signer_digest=run.signer_digest,
        runner_environment=run.runner_environment,
        source_uri=f"{site}/{run.repository.name}",
        source_revision=run.revision,
        source_ref=run.ref,
        source_id=str(run.repository.id),
        config_uri=f"{site}/{run.config_ref}",
        config_digest=run.config_digest,
        trigger=run.event,
        run_uri=run.url,
    )


def run_problem(run: Run, gate: GateIdentity, trust: Trust, default_ref: str) -> str | None:
    """Return why a run is not the gate that a policy names for the run's repository, or None."""
    return gate_problem(
        claimed(run),
        trust=trust,
        host=run.repository.host,
        repository=run.repository,
        default_ref=default_ref,
        accepted=accepted_gate(gate, trust, run.signer_digest),
    )


def accepted_gate(gate: GateIdentity, trust: Trust, own_revision: str | None = None) -> AcceptedGate:
    """Return whom a policy accepts as the gate."""
    if gate.own is not None:
        return AcceptedGate(own=gate.own)
    if gate.revisions is not None:
        return AcceptedGate(gate.revisions)  # whoever pins revisions means these: other readers would refuse ours
    return AcceptedGate(trust.released, own_revision)


def verifier_id(gate: GateIdentity, repository: Repository) -> str:
    """Return the URI that stands for a policy's gate in summaries: its definition, without a ref."""
    if gate.own is None:
        return GATE_ID
    return forges.definition(repository.host, repository.name, gate.own.file)


def builder_problem(
    certificate: Certificate, *, issuer: str, repository: Repository, builder: BuilderIdentity
) -> str | None:
    """Return why a certificate is not the builder's of a repository, or None.

    The builder is a workflow or pipeline file of the repository itself, run from one of the policy's refs.

    Args:
        certificate: Who signed.
        issuer: The OIDC issuer of the repository's forge.
        repository: The repository, by host and number.
        builder: What the policy says.
    """
    dialect = DIALECTS[kind_of(repository.host)]
    path, _, ref = certificate.san.partition("@")
    if path == GATE_ID:
        return "this is the gate's identity; builder and gate have to be two"
    return _first(
        (
            *_platform(certificate, issuer, repository.host, repository),
            (
                path == f"{certificate.source_uri}{dialect.definition}{builder.workflow}",
                f"it was signed by {path or certificate.san}, not by {builder.workflow} of this repository",
            ),
            (
                certificate.config_uri == certificate.san,
                f"the run began in {certificate.config_uri}, not in {certificate.san}",
            ),
            (ref == certificate.source_ref, f"the builder's file is of {ref}, its source of {certificate.source_ref}"),
            (
                any(forges.ref_matches(pattern, ref) for pattern in builder.refs),
                f"it was built from {ref}, and the policy names {', '.join(builder.refs)}",
            ),
            (digests.is_revision(certificate.source_revision), "it names no full source revision"),
            (
                certificate.signer_digest == certificate.config_digest == certificate.source_revision,
                "the builder's file was read at another revision than the source",
            ),
            *_builder_start(certificate, builder, dialect.hosted),
            _run(certificate, dialect.runs),
        )
    )


def _builder_start(certificate: Certificate, builder: BuilderIdentity, hosted: str) -> Iterable[Check]:
    """Yield what holds of how a build began: whoever starts it by hand, or keeps the runner, steers it (R46)."""
    runners = builder.runners or (hosted,)
    yield (
        certificate.trigger in builder.triggers,
        f"a build may be started by {_listed(builder.triggers)}, not by {certificate.trigger} (policy: triggers)",
    )
    yield (
        certificate.runner_environment in runners,
        f"it ran on a runner that is {certificate.runner_environment}, not {_listed(runners)} (policy: runners)",
    )
    yield _environment(certificate, builder.environment)


def _environment(certificate: Certificate, wanted: str | None) -> Check:
    held = certificate.environment or "none"
    return (
        wanted is None or certificate.environment == wanted,
        f"its environment is {held}, and the policy names {wanted}",
    )


def gate_problem(
    certificate: Certificate,
    *,
    trust: Trust,
    host: str,
    repository: Repository | None,
    default_ref: str,
    accepted: AcceptedGate,
) -> str | None:
    """Return why a certificate is not that of the gate deciding for a repository, or None.

    Args:
        certificate: Who signed.
        trust: Issuers and withdrawn revisions.
        host: The forge of the repository.
        repository: The repository by number; None where only its name is known (then the caller compares that).
        default_ref: The protected default branch, a full ref.
        accepted: Whom the policy, or the consumer, accepts.
    """
    issuer = trust.issuers.get(host)
    if issuer is None:
        return f"no issuer is known for {host}"
    dialect = DIALECTS[kind_of(host)]
    own = accepted.own
    branch = (
        certificate.source_ref == default_ref,
        f"the gate ran for {certificate.source_ref}, not for {default_ref}",
    )
    checks = _own_gate(certificate, host, own) if own else _released_gate(certificate, trust, accepted, branch)
    return _first(
        (
            *_platform(certificate, issuer, host, repository),
            *checks,
            branch,
            (
                certificate.trigger in dialect.gate_triggers,
                f"a gate may be started by {_listed(dialect.gate_triggers)}, not by {certificate.trigger}",
            ),
            _run(certificate, dialect.runs),
        )
    )


def _released_gate(certificate: Certificate, trust: Trust, accepted: AcceptedGate, branch: Check) -> Iterable[Check]:
    """Yield what makes a certificate that of counterseal's reusable workflow.

    The SAN alone proves nothing, because a forge finds commits of forks under the parent's name: the
    workflow's digest decides (R29). A withdrawn revision is refused whatever else accepts it.
    """
    path, _, suffix = certificate.san.partition("@")
    digest = certificate.signer_digest
    yield path == GATE_ID, f"it was signed by {path or certificate.san}, not by {GATE_ID}"
    yield digests.is_revision(digest), "it does not name the gate's revision"
    yield digest not in trust.withdrawn, f"the gate's revision {_short(digest)} was withdrawn"
    yield (
        digest in accepted.revisions or digest == accepted.own_revision,
        (
            f"the gate's revision {_short(digest)} is newer than this tool, or not ours: upgrade, or name it "
            "(policy: revisions; verify: --gate-revision)"
        ),
    )
    yield (
        suffix == digest or suffix.startswith(("refs/tags/", "refs/heads/")),
        f"it names the gate at {suffix or 'no revision'}, and its digest is {_short(digest)}",
    )
    yield (
        certificate.runner_environment == DIALECTS[ForgeKind.GITHUB].hosted,
        f"the gate ran on a runner that is {certificate.runner_environment}, not {DIALECTS[ForgeKind.GITHUB].hosted}",
    )
    yield branch  # before the caller, whose ref has to be the same
    yield (
        _caller(certificate),
        f"the gate was called by {certificate.config_uri}, not by a workflow of the repository at its branch",
    )


def _own_gate(certificate: Certificate, host: str, own: OwnGate) -> Iterable[Check]:
    """Yield what makes a certificate that of an own gate: one file at one branch of the project itself (R34)."""
    wanted = f"{certificate.source_uri}{DIALECTS[kind_of(host)].definition}{own.file}@{own.ref}"
    yield certificate.san == wanted, f"it was signed by {certificate.san}, not by {wanted}"
    yield certificate.config_uri == wanted, f"the run began in {certificate.config_uri}, not in {wanted}"
    yield (
        own.project is None or certificate.source_id == str(own.project),
        f"the gate is of project {certificate.source_id}, and {own.project} is accepted",
    )
    yield certificate.source_ref == own.ref, f"the gate ran for {certificate.source_ref}, not for {own.ref}"
    yield (
        certificate.runner_environment in forges.HOSTED_RUNNERS,
        f"the gate ran on a runner that is {certificate.runner_environment}, not the forge's own",
    )
    yield _environment(certificate, own.environment)
    yield (
        digests.is_revision(certificate.source_revision)
        and certificate.signer_digest == certificate.config_digest == certificate.source_revision,
        "the gate's file was read at another revision than its branch had",
    )


def _platform(certificate: Certificate, issuer: str, host: str, repository: Repository | None) -> Iterable[Check]:
    """Yield what holds for every certificate of a CI run: issuer, forge, repository by number, one signer."""
    source = certificate.source_uri or ""
    number = certificate.source_id or ""
    yield bool(issuer) and certificate.issuer == issuer, f"its issuer is {certificate.issuer}, not {issuer}"
    yield (
        certificate.signer_uri == certificate.san,
        f"its two signers differ: {certificate.san}, {certificate.signer_uri}",
    )
    yield (
        re.fullmatch(rf"https://{re.escape(host)}/{DIALECTS[kind_of(host)].project_path}", source) is not None,
        (f"its source is {source or 'unknown'}, not a repository at {host}"),
    )
    yield number.isascii() and number.isdigit(), "it does not name its repository by number"
    if repository is not None:
        yield (
            (repository.host, str(repository.id)) == (host, number),
            (f"it is for repository {number} ({source}), not for {repository.id} ({repository.name})"),
        )


def _caller(certificate: Certificate) -> bool:
    path, _, ref = (certificate.config_uri or "").partition("@")
    return path.startswith(f"{certificate.source_uri}/.github/workflows/") and ref == certificate.source_ref


def _run(certificate: Certificate, runs: str) -> Check:
    prefix = f"{certificate.source_uri}{runs}"
    return (certificate.run_uri or "").startswith(prefix), f"{certificate.run_uri} is no run of its repository"


def _first(checks: Iterable[Check]) -> str | None:
    return next((problem for holds, problem in checks if not holds), None)


def _short(revision: str | None) -> str:
    return (revision or "")[:12]


def _listed(triggers: Iterable[str]) -> str:
    return ", ".join(sorted(triggers))
