"""What tokens, settings and services do to GitLab's gate: one error that names the remedy, and nothing is recorded."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import faults, stories
from tests.flow.worlds import SUBJECTS

from counterseal.forges import ForgeKind
from counterseal.identifiers import LEDGER_REF
from counterseal_sandbox.demo.world import EPOCH
from counterseal_sandbox.gitlab_identity import REQUIRED_CLAIMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.http import Request, Response

pytestmark = [pytest.mark.slow, pytest.mark.forges(ForgeKind.GITLAB)]


@pytest.fixture(scope="module")
def waiting(shared: FlowWorld) -> FlowWorld:
    """A world with a ledger and a merged and approved request that has no decision."""
    stories.allow_staging(shared)
    asked = stories.ask(shared, "staging")
    stories.approve_and_merge(shared, asked, "alice")
    return shared


@pytest.fixture(autouse=True)
def nothing_is_recorded(waiting: FlowWorld) -> Iterator[None]:
    """Check that the ledger stays as it is."""
    before = faults.refs(waiting)
    yield
    assert faults.refs(waiting) == before


def refused(world: FlowWorld, code: int, what: str, environment: Mapping[str, str] | None = None, **run: Any) -> str:
    """Return the error that a gate ended with; no token of the job is in what it said."""
    environment = environment or world.run(**run)
    result = world.cli("gate", environment=environment)
    for name in ("CI_JOB_TOKEN", "COUNTERSEAL_GITLAB_TOKEN", "SIGSTORE_ID_TOKEN"):
        assert environment.get(name) is None or environment[name] not in result.errors + result.output
    return faults.told(result, code, what)


# --- tokens --------------------------------------------------------------------------------------


def test_without_a_token_that_reads_approvals_nothing_is_decided(waiting: FlowWorld) -> None:
    # R27 | a job's token alone cannot read approvals
    error = refused(waiting, 1, "no token that may do this", apiToken=False)
    assert "COUNTERSEAL_GITLAB_TOKEN" in error
    for word in ("Settings → Access tokens", "Reporter", "read_api", "Settings → CI/CD → Variables"):
        assert word in error


def test_a_token_that_was_revoked(waiting: FlowWorld) -> None:
    environment = waiting.run()
    waiting.sandbox.forge.accounts.revoke_token(environment["COUNTERSEAL_GITLAB_TOKEN"])
    assert "COUNTERSEAL_GITLAB_TOKEN is wrong, has ended or was revoked" in refused(
        waiting, 1, "GitLab refused COUNTERSEAL_GITLAB_TOKEN", environment
    )


def test_a_job_token_that_has_ended(waiting: FlowWorld) -> None:
    environment = waiting.run()
    waiting.sandbox.forge.accounts.revoke_token(environment["CI_JOB_TOKEN"])
    refused(waiting, 1, r"git \S+ failed", environment)


def test_the_job_s_token_may_not_push(waiting: FlowWorld) -> None:
    stories.hosted(waiting).job_token_may_push = False
    try:
        error = refused(waiting, 1, "push")
    finally:
        stories.hosted(waiting).job_token_may_push = True
    assert re.search("allow git push requests", error, re.IGNORECASE)
    assert "Settings → CI/CD → Job token permissions" in error


def test_whoever_started_the_pipeline_is_no_developer(waiting: FlowWorld) -> None:
    stories.newcomer(waiting, "rita", 9021, role="TRIAGE")
    # whether the evidence or the ledger is refused first depends on what is at the candidate already
    error = refused(waiting, 1, "push|GitLab refused CI_JOB_TOKEN", event="schedule", actor="rita")
    assert re.search("role Developer|Job token permissions", error)


def test_nobody_may_push_to_the_ledger(waiting: FlowWorld) -> None:
    with shut(waiting, LEDGER_REF):
        error = refused(waiting, 1, "the push of the ledger was refused")
    assert "You are not allowed to push code to protected branches on this project" in error
    assert "counterseal-ledger" in error.partition("fix:")[2]


@contextlib.contextmanager
def shut(world: FlowWorld, ref: str) -> Iterator[None]:
    """Let the project be one where nobody may push to a protected branch, in GitLab's words."""
    hook = stories.hosted(world).git.path / "hooks" / "pre-receive"
    words = "GitLab: You are not allowed to push code to protected branches on this project."
    hook.write_text(f"#!/bin/sh\nif grep -q ' {ref}$'; then echo '{words}' >&2; exit 1; fi\n")
    hook.chmod(0o755)
    try:
        yield
    finally:
        hook.unlink()


def test_a_force_pushed_ledger_is_not_signed_on(waiting: FlowWorld) -> None:
    tip, main = faults.refs(waiting)[LEDGER_REF], stories.hosted(waiting).branch("main")
    try:
        stories.move(waiting, LEDGER_REF, main)
        refused(waiting, 11, f"commit {str(main)[:12]} of the ledger's branch is not an entry")
    finally:
        stories.move(waiting, LEDGER_REF, tip)


# --- who this job is -----------------------------------------------------------------------------


def claims(environment: Mapping[str, str]) -> dict[str, Any]:
    part = environment["SIGSTORE_ID_TOKEN"].split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return said


def with_token(world: FlowWorld, environment: Mapping[str, str], audience: Any = "sigstore", **more: Any) -> Any:
    """Return the environment with another token of the same issuer about the same job."""
    said = {name: value for name, value in claims(environment).items() if name in REQUIRED_CLAIMS}
    seconds = more.pop("seconds", 300)
    token = world.sandbox.keyless.gitlab.token(said | more, audience, seconds=seconds)
    return {**environment, "SIGSTORE_ID_TOKEN": token}


@pytest.fixture(scope="module")
def build(waiting: FlowWorld) -> Mapping[str, str]:
    return {**waiting.build_run(), "SOURCE_DATE_EPOCH": EPOCH}


def test_a_job_that_asks_for_no_id_token_is_shown_the_lines(waiting: FlowWorld) -> None:
    lines = r"\n( +)id_tokens:\n\1  SIGSTORE_ID_TOKEN:\n\1    aud: sigstore"
    assert re.search(lines, refused(waiting, 2, "no CI identity to sign with", idToken=False))
    result = waiting.cli("sign", *SUBJECTS, environment=waiting.hands.build(idToken=False))
    assert re.search(lines, faults.told(result, 2, "no CI identity to sign with"))


@pytest.mark.parametrize("audience", ["https://gitlab.com", "sigstore.example", ["vault", "other"]], ids=str)
def test_a_token_for_another_audience(waiting: FlowWorld, build: Mapping[str, str], audience: Any) -> None:
    what = "SIGSTORE_ID_TOKEN is for the audience"
    assert "aud: sigstore" in refused(waiting, 2, what, with_token(waiting, waiting.run(), audience))
    result = waiting.cli("sign", *SUBJECTS, environment=with_token(waiting, build, audience))
    faults.told(result, 2, what)


def test_a_token_that_has_expired(waiting: FlowWorld, build: Mapping[str, str]) -> None:
    what = "identity token of this run cannot be used"
    refused(waiting, 1, what, with_token(waiting, waiting.run(), seconds=-600))
    result = waiting.cli("sign", *SUBJECTS, environment=with_token(waiting, build, seconds=-600))
    faults.told(result, 1, what)


def test_a_forged_token_is_refused_by_the_certificate_authority(waiting: FlowWorld, build: Mapping[str, str]) -> None:
    for environment, verb in ((waiting.run(), "gate"), (build, "sign")):
        head, body, _ = environment["SIGSTORE_ID_TOKEN"].split(".")
        forged = {**environment, "SIGSTORE_ID_TOKEN": f"{head}.{body}.{'A' * 342}"}
        result = waiting.cli(verb, *(SUBJECTS if verb == "sign" else ()), environment=forged)
        assert "eyJ" not in faults.told(result, 1, "no certificate from")


def test_a_token_that_says_less_than_gitlab_s(waiting: FlowWorld) -> None:
    for name, value in (("ref_protected", "yes"), ("ref_type", "merge_request"), ("sha", "main"), ("project_id", "x")):
        refused(waiting, 1, name, with_token(waiting, waiting.run(), **{name: value}))


# --- services that fail --------------------------------------------------------------------------

#: name → (answer, what the message has to name)
REFUSALS: dict[str, tuple[Callable[[Request], Response], str]] = {
    "401": (faults.status(401, "401 Unauthorized"), "HTTP 401"),
    "403": (faults.status(403, "403 Forbidden"), "HTTP 403: 403 Forbidden"),
    "404": (faults.status(404, "404 Not found"), "HTTP 404|missing|cannot"),
    "429": (faults.status(429, "slow down", Retry_After="7200"), "wait 7200 seconds"),
    "500": (faults.status(500, "boom"), "HTTP 500: boom"),
    "html": (faults.garbage(), "cannot be used"),
    "other-shape": (faults.garbage(b'{"unexpected": true}'), "list|missing|name|id|cannot be used"),
}
#: Where a gate needs GitLab: path of the call.
POINTS = {
    "project": r"^/projects/[^/]+/[^/]+\?$",
    "request": r"/repository/commits/[0-9a-f]+/merge_requests",
    "versions": r"/merge_requests/\d+/versions",
    "approvals": r"/merge_requests/\d+/approvals",
    "notes": r"/merge_requests/\d+/notes",
    "member": r"/members/all/\d+",
    "pushes": r"/events",
    "candidate": r"/packages/\d+/package_files",
    "releases": r"/releases\?",
}


@pytest.mark.parametrize("point", POINTS)
def test_a_gitlab_that_fails_before_the_decision(waiting: FlowWorld, point: str) -> None:
    for name in ("403", "500", "html", "other-shape") if point != "approvals" else REFUSALS:
        answer, says = REFUSALS[name]
        with faults.impatient(5.0), faults.fault(waiting, answer, faults.GITLAB, POINTS[point]):
            error = refused(waiting, 1, ".")
        assert re.search(says, error), f"{name}: {error}"


def test_a_page_that_is_missing_is_no_shorter_list(waiting: FlowWorld) -> None:
    """The notes of the second page might take the approval back."""

    def first_page(request: Request) -> Response | None:
        if request.query.get("page", "1") != "1":
            return faults.status(500, "boom")(request)
        honest = waiting.sandbox.server._handlers[faults.GITLAB](request)
        link = f'<{waiting.sandbox.url}{faults.GITLAB}{request.encoded}?page=2>; rel="next"'
        return type(honest)(honest.status, honest.body, {**honest.headers, "Link": link, "X-Next-Page": "2"})

    with faults.impatient(5.0), faults.fault(waiting, first_page, faults.GITLAB, POINTS["notes"]):
        refused(waiting, 1, "notes")


@pytest.mark.parametrize(
    ("prefix", "what"),
    [
        (faults.FULCIO, "no certificate from http"),
        (faults.LOG, "did not record the signature"),
        (faults.TIMESTAMPS, "no timestamp from http"),
    ],
)
def test_a_signing_service_that_fails(waiting: FlowWorld, prefix: str, what: str) -> None:
    with faults.impatient(), faults.fault(waiting, faults.garbage(), prefix):
        refused(waiting, 1, what)
