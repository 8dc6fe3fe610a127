"""What must not leave: credentials in any field, and the hosts, names and paths that the policy names.

The secrets are written out here one by one, as services and people write them, and know nothing of the patterns.
"""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from counterseal.adapters.sbom import schema
from counterseal.adapters.sbom.documents import confidential
from counterseal.adapters.sbom.documents.references import loose_ends
from counterseal.cli.main import main
from counterseal.model import Redaction
from counterseal.policy.confidentiality import Confidentiality

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]

POLICY = """\
redact:
  hosts: ["*.corp.example", "nexus"]
  names: ["@globex/*", "hooli-*", "org.initech:*", "tyrell"]
  paths: ["services/skunkworks", "/home/*"]
"""
#: Secret → a text that has it, as it stands in some field.
CREDENTIALS = {
    "hunter2": "https://deploy:hunter2@forge.example/app.git",
    "s3cr3t/with/slashes": "https://ci:s3cr3t/with/slashes@forge.example/x",
    "p@ss@word9": "https://bob:p@ss@word9@forge.example/x",
    "lonelytoken77": "https://lonelytoken77@packages.example/simple/",
    "encoded%40Pw1": "https://u:encoded%40Pw1@forge.example/y",
    "qtok-5591": "https://packages.example/a.whl?token=qtok-5591",
    "ptok-8812": "https://packages.example/a.whl?a=1&private_token=ptok-8812#x",
    "amz-sig-0a1b2c": "https://bucket.example/k?X-Amz-Signature=amz-sig-0a1b2c&X-Amz-Date=1",
    "sastoken%2Bzz": "https://blob.example/c/b?sv=2024&sig=sastoken%2Bzz",
    "apikey-31415": "https://api.example/v1?api_key=apikey-31415",
    "oauthcode42": "https://sso.example/cb?code=oauthcode42",
    "ghp_R4nd0mLettersAndDigits0123456789abcd": "pushed with ghp_R4nd0mLettersAndDigits0123456789abcd",
    "github_pat_11AAAAAA0abcdefghijkl_mnopqrstu": "see github_pat_11AAAAAA0abcdefghijkl_mnopqrstu",
    "glpat-Zx8yQ2wErTyUiOpAsDfG": "git clone https://oauth2:glpat-Zx8yQ2wErTyUiOpAsDfG@forge.example/g/p",
    "glcbt-64_Kd83jdJd73jd83jd73": "CI_JOB_TOKEN glcbt-64_Kd83jdJd73jd83jd73",
    "npm_kT9dLq2ZpXv7BnM4cR8sWfYh1JgUe3Ao5iQx": "//npm.example/:_authToken=npm_kT9dLq2ZpXv7BnM4cR8sWfYh1JgUe3Ao5iQx",
    "pypi-AgEIcHlwaS5vcmcCJDY0ZTk4": "twine used pypi-AgEIcHlwaS5vcmcCJDY0ZTk4",
    "AKIAIOSFODNN7EXAMPLE": "aws_access_key_id AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "xoxb-2048-4096-notarealslacktoken": "slack xoxb-2048-4096-notarealslacktoken",
    "T0001/B0002/Zk3jd8sKd9": "https://hooks.slack.com/services/T0001/B0002/Zk3jd8sKd9",
    "sk_live_51H8notreal0000": "stripe sk_live_51H8notreal0000",
    "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY": "maps AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "ya29.a0AfH6SMBxyz": "Authorization: Bearer ya29.a0AfH6SMBxyz",
    "hvs.CAESIJlU02LQZq1d": "vault hvs.CAESIJlU02LQZq1d",
    "dckr_pat_8Hf3kd93kDk3": "docker login -p dckr_pat_8Hf3kd93kDk3",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl": "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "dXNlcjpwYXNzMTIz": "Authorization: Basic dXNlcjpwYXNzMTIz",
    "MIIEvQIBADANBgkq": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----",
    "correct-horse-1": "password=correct-horse-1",
    "Tr0ub4dor": "PGPASSWORD: Tr0ub4dor",
    "netrcpw": "machine forge.example login bot password netrcpw",
    "connstr99": "Server=db;User=sa;Password=connstr99;",
    "AccKey0123456789==": "DefaultEndpointsProtocol=https;AccountKey=AccKey0123456789==;",
    "clientsecret55": '{"client_secret": "clientsecret55"}',
    "scppass7": "deploy:scppass7@git.forge.example:group/app.git",
    "SG.abcdefgh12.ijklmnop34": "mail SG.abcdefgh12.ijklmnop34",
    "GOCSPX-notarealone11": "oauth GOCSPX-notarealone11",
    "hf_QwErTyUiOpAsDfGhJkLzXcVbNm12345678": "model hf_QwErTyUiOpAsDfGhJkLzXcVbNm12345678",
    "crumbs-7788": "curl -d session_id=crumbs-7788",
}
#: What only its name tells, and what the policy tells.
BY_NAME = {"plainvalue-one": "NPM_TOKEN", "plainvalue-two": "cdx:env:dbPassword"}
BY_POLICY = {
    "git.corp.example": "https://git.corp.example/team/app",
    "build7.corp.example": "built on build7.corp.example at night",
    "//nexus": "http://nexus:8081/repository",
    "@globex": "pkg:npm/%40globex/rocket@1.0.0",
    "globex/rocket": "https://npm.example/@globex/rocket/-/rocket-1.0.0.tgz",
    "rocket-1": "https://npm.example/@globex/rocket/-/rocket-1.0.0.tgz",
    "hooli-search": "needs hooli-search at run time",
    "hooli_search": "https://pypi.example/f/hooli_search-2.1-py3-none-any.whl",
    "Hooli.Box": "Hooli.Box 3",
    "initech": "pkg:maven/org.initech/tps@4?type=jar",
    "initech/tps": "https://maven.example/org/initech/tps/4/tps-4.jar",
    "tyrell": "https://pypi.example/f/tyrell-1.0.tar.gz",
    "skunkworks": "services/skunkworks/uv.lock",
    "/home/alice": "/home/alice/work/src",
}


def lib(name: str, **more: Any) -> Json:
    return {"type": "library", "bom-ref": f"pkg:npm/{name}@1", "name": name, "version": "1", **more}


def placed(number: int, text: str) -> Json:
    """Return a component that has a text in one of its fields, another field for another number."""
    name = f"c{number}"
    purl = f"pkg:generic/{name}@1?download_url={quote(text, safe=':/')}"
    twice = f"pkg:generic/{name}@1?vcs_url={quote(quote(text, safe=':/'), safe=':/')}"
    encoded = {"encoding": "base64", "content": base64.b64encode(text.encode()).decode()}
    fields: list[Json] = [
        {"description": text},
        {"properties": [{"name": "note", "value": text}]},
        {"purl": purl, "bom-ref": purl},
        {"copyright": text},
        {"publisher": text},
        {"supplier": {"name": text}},
        {"licenses": [{"license": {"name": "own", "text": {"content": text}}}]},
        {"licenses": [{"license": {"name": "own", "text": encoded}}]},
        {"evidence": {"copyright": [{"text": text}]}},
        {"pedigree": {"notes": text}},
        {"externalReferences": [{"type": "vcs", "url": quote(text, safe=":/@?=&#%"), "comment": text}]},
        {"purl": twice},
        {"author": text, "group": text},
        {"version": text},
        {"name": text},
        {"bom-ref": text},
    ]
    return lib(name) | fields[number % len(fields)]


def document(texts: list[str]) -> Json:
    components = [placed(number, text) for number, text in enumerate(texts)]
    components += [lib(f"of-{name[:3]}", properties=[{"name": name, "value": key}]) for key, name in BY_NAME.items()]
    components.append({**lib("apart"), "group": "@globex", "name": "rocket"})
    refs = [component["bom-ref"] for component in components]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {
            "component": {"type": "application", "bom-ref": "root", "name": "shop"},
            "properties": [{"name": "all", "value": " | ".join(texts)}],
        },
        "components": components,
        "services": [{"bom-ref": "service", "name": texts[0], "endpoints": [quote(texts[0], safe=":/@")]}],
        "dependencies": [{"ref": "root", "dependsOn": refs}],
        "annotations": [
            {
                "subjects": refs[:1],
                "annotator": {"individual": {"name": "bob"}},
                "timestamp": "2026-01-01T00:00:00Z",
                "text": "\n".join(texts),
            }
        ],
    }


def is_in(secret: str, text: str) -> bool:
    """Return whether a secret stands in a text: as it is, in JSON, encoded once or twice."""
    spellings = (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote(quote(secret, safe=""), safe=""))
    return any(spelling in text for spelling in spellings)


def plain(text: str) -> str:
    """Return a document with its attachments as text."""

    def content(node: Json) -> Json:
        if node.get("encoding") == "base64":
            node["content"] = base64.b64decode(node["content"]).decode()
        return node

    return json.dumps(json.loads(text, object_hook=content), ensure_ascii=False)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".counterseal").mkdir()
    (tmp_path / ".counterseal" / "policy.yml").write_text(POLICY)
    (tmp_path / "app.tar.gz").write_bytes(b"an sdist")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def outputs(place: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[list[int], str]:
    """Return the exit codes of `sbom` in each form, and everything that it told anybody."""
    told, codes = [], []
    for form in ("text", "json", "markdown"):
        files = {name: place / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        environment = {"GITHUB_ACTIONS": "true", **{name: str(file) for name, file in files.items()}}
        codes.append(main(["sbom", "app.tar.gz", "--format", form, "--verbose", *arguments], environment))
        shown = capsys.readouterr()
        told += [shown.out, shown.err, *(file.read_text() for file in files.values() if file.exists())]
    written = place / "counterseal-out" / "sbom.cdx.json"
    return codes, "\n".join([*told, plain(written.read_text()) if written.exists() else ""])


def test_of_planted_secrets_none_leaves(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secrets = {**CREDENTIALS, **BY_POLICY}
    (place / "other.json").write_text(json.dumps(document(list(secrets.values()))))
    codes, told = outputs(place, capsys, "--from", "other.json")
    assert codes == [0, 0, 0]
    assert len(CREDENTIALS) == 40
    assert [secret for secret in (*secrets, *BY_NAME) if is_in(secret, told)] == []
    written = json.loads((place / "counterseal-out" / "sbom.cdx.json").read_bytes())
    assert schema.problem(written) is None
    assert list(loose_ends(written)) == []
    assert len(written["components"]) == len(secrets) + len(BY_NAME) + 2
    counted = next(entry["value"] for entry in written["metadata"]["component"]["properties"])
    assert counted
    assert "redacted: " in told


def test_in_every_field_no_secret_leaves() -> None:
    """Each secret once in each field."""
    secrets = {**CREDENTIALS, **BY_POLICY}
    redaction = Redaction(
        ("*.corp.example", "nexus"),
        ("@globex/*", "hooli-*", "org.initech:*", "tyrell"),
        ("services/skunkworks", "/home/*"),
    )
    for secret, text in secrets.items():
        for field in range(16):
            component = placed(field, text)
            content: Json = {"metadata": {}, "components": [component], "dependencies": []}
            changed, counts = confidential.redacted(content, redaction)
            assert not is_in(secret, plain(json.dumps(changed, ensure_ascii=False))), (secret, field)
            assert sum(counts.values()) >= 1, (secret, field)


LOCK = """version = 1
[[package]]
name = "shop"
version = "1.0"
source = { editable = "." }
dependencies = [{ name = "hooli-search" }, { name = "plain" }]

[[package]]
name = "hooli-search"
version = "2.1"
source = { registry = "https://deploy:hunter2@pypi.corp.example/simple" }
[[package.wheels]]
url = "https://deploy:hunter2@pypi.corp.example/f/hooli_search-2.1-py3-none-any.whl?token=qtok-5591"
hash = "sha256:%s"

[[package]]
name = "plain"
version = "1.0"
source = { git = "https://oauth2:glpat-Zx8yQ2wErTyUiOpAsDfG@git.corp.example/team/plain.git?rev=main#%s" }
""" % ("a" * 64, "b" * 40)  # noqa: UP031 - braces are TOML's


def test_of_a_lock_none_leaves_either(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = place / "services" / "skunkworks"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1.0"\ndependencies = ["hooli-search", "plain"]\n'
        'description = "of /home/alice, on build7.corp.example; password=correct-horse-1"\n'
    )
    (folder / "uv.lock").write_text(LOCK)
    codes, told = outputs(place, capsys, "--project", str(folder))
    assert codes == [0, 0, 0]
    secrets = ("hunter2", "qtok-5591", "glpat-", "corp.example", "hooli", "skunkworks", "alice", "correct-horse-1")
    assert [secret for secret in secrets if secret in told.replace(str(folder), "").lower()] == []
    assert '"plain"' in told


@pytest.mark.parametrize("secret", sorted(CREDENTIALS), ids=range(40))
def test_neither_errors_nor_what_is_made_of_such_a_line_tell_a_secret(
    place: Path, capsys: pytest.CaptureFixture[str], secret: str
) -> None:
    text = CREDENTIALS[secret]
    edges = [{"ref": "root", "dependsOn": [text]}]
    (place / "other.json").write_text(json.dumps(document(["x"]) | {"dependencies": edges}))
    codes, told = outputs(place, capsys, "--from", "other.json")
    assert 0 not in codes
    assert not is_in(secret, told)
    (place / "requirements.txt").write_text(f"{text.splitlines()[0]}\n")
    _, told = outputs(place, capsys, "--lock", "requirements.txt")
    assert not is_in(secret, told)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("https://u:123%2Fabc@h.example/", "abc"),
        ("https://u:pa'ss9@h.example/", "ss9"),
        ('{"url":"https:\\/\\/u:escaped8@h.example"}', "escaped8"),
        ("//u:npmpass1@npm.example/", "npmpass1"),
        ('password="my long phrase"', "phrase"),
        ("password='my long phrase'", "phrase"),
        ("Cookie: sid=abcdef", "abcdef"),
        ("part:deploy:scppass7@git.forge.example:group/app.git", "scppass7"),
        ("https://h.example/x?tok=abc1", "abc1"),
        ("https://h.example/x?X-Goog-Signature=feed", "feed"),
        ("pkg:generic/x@1?download_url=https%3A%2F%2Fu%3Apw9%40h.example%2Fx", "pw9"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQOYBF", "lQOYBF"),
    ],
)
def test_odd_spellings_are_seen(text: str, secret: str) -> None:
    assert secret not in Confidentiality(Redaction()).text(text)


def test_words_are_stable_and_graphs_and_versions_survive() -> None:
    words = Confidentiality(Redaction(names=("@globex/*",), hosts=("*.corp.example",)))
    assert words.text("pkg:npm/%40globex/rocket@1.0.0") == "pkg:npm/redacted-1@1.0.0"
    assert words.text("@globex/rocket") == "redacted-1"
    assert words.text("@globex/launch") == "redacted-2"
    assert words.text("https://git.corp.example:8443/x/@globex/rocket") == "https://redacted-3:8443/x/redacted-1"
    assert words.text("https://ci:pw@git.corp.example/") == "https://redacted-4@redacted-3/"
    assert words.counts == {"credentials": 1, "hosts": 1, "names": 2}


def test_references_that_would_become_one_stay_two() -> None:
    refs = ["pkg:npm/%40globex/rocket@1", "pkg:npm/@globex/rocket@1"]
    components = [{"type": "library", "name": "x", "bom-ref": ref} for ref in refs]
    content: Json = {"components": components, "dependencies": [{"ref": refs[0], "dependsOn": [refs[1]]}]}
    changed, _ = confidential.redacted(content, Redaction(names=("@globex/*",)))
    assert [component["bom-ref"] for component in changed["components"]] == [
        "pkg:npm/redacted-1@1",
        "pkg:npm/redacted-1@1#2",
    ]
    assert changed["dependencies"] == [{"ref": "pkg:npm/redacted-1@1", "dependsOn": ["pkg:npm/redacted-1@1#2"]}]


def test_words_that_a_document_already_has_are_not_used_again() -> None:
    content: Json = {"components": [{"name": "redacted-7"}, {"name": "hooli-x"}], "dependencies": []}
    changed, _ = confidential.redacted(content, Redaction(names=("hooli-*",)))
    assert [component["name"] for component in changed["components"]] == ["redacted-7", "redacted-8"]


@pytest.mark.parametrize(
    "text",
    [
        "pkg:npm/path-key@3.1.0",
        "pkg:pypi/tokenizers@0.19.1?checksum=sha256:abc",
        "tokenizers==0.19.1",
        "pkg:npm/registry-auth-token@5.0.0",
        "https://medium.example/@user/post",
        "git@github.example:acme/app.git",
        "ssh://git@forge.example/acme/app.git",
        "fast-glob-3.3.2.tgz",
        "com.google.auth:google-auth-library-credentials:1.49.0",
        "mailto:alice@acme.example",
        "author=alice",
        "basic authentication for humans",
        "Token: a small word",
        "cpe:2.3:a:python_software_foundation:key:1.0:*:*:*:*:*:*:*",
        "keyring 25.0, secretstorage 3.3",
        "babel-core",
        "-----BEGIN CERTIFICATE-----",
        "https://a.example:8080/x@1 and 'https://b.example/','c@d.example'",
        "gcorp.example",
        "hooli",
        "tyrells-1.0.tgz",
        "services/skunkworks-two",
        "/srv/home/x",
        "git.corp.example.org",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    redaction = Redaction(
        ("*.corp.example", "nexus"), ("hooli-*", "tyrell", "core*2"), ("services/skunkworks", "/home/*")
    )
    assert Confidentiality(redaction).text(text) == text


@pytest.mark.parametrize(
    "text",
    ["://a:b" * 60_000, "a.corp" * 60_000, "%25" * 120_000, "token" * 60_000, "@globex/" * 60_000, "eyJ.a" * 60_000,
     pytest.param("-----BEGIN PRIVATE KEY " * 15_000, marks=pytest.mark.slow),
     "a-" * 150_000, "password:" * 40_000, "/home" * 60_000, "Basic " * 60_000],
)  # fmt: skip
def test_a_long_text_takes_time_by_its_length(text: str) -> None:
    words = Confidentiality(Redaction(("*.corp.*.example", "a*b"), ("@globex/*", "*x*y"), ("/home/*/x", "*a*b*c")))
    start = time.process_time()
    words.text(text, cut=True)
    assert time.process_time() - start < 10


def test_a_policy_that_cannot_be_read_stops_everything(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "other.json").write_text(json.dumps(document(["x"])))
    (place / ".counterseal" / "policy.yml").write_text('redact: {hosts: ["*"]}\n')
    codes, told = outputs(place, capsys, "--from", "other.json")
    assert codes == [2, 2, 2]
    assert ".counterseal/policy.yml:1:18: '*' is not a pattern" in told
    assert not (place / "counterseal-out").exists()


def test_where_no_checkout_has_a_policy_credentials_alone_are_redacted(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / ".counterseal" / "policy.yml").unlink()
    (place / "other.json").write_text(json.dumps(document(["https://a:hunter2@git.corp.example/"])))
    codes, told = outputs(place, capsys, "--from", "other.json")
    assert codes == [0, 0, 0]
    assert "hunter2" not in told
    assert "git.corp.example" in told


def test_words_of_the_format_stay_and_others_are_told(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = document(["x"])
    content["components"].append(lib("hooli-x", licenses=[{"license": {"id": "MIT"}}], scope="required"))
    content["annotations"] = [
        {**content["annotations"][0], "annotator": {"individual": {"email": "a@git.corp.example"}}}
    ]
    (place / "other.json").write_text(json.dumps(content))
    patterns = 'redact: {names: [library, mit, required, file], hosts: ["*.corp.example"]}\n'
    (place / ".counterseal" / "policy.yml").write_text(patterns)
    codes, told = outputs(place, capsys, "--from", "other.json")
    assert codes == [0, 0, 0], told
    assert "corp.example" not in told
    content["vulnerabilities"] = [{"id": "CVE-2026-1", "ratings": [{"severity": "high"}]}]
    (place / "other.json").write_text(json.dumps(content))
    (place / ".counterseal" / "policy.yml").write_text("redact: {names: [high]}\n")
    codes, told = outputs(place, capsys, "--from", "other.json")
    assert codes == [2, 2, 2]
    assert "make the patterns of `redact` narrower" in told


def test_references_that_an_attacker_spells_in_many_ways_take_no_time() -> None:
    spelled = ["".join(f"%{ord(char):x}" if number >> bit & 1 else char for bit, char in enumerate("abcdefghijklm"))
               for number in range(8000)]  # fmt: skip
    components = [{"type": "library", "name": "x", "bom-ref": f"https://{user}@forge.example"} for user in spelled]
    start = time.process_time()
    changed, counts = confidential.redacted({"components": components, "dependencies": []}, Redaction())
    assert time.process_time() - start < 10
    assert counts == {"credentials": 1}
    assert len({component["bom-ref"] for component in changed["components"]}) == 8000
