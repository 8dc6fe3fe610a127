"""What reviewers of a request are told: since when it differs, what it was built and tested by, who has to approve.

Of the candidate nothing is verified here: the gate does that after the merge. What cannot be told is left out.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import evaluation, forges
from counterseal.commands.request import draft
from counterseal.errors import CountersealError
from counterseal.evaluation import Wanted
from counterseal.formats import bundle, subject
from counterseal.gate import candidate_bytes, sboms
from counterseal.identifiers import BUILD_BUNDLES_FILE, PROVENANCE, TEST_RESULT
from counterseal.model import Manifest, Person, Policy, Release, Repository, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from counterseal.history import Past
    from counterseal.ports import AssetStore


@dataclass(frozen=True, slots=True)
class Since:
    """What a stage has now: its tag and revision, and the ledger's entry that let it in."""

    tag: str
    revision: str
    entry: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many tests of the build passed and failed."""

    passed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Briefing:
    """What reviewers are told.

    Attributes:
        repository: Where it is.
        revision: That the candidate was built from, by its manifest.
        page: The address of the candidate.
        since: What the stage has now; None if it has nothing, or the ledger could not be read (`unread` says why).
        unread: Why the ledger could not be read; empty if it was.
        run: The address of the build's run; None if the candidate names none of this repository.
        tests: What the build says of its tests; None if it says nothing.
        wanted: Whose approvals the policy asks for.
        by_job: A job opens it, so that whoever let the job run may be one of the reviewers.
        compared: How its components differ from what the stage has now.
    """

    repository: Repository
    revision: str
    page: str
    since: Since | None
    unread: str
    run: str | None
    tests: Outcomes | None
    wanted: tuple[Wanted, ...]
    by_job: bool
    compared: sboms.Comparison


@dataclass(frozen=True, slots=True)
class Matter:
    """What a request is about: the candidate with its manifest, the stage of a policy, and who asks."""

    release: Release
    listed: Manifest
    policy: Policy
    stage: Stage
    asker: Person
    by_job: bool


def brief(assets: AssetStore, home: Repository, matter: Matter, known: Callable[[], Past], work: Path) -> Briefing:
    """Return what reviewers of a request are told.

    Args:
        assets: The forge's releases.
        home: The repository.
        matter: What is asked for.
        known: Reads the ledger.
        work: A folder of our own for downloads.
    """
    since, unread = _since(matter.stage.name, known)
    run, tests = _built(assets, home, matter.release, work)
    compared = sboms.compare(
        assets,
        matter.stage.name,
        work,
        candidate=lambda: sboms.released(assets, matter.release, matter.listed.sbom, work),
        known=known,
    )
    wanted = tuple(evaluation.wanted(matter.policy, matter.stage, matter.asker))
    page = matter.release.url
    return Briefing(home, matter.listed.revision, page, since, unread, run, tests, wanted, matter.by_job, compared)


def _since(stage: str, known: Callable[[], Past]) -> tuple[Since | None, str]:
    """Return what a stage has now, or why that is not known."""
    try:
        current = known().current(stage)
    except CountersealError as error:
        return None, error.what
    source = current.decision.source if current else None
    return (Since(source.tag, source.revision, current.sequence) if current and source else None), ""


def _built(assets: AssetStore, home: Repository, release: Release, work: Path) -> tuple[str | None, Outcomes | None]:
    """Return the run that built a candidate and its tests, as far as the candidate says."""
    run, tests = None, None
    with contextlib.suppress(CountersealError):  # what is broken here is for the gate to refuse
        for predicate_type, predicate in _statements(assets, release, work):
            if predicate_type == PROVENANCE:
                run = _run_of(predicate, home)
            elif predicate_type == TEST_RESULT:
                tests = Outcomes(_count(predicate, "passedTests"), _count(predicate, "failedTests"))
    return run, tests


def _statements(assets: AssetStore, release: Release, work: Path) -> list[tuple[str, Mapping[str, object]]]:
    pinned = draft.pin(assets, release, BUILD_BUNDLES_FILE, work)
    target = work / BUILD_BUNDLES_FILE
    assets.download(release, pinned.id, target, max_bytes=subject.largest(BUILD_BUNDLES_FILE))
    lines = [line for line in target.read_bytes().split(b"\n", candidate_bytes.MAX_BUNDLES) if line]
    told = [bundle.statement_of(line, BUILD_BUNDLES_FILE) for line in lines]
    return [(said.predicate_type, said.predicate) for said in told]


def _run_of(predicate: Mapping[str, object], home: Repository) -> str | None:
    """Return the run that a provenance names, if it is one of the repository: nobody is led elsewhere."""
    value: object = predicate
    for key in ("runDetails", "metadata", "invocationId"):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) and forges.is_run_page(home.host, home.name, value) else None


def _count(predicate: Mapping[str, object], key: str) -> int:
    tests = predicate.get(key)
    return len(tests) if isinstance(tests, list) else 0
