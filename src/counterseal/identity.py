"""Whose signature it is: every check of an identity, in one place, pure over certificates (R29, R30, R34, R40).

A certificate's fields are facts of the forge's CI, signed by the certificate authority; names among them may change
hands, numbers may not. Each function returns None where the identity is accepted, else a sentence that says
what is wrong. Cryptography is not judged here: that was `BundleVerifier`'s.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterseal import digests
from counterseal.identifiers import GATE_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterseal.model import BuilderIdentity, Certificate, Repository, Trust

#: Events that run a workflow of the repository's own, reviewed code (R02).
GATE_TRIGGERS: Final = frozenset({"push", "workflow_dispatch", "schedule"})
BUILDER_TRIGGERS: Final = GATE_TRIGGERS | {"release"}
HOSTED: Final = "github-hosted"

Check = tuple[bool, str]


def builder_problem(
    certificate: Certificate, *, issuer: str, repository: Repository, builder: BuilderIdentity
) -> str | None:
    """Return why a certificate is not the builder's of a repository, or None.

    The builder is a workflow file of the repository itself, run from one of the refs that the policy names.

    Args:
        certificate: Who signed.
        issuer: The OIDC issuer of the repository's forge.
        repository: The repository, by host and number.
        builder: What the policy says.
    """
    path, _, ref = certificate.san.rpartition("@")
    if path == GATE_ID:
        return "this is the gate's identity; builder and gate have to be two"
    return _first(
        (
            *_platform(certificate, issuer, repository.host, repository),
            (
                path == f"{certificate.source_uri}/{builder.workflow}",
                f"it was signed by {path or certificate.san}, not by {builder.workflow} of this repository",
            ),
            (
                certificate.config_uri == certificate.san,
                f"the run began in {certificate.config_uri}, not in {certificate.san}",
            ),
            (ref == certificate.source_ref, f"the workflow is of {ref}, its source of {certificate.source_ref}"),
            (
                any(ref_matches(pattern, ref) for pattern in builder.refs),
                f"it was built from {ref}, and the policy names {', '.join(builder.refs)}",
            ),
            (digests.is_revision(certificate.source_revision), "it names no full source revision"),
            (
                certificate.signer_digest == certificate.config_digest == certificate.source_revision,
                "the workflow ran at another revision than the source",
            ),
            (
                certificate.trigger in BUILDER_TRIGGERS,
                f"a build may be started by {_listed(BUILDER_TRIGGERS)}, not by {certificate.trigger}",
            ),
            _run(certificate),
        )
    )


def gate_problem(  # noqa: PLR0913 - all that a gate is judged by, named at every call
    certificate: Certificate,
    *,
    trust: Trust,
    host: str,
    repository: Repository | None,
    default_ref: str,
    revisions: Sequence[str],
    own_revision: str | None,
) -> str | None:
    """Return why a certificate is not that of counterseal's gate deciding for a repository, or None.

    The SAN alone proves nothing, because a forge finds commits of forks under the parent's name: the
    workflow's digest decides (R29). A withdrawn revision is refused whatever else accepts it.

    Args:
        certificate: Who signed.
        trust: Issuers and withdrawn revisions.
        host: The forge of the repository.
        repository: The repository by number; None where only its name is known (then the caller compares that).
        default_ref: The protected default branch, a full ref.
        revisions: The accepted revisions of the gate: the released ones, or the policy's.
        own_revision: The revision of the gate that asks, which accepts itself.
    """
    issuer = trust.issuers.get(host)
    if issuer is None:
        return f"no issuer is known for {host}"
    path, _, suffix = certificate.san.rpartition("@")
    digest = certificate.signer_digest
    return _first(
        (
            (path == GATE_ID, f"it was signed by {path or certificate.san}, not by {GATE_ID}"),
            *_platform(certificate, issuer, host, repository),
            (digests.is_revision(digest), "it does not name the gate's revision"),
            (digest not in trust.withdrawn, f"the gate's revision {_short(digest)} was withdrawn"),
            (
                digest in revisions or digest == own_revision,
                (
                    f"the gate's revision {_short(digest)} is newer than this tool, or not ours: "
                    "upgrade, or pin it in your policy"
                ),
            ),
            (
                suffix == digest or suffix.startswith(("refs/tags/", "refs/heads/")),
                f"it names the gate at {suffix or 'no revision'}, and its digest is {_short(digest)}",
            ),
            (
                certificate.runner_environment == HOSTED,
                f"the gate ran on a runner that is {certificate.runner_environment}, not {HOSTED}",
            ),
            (
                certificate.source_ref == default_ref,
                f"the gate ran for {certificate.source_ref}, not for {default_ref}",
            ),
            (
                _caller(certificate),
                f"the gate was called by {certificate.config_uri}, not by a workflow of the repository at its branch",
            ),
            (
                certificate.trigger in GATE_TRIGGERS,
                f"a gate may be started by {_listed(GATE_TRIGGERS)}, not by {certificate.trigger}",
            ),
            _run(certificate),
        )
    )


def ref_matches(pattern: str, ref: str) -> bool:
    """Return whether a full ref matches a pattern, in which `*` stands for anything but `/`."""
    return re.fullmatch(r"[^/\s\x00-\x1f]*".join(re.escape(part) for part in pattern.split("*")), ref) is not None


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
        re.fullmatch(rf"https://{re.escape(host)}/[^/@]+/[^/@]+", source) is not None,
        (f"its source is {source or 'unknown'}, not a repository at {host}"),
    )
    yield number.isascii() and number.isdigit(), "it does not name its repository by number"
    if repository is not None:
        yield (
            (repository.host, str(repository.id)) == (host, number),
            (f"it is for repository {number} ({source}), not for {repository.id} ({repository.name})"),
        )


def _caller(certificate: Certificate) -> bool:
    path, _, ref = (certificate.config_uri or "").rpartition("@")
    return path.startswith(f"{certificate.source_uri}/.github/workflows/") and ref == certificate.source_ref


def _run(certificate: Certificate) -> Check:
    prefix = f"{certificate.source_uri}/actions/runs/"
    return (certificate.run_uri or "").startswith(prefix), f"{certificate.run_uri} is no run of its repository"


def _first(checks: Iterable[Check]) -> str | None:
    return next((problem for holds, problem in checks if not holds), None)


def _short(revision: str | None) -> str:
    return (revision or "")[:12]


def _listed(triggers: Iterable[str]) -> str:
    return ", ".join(sorted(triggers))
