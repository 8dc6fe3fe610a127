"""Collects the evidence about one promotion request: everything, once, before anything is judged.

What cannot be read is an error here (exit code 1, nothing recorded); what was read and does
not suffice is left to the rules.
"""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal import evaluation, policy
from counterseal.errors import PolicyError, ServiceError
from counterseal.evaluation import Evidence, concerned, groups_of, identity, rules
from counterseal.forges import DIALECTS, ForgeKind, kind_of
from counterseal.gate import candidate_bytes
from counterseal.gate.arrivals import Arrivals
from counterseal.gate.request_files import MergedRequest, base_of, merged_requests, request_file, require_no_lag
from counterseal.identifiers import POLICY_PATH, page
from counterseal.model import Actor, PolicyReference, Release, ReviewState, Trust
from counterseal.policy import Need
from counterseal.ports import AssetStore, BundleVerifier, Clock, Forge, SourceRepository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.evaluation import LedgerFacts, RequestFile
    from counterseal.history import Past
    from counterseal.model import Attestation, BuildStart, ChangeRequest, Permission, Policy, PromotionRequest, Run

__all__ = ["MergedRequest", "Sources", "collect", "merged_requests", "permissions", "read_policy", "with_ledger"]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where evidence comes from: the ports, what is trusted, and a folder of our own for downloads."""

    repository: SourceRepository
    forge: Forge
    assets: AssetStore
    verifier: BundleVerifier
    clock: Clock
    trust: Trust
    work: Path


def read_policy(repository: SourceRepository, revision: str) -> tuple[Policy, PolicyReference]:
    """Return the policy at a revision of the default branch, never from a workspace or a change (R03).

    Raises:
        PolicyError: There is none, or it is not usable.
    """
    data = repository.read_file(revision, POLICY_PATH)
    if data is None:
        raise PolicyError(
            f"no policy: {POLICY_PATH} does not exist at {revision[:12]}",
            why="without a policy nothing is allowed",
            fix=f"write one ({page('policy-reference.md')}), check it with `counterseal policy check`, and merge it",
        )
    loaded_policy = policy.load(data, rules=rules.RULES)
    return loaded_policy, PolicyReference(POLICY_PATH, loaded_policy.digest, revision, repository.default_ref())


def collect(
    sources: Sources,
    run: Run,
    merged: MergedRequest,
    *,
    ledger: LedgerFacts,
    candidate: candidate_bytes.CandidateFacts | None = None,
) -> tuple[Evidence, candidate_bytes.CandidateFacts]:
    """Return the evidence about a merged request, and what its candidate's bytes said.

    Args:
        sources: The ports.
        run: The run that collects.
        merged: The request.
        ledger: The verified ledger that the decision will be made on; `with_ledger` adds what it says of the manifest.
        candidate: What an earlier reading found in the candidate's bytes (second reading, R24).

    Raises:
        CountersealError: Something could not be read.
    """
    default_ref = sources.repository.default_ref()
    change = sources.forge.change_request_of(merged.revision, default_ref)
    if change is None:
        require_no_lag(sources.repository, sources.forge, sources.clock, merged)
    base = base_of(sources.repository, sources.forge, merged, change)
    used_policy, reference = _policy(sources, run, base)
    arrivals = arrivals_of(sources)
    request = request_file(sources.repository, sources.forge, merged, base, change, used_policy)
    if request.merged and change and change.merge_revision:
        merged_file = dataclasses.replace(request.merged, mover=arrivals.mover(change.merge_revision))
        request = dataclasses.replace(request, merged=merged_file)
    release: Release | None = None
    facts = candidate or candidate_bytes.CandidateFacts()
    content, needed = request.promotion, evaluation.needs(used_policy, _stage(merged.path))
    if Need.BYTES in needed and content and change and content.valid_until >= sources.clock.now():
        release = _release(sources.assets, content)
        if candidate is None:
            facts = candidate_bytes.read(sources.assets, sources.verifier, sources.work, release, content.candidate)
    evidence = Evidence(
        now=sources.clock.now(),
        home=run.repository,
        run=run,
        policy=used_policy,
        policy_reference=reference,
        policy_origin=arrivals.policy(reference.revision),
        stage=_stage(merged.path),
        request=request,
        change=change,
        permissions=permissions(sources.forge, change, used_policy) if Need.REVIEWS in needed else (),
        run_actors=_run_actors(sources.forge, run),
        candidate=release,
        observed=facts.observed,
        manifest=facts.manifest,
        manifest_digest=facts.manifest_digest,
        builds=facts.builds,
        build_problems=facts.problems,
        starts=_starts(sources, run, used_policy, facts.builds) or _revoked(sources, request, ledger),
        signatures=facts.signatures,
        sbom=facts.sbom,
        source=arrivals.source(facts.manifest),
        ledger=ledger,
        history=(),
        trust=sources.trust,
        unread=frozenset(Need) - needed,
    )
    return evidence, facts


def arrivals_of(sources: Sources) -> Arrivals:
    """Return what says how revisions came onto the branch, as it is now."""
    return Arrivals(sources.repository, sources.forge, sources.clock.now())


def with_ledger(sources: Sources, evidence: Evidence, ledger: LedgerFacts, past: Past) -> Evidence:
    """Return the evidence on a ledger, with the earlier decisions on its manifest."""
    manifest = evidence.manifest_digest
    earlier = arrivals_of(sources).earlier(past.on_manifest(manifest) if manifest else ())
    return dataclasses.replace(evidence, ledger=ledger, history=earlier)


def _policy(sources: Sources, run: Run, base: str | None) -> tuple[Policy, PolicyReference]:
    """Return the policy that was in force before the request, or the run's own where there was none for this gate.

    None: there was no branch yet, no usable policy, or one that does not accept this gate. A request is bound to the
    policy that it was made under, so the run's own denies it.
    """
    if base is not None:
        with contextlib.suppress(PolicyError):
            base_policy, reference = read_policy(sources.repository, base)
            if not identity.run_problem(run, base_policy.gate, sources.trust, reference.ref):
                return base_policy, reference
    return read_policy(sources.repository, run.revision)


def _stage(path: str) -> str:
    parts = path.split("/")
    return parts[1] if len(parts) == 3 else ""


def permissions(
    forge: Forge, change: ChangeRequest | None, used_policy: Policy | None = None
) -> tuple[tuple[Actor, Permission], ...]:
    """Return what each person who approved, objected or dismissed may do in the repository now (R13, R49).

    With a policy only its people are asked about: no others count, and there may be any number of them (R54).
    """
    reviewers: dict[tuple[str, int], Actor] = {}
    for review in change.reviews if change else ():
        counts = review.state in (ReviewState.APPROVED, ReviewState.CHANGES_REQUESTED)
        for actor in (review.actor if counts else None, review.dismissed_by):
            if actor and actor.kind == "user" and (used_policy is None or groups_of(actor, used_policy)):
                reviewers.setdefault(actor.key, actor)
    return tuple((actor, forge.permission(actor)) for actor in reviewers.values())


def _run_actors(forge: Forge, run: Run) -> tuple[Actor, ...]:
    """Return whom the run itself excludes from approving: who started it by hand or ran it again (R14)."""
    if run.event != DIALECTS[kind_of(run.repository.host)].by_hand and run.attempt == 1:
        return ()
    return tuple(dict.fromkeys((run.actor, forge.actor(run.triggering_login))))


def _starts(sources: Sources, run: Run, used_policy: Policy, builds: Sequence[Attestation]) -> tuple[BuildStart, ...]:
    """Return whose hands were on the accepted builder's runs, where a forge lets somebody steer them (R46)."""
    home, run_uris = run.repository, []
    on_github = kind_of(home.host) is ForgeKind.GITHUB
    issuer = sources.trust.issuers.get(home.host, "")
    for build in builds:
        certificate = build.certificate
        if identity.builder_problem(certificate, issuer=issuer, repository=home, builder=used_policy.builder):
            continue
        if on_github and certificate.trigger == "push":
            continue  # what GitHub runs again, it runs with the same inputs
        run_uris.append(certificate.run_uri or "")
    starts = (sources.forge.build_start(run_uri) for run_uri in dict.fromkeys(run_uris))
    return tuple(start for start in starts if start is not None)


def _revoked(sources: Sources, request: RequestFile, ledger: LedgerFacts) -> tuple[BuildStart, ...]:
    """Return whose hands were on the revoked runs that a reinstatement is about: they do not take that back (R37)."""
    content = request.event
    runs = concerned.revoked_runs(content, ledger) if content else ()
    starts = (sources.forge.build_start(run_uri) for run_uri in runs)
    return tuple(start for start in starts if start is not None)


def _release(assets: AssetStore, content: PromotionRequest) -> Release:
    release = assets.release(content.candidate.release)
    if release is None:
        raise ServiceError(
            f"the candidate ({content.candidate.tag}, number {content.candidate.release} at the forge) cannot be read",
            why="it was deleted, or the token may not see it",
            fix="on GitHub give the job `contents: write`; if it was deleted, build again and open a new request",
        )
    return release
