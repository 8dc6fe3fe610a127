"""SBOMs of Python projects: what stands in them, that they are always the same bytes, and what is refused."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterseal.adapters.sbom.addresses import clean_url
from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.adapters.sbom.descriptions.description import Places
from counterseal.adapters.sbom.documents.form import finished
from counterseal.errors import CountersealError, FormatError, UsageError
from counterseal.formats import wire
from counterseal.model import Subject

ROOT = Path(__file__).resolve().parents[4]
EXAMPLE = ROOT / "examples" / "app"
A, B = "a" * 64, "b" * 64
ARTIFACTS = [Subject("app-1.2.0-py3-none-any.whl", A), Subject("app-1.2.0.tar.gz", B)]
REVISION = "4f2c9e1" + "0" * 33
EPOCH = 1_700_000_000
PROJECT = '[project]\nname = "app"\nversion = "1.0"\n'
REGISTRY = 'source = { registry = "https://packages.example/simple" }'


def build(folder: Path, subjects: list[Subject] | None = None, **options: Any) -> dict[str, Any]:
    builder = LockSbomBuilder(**options)
    data = builder.build([folder], subjects or [], revision=REVISION, epoch=EPOCH).data
    document: dict[str, Any] = json.loads(data)
    assert data == wire.canonical(document)
    return document


def project(folder: Path, lock: str = "", dependencies: str = "", *, name: str = "uv.lock", extra: str = "") -> Path:
    (folder / "pyproject.toml").write_text(f"{PROJECT}dependencies = [{dependencies}]\n{extra}")
    (folder / name).write_text(lock)
    return folder


def package(name: str, version: str = "1.0", rest: str = "", source: str = REGISTRY) -> str:
    return f'[[package]]\nname = "{name}"\nversion = "{version}"\n{source}\n{rest}\n'


def lock(*packages: str, root: str = "dependencies = []") -> str:
    return "\n".join(["version = 1", package("app", "1.0", root, 'source = { editable = "." }'), *packages])


def by_name(document: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each for each in document["components"]}


def edges(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(each["ref"], to) for each in document["dependencies"] for to in each.get("dependsOn", ())}


def properties(component: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["name"], each["value"]) for each in component.get("properties", ())]


#: RFC 3986: a URL with an authority.
ADDRESS = re.compile(
    r"(?:https?|ssh)://(?:[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]+)?(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"
)


# --- the example


def test_the_root_is_the_project_and_the_artifacts_are_files_with_their_digests() -> None:
    document = build(EXAMPLE, ARTIFACTS)
    root = document["metadata"]["component"]
    assert (root["type"], root["name"], root["version"]) == ("application", "app", "1.2.0")
    assert root["purl"] == "pkg:pypi/app@1.2.0"
    assert root["licenses"] == [{"license": {"id": "Apache-2.0", "acknowledgement": "declared"}}]
    assert ("counterseal:source:revision", REVISION) in properties(root)
    assert any(
        value.startswith("examples/app/uv.lock sha256:")
        for name, value in properties(root)
        if name == "counterseal:lock"
    )
    files = [each for each in document["components"] if each["type"] == "file"]
    assert [(each["name"], each["hashes"]) for each in files] == [
        (each.name, [{"alg": "SHA-256", "content": each.digest}]) for each in ARTIFACTS
    ]
    assert document["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"


def test_packages_have_purl_digests_and_real_edges() -> None:
    document = build(EXAMPLE)
    components = by_name(document)
    assert len(components) == 17
    rich = components["rich"]
    assert rich["purl"] == f"pkg:pypi/rich@{rich['version']}"
    assert rich["scope"] == "required"
    for reference in rich["externalReferences"]:
        assert reference["type"] == "distribution"
        assert reference["url"].startswith("https://packages.example/files/")
        assert reference["hashes"][0]["alg"] == "SHA-256"
    names = {each["bom-ref"]: each["name"] for each in components.values()} | {"part:examples/app": "app"}
    found = {(names[one], names[other]) for one, other in edges(document)}
    assert {("app", each) for each in ("httpx", "packaging", "pydantic", "rich", "pyyaml")} <= found
    assert {("rich", "pygments"), ("httpx", "certifi"), ("pydantic", "pydantic-core")} <= found
    assert len([each for each in found if each[0] == "app"]) == 5
    assert components["pyyaml"]["scope"] == "optional"
    assert "pytest" not in components


def test_development_groups_come_only_if_asked_for() -> None:
    components = by_name(build(EXAMPLE, development=True))
    assert components["pytest"]["scope"] == "excluded"
    assert components["pygments"]["scope"] == "required"
    assert len(components) > 17


def test_licences_come_from_installed_packages_of_just_that_version(tmp_path: Path) -> None:
    components = by_name(build(EXAMPLE))
    assert "licenses" not in components["rich"]
    for name, version, lines in (
        ("rich", components["rich"]["version"], "License-Expression: MIT OR Apache-2.0"),
        ("httpx", "0.1", "License-Expression: MIT"),
        ("h11", components["h11"]["version"], "Classifier: License :: OSI Approved :: MIT License"),
        ("idna", components["idna"]["version"], "Classifier: License :: OSI Approved :: BSD License"),
        ("anyio", components["anyio"]["version"], "License: " + "long text " * 50),
        ("certifi", components["certifi"]["version"], "License: MPL-2.0"),
        (
            "mdurl",
            components["mdurl"]["version"],
            "Classifier: License :: OSI Approved :: MIT License\nClassifier: License :: Public Domain",
        ),
    ):
        (tmp_path / f"{name}-{version}.dist-info").mkdir()
        (tmp_path / f"{name}-{version}.dist-info" / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{lines}\n"
        )
    document = build(EXAMPLE, places=Places(python=(tmp_path,)))
    found = {each["name"]: each.get("licenses") for each in document["components"]}
    declared = {"acknowledgement": "declared"}
    assert found["rich"] == [{"expression": "MIT OR Apache-2.0", **declared}]
    assert found["h11"] == [{"license": {"id": "MIT", **declared}}]
    assert found["idna"] == [{"license": {"name": "BSD License", **declared}}]
    assert found["certifi"] == [{"license": {"id": "MPL-2.0", **declared}}]
    assert found["mdurl"] == [
        {"license": {"id": "MIT", **declared}},
        {"license": {"name": "Public Domain", **declared}},
    ]
    assert found["httpx"] is None
    assert found["anyio"] is None


def test_a_component_has_supplier_and_source_and_says_where_they_are_from(tmp_path: Path) -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "left-1.0.dist-info/METADATA",
            "Name: left\nVersion: 1.0\nLicense-Expression: mit or isc\nAuthor: Ann\n"
            "Project-URL: Source, https://user:secret@x.example/left?token=secret\n",
        )
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "left-1.0-py3-none-any.whl").write_bytes(wheel.getvalue())
    digest = hashlib.sha256(wheel.getvalue()).hexdigest()
    (tmp_path / "pyproject.toml").write_text(f'{PROJECT}dependencies = ["left"]\n')
    (tmp_path / "uv.lock").write_text(
        'version = 1\n[[package]]\nname = "app"\nversion = "1.0"\nsource = { virtual = "." }\n'
        'dependencies = [{ name = "left" }]\n[package.metadata]\nrequires-dist = [{ name = "left" }]\n'
        '[[package]]\nname = "left"\nversion = "1.0"\nsource = { path = "deep/left-1.0-py3-none-any.whl" }\n'
        f'wheels = [{{ filename = "left-1.0-py3-none-any.whl", hash = "sha256:{digest}" }}]\n'
    )
    left = by_name(build(tmp_path))["left"]
    assert left["licenses"] == [{"expression": "MIT OR ISC", "acknowledgement": "declared"}]
    assert left["supplier"] == {"name": "Ann"}
    assert {"type": "vcs", "url": "https://x.example/left"} in left["externalReferences"]
    assert {"name": "counterseal:described-by", "value": "METADATA"} in left["properties"]


# --- always the same


@pytest.mark.slow
def test_equal_inputs_give_equal_bytes_whatever_surrounds_them(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from counterseal.adapters.sbom.builder import LockSbomBuilder; from counterseal.model import Subject\n"
        "os.umask(int(sys.argv[2], 8))\n"
        f"found = LockSbomBuilder().build([Path(sys.argv[1])], [Subject('a.whl', {A!r})], "
        f"revision={REVISION!r}, epoch={EPOCH})\n"
        "sys.stdout.buffer.write(found.data)"
    )
    outcomes = set()
    for seed, umask, zone, cwd in (("0", "022", "UTC", ROOT), ("4711", "077", "Pacific/Kiritimati", tmp_path)):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT / "src")}
        command = [sys.executable, "-c", script, str(EXAMPLE), umask]
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=True, timeout=60)
        outcomes.add(done.stdout)
    assert len(outcomes) == 1


def test_the_serial_number_is_of_the_content() -> None:
    first = build(EXAMPLE, ARTIFACTS)["serialNumber"]
    assert first == build(EXAMPLE, ARTIFACTS[::-1])["serialNumber"]
    assert first != build(EXAMPLE, ARTIFACTS[:1])["serialNumber"]
    assert first.startswith("urn:uuid:")


def test_addresses_that_are_none_are_no_valid_document() -> None:
    document = build(EXAMPLE)
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(json.dumps(document)) is None
    for address in ("https://packages.example/a b", "https://[", "a b", "http://x/%zz", "https://ho st/"):
        by_name(document)["rich"]["externalReferences"][0]["url"] = address
        with pytest.raises(CountersealError, match="not valid CycloneDX"):
            finished(document)


def test_a_document_of_many_parts_is_checked_whole() -> None:
    document = build(EXAMPLE)
    for number in range(250):
        document["components"].append({"type": "file", "name": "x", "bom-ref": f"x{number}"})
    finished(document)
    document["components"][240]["type"] = "nothing"
    with pytest.raises(CountersealError, match="not valid CycloneDX"):
        finished(document)
    document["components"][240]["type"] = "file"
    document["components"][240]["bom-ref"] = "x1"
    with pytest.raises(CountersealError) as caught:
        finished(document)
    assert caught.value.why == "x1 appears twice"
    del document["components"][240]
    document["dependencies"][0]["dependsOn"] = ["gone"]
    with pytest.raises(CountersealError) as caught:
        finished(document)
    assert "gone" in caught.value.why


# --- uv.lock in small


def test_a_project_without_dependencies_has_a_whole_graph(tmp_path: Path) -> None:
    document = build(project(tmp_path, lock()), [Subject("app-1.0.tar.gz", A)])
    assert [each["name"] for each in document["components"]] == ["app-1.0.tar.gz"]
    assert document["compositions"][0]["aggregate"] == "complete"


def test_extras_of_dependencies_are_followed_and_unasked_ones_are_not(tmp_path: Path) -> None:
    rest = (
        'dependencies = [{ name = "c" }]\n[package.optional-dependencies]\nx = [{ name = "d" }]\ny = [{ name = "e" }]'
    )
    text = lock(
        package("b", rest=rest),
        *(package(each) for each in "cde"),
        root='dependencies = [{ name = "b", extra = ["x"] }]',
    )
    document = build(project(tmp_path, text, '"b[x]"'))
    assert set(by_name(document)) == {"b", "c", "d"}
    assert ("pkg:pypi/b@1.0", "pkg:pypi/d@1.0") in edges(document)


def test_markers_are_kept_and_not_evaluated(tmp_path: Path) -> None:
    text = lock(
        package("b", rest='dependencies = [{ name = "c", marker = "sys_platform == \'win32\'" }]'),
        package("c"),
        root='dependencies = [{ name = "b" }, { name = "d", marker = "python_version < \'3.9\'" }]',
    )
    document = build(project(tmp_path, text + package("d")))
    components = by_name(document)
    assert properties(components["c"]) == [("counterseal:marker", "sys_platform == 'win32'")]
    assert properties(components["d"]) == [("counterseal:marker", "python_version < '3.9'")]
    assert properties(components["b"]) == []


def test_two_versions_of_one_package_are_two_components(tmp_path: Path) -> None:
    root = 'dependencies = [{ name = "b", version = "1.0", SOURCE }, { name = "b", version = "2.0", SOURCE }]'
    text = lock(package("b"), package("b", "2.0"), root=root.replace("SOURCE", REGISTRY))
    document = build(project(tmp_path, text))
    assert {each["purl"] for each in document["components"]} == {"pkg:pypi/b@1.0", "pkg:pypi/b@2.0"}
    assert len(edges(document)) == 2


def test_git_url_path_and_member_dependencies_say_where_they_are_from(tmp_path: Path) -> None:
    commit = "1" * 40
    needs = ", ".join(f'{{ name = "{each}" }}' for each in "gupm")
    text = 'version = 1\n[manifest]\nmembers = ["app", "m"]\n' + "".join(
        (
            package("app", "1.0", f"dependencies = [{needs}]", 'source = { virtual = "." }'),
            package("g", source=f'source = {{ git = "https://me:secret@forge.example/g.git?rev=main#{commit}" }}'),
            package(
                "u",
                rest=f'sdist = {{ hash = "sha256:{A}" }}',
                source='source = { url = "https://me:secret@files.example/u-1.0.tar.gz?token=secret" }',
            ),
            package(
                "p",
                rest=f'wheels = [{{ filename = "p-1.0-py3-none-any.whl", hash = "sha256:{B}" }}]',
                source='source = { path = "vendor/p-1.0-py3-none-any.whl" }',
            ),
            package("m", rest='dependencies = [{ name = "app" }]', source='source = { editable = "packages/m" }'),
        )
    )
    document = build(project(tmp_path, text))
    assert "secret" not in json.dumps(document)
    components = by_name(document)
    assert [part["purl"] for part in document["metadata"]["component"]["components"]] == ["pkg:pypi/m@1.0"]
    vcs = f"git%2Bhttps://forge.example/g.git%40{commit}"
    assert components["g"]["purl"] == f"pkg:pypi/g@1.0?vcs_url={vcs}"
    assert components["g"]["externalReferences"] == [{"type": "vcs", "url": "https://forge.example/g.git"}]
    assert components["u"]["purl"] == "pkg:pypi/u@1.0?download_url=https://files.example/u-1.0.tar.gz"
    assert components["u"]["hashes"] == [{"alg": "SHA-256", "content": A}]
    assert components["p"]["externalReferences"][0]["url"] == "p-1.0-py3-none-any.whl"
    sources = {name: dict(properties(each))["counterseal:source"] for name, each in components.items()}
    assert sources == {"g": "git", "u": "url", "p": "path"}
    assert ("part:packages/m", "part:.") in edges(document)


def test_a_member_of_a_workspace_is_the_root_if_it_is_the_project(tmp_path: Path) -> None:
    member = tmp_path / "packages" / "m"
    member.mkdir(parents=True)
    (member / "pyproject.toml").write_text('[project]\nname = "m"\nversion = "1.0"\ndependencies = ["b"]\n')
    text = lock(package("m", rest='dependencies = [{ name = "b" }]', source='source = { editable = "packages/m" }'))
    project(tmp_path, text + package("b"))
    with pytest.raises(UsageError, match="no lock file in the workspace") as caught:
        build(member)
    assert "--lock" in caught.value.fix
    named = build(member, locks=[tmp_path / "uv.lock"])
    (tmp_path / ".git").mkdir()
    document = build(member)
    assert document == named
    assert document["metadata"]["component"]["name"] == "m"
    assert edges(document) == {("part:packages/m", "pkg:pypi/b@1.0")}


def test_the_artifacts_say_a_version_that_is_dynamic(tmp_path: Path) -> None:
    folder = project(tmp_path, lock().replace('version = "1.0"\n', ""))
    (folder / "pyproject.toml").write_text('[project]\nname = "App"\ndynamic = ["version"]\n')
    assert "version" not in build(folder)["metadata"]["component"]
    document = build(folder, [Subject("app-7.1-py3-none-any.whl", A)])
    assert document["metadata"]["component"]["version"] == "7.1"


# --- other locks in small


def test_a_hashed_requirements_file_has_the_edges_of_its_comments(tmp_path: Path) -> None:
    text = (
        "--index-url https://user:secret@packages.example/simple\n"
        f"b==1.0 \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}\n    # via\n    #   -r in.txt\n"
        f"c==2.0 ; sys_platform == 'win32' --hash=sha256:{B}  # via b\n"
    )
    document = build(project(tmp_path, text, '"b"', name="requirements.txt"))
    assert "secret" not in json.dumps(document)
    root = "part:."
    assert edges(document) == {(root, "pkg:pypi/b@1.0"), ("pkg:pypi/b@1.0", "pkg:pypi/c@2.0")}
    components = by_name(document)
    references = components["b"]["externalReferences"]
    assert {digest["content"] for reference in references for digest in reference["hashes"]} == {A, B}
    assert dict(properties(components["c"])) == {"counterseal:marker": 'sys_platform == "win32"'}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-r other.txt", "requirements.txt:1"),
        ("-r ../other.txt", "requirements.txt:1"),
        ("-c https://user:secret@packages.example/other.txt", "requirements.txt:1"),
        ("-e ../lib", "requirements.txt names '../lib'"),
        ("--requirement=other.txt", "requirements.txt:1"),
        (f"b==1.0 --hash=sha256:{A[1:]}", "is not a sha256"),
        (f"=={A}", "is not a requirement"),
    ],
)
def test_lines_that_are_no_requirement_or_lead_elsewhere_are_refused(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(CountersealError) as caught:
        build(project(tmp_path, line + "\n", name="requirements.txt"))
    assert message in caught.value.what
    assert caught.value.fix or caught.value.why


def test_a_dependency_that_the_lock_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"requirements\.txt does not lock b"):
        build(project(tmp_path, f"c==1.0 --hash=sha256:{A}\n", '"b"', name="requirements.txt"))
    text = 'lock-version = "1.0"\ncreated-by = "x"\npackages = []\n'
    (tmp_path / "requirements.txt").unlink()
    with pytest.raises(UsageError, match=r"pylock\.toml does not lock b"):
        build(project(tmp_path, text, '"b"', name="pylock.toml"))


def test_a_pylock_of_another_version_or_form_is_refused(tmp_path: Path) -> None:
    for text, kind in (
        ('lock-version = "9.0"\ncreated-by = "x"\npackages = []\n', UsageError),
        ('lock-version = "1.0"\npackages = []\n', FormatError),
        ('lock-version = "1.0"\ncreated-by = "x"\npackages = [{name = 1}]\n', FormatError),
    ):
        with pytest.raises(kind, match=r"pylock\.toml"):
            build(project(tmp_path, text, name="pylock.toml"))


# --- what is refused


def refused(folder: Path, subjects: list[Subject] | None = None) -> CountersealError:
    with pytest.raises(CountersealError) as caught:
        build(folder, subjects)
    return caught.value


def test_without_pyproject_or_lock_the_fix_is_said(tmp_path: Path) -> None:
    assert "no lock file in the workspace" in refused(tmp_path).what
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    error = refused(tmp_path)
    assert "no lock file" in error.what
    assert "uv.lock" in error.why
    assert "--from" in error.fix
    (tmp_path / "uv.lock").write_text(lock())
    (tmp_path / "pyproject.toml").write_text("[tool.x]\n")
    assert "no project.name" in refused(tmp_path).what


def test_toml_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    error = refused(project(tmp_path, "version = 1\n[[package]\n"))
    assert error.what == "uv.lock: not valid TOML"
    assert "line 2" in error.why
    assert "pyproject.toml" in refused(project(tmp_path, extra="x = [")).what
    assert "uv.lock" in refused(project(tmp_path, "x = " + "[" * 5000)).what


@pytest.mark.slow
def test_huge_locks_and_too_many_packages_are_refused(tmp_path: Path) -> None:
    folder = project(tmp_path, "#" * ((32 << 20) + 1))
    assert "too many" in refused(folder).what
    folder = project(tmp_path, lock() + '[[package]]\nname = "b"\n' * 100_001)
    assert "more than 100000 packages" in refused(folder).what


def test_a_symlinked_lock_is_refused(tmp_path: Path) -> None:
    folder = project(tmp_path, lock())
    (folder / "uv.lock").rename(tmp_path / "real")
    (folder / "uv.lock").symlink_to("real")
    assert "symlink" in refused(folder).what


@pytest.mark.parametrize("version", ["2", '"1"', "0"])
def test_another_version_of_the_format_is_refused(tmp_path: Path, version: str) -> None:
    error = refused(project(tmp_path, lock().replace("version = 1\n", f"version = {version}\n", 1)))
    assert "format version" in error.what
    assert error.exit_code == 2


def test_a_lock_of_another_project_is_refused(tmp_path: Path) -> None:
    error = refused(project(tmp_path, lock().replace('"app"', '"other"')))
    assert error.what == "uv.lock is not of app"
    assert "other" in error.why


def test_a_lock_that_was_not_made_again_is_refused(tmp_path: Path) -> None:
    error = refused(project(tmp_path, lock().replace('version = "1.0"', 'version = "0.9"')))
    assert error.what == "uv.lock is of app 0.9, but pyproject.toml says 1.0"
    metadata = 'dependencies = [{ name = "b" }]\n[package.metadata]\nrequires-dist = [{ name = "b" }]'
    error = refused(project(tmp_path, lock(package("b"), root=metadata), '"b", "c"'))
    assert error.what == "uv.lock and pyproject.toml name different dependencies: c"
    error = refused(project(tmp_path, lock(package("b"), root=metadata)))
    assert error.what.endswith(": b")


def test_an_artifact_of_another_version_is_refused(tmp_path: Path) -> None:
    error = refused(project(tmp_path, lock()), [Subject("app-0.9-py3-none-any.whl", A)])
    assert error.what == "app-0.9-py3-none-any.whl is of version 0.9, but pyproject.toml says 1.0"
    build(project(tmp_path, lock()), [Subject("app-1.0.0-py3-none-any.whl", A), Subject("other-3.zip", B)])


@pytest.mark.parametrize(
    "packages",
    [
        package("b", rest='dependencies = [{ name = "gone" }]'),
        package("b") + package("b", "2.0"),
        package("b", rest='sdist = { url = "https://x.example/b.zip", hash = "sha256:xyz" }'),
        package("b", rest='dependencies = "c"'),
        package("b", rest="dependencies = [1]"),
        package("b", rest='sdist = "x"'),
        package("b", rest="wheels = [{ url = 1 }]"),
        package("b", source='source = "here"'),
        package("b", rest="dependencies = [{ version = '1' }]"),
        "[[package]]\nname = 1\n",
    ],
)
def test_malformed_entries_are_refused_by_place(tmp_path: Path, packages: str) -> None:
    text = lock(root='dependencies = [{ name = "b" }]')
    error = refused(
        project(
            tmp_path, text.replace("[[package]]", "[[other]]") + packages if packages[-2:-1] == "x" else text + packages
        )
    )
    assert error.what.startswith("uv.lock")


@pytest.mark.parametrize("epoch", [-1, 253402300800])
def test_times_that_cannot_be_written_are_refused(epoch: int) -> None:
    with pytest.raises(UsageError, match="seconds since 1970"):
        LockSbomBuilder().build([EXAMPLE], [], revision=None, epoch=epoch)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_to_a_lock_makes_anything_but_a_clear_error(tmp_path: Path, data: st.DataObject) -> None:
    good = lock(package("b", rest=f'sdist = {{ url = "https://x.example/b.zip", hash = "sha256:{A}" }}'), root="")
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 30)))
    damaged = good[:start] + data.draw(st.text(max_size=10)) + good[end:]
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "uv.lock").write_text(damaged, encoding="utf-8", errors="surrogatepass")
    with contextlib.suppress(CountersealError):
        build(tmp_path)


@given(
    st.text(max_size=60), st.sampled_from(["", "https://", "http://[::1]", "ssh://git@", "file://", "https://u:p@h/"])
)
def test_addresses_come_out_without_secrets_or_not_at_all(text: str, start: str) -> None:
    cleaned = clean_url(start + text)
    if cleaned is not None:
        assert ADDRESS.fullmatch(cleaned)
        assert "@" not in cleaned.split("/")[2]
