"""Each verb's result in all forms: text, JSON with a schema, outputs; what needs a whole gate is in the flow tests."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit import frozen
from tests.unit.render.test_change_request import BRIEFING
from tests.unit.render.test_golden import recorded, told

from counterseal.commands.candidate import CandidateResult
from counterseal.commands.gate import GateRun
from counterseal.commands.policy import PolicyCheck
from counterseal.commands.request import Asked, RequestResult
from counterseal.commands.sbom import SbomResult
from counterseal.commands.sign import SignResult
from counterseal.commands.verify import Refused, Skipped, VerifyResult
from counterseal.errors import ServiceError, VerificationError
from counterseal.gate.deciding import Decided, Failed, GateResult
from counterseal.gate.publication.publishing import NotPublished, Published, PublishResult
from counterseal.model import Reason, Release, Repository
from counterseal.render.reports import candidate, gate, policy, publish, request, sandbox, sbom, sign, verify
from counterseal.render.text import log_rows
from counterseal.verification.looks import Look, NotOfReleaseError, StepError
from counterseal.verification.proven import Step, Verdict

if TYPE_CHECKING:
    from counterseal.render import Report

NOTHING = PublishResult((), ())


def forms(report: Report) -> tuple[list[str], str, dict[str, str]]:
    """Return the lines of the text, the schema of the JSON, and the outputs."""
    data = json.loads(json.dumps(dict(report.data)))
    return report.text.split("\n"), data["schema"], dict(report.outputs)


@pytest.mark.parametrize(("dry", "verb"), [(False, "wrote"), (True, "would write")])
def test_sbom(dry: bool, verb: str) -> None:
    result = SbomResult(Path("out/sbom.cdx.json"), "ab" * 32, 17, (frozen.WHEEL,), dry, 3)
    lines, schema, outputs = forms(sbom.report(result))
    assert lines == [
        "sbom: 17 components (3 without a licence), 1 artifact",
        f"  {verb} out/sbom.cdx.json · sha256:{'ab' * 32}",
    ]
    assert schema == "counterseal.sbom/v1"
    assert outputs == {"sbom": "out/sbom.cdx.json", "sbom-digest": "ab" * 32}


def test_sbom_tells_what_was_redacted() -> None:
    result = SbomResult(Path("x"), "ab" * 32, 17, (), dry_run=False, redacted={"credentials": 1, "hosts": 2})
    lines, _, _ = forms(sbom.report(result))
    assert lines[-1] == "  redacted: credentials 1, hosts 2"
    assert dict(sbom.report(result).data)["redacted"] == {"credentials": 1, "hosts": 2}


def test_sbom_says_when_it_is_larger_than_what_is_signed() -> None:
    at_most = SbomResult(Path("x"), "ab" * 32, 17, (), dry_run=False, size=8 << 20)
    assert sbom.report(at_most).warnings == ()
    (warning,) = sbom.report(replace(at_most, size=(8 << 20) + 1)).warnings
    assert "8388609 bytes" in warning


@pytest.mark.parametrize("sandbox", [False, True])
def test_sign(sandbox: bool) -> None:
    result = SignResult((frozen.WHEEL,), "ab" * 32, "v1.2.0", "cd" * 20, ("a", "b"), ("c",), dry_run=False)
    report = sign.report(result, Path("out"), sandbox=sandbox)
    lines, schema, outputs = forms(report)
    assert lines[:3] == [
        "signed: 1 artifact of v1.2.0 at cdcdcdcdcdcd",
        f"  manifest sha256:{'ab' * 32}",
        "  2 statements, 1 file signature in out",
    ]
    assert [line.strip()[:8] for line in lines[3:]] == (["SANDBOX:"] if sandbox else [])
    assert (schema, report.data["sandbox"]) == ("counterseal.sign/v1", sandbox)
    assert outputs == {"manifest": "ab" * 32, "tag": "v1.2.0"}


def test_candidate() -> None:
    release = Release(17, "v1.2.0", draft=True, assets=frozen.ASSETS, url="https://github.com/acme/app/releases/17")
    result = CandidateResult(release, "ab" * 32, ("a", "b"), dry_run=False)
    lines, schema, outputs = forms(candidate.report(result))
    assert lines == [
        f"candidate: v1.2.0 · manifest sha256:{'ab' * 32}",
        f"  uploaded 2 of {len(frozen.ASSETS)} assets · https://github.com/acme/app/releases/17",
        '  next: counterseal request --stage STAGE --tag v1.2.0 --reason "…"',
    ]
    assert schema == "counterseal.candidate/v1"
    assert outputs == {"tag": "v1.2.0", "manifest": "ab" * 32, "release-id": "17"}
    draft = CandidateResult(Release(0, "v1.2.0", draft=True, assets=(), url=""), "ab" * 32, ("a",), dry_run=True)
    assert forms(candidate.report(draft))[0][1] == "  would upload 1 of 1 assets"


@pytest.mark.parametrize(("host", "name"), [("github.com", "#84"), ("gitlab.com", "!84")])
def test_request(host: str, name: str) -> None:
    asker = dataclasses.replace(frozen.BOB, host=host)
    asked = Asked("staging", None, "", asker)
    told = dataclasses.replace(BRIEFING, repository=Repository(host, 701, "acme/app"))
    opened = RequestResult(
        "v1.2.0", 84, "https://x/84", "promotions/a.json", b"{}", frozen.moment(9), dry_run=False, briefing=told
    )
    lines, schema, outputs = forms(request.report(opened, asked))
    assert lines[0] == f"requested: v1.2.0 into staging · {name} https://x/84"
    assert schema == "counterseal.request-result/v1"
    assert outputs == {"number": "84", "url": "https://x/84", "path": "promotions/a.json"}
    assert lines[3] == "  approvals: 1 needed: 1 of security (dora); bob asked, so bob does not count"
    lines, _, _ = forms(request.report(dataclasses.replace(opened, before=True), asked))
    assert lines[0] == f"already open: v1.2.0 into staging · {name} https://x/84"
    dry = dataclasses.replace(opened, number=None, url=None, dry_run=True)
    lines, _, outputs = forms(request.report(dry, asked))
    nothing = "  components: 17; staging has nothing yet that they could be compared with"
    assert (lines[:2], lines[-2:]) == (
        ["would request: v1.2.0 into staging", nothing],
        ["  promotions/a.json", "{}"],
    )
    assert outputs == {"number": "", "url": "", "path": "promotions/a.json"}


def _decided(*, withdrawn: bool = False) -> Decided:
    known = recorded(frozen.ALLOW, 41)
    return Decided("promotions/a.json", known.decision, known.entry, fresh=True, withdrawn=withdrawn)


def _run(decided: tuple[Decided, ...], failed: tuple[Failed, ...], published: PublishResult) -> GateRun:
    return GateRun(GateResult(decided, failed, ("look",), sandbox=False), published, frozen.RUN, frozen.POLICY)


def test_a_gate_with_nothing_to_do_says_so() -> None:
    report = gate.report(_run((), (), NOTHING))
    lines, schema, outputs = forms(report)
    assert lines == ["nothing to decide: every merged request has its decision"]
    assert lines[0] in report.markdown
    assert (schema, report.exit_code, report.warnings) == ("counterseal.gate/v1", 0, ("look",))
    assert outputs == {"decisions": "[]", "published": "[]", "events": "[]"}


def test_a_gate_tells_what_was_decided_failed_and_published() -> None:
    release = Published("v1.2.0", "https://x", "production", recorded(frozen.ALLOW, 42).entry, {"a": "b"})
    stopped = NotPublished("v1.1.0", "production", Reason("tag-moved", {"tag": "v1.1.0", "now": None}), taken_back=True)
    failed = Failed("promotions/b.json", ServiceError("no answer", fix="run it again"))
    report = gate.report(_run((_decided(withdrawn=True),), (failed,), PublishResult((release,), (stopped,))))
    lines, _, outputs = forms(report)
    heads = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert heads == ["allow", "error", "published", "withdrawn"]
    assert "  withdrawn since: this allow counts for nothing (counterseal log)" in lines
    assert report.exit_code == 1
    assert json.loads(outputs["published"]) == ["v1.2.0"]
    assert [each["withdrawn"] for each in json.loads(outputs["decisions"])] == [True]
    assert [title for title, _ in report.errors] == ["could not decide", "not published"]
    assert report.markdown.startswith("### allow")
    assert "no answer" in report.markdown


def test_publish() -> None:
    lines, schema, outputs = forms(publish.report(NOTHING, frozen.RUN, frozen.POLICY, sandbox=False))
    assert (lines, schema, outputs) == (["nothing to publish"], "counterseal.publish/v1", {"published": "[]"})
    planned = publish.plan([recorded(frozen.ALLOW, 41)])
    assert planned.text.startswith("would publish: ")
    assert planned.text.endswith(" · entry 41")
    assert forms(publish.plan([]))[:2] == (["nothing to publish"], "counterseal.publish-plan/v1")


def test_verify_tells_a_refusal_with_its_code() -> None:
    report = verify.report(VerifyResult((Refused("app.whl", VerificationError("not it", why="another digest")),)))
    lines, schema, _ = forms(report)
    assert lines == ["not verified: app.whl", "error: not it", "  why: another digest"]
    assert (schema, report.exit_code) == ("counterseal.verify/v1", 11)
    assert report.errors == (("app.whl", "not it\n  why: another digest"),)
    (told,) = report.data["files"]
    assert told["error"] == {"step": None, "message": "not it", "why": "another digest", "fix": ""}


def test_verify_sums_up_what_became_of_several_files() -> None:
    refused = Refused("app.whl", StepError(Look.SUBJECT, "other bytes", "download it again"))
    report = verify.report(VerifyResult((refused,), (Skipped("ledger-proof.json", "it is the proof"),)))
    assert report.text.split("\n") == [
        "not verified: app.whl",
        "error: step 1, digest and name",
        "  why: other bytes",
        "  fix: download it again",
        "skipped: ledger-proof.json: it is the proof",
        "1 not verified, 1 skipped",
    ]
    assert report.data["files"][0]["error"]["step"] == 1


def test_verify_stays_short_for_many_files_and_lists_all_failures() -> None:
    steps = (Step(Look.SUBJECT, "sha256:ab"), Step(Look.LEDGER, "included"))
    found = Verdict("x", "ab", "production", frozen.moment(9, 12), frozen.HOME, sandbox=False, steps=steps)
    verdicts = [dataclasses.replace(found, file_name=f"{number}.whl") for number in range(998)]
    stranger = Refused("evil.whl", NotOfReleaseError(Look.SUBJECT, "evil.whl has sha256:ab, not in the decision"))
    denied = VerificationError("not verified: step 4, decision", why="it was deny")
    refused = (stranger, Refused("a.whl", denied), Refused("b.whl", denied))
    report = verify.report(VerifyResult((*verdicts, *refused), (Skipped("ledger-proof.json", "it is the proof"),)))
    assert report.text.split("\n") == [
        "verified: 998 files, production, decided 2026-11-24T09:12:44Z",
        "  5 ledger               included",
        "not verified: evil.whl, not of this release",
        "error: step 1, digest and name",
        "  why: evil.whl has sha256:ab, not in the decision",
        "  fix: take the ledger-proof.json of the release that the file is of; if it is, do not use the file",
        "not verified: a.whl",
        "not verified: b.whl",
        "error: step 4, decision",
        "  why: it was deny",
        "skipped: ledger-proof.json: it is the proof",
        "998 verified, 3 not verified (1 not of this release), 1 skipped",
    ]
    told = report.data["files"]
    assert len(told) == 1001
    assert [each["fileName"] for each in told if not each["verified"]] == ["evil.whl", "a.whl", "b.whl"]
    assert [each["fileName"] for each in told if each.get("notOfRelease")] == ["evil.whl"]
    assert len(report.errors) == 3


def test_verify_tells_files_of_one_name_by_their_paths() -> None:
    refused = Refused("a.whl", VerificationError("not it"))
    report = verify.report(VerifyResult((refused, refused), paths=("x/a.whl", "y/a.whl")))
    assert report.text.startswith("not verified: x/a.whl\nnot verified: y/a.whl\nerror: not it\n")
    assert [each["path"] for each in report.data["files"]] == ["x/a.whl", "y/a.whl"]


def test_policy() -> None:
    result = PolicyCheck(Path("policy.yml"), frozen.POLICY, ("ledger-intact",), "of acme/app")
    lines, schema, _ = forms(policy.checked(result))
    assert lines[0] == f"policy OK: policy.yml, sha256:{frozen.POLICY.digest}"
    assert len(lines) == len(frozen.POLICY.stages) + 3
    assert lines[-2:] == ["  always: ledger-intact", f"  ledger {frozen.POLICY.ledger_id} (of acme/app)"]
    assert schema == "counterseal.policy-check/v1"


def test_a_version_that_was_not_raised_is_a_warning() -> None:
    (warning,) = sign.report(
        SignResult((frozen.WHEEL,), "ab" * 32, "v1.3.0", "cd" * 20, (), (), dry_run=False), Path("out"), sandbox=False
    ).warnings
    assert warning == f"the tag is v1.3.0, and another version is in the name of {frozen.WHEEL.name}: was it raised?"
    made = SbomResult(Path("x"), "ab" * 32, 17, (frozen.WHEEL,), dry_run=False)
    assert sbom.report(made, "v1.3.0").warnings == (warning,)
    assert (sbom.report(made).warnings, sbom.report(made, "v1.2.0").warnings) == ((), ())
    names = tuple(f"app-1.2.{number}.tgz" for number in range(5))
    draft = CandidateResult(
        Release(0, "v1.3.0", draft=True, assets=(), url=""), "ab" * 32, (*names, f"{names[0]}.sigstore.json"), True
    )
    (warning,) = candidate.report(draft).warnings
    assert warning.endswith("app-1.2.0.tgz, app-1.2.1.tgz, app-1.2.2.tgz and 2 more: was it raised?")


def test_the_log_says_what_is_published() -> None:
    outcomes = [row[2] for row in log_rows((told(frozen.ALLOW, 41), told(frozen.ALLOW, 41, publication=42)))[1:]]
    assert outcomes == ["allow", "allow (published)"]


def test_a_sandbox_says_the_same_to_a_program() -> None:
    data = sandbox.data("http://127.0.0.1:8800", "5ea1" * 10)
    assert (data["schema"], data["url"]) == ("counterseal.sandbox/v1", "http://127.0.0.1:8800")
    calls = data["calls"]
    assert isinstance(calls, list)
    text = sandbox.ready("http://127.0.0.1:8800", "5ea1" * 10)
    assert [f"curl --json '{json.dumps(call['body'])}' {data['url']}{call['path']}" in text for call in calls] == [
        True
    ] * 5
