"""Every verb in one story: JSON with a schema from each, and nothing written where a run is dry."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from tests.flow import faults, stories
from tests.flow.started import Starts
from tests.flow.worlds import SUBJECTS

from counterseal.cli.table import COMMANDS
from counterseal.errors import ServiceError
from counterseal.forges import ForgeKind
from counterseal_sandbox.client import SandboxClient
from counterseal_sandbox.demo.site import NAME, TAG
from counterseal_sandbox.demo.world import EPOCH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.flow.worlds import FlowWorld

#: They need namespaces: tests/unit/commands/rebuild.
SECOND_BUILDS = ("rebuild", "rebuild compare")
ASK = ("request", "--reason", "weekly", "--stage")


def said(world: FlowWorld, *arguments: str, environment: Mapping[str, str] | None = None, code: int = 0) -> Any:
    """Return the JSON that a verb prints, which is all that it prints on stdout."""
    result = world.counterseal(*arguments, "--format", "json", environment=environment, code=code)
    data = json.loads(result.output)
    assert data["schema"].startswith("counterseal.")
    assert data["schema"].endswith("/v1")
    return data


def test_a_dry_run_writes_nothing(built: FlowWorld) -> None:
    environment = {**built.build_run(), "SOURCE_DATE_EPOCH": EPOCH}
    output = built.checkout / "counterseal-out"
    data = said(built, "sbom", "--dry-run", *SUBJECTS, environment=environment)
    assert not output.exists()
    built.counterseal("sbom", *SUBJECTS, environment=environment)
    assert (output / "sbom.cdx.json").stat().st_size > 0
    assert said(built, "sbom", *SUBJECTS, environment=environment)["digest"] == data["digest"]

    before = sorted(output.iterdir())
    assert said(built, "sign", "--dry-run", "--sandbox", *SUBJECTS, environment=environment)["dryRun"]
    assert sorted(output.iterdir()) == before
    built.counterseal("sign", *SUBJECTS, environment=environment)

    dry = said(built, "candidate", "--dry-run", *SUBJECTS, environment=environment)
    assert stories.hosted(built).releases.list(drafts=True) == []
    built.counterseal("candidate", *SUBJECTS, environment=environment)
    assert sorted(dry["uploaded"]) == sorted(each["name"] for each in built.release()["assets"])
    assert said(built, "candidate", *SUBJECTS, environment=environment)["uploaded"] == []

    refs = faults.refs(built)
    for arguments in (("--dry-run",), ("--dry-run", "--format", "json")):
        text = built.counterseal(*ASK, "staging", *arguments, environment=built.person("bob")).output
        assert "promotions/staging/" in text
    assert faults.refs(built) == refs
    assert len(list(stories.hosted(built).changes)) == 1  # the one that brought the version


@pytest.mark.slow
def test_every_verb_answers_in_json(fresh: FlowWorld, tmp_path: Path) -> None:
    build = {**fresh.build_run(), "SOURCE_DATE_EPOCH": EPOCH}
    bob = fresh.person("bob")
    schemas = {verb: said(fresh, verb, *SUBJECTS, environment=build)["schema"] for verb in ("sbom", "sign")}
    schemas["policy"] = said(fresh, "policy", "check")["schema"]
    schemas["completion"] = said(fresh, "completion", "bash")["schema"]
    asked = said(fresh, *ASK, "staging", environment=bob)
    schemas["request"] = asked["schema"]
    fresh.review("alice", asked["number"])
    fresh.merge("bob", asked["number"])
    schemas["gate"] = said(fresh, "gate", environment=fresh.run())["schema"]
    production = said(fresh, *ASK, "production", environment=bob)["number"]
    preview = fresh.run(gateRevision=None, permissions={"contents": "read", "pull-requests": "write"})
    schemas["preview"] = said(fresh, "gate", "--preview", "--number", str(production), environment=preview)["schema"]
    for login in ("alice", "dora"):
        fresh.review(login, production)
    fresh.merge("bob", production)
    said(fresh, "gate", environment=fresh.run())
    planned = said(fresh, "publish", "--dry-run", environment=fresh.run())
    assert planned["waiting"] == []
    schemas["publish"] = said(fresh, "publish", environment=fresh.run())["schema"]

    trust = tmp_path / "trust.json"
    document = said(fresh, "trust", "export", "--sandbox-url", fresh.sandbox.url)
    trust.write_text(json.dumps(document), encoding="utf-8")
    schemas |= {"trust": document["schema"], "verify": _verify(fresh, tmp_path, trust), "pin": _pin(fresh, trust)}
    schemas["log"] = _log(fresh, tmp_path, trust)
    clone = ("--folder", str(tmp_path / "clone"), "--trust", str(trust), "--sandbox")
    for verb, options in {"status": clone, "log repair": clone[:2]}.items():
        schemas[verb] = said(fresh, *verb.split(), *options, environment=bob)["schema"]
    schemas["doctor"] = _doctor(fresh, clone)
    schemas |= _sboms(fresh, tmp_path, trust) | _starts(fresh, tmp_path) | _inputs(fresh, build, tmp_path, trust)
    assert set(schemas) - {"preview"} == set(COMMANDS) - {"candidate", "sandbox", "demo", "init", *SECOND_BUILDS}
    assert len(set(schemas.values())) == len(schemas)


def _starts(world: FlowWorld, folder: Path) -> dict[str, str]:
    """Return the schemas of what would be started, and of what would be packed."""
    Starts(world, folder).put()
    asked: dict[str, tuple[str, ...]] = {"hold": ("--reason", "x"), "revoke": ("--tag", TAG, "--reason", "x")}
    bob = world.person("bob")
    asked["pack"] = (*SUBJECTS, "--to", "apart/app-1.zip")
    return {verb: said(world, verb, *what, "--dry-run", environment=bob)["schema"] for verb, what in asked.items()}


def _inputs(world: FlowWorld, build: Mapping[str, str], folder: Path, trust: Path) -> dict[str, str]:
    """Return the schemas of what is said of an observed command, which leaves stdout to it, and of builds."""
    released = said(world, "inputs", "show", str(folder / "release"), "--trust", str(trust), "--sandbox")
    assert (released["signed"], released["contradictions"]) == (True, [])
    told = world.counterseal("observe", "--format", "json", "--", sys.executable, "-c", "", environment=build)
    assert told.output == ""
    seen = str(world.checkout / "counterseal-out" / "build-observation.json")
    schemas = {
        "inputs show": said(world, "inputs", "show", seen),
        "inputs diff": said(world, "inputs", "diff", seen, seen),
    }
    return {verb: data["schema"] for verb, data in {"observe": json.loads(told.errors), **schemas}.items()}


def _doctor(world: FlowWorld, clone: tuple[str, ...]) -> str:
    """Return the schema of what the doctor says of a repository without workflows."""
    asked = world.counterseal("doctor", *clone, "--format", "json", environment=world.person("bob"), code=2)
    schema: str = json.loads(asked.output)["schema"]
    return schema


def _pin(world: FlowWorld, trust: Path) -> str:
    consumer = ("--trust", str(trust), "--sandbox", "--repository", f"github.com/{NAME}")
    schema: str = said(world, "pin", *consumer, "--state", "newest", "--dry-run")["schema"]
    return schema


def _verify(world: FlowWorld, folder: Path, trust: Path) -> str:
    wheel = folder / SUBJECTS[0].rpartition("/")[2]
    for name in (wheel.name, "ledger-proof.json"):
        (folder / name).write_bytes(world.hands.read(name))
    consumer = ("--trust", str(trust), "--sandbox", "--stage", "production", "--repository", f"github.com/{NAME}")
    schema: str = said(world, "verify", str(wheel), *consumer)["schema"]
    release = folder / "release"
    release.mkdir()
    for asset in world.release()["assets"]:
        (release / asset["name"]).write_bytes(world.hands.read(asset["name"]))
    whole = world.counterseal("verify", str(release), *consumer).output
    assert whole.endswith("\n12 verified, 1 skipped\n")
    assert "verified: sbom.cdx.json, production" in whole
    listed = world.counterseal("verify", str(release / "SHA256SUMS"), *consumer).output
    assert listed.endswith("\n12 verified\n")
    (release / "evil.vsa.sigstore.json").write_bytes((release / f"{wheel.name}.vsa.sigstore.json").read_bytes())
    stranger = world.counterseal("verify", str(release / "*"), *consumer, code=11).output
    assert "not verified: evil.vsa.sigstore.json, not of this release" in stranger
    assert "12 verified, 1 not verified (1 not of this release), 1 skipped" in stranger
    _imports_only_what_verifying_needs(world, wheel, consumer)
    wheel.write_bytes(wheel.read_bytes() + b"x")
    refused = said(world, "verify", str(wheel), *consumer, code=11)
    assert [each["verified"] for each in refused["files"]] == [False]
    return schema


def _imports_only_what_verifying_needs(world: FlowWorld, wheel: Path, consumer: tuple[str, ...]) -> None:
    """Look at what a run has imported beyond the library's verifier: a consumer waits for each file of it."""
    told = "print('\\n'.join(sys.modules), file=sys.stderr)"
    ours = f"import sys; from counterseal.cli.main import main; code = main(); {told}; sys.exit(code)"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "COUNTERSEAL_"))
    }

    def modules(code: str, *arguments: str) -> set[str]:
        command = [sys.executable, "-I", "-c", code, *arguments]
        done = subprocess.run(
            command, env=environment, cwd=world.folder, capture_output=True, text=True, check=True, timeout=60
        )
        return set(done.stderr.splitlines())

    alone = modules(f"import sys, sigstore.verify; {told}")
    found = modules(ours, "verify", str(wheel), *consumer) - alone
    assert "counterseal.verification.steps" in found
    foreign = {name.partition(".")[0] for name in found} - sys.stdlib_module_names
    assert foreign <= {"counterseal", "click", "cryptography", "pydantic", "sigstore"}
    assert not {name for name in found if name.startswith(("sigstore.sign", "sigstore.oidc", "rich", "concurrent"))}
    rooms = {name.split(".")[1] for name in found if name.startswith("counterseal.")}
    assert rooms.isdisjoint({"gate", "inventory"})
    adapters = {".".join(name.split(".")[2:]) for name in found if name.startswith("counterseal.adapters.")}
    names = ("failures", "material", "profile", "root", "spelling", "trust", "verifier")
    verifier = {f"sigstore.{name}" for name in names}
    assert adapters == {"local", "local.clock", "sigstore", *verifier}
    assert {name for name in found if name.startswith("counterseal.evaluation.")} <= {
        f"counterseal.evaluation.{name}" for name in ("accepted", "decision", "identity", "identity_words", "started")
    }
    assert not {name for name in found if name.startswith(("counterseal.render.findings", "counterseal.policy.reader"))}


def _log(world: FlowWorld, folder: Path, trust: Path) -> str:
    clone = folder / "clone"
    world.git("clone", "-q", "--single-branch", world.clone_url, str(clone), folder=world.folder)
    fetch = ("fetch", "-q", "origin", "counterseal-ledger:refs/remotes/origin/counterseal-ledger")
    options = ("--folder", str(clone), "--trust", str(trust), "--sandbox")
    told = faults.told(world.cli("log", *options), 2, "no ledger here")  # a clone of one branch lacks the others
    assert "fix: git fetch origin counterseal-ledger" in told
    world.git(*fetch, folder=clone)
    listed = said(world, "log", *options)
    assert [each["decision"]["stage"] for each in listed["decisions"]] == ["production", "staging"]
    assert said(world, "log", "verify", *options)["entries"] == listed["entries"] == 4
    shown = said(world, "log", "show", "1", *options)
    assert (shown["schema"], shown["statement"]["predicate"]["outcome"]) == ("counterseal.entry/v1", "allow")
    decided = world.counterseal("log", "show", "2", *options).output
    for line in ("  requested by  bob\n", "  approved by   alice, dora\n", "  run by        bob ", "app-1.2.0.tar.gz"):
        assert line in decided
    published = world.counterseal("log", "show", "3", *options).output
    assert "  decision      entry 2 (" in published
    assert re.search(r"    sha256:[0-9a-f]{64}  sbom\.cdx\.json \(\d+ bytes\)\n", published)
    assert "{'" not in published
    told = faults.told(world.cli("log", "--folder", str(clone)), 11, "signed in a sandbox")
    assert "--trust trust.json --sandbox" in told
    json.loads(world.counterseal("log", "prove", "2", *options, "--format", "json").output)
    for arguments, what in (
        (("show", "9"), "9"),
        (("prove",), "needs the number"),
        (("--since", "soon"), "not a date"),
    ):
        result = world.cli("log", *arguments, *options)
        faults.told(result, 2, what)
    assert said(world, "log", *options, "--search", TAG, "--stage", "staging")["decisions"][0]["sequence"] == 1
    schema: str = listed["schema"]
    return schema


def _sboms(world: FlowWorld, folder: Path, trust: Path) -> dict[str, str]:
    """Ask the SBOM of the release, and the ledger in the clone that `_log` left."""
    file = folder / "sbom.cdx.json"
    file.write_bytes(world.hands.read(file.name))
    options = ("--folder", str(folder / "clone"), "--trust", str(trust), "--sandbox")
    component = next(entry for entry in json.loads(file.read_bytes())["components"] if entry["type"] == "library")
    purl = component["purl"]
    answer = said(world, "sbom find", purl, *options, environment=world.person("bob"))
    assert (answer["complete"], answer["searched"]) == (True, 1)
    assert [[entry["purl"] for entry in release["components"]] for release in answer["releases"]] == [[purl]]
    nowhere = said(world, "sbom", "find", "left-pad@9", *options, environment=world.person("bob"))
    assert (nowhere["complete"], nowhere["releases"]) == (True, [])
    return {
        "sbom find": answer["schema"],
        "sbom diff": said(world, "sbom diff", str(file), str(file))["schema"],
        "sbom score": said(world, "sbom score", str(file))["schema"],
    }


def test_the_calls_that_a_sandbox_prints_are_answered() -> None:
    command = [sys.executable, "-I", "-m", "counterseal", "sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        try:
            assert started.stdout is not None
            said = "".join(itertools.takewhile(lambda row: "trust export" not in row, started.stdout))
            calls = re.findall(r"curl --json '(.*)' (http://\S+)/(\w+)$", said, re.MULTILINE)
            assert [path for *_, path in calls] == ["users", "repositories", "repositories", "runs", "jobs"]
            client = SandboxClient(calls[0][1])
            for body, _, path in calls[:3]:
                client.control(f"/{path}", **json.loads(body))
            for body, _, path in calls[3:]:
                with pytest.raises(ServiceError, match="has no ref 'refs/heads/main'"):
                    client.control(f"/{path}", **json.loads(body))
        finally:
            started.kill()


@pytest.mark.forges(ForgeKind.GITLAB)
def test_a_rehearsal_does_not_sign_with_a_real_identity(built: FlowWorld) -> None:
    claims = jwt.decode(built.build_run()["SIGSTORE_ID_TOKEN"], options={"verify_signature": False})
    real = jwt.encode(claims | {"iss": "https://gitlab.com"}, "k" * 32)
    environment = {"GITLAB_CI": "true", "SIGSTORE_ID_TOKEN": real}
    result = built.cli("sign", "--sandbox", *SUBJECTS, environment=environment)
    faults.told(result, 2, "this identity is not a sandbox's; nothing was signed")
    assert not (built.checkout / "counterseal-out").exists()
