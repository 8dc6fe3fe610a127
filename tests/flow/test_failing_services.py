"""Identity, signing services and forge that fail, at each point where the command line needs them.

Each failure ends in bounded time with its exit code and an explanation, records nothing, and does not stand in the
way of the next run. The tests share one world with a merged request that waits for its decision.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow import faults, stories
from tests.flow.github_hands import GATE_PERMISSIONS
from tests.flow.worlds import SUBJECTS

from counterseal_sandbox.demo.site import NAME
from counterseal_sandbox.demo.world import EPOCH
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flow.worlds import FlowWorld

    from counterseal_sandbox.http import Request

#: No failure may hold a run up longer than this, in seconds, when each service may take 0.4 for one answer.
BOUND = 15.0
SLOW = pytest.mark.slow


@pytest.fixture(scope="module")
def build(shared: FlowWorld) -> Mapping[str, str]:
    return {**shared.build_run(), "SOURCE_DATE_EPOCH": EPOCH}


@pytest.fixture
def waiting(shared: FlowWorld) -> FlowWorld:
    """The shared world with a merged and approved request that has no decision."""
    if not MERGED and not shared.ledger_tips():
        shared.gate()  # entry 0
    if "waiting" not in MERGED:
        asked = stories.ask(shared, "staging")
        stories.approve_and_merge(shared, asked, "alice")
        MERGED["waiting"] = asked.path
    return shared


MERGED: dict[str, str] = {}


def _decided(world: FlowWorld) -> None:
    """Check that a gate now decides what waits, once."""
    result = world.gate("--request", MERGED.pop("waiting"))
    assert [(each["outcome"], each["fresh"]) for each in result["decisions"]] == [("allow", True)]


def _made(world: FlowWorld) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in (world.checkout / "counterseal-out").iterdir()}


# --- who this run is -------------------------------------------------------------------------


def test_without_the_permission_the_yaml_to_paste_is_shown(waiting: FlowWorld) -> None:
    permissions = {name: level for name, level in GATE_PERMISSIONS.items() if name != "id-token"}
    error = faults.refused(waiting, 2, "no CI identity to sign with", permissions=permissions)
    assert "    permissions:\n" in error
    assert "      id-token: write" in error
    environment = {**waiting.person("bob")}
    faults.told(waiting.cli("sign", *SUBJECTS, environment=environment), 2, "sign runs in CI only")


def _token(world: FlowWorld, audience: str = "sigstore", **more: Any) -> Callable[[Request], Response]:
    """Answer a run's question for its token with one that is no good."""

    def answer(request: Request) -> Response:
        issuer = world.sandbox.keyless.issuer
        claims = issuer._runs[request.headers["authorization"].partition(" ")[2]]
        return json_response({"value": issuer.token(claims, audience, **more)})

    return answer


def _forged(world: FlowWorld) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        head, claims, _ = json.loads(_token(world)(request).body)["value"].split(".")
        return json_response({"value": f"{head}.{claims}.{'A' * 342}"})

    return answer


@pytest.mark.parametrize(
    ("audience", "seconds"),
    [pytest.param("sigstore", -600, id="expired"), pytest.param("https://github.com/acme", 300, id="wrong-audience")],
)
def test_a_token_that_is_no_good(waiting: FlowWorld, build: Mapping[str, str], audience: str, seconds: int) -> None:
    what = "identity token of this run cannot be used"
    with faults.fault(waiting, _token(waiting, audience, seconds=seconds), faults.IDENTITY, r"^/token"):
        faults.refused(waiting, 1, what)
        made = _made(waiting)
        faults.told(waiting.cli("sign", *SUBJECTS, environment=build), 1, what)
        assert _made(waiting) == made


@pytest.mark.slow
def test_after_a_token_that_is_no_good_the_next_run_decides(waiting: FlowWorld) -> None:
    with faults.fault(waiting, _token(waiting, seconds=-600), faults.IDENTITY, r"^/token"):
        faults.refused(waiting, 1, "identity token of this run cannot be used")
    _decided(waiting)


def test_a_forged_token_is_refused_by_the_certificate_authority(waiting: FlowWorld) -> None:
    with faults.fault(waiting, _forged(waiting), faults.IDENTITY, r"^/token"):
        error = faults.refused(waiting, 1, "no certificate from")
    assert "eyJ" not in error


@pytest.mark.parametrize(
    "answer",
    [faults.down(), faults.garbage(), faults.garbage(b'{"value": 7}'), faults.garbage(b'{"value": "a.b.c"}')],
    ids=["down", "html", "number", "no-token"],
)
def test_an_identity_service_that_fails(waiting: FlowWorld, answer: Callable[[Request], Response]) -> None:
    with faults.impatient(), faults.fault(waiting, answer, faults.IDENTITY, r"^/token"):
        faults.refused(waiting, 1, "identity token of this run")


# --- signing services --------------------------------------------------------------------------

SERVICES = {
    "fulcio": (faults.FULCIO, "no certificate from http"),
    "log": (faults.LOG, "did not record the signature"),
    "timestamps": (faults.TIMESTAMPS, "no timestamp from http"),
}


@pytest.mark.parametrize("how", [pytest.param("down", marks=SLOW), "garbage", pytest.param("slow", marks=SLOW)])
@pytest.mark.parametrize("service", SERVICES)
def test_a_signing_service_that_fails(waiting: FlowWorld, build: Mapping[str, str], service: str, how: str) -> None:
    prefix, what = SERVICES[service]
    made, began = _made(waiting), time.monotonic()
    with faults.impatient(), faults.slow() as wait:
        answer = {"down": faults.down(), "garbage": faults.garbage(), "slow": wait}[how]
        with faults.fault(waiting, answer, prefix):
            faults.refused(waiting, 1, what)
            faults.told(waiting.cli("sign", *SUBJECTS, environment=build), 1, what)
    assert time.monotonic() - began < BOUND
    assert _made(waiting) == made


@pytest.mark.slow
def test_after_failed_signatures_the_next_run_decides(waiting: FlowWorld) -> None:
    prefix, what = SERVICES["log"]
    with faults.impatient(), faults.fault(waiting, faults.down(), prefix):
        faults.refused(waiting, 1, what)
    _decided(waiting)


# --- the forge ---------------------------------------------------------------------------------

#: name → (answer, what the message has to name)
REFUSALS: dict[str, tuple[Callable[[Request], Response], str]] = {
    "401": (faults.status(401, "Bad credentials"), "HTTP 401: Bad credentials"),
    "403": (faults.status(403, "Resource not accessible by integration"), "HTTP 403: Resource not accessible"),
    "429": (faults.status(429, "slow down", Retry_After="7200"), "wait 7200 seconds"),
    "500": (faults.status(500, "boom"), "HTTP 500: boom"),
    "502": (faults.down(), "HTTP 503"),
    "html": (faults.garbage(), "cannot be used"),
    "cut-off": (faults.garbage(b'[{"id": 1, "name"'), "cannot be used"),
    "other-shape": (faults.garbage(b'{"unexpected": true}'), "unexpected|list|missing|id|cannot be used"),
}

#: Where the command line needs the forge: (verb's arguments, path of the call).
POINTS: dict[str, tuple[tuple[str, ...], str]] = {
    "candidate": (("candidate", *SUBJECTS), r"/releases\?"),
    "candidate-assets": (("candidate", *SUBJECTS), r"/releases/\d+/assets\?"),
    "request": (("request", "--stage", "staging", "--reason", "weekly", "--again"), r"/releases\?"),
    "request-policy": (("request", "--stage", "staging", "--reason", "weekly", "--again"), r"/contents/"),
    "gate": (("gate",), rf"^/repos/{NAME}\?"),
    "gate-change": (("gate",), r"/commits/[0-9a-f]+/pulls"),
    "gate-reviews": (("gate",), r"/pulls/\d+/reviews"),
    "gate-permission": (("gate",), r"/collaborators/"),
    "gate-candidate": (("gate",), r"/releases/\d+/assets\?"),
}


def _run(world: FlowWorld, build: Mapping[str, str], verb: str) -> Mapping[str, str]:
    return {"candidate": build, "request": world.person("bob"), "gate": world.run()}[verb]


def _state(world: FlowWorld) -> object:
    """Return all that a command could have changed: refs, assets, change requests."""
    assets = [(each["id"], each["name"], each["state"], each["digest"]) for each in world.release()["assets"]]
    return faults.refs(world), assets, len(list(stories.hosted(world).changes))


def _fails(world: FlowWorld, build: Mapping[str, str], point: str, refusal: str) -> None:
    """Let the forge refuse at one point, and check how the command ends and that nothing changed."""
    arguments, where = POINTS[point]
    answer, says = REFUSALS[refusal]
    before = _state(world)
    environment = _run(world, build, arguments[0])
    with faults.impatient(5.0), faults.fault(world, answer, faults.FORGE, where):
        result = world.cli(*arguments, environment=environment)
    error = faults.told(result, 1, ".")
    assert re.search(says, error), error
    for token in (environment["GITHUB_TOKEN"], "eyJ"):
        assert token not in result.errors + result.output
    assert _state(world) == before


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("point", ["candidate", "request", "gate"])
def test_a_forge_that_fails_before_anything_is_written(
    shared: FlowWorld, build: Mapping[str, str], point: str, refusal: str
) -> None:
    _fails(shared, build, point, refusal)


@pytest.mark.parametrize("refusal", ["401", "500", "cut-off"])
@pytest.mark.parametrize("point", ["candidate-assets", "request-policy"])
def test_a_forge_that_fails_at_the_second_question(
    shared: FlowWorld, build: Mapping[str, str], point: str, refusal: str
) -> None:
    _fails(shared, build, point, refusal)


@pytest.mark.slow
@pytest.mark.parametrize("refusal", ["403", "500", "other-shape"])
@pytest.mark.parametrize("point", [each for each in POINTS if each.startswith("gate-")])
def test_a_forge_that_fails_before_the_decision(
    waiting: FlowWorld, build: Mapping[str, str], point: str, refusal: str
) -> None:
    _fails(waiting, build, point, refusal)


def test_a_forge_that_knows_nothing(waiting: FlowWorld, build: Mapping[str, str]) -> None:
    """404 means "not there, or not for you": the message says which permission would show more."""
    gone = faults.status(404, "Not Found")
    with faults.fault(waiting, gone, faults.FORGE):
        error = faults.refused(waiting, 1, "GitHub refused")
        assert "permissions:" in error
        faults.told(waiting.cli("candidate", *SUBJECTS, environment=build), 1, "GitHub refused")
    with faults.fault(waiting, gone, faults.FORGE, r"/releases/\d+\?"):
        error = faults.refused(waiting, 1, "the candidate .* cannot be read")
    assert "contents: write" in error


def test_a_short_wait_that_is_asked_for_is_kept(waiting: FlowWorld) -> None:
    busy = faults.status(429, "slow down", Retry_After="2")
    with faults.impatient(5.0) as pauses, faults.fault(waiting, busy, faults.FORGE, r"/reviews", times=1):
        _decided(waiting)
    assert 2.0 in pauses


def test_a_page_that_is_missing_is_no_shorter_list(waiting: FlowWorld) -> None:
    """A list whose next page fails is not taken for the whole: the approval might stand there, or the objection."""

    def first_page(request: Request) -> Response:
        if "page" in request.query and request.query["page"] != "1":
            return json_response({"message": "boom"}, 500)
        link = f'<{waiting.sandbox.url}{faults.FORGE}{request.path}?per_page=100&page=2>; rel="next"'
        return json_response([], 200, Link=link)

    with faults.impatient(5.0), faults.fault(waiting, first_page, faults.FORGE, r"/reviews"):
        faults.refused(waiting, 1, "reviews|GitHub refused")


def test_a_next_page_at_another_host_is_not_asked(waiting: FlowWorld) -> None:
    link = json_response([], 200, Link='<http://elsewhere.example/page2>; rel="next"')
    with faults.fault(waiting, link, faults.FORGE, r"/reviews"):
        error = faults.refused(waiting, 1, "the next page is at another host")
    assert "elsewhere.example" in error


@pytest.mark.slow
def test_a_slow_forge_is_left(waiting: FlowWorld) -> None:
    began = time.monotonic()
    with faults.impatient(), faults.slow() as wait, faults.fault(waiting, wait, faults.FORGE, r"/reviews"):
        faults.refused(waiting, 1, "no answer")
    assert time.monotonic() - began < BOUND


@pytest.mark.parametrize("number", [401, 403, 404, pytest.param(503, marks=SLOW)])
def test_git_that_is_refused(waiting: FlowWorld, number: int) -> None:
    with faults.fault(waiting, Response(number, b"no\n"), faults.GIT):
        error = faults.refused(waiting, 1, r"git .* failed at http")
    assert waiting.people["bob"].token not in error


# --- at publication ----------------------------------------------------------------------------


def _public(world: FlowWorld) -> list[str]:
    assert not world.release()["draft"]
    return sorted(each["name"] for each in world.release()["assets"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("refusal", "method", "prefix", "where"),
    [
        ("500", "POST", faults.UPLOADS, r"name=counterseal\.intoto"),
        ("403", "POST", faults.UPLOADS, "name=ledger-proof"),
        ("500", "PATCH", faults.FORGE, r"/releases/\d+"),
    ],
    ids=["upload", "proof", "publish"],
)
def test_a_forge_that_fails_at_publication_is_taken_up_again(
    awaited: FlowWorld, refusal: str, method: str, prefix: str, where: str
) -> None:
    with faults.impatient(5.0), faults.fault(awaited, REFUSALS[refusal][0], prefix, where, method):
        result = awaited.cli("gate", environment=awaited.run())
    error = faults.told(result, 1, ".")
    assert f"HTTP {refusal}" in error
    assert awaited.release()["draft"]
    again = awaited.gate()
    assert [each["tag"] for each in again["published"]] == ["v1.2.0"]
    assert [each["fresh"] for each in again["decisions"]] == [False] * len(again["decisions"])
    assert "ledger-proof.json" in _public(awaited)
    assert awaited.gate()["published"] == []
