"""`gate --preview`: what the gate would say about a request that is not merged yet. It decides and records nothing.

It reads the change through the forge's API and the ledger through git; it checks out nothing,
signs nothing, and cannot see the candidate's bytes (a draft is not readable with `contents: read`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import evaluation, forges
from counterseal.errors import CountersealError, PolicyError, ServiceError, UsageError
from counterseal.evaluation import Approvals, Evidence, LedgerFacts, RequestFile, approvals
from counterseal.evaluation import evidence as evidence_room
from counterseal.formats import digests, event_request, manifest
from counterseal.gate import collect, opening, request_files, sboms
from counterseal.gate import ledger as ledgers
from counterseal.gate.sboms import Comparison
from counterseal.history import Past
from counterseal.identifiers import COMMENT_MARKER, REQUEST_FOLDER, SBOM_FILE
from counterseal.model import EarlierDecision, Finding
from counterseal.policy import Need

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterseal.gate.collect import Sources
    from counterseal.inventory import Document
    from counterseal.model import ChangeRequest, EventRequest, PromotionRequest
    from counterseal.ports import LedgerSource


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known before the merge: the findings as far as they need neither bytes nor merge, and who approved.

    Of a request for an event `manifest` and `tag` are empty.
    `stops` are why no gate would run at all, `unseen` what of that this token may not see.
    """

    number: int
    host: str
    path: str
    head: str
    stage: str
    manifest: str
    tag: str
    findings: tuple[Finding, ...]
    approvals: Approvals
    history: tuple[EarlierDecision, ...]
    compared: Comparison | None = None
    stops: tuple[CountersealError, ...] = ()
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ground:
    """What previews of one moment stand on: the tip of the default branch, and the ledger."""

    head: str
    ledger: LedgerFacts
    past: Past


def ground(sources: Sources, store: LedgerSource) -> Ground:
    """Return what previews stand on.

    Raises:
        LedgerError: The ledger is not what it was.
        CountersealError: Branch, policy or ledger cannot be read.
    """
    head, tip = ledgers.remote(sources, store)
    return Ground(head, ledgers.facts(tip), tip)


def request_paths(files: Iterable[str]) -> tuple[str, ...]:
    """Return those of a change request's files that lie below `promotions/`."""
    return tuple(path for path in files if path.startswith(f"{REQUEST_FOLDER}/"))


def run(sources: Sources, store: LedgerSource, number: int) -> Preview:
    """Return the preview of a change request.

    Raises:
        UsageError: The change request adds no promotion request.
    """
    files = sources.forge.changed_files(number)
    _request_path(sources, number, files)
    return judge(sources, ground(sources, store), number, files)


def judge(sources: Sources, stand: Ground, number: int, files: Sequence[str], *, compare: bool = True) -> Preview:
    """Return the preview of a change request that changes these files.

    Args:
        sources: What it reads.
        stand: Branch and ledger as they are now.
        number: Of the change request.
        files: The paths that it changes.
        compare: Whether components are compared with what the stage has now.

    Raises:
        UsageError: The change request adds no promotion request.
    """
    path = _request_path(sources, number, files)
    change = sources.forge.change_request(number)
    request = _request(sources, change, path)
    evidence = _evidence(sources, change, request, stand.head)
    if evidence.request.content is None:
        raise UsageError(f"{evidence.change_name}: {path} is not a request", why=evidence.request.problem)
    content = evidence.request.promotion
    evidence = collect.with_ledger(sources, evidence, stand.ledger, stand.past)
    early = evaluation.before_merge(evidence, [other for other in files if other != path])
    findings = tuple(early if finding.rule == early.rule else finding for finding in evaluation.judge(evidence))
    stops, unseen = _stops(sources, evidence)
    return Preview(
        number,
        evidence.home.host,
        evidence.request.path,
        change.head,
        evidence.stage,
        content.manifest if content else "",
        content.candidate.tag if content else "",
        findings,
        approvals.approvals(evidence),
        evidence.history,
        _compared(sources, content, stand.past) if compare and content else None,
        stops,
        unseen,
    )


def _request_path(sources: Sources, number: int, files: Sequence[str]) -> str:
    paths = request_paths(files)
    if len(paths) == 1:
        return paths[0]
    name = forges.change_name(sources.forge.repository().host, number)
    raise UsageError(
        f"{name} adds {len(paths)} promotion requests",
        fix="open a change request of its own for each, with that one file",
    )


def _stops(sources: Sources, evidence: Evidence) -> tuple[tuple[CountersealError, ...], tuple[str, ...]]:
    """Return why no gate would run here, and what of that cannot be seen."""
    stops: list[CountersealError] = []
    ref = evidence.policy_reference.ref
    try:
        opening.check_ledger_id(evidence.policy, evidence.home)
    except PolicyError as error:
        stops.append(error)
    try:
        if not sources.forge.protected(ref):
            stops.append(opening.unprotected(ref, evidence.home))
    except ServiceError as error:
        return tuple(stops), (f"whether {ref} is protected: {error.what}",)
    return tuple(stops), ()


def _compared(sources: Sources, content: PromotionRequest, past: Past) -> Comparison:
    """Return how the candidate's components differ, if its SBOM can be read: at GitHub a draft mostly cannot."""

    def candidate() -> Document:
        release = sources.assets.release(content.candidate.release)
        digest = next((asset.digest for asset in content.candidate.assets if asset.name == SBOM_FILE), "")
        if release is None:
            raise ServiceError(
                "the candidate is a draft that this token may not see", why="the request's own text has the comparison"
            )
        return sboms.released(sources.assets, release, digest, sources.work)

    return sboms.compare(sources.assets, content.stage, sources.work, candidate=candidate, known=lambda: past)


def comment(sources: Sources, number: int, text: str) -> None:
    """Put the preview on the change request, in place of the earlier one."""
    sources.forge.comment(number, COMMENT_MARKER, f"{COMMENT_MARKER}\n{text}")


def _request(sources: Sources, change: ChangeRequest, path: str) -> RequestFile:
    data = sources.forge.file_at(change.head, path) or b""
    content: PromotionRequest | EventRequest | None = None
    problem = ""
    try:
        of_event = request_files.is_of_event(path)
        content = event_request.parse(data, path) if of_event else manifest.parse_request(data, path)
    except CountersealError as error:
        problem = str(error)
    return RequestFile(
        path=path,
        digest=digests.sha256(data),
        content=content,
        problem=problem,
        merged=None,
    )


def _evidence(sources: Sources, change: ChangeRequest, request: RequestFile, head: str) -> Evidence:
    """Return what a preview reads: neither the candidate's bytes (a draft is not readable) nor a merge."""
    policy, reference = collect.read_policy(sources.repository, head)
    return Evidence(
        now=sources.clock.now(),
        home=sources.forge.repository(),
        run=None,
        policy=policy,
        policy_reference=reference,
        policy_origin=None,
        stage=request.path.split("/")[1],
        request=request,
        change=change,
        permissions=collect.permissions(sources.forge, change, policy),
        run_actors=(),
        candidate=None,
        observed=(),
        manifest=None,
        manifest_digest=request.promotion.manifest if request.promotion else None,
        builds=(),
        build_problems=(),
        starts=(),
        sbom=None,
        source=None,
        ledger=evidence_room.LedgerFacts(policy.ledger_id, 0, anchors=()),
        history=(),
        trust=sources.trust,
        unread=frozenset({Need.BYTES, Need.MERGE}),
    )
