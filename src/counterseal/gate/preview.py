"""`gate --preview`: what the gate would say about a request that is not merged yet. It decides and records nothing.

It reads the change through the forge's API and the ledger through git; it checks out nothing,
signs nothing, and cannot see the candidate's bytes (a draft is not readable with `contents: read`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import evaluation, forges
from counterseal.errors import CountersealError, ServiceError, UsageError
from counterseal.evaluation import Approvals, Evidence, LedgerFacts, RequestFile, approvals
from counterseal.evaluation import evidence as evidence_room
from counterseal.formats import digests, manifest
from counterseal.gate import collect, reading, sboms
from counterseal.gate.sboms import Comparison
from counterseal.history import History
from counterseal.identifiers import COMMENT_MARKER, REQUEST_FOLDER, SBOM_FILE
from counterseal.model import EarlierDecision, Finding
from counterseal.policy import Need

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.gate.collect import Sources
    from counterseal.inventory import Document
    from counterseal.model import ChangeRequest, PromotionRequest
    from counterseal.ports import LedgerStore


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known before the merge: the findings as far as they need neither bytes nor merge, and who approved."""

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


@dataclass(frozen=True, slots=True)
class Ground:
    """What previews of one moment stand on: the tip of the default branch, and the ledger, verified as a whole."""

    head: str
    ledger: LedgerFacts
    history: History


def ground(sources: Sources, store: LedgerStore) -> Ground:
    """Return what previews stand on.

    Raises:
        LedgerError: The ledger is not what it was.
        CountersealError: Branch, policy or ledger cannot be read.
    """
    home, head = sources.forge.repository(), reading.tip(sources.repository)
    reader = reading.open_reader(sources.repository, head, sources.trust, sources.verifier, home=home)
    stored = store.fetch()
    ledger = reader.read(stored)
    state = reading.facts(ledger, mirror=stored.mirror is not None, anchor=reading.Anchor())
    return Ground(head, state, History(ledger.entries))


def request_paths(sources: Sources, number: int) -> list[str]:
    """Return what a change request touches below `promotions/`."""
    return [path for path in sources.forge.changed_files(number) if path.startswith(f"{REQUEST_FOLDER}/")]


def run(sources: Sources, store: LedgerStore, number: int) -> Preview:
    """Return the preview of a change request.

    Raises:
        UsageError: The change request adds no promotion request.
    """
    paths = request_paths(sources, number)
    if len(paths) != 1:
        raise _no_request(sources, number, paths)
    return judge(sources, ground(sources, store), number, paths)


def judge(sources: Sources, stand: Ground, number: int, paths: Sequence[str], *, compare: bool = True) -> Preview:
    """Return the preview of a change request that touches these paths below `promotions/`.

    Args:
        sources: What it reads.
        stand: Branch and ledger as they are now.
        number: Of the change request.
        paths: What `request_paths` says of it.
        compare: Whether components are compared with what the stage has now.

    Raises:
        UsageError: The change request adds no promotion request.
    """
    if len(paths) != 1:
        raise _no_request(sources, number, paths)
    change = sources.forge.change_request(number)
    request = _request(sources, change, paths[0])
    evidence = _evidence(sources, change, request, stand.head)
    content = evidence.request.content
    if content is None:
        raise UsageError(f"{evidence.change_name}: {paths[0]} is no promotion request", why=evidence.request.problem)
    evidence = collect.with_ledger(sources, evidence, stand.ledger, stand.history)
    findings = evaluation.judge(evidence)
    return Preview(
        number,
        evidence.home.host,
        evidence.request.path,
        change.head,
        evidence.stage,
        content.manifest,
        content.candidate.tag,
        findings,
        approvals.approvals(evidence),
        evidence.history,
        _compared(sources, content, stand.history) if compare else None,
    )


def _no_request(sources: Sources, number: int, paths: Sequence[str]) -> UsageError:
    name = forges.change_name(sources.forge.repository().host, number)
    return UsageError(f"{name} adds {len(paths)} promotion requests", fix="one request, one file, one change")


def _compared(sources: Sources, content: PromotionRequest, history: History) -> Comparison:
    """Return how the candidate's components differ, if its SBOM can be read: at GitHub a draft mostly cannot."""

    def candidate() -> Document:
        release = sources.assets.release(content.candidate.release)
        digest = next((asset.digest for asset in content.candidate.assets if asset.name == SBOM_FILE), "")
        if release is None:
            raise ServiceError(
                "the candidate is a draft that this token may not see", why="the request's text compares"
            )
        return sboms.released(sources.assets, release, digest, sources.work)

    return sboms.compare(sources.assets, content.stage, sources.work, candidate=candidate, known=lambda: history)


def comment(sources: Sources, number: int, text: str) -> None:
    """Put the preview on the change request, in place of the earlier one."""
    sources.forge.comment(number, COMMENT_MARKER, f"{COMMENT_MARKER}\n{text}")


def _request(sources: Sources, change: ChangeRequest, path: str) -> RequestFile:
    data = sources.forge.file_at(change.head, path) or b""
    content, problem = None, ""
    try:
        content = manifest.parse_request(data, path)
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
        manifest_digest=request.content.manifest if request.content else None,
        builds=(),
        build_problems=(),
        starts=(),
        sbom=None,
        source=None,
        ledger=evidence_room.LedgerFacts(policy.ledger_id, 0, mirror=False, anchors=()),
        history=(),
        trust=sources.trust,
        unread=frozenset({Need.BYTES, Need.MERGE}),
    )
