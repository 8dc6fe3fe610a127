"""What the Python readers make of locks: whose project it is, who a package is for, and what is refused by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from counterseal.adapters.sbom.builder import LockSbomBuilder
from counterseal.errors import CountersealError, FormatError, UsageError
from counterseal.model import Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

OWN_LOCKS = Path(__file__).resolve().parents[3] / "assets" / "locks"
A = "a" * 64
PROJECT = '[project]\nname = "app"\nversion = "1.0"\n'


def build(folder: Path, artifacts: Sequence[str] = (), *, locks: Sequence[str] = (), development: bool = False) -> Any:
    builder = LockSbomBuilder(locks=[folder / lock for lock in locks], development=development)
    subjects = [Subject(name, A) for name in artifacts]
    return json.loads(builder.build([folder], subjects, revision=None, epoch=0).data)


def refused(folder: Path, artifacts: Sequence[str] = (), *, locks: Sequence[str] = ()) -> CountersealError:
    with pytest.raises((FormatError, UsageError)) as caught:
        build(folder, artifacts, locks=locks)
    return caught.value


def write(folder: Path, **files: str) -> Path:
    """Write files, their dots and slashes as `__` and `___`."""
    for name, content in files.items():
        path = folder / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def root_of(document: Any) -> dict[str, Any]:
    root: dict[str, Any] = document["metadata"]["component"]
    return root


def by_name(document: Any) -> dict[str, Any]:
    return {component["name"]: component for component in document["components"] if component["type"] != "file"}


def edges(document: Any) -> set[tuple[str, str]]:
    return {(edge["ref"], to) for edge in document["dependencies"] for to in edge.get("dependsOn", ())}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a uv workspace whose own folder is no project."""
    shutil.copytree(OWN_LOCKS / "uv-workspace" / "files", tmp_path / "files")
    (tmp_path / "files" / ".git").mkdir()
    return tmp_path / "files"


# --- whose SBOM it is


def test_a_workspace_without_project_is_of_the_member_that_the_artifact_is_of(workspace: Path) -> None:
    document = build(workspace, ["ws_core-0.9-py3-none-any.whl"])
    assert root_of(document)["purl"] == "pkg:pypi/ws-core@0.9"
    assert {part["name"] for part in root_of(document)["components"]} == {"ws-gen"}
    assert set(by_name(document)) == {"click", "iniconfig", "sortedcontainers", "toolz"}


def test_a_workspace_without_project_is_itself_where_no_artifact_tells(workspace: Path) -> None:
    for artifacts in ([], ["image.tar"], ["ws_core-0.9.tar.gz", "ws_api-1.2.0.tar.gz"]):
        document = build(workspace, artifacts)
        assert (root_of(document)["name"], root_of(document).get("purl")) == ("workspace", None)
        assert {part["name"] for part in root_of(document)["components"]} == {"ws-api", "ws-core", "ws-gen"}
        assert ("part:.", "part:packages/api") in edges(document)


def test_groups_of_a_workspace_without_project_are_for_developers(workspace: Path) -> None:
    assert "pluggy" not in by_name(build(workspace))
    assert by_name(build(workspace, development=True))["pluggy"]["scope"] == "excluded"


def test_an_artifact_of_no_member_is_refused_with_the_members_names(workspace: Path) -> None:
    error = refused(workspace, ["other-1.0.tar.gz"])
    assert error.what == "uv.lock is not of other"
    assert "ws-core in packages/core" in error.why
    assert "--project" in error.fix


def test_the_lock_names_a_project_whose_manifest_is_not_there(tmp_path: Path) -> None:
    lock = 'version = 1\n[[package]]\nname = "app"\nversion = "1.0"\nsource = { virtual = "." }\n'
    assert root_of(build(write(tmp_path, uv__lock=lock)))["purl"] == "pkg:pypi/app@1.0"


def test_a_folder_without_manifest_is_named_by_its_artifact_or_not_at_all(tmp_path: Path) -> None:
    write(tmp_path, requirements__txt="b==1\n")
    assert root_of(build(tmp_path))["name"] == "workspace"
    assert root_of(build(tmp_path, ["shop-2.0.tar.gz"]))["purl"] == "pkg:pypi/shop@2.0"
    assert root_of(build(tmp_path, ["shop-2.0.tar.gz", "till-2.0.tar.gz"]))["name"] == "workspace"
    assert str(tmp_path.name) not in json.dumps(build(tmp_path))


def test_a_folder_outside_of_the_repository_is_a_package_of_the_path(tmp_path: Path) -> None:
    write(
        tmp_path,
        pyproject__toml=f'{PROJECT}dependencies = ["b"]\n',
        uv__lock='version = 1\n[[package]]\nname = "app"\nversion = "1.0"\nsource = { editable = "." }\n'
        'dependencies = [{ name = "b" }]\n[[package]]\nname = "b"\nversion = "2"\n'
        'source = { directory = "../../secret-place/b" }\n',
    )
    document = build(tmp_path)
    assert by_name(document)["b"]["purl"] == "pkg:pypi/b@2"
    assert "secret-place" not in json.dumps(document)


# --- who a package is for


def pylock(*markers: str, head: str = "") -> str:
    entries = (
        f'[[packages]]\nname = "p{number}"\nversion = "1"\nmarker = """{marker}"""\n'
        f'sdist = {{ url = "https://x.example/p{number}-1.tar.gz", hashes = {{ sha256 = "{A}" }} }}\n'
        for number, marker in enumerate(markers)
    )
    return f'lock-version = "1.0"\ncreated-by = "x"\n{head}' + "".join(entries)


@pytest.mark.parametrize(
    ("marker", "scope"),
    [
        ("python_version < '3'", "required"),
        ("'x' in extras", "optional"),
        ("'x' in extras or sys_platform == 'win32'", "required"),
        ("'x' in extras and sys_platform == 'win32'", "optional"),
        ("'default' in dependency_groups or 'x' in extras", "required"),
        ("('dev' in dependency_groups or 'x' in extras) and os_name == 'nt'", "optional"),
        ("'dev' in dependency_groups", "optional"),
        ("'x' not in extras", "required"),
        ("'default' not in dependency_groups", "optional"),
    ],
)
def test_a_marker_of_pylock_says_whether_it_is_installed_by_default(tmp_path: Path, marker: str, scope: str) -> None:
    head = 'extras = ["x"]\ndependency-groups = ["default", "dev"]\ndefault-groups = ["default"]\n'
    write(tmp_path, pyproject__toml=PROJECT, pylock__toml=pylock(marker, head=head))
    assert by_name(build(tmp_path))["p0"]["scope"] == scope


@pytest.mark.parametrize(
    ("name", "development"),
    [
        ("requirements.txt", False),
        ("requirements/main.txt", False),
        ("requirements/tests.txt", True),
        ("requirements_dev.txt", True),
        ("dev-requirements.txt", True),
        ("docs/requirements.txt", True),
        ("requirements-lint.txt", True),
        ("requirements/latest.txt", False),
        ("requirements/devices.txt", False),
    ],
)
def test_the_name_of_a_requirements_file_says_whether_it_is_for_developers(
    tmp_path: Path, name: str, development: bool
) -> None:
    write(tmp_path, **{name.replace("/", "___").replace(".", "__"): "b==1\n"})
    document = build(tmp_path, locks=[name], development=True)
    assert by_name(document)["b"]["scope"] == ("excluded" if development else "required")
    assert ("b" in by_name(build(tmp_path, locks=[name]))) is not development


def test_a_project_in_a_folder_of_tests_is_not_for_developers(tmp_path: Path) -> None:
    write(tmp_path, tests___app___requirements__txt="b==1\n")
    (tmp_path / ".git").mkdir()
    assert "b" in by_name(build(tmp_path / "tests" / "app"))


def test_what_a_file_includes_is_for_developers_only_if_all_the_way_is(tmp_path: Path) -> None:
    write(
        tmp_path,
        requirements__txt="-r tests.txt\n",
        dev__txt="-r base.txt\n-r docs.txt\n",
        tests__txt="a==1\n",
        base__txt="b==1\n",
        docs__txt="c==1\n",
    )
    scopes = {name: one["scope"] for name, one in by_name(build(tmp_path, development=True)).items()}
    assert scopes == {"a": "required"}
    scopes = {name: one["scope"] for name, one in by_name(build(tmp_path, locks=["dev.txt"], development=True)).items()}
    assert scopes == {"b": "required", "c": "excluded"}


def test_without_groups_in_the_lock_the_manifest_says_who_a_package_is_for(tmp_path: Path) -> None:
    entries = "".join(f'[[package]]\nname = "{name}"\nversion = "1"\nfiles = []\n' for name in "abcdz")
    write(
        tmp_path,
        pyproject__toml=f'{PROJECT}dependencies = ["a"]\n[project.optional-dependencies]\nx = ["b"]\n'
        '[dependency-groups]\ndev = ["c", { include-group = "more" }]\nmore = ["d"]\n',
        pdm__lock=f'[metadata]\nlock_version = "4.4"\n{entries}',
    )
    scopes = {name: one["scope"] for name, one in by_name(build(tmp_path, development=True)).items()}
    assert scopes == {"a": "required", "b": "optional", "c": "excluded", "d": "excluded", "z": "required"}


def test_without_a_manifest_a_group_of_pdm_may_be_an_extra(tmp_path: Path) -> None:
    entry = '[[package]]\nname = "a"\nversion = "1"\ngroups = ["x"]\nfiles = []\n'
    write(tmp_path, pdm__lock=f'[metadata]\nlock_version = "4.5.0"\ngroups = ["default", "x"]\n{entry}')
    assert by_name(build(tmp_path))["a"]["scope"] == "optional"


# --- requirements, line by line


@pytest.mark.parametrize(
    ("line", "purl", "source"),
    [
        ("B.c==1.0", "pkg:pypi/b-c@1.0", None),
        ("b===1.0", "pkg:pypi/b@1.0", None),
        ("b", "pkg:pypi/b", None),
        ("b>=1,<2", "pkg:pypi/b", None),
        ("b==1.*", "pkg:pypi/b", None),
        ("b[x,y]==1 ; python_version < '3'  --config-settings a=b", "pkg:pypi/b@1", None),
        ("b @ https://u:secret@x.example/b-2.0-py3-none-any.whl", "pkg:pypi/b@2.0", "url"),
        ("b@https://x.example/b.zip?token=secret", "pkg:pypi/b", "url"),
        ("https://x.example/b-2.0.tar.gz", "pkg:pypi/b@2.0", "url"),
        ("b @ git+https://secret@x.example/y/b.git@v1", "pkg:pypi/b", "git"),
        ("git+ssh://git@x.example/y/b.git", "pkg:pypi/b", "git"),
        ("-e git+https://x.example/y.git@v1#egg=b&subdirectory=z", "pkg:pypi/b", "git"),
        ("--editable=git+https://x.example/y.git#egg=b", "pkg:pypi/b", "git"),
        ("hg+https://x.example/y#egg=b", "pkg:pypi/b", "url"),
        ("./vendor/b-2.0-py3-none-any.whl", "pkg:pypi/b@2.0", "path"),
        ("b @ file:///home/me/b", "pkg:pypi/b", "path"),
    ],
)
def test_a_line_of_requirements(tmp_path: Path, line: str, purl: str, source: str | None) -> None:
    document = build(write(tmp_path, requirements__txt=f"{line}\n"))
    (component,) = by_name(document).values()
    assert component["purl"].partition("?")[0] == purl
    properties = {one["name"]: one["value"] for one in component.get("properties", ())}
    assert properties.get("counterseal:source") == source
    assert "secret" not in json.dumps(document)
    assert "/home/me" not in json.dumps(document)


def test_the_revision_of_git_and_a_digest_of_an_address_are_kept(tmp_path: Path) -> None:
    text = f"b @ git+https://x.example/y/b.git@v1\nc @ https://x.example/c.zip#sha256={A}\n"
    components = by_name(build(write(tmp_path, requirements__txt=text)))
    assert components["b"]["purl"] == "pkg:pypi/b?vcs_url=git%2Bhttps://x.example/y/b.git%40v1"
    assert components["c"]["hashes"] == [{"alg": "SHA-256", "content": A}]


def test_folders_of_the_repository_are_parts(tmp_path: Path) -> None:
    write(
        tmp_path,
        requirements__txt="-e .\n-e ./libs/b[x]\nfile:libs/c\nlibs/d\n",
        libs___b___pyproject__toml='[project]\nname = "shop-b"\nversion = "3"\n',
    )
    document = build(tmp_path)
    parts = {part["name"]: part.get("version") for part in root_of(document)["components"]}
    assert parts == {"shop-b": "3", "c": None, "d": None}
    assert not by_name(document)
    assert ("part:.", "part:libs/b") in edges(document)


def test_a_constraint_pins_what_is_asked_for_and_adds_nothing(tmp_path: Path) -> None:
    write(tmp_path, requirements__txt="-c limits.txt\nb\nd==4\n", limits__txt="b==1\nc==1\nd==5\n")
    assert {one["purl"] for one in by_name(build(tmp_path)).values()} == {"pkg:pypi/b@1", "pkg:pypi/d@4"}


def test_comments_that_do_not_say_via_are_no_edges(tmp_path: Path) -> None:
    text = "a==1\nb==1  # needed by a\n# a is fine\nc==1\n    # via\n    #   a\n# a\n"
    document = build(write(tmp_path, requirements__txt=text))
    assert edges(document) == {("pkg:pypi/a@1", "pkg:pypi/c@1")}
    assert document["compositions"][0]["aggregate"] == "unknown"


def test_where_every_package_has_a_via_the_graph_is_whole(tmp_path: Path) -> None:
    text = "a==1  # via -r in.txt\nb==1\n    # via\n    #   -c limits.txt\n    #   a\n"
    document = build(write(tmp_path, requirements__txt=text))
    assert edges(document) == {("part:.", "pkg:pypi/a@1"), ("pkg:pypi/a@1", "pkg:pypi/b@1")}
    assert document["compositions"][0]["aggregate"] == "complete"


def test_files_that_include_each_other_are_read_once(tmp_path: Path) -> None:
    write(tmp_path, requirements__txt="-r sub/b.txt\na==1\n", sub___b__txt="-r ../requirements.txt\n-rb.txt\nb==1\n")
    assert set(by_name(build(tmp_path))) == {"a", "b"}


# --- poetry and pdm


def poetry(*entries: str, version: str = "2.1") -> str:
    return "".join(f"[[package]]\n{entry}\n" for entry in entries) + f'[metadata]\nlock-version = "{version}"\n'


def test_of_several_versions_an_edge_leads_to_those_that_fit(tmp_path: Path) -> None:
    versions = [f'name = "b"\nversion = "{version}"\nfiles = []' for version in ("1.1", "1.9", "2.1", "3.0")]
    for constraint, fitting in {
        '"^1.2"': {"1.9"},
        '"~1.1"': {"1.1"},
        '">=1.5,<3.0"': {"1.9", "2.1"},
        '"<1.5 || >=3"': {"1.1", "3.0"},
        '"3.0"': {"3.0"},
        '"*"': {"1.1", "1.9", "2.1", "3.0"},
        '[{version = "<1.5", markers = "x"}, {version = "2.1"}]': {"1.1", "2.1"},
        '"whatever this is"': {"1.1", "1.9", "2.1", "3.0"},
    }.items():
        entry = f'name = "a"\nversion = "1"\nfiles = []\n[package.dependencies]\nb = {constraint}'
        document = build(write(tmp_path, pyproject__toml=PROJECT, poetry__lock=poetry(entry, *versions)))
        assert {to.partition("@")[2] for _, to in edges(document)} == fitting, constraint


@pytest.mark.parametrize("dependency", ['b = "*"', 'setuptools = "*"', 'b = {version = "*"}'])
def test_an_edge_that_leads_nowhere_is_refused(tmp_path: Path, dependency: str) -> None:
    entry = f'name = "a"\nversion = "1"\nfiles = []\n[package.dependencies]\n{dependency}'
    error = refused(write(tmp_path, pyproject__toml=PROJECT, poetry__lock=poetry(entry)))
    assert error.what.startswith("poetry.lock: a needs ")
    (tmp_path / "poetry.lock").unlink()
    entry = '[[package]]\nname = "a"\nversion = "1"\nfiles = []\ndependencies = ["b>1"]\n'
    error = refused(write(tmp_path, pdm__lock=f'[metadata]\nlock_version = "4.5.0"\n{entry}'))
    assert error.what == "pdm.lock: a needs b, which is not in it"


@pytest.mark.parametrize(
    ("dependency", "version"),
    [
        ("b = {version = '*', optional = true}", "2.1"),
        ("b = {version = '*', markers = 'x'}", "2.1"),
        ("b = {version = '*', python = '<3'}", "1.0"),
        ("setuptools = '*'", "1.1"),
    ],
)
def test_what_no_environment_or_extra_needs_may_be_missing(tmp_path: Path, dependency: str, version: str) -> None:
    entry = f'name = "a"\nversion = "1"\nfiles = []\n[package.dependencies]\n{dependency}'
    write(tmp_path, pyproject__toml=PROJECT, poetry__lock=poetry(entry, version=version))
    assert set(by_name(build(tmp_path))) == {"a"}


def test_a_manifest_that_was_changed_after_locking_is_refused(tmp_path: Path) -> None:
    for name, text in {
        "poetry.lock": poetry(),
        "pdm.lock": '[metadata]\nlock_version = "4.5.0"\ngroups = ["default"]\n',
    }.items():
        write(tmp_path, pyproject__toml=f'{PROJECT}dependencies = ["b", "c; python_version < \'3\'"]\n')
        (tmp_path / name).write_text(text)
        assert refused(tmp_path).what == f"{name} does not lock b"
        (tmp_path / name).unlink()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("poetry.lock", "[metadata]\n"),
        ("poetry.lock", '[metadata]\nlock-version = "3.0"\n'),
        ("poetry.lock", "[metadata]\nlock-version = 2\n"),
        ("pdm.lock", '[metadata]\nlock_version = "5.0"\n'),
        ("pdm.lock", '[metadata]\nlock_version = "2"\n'),
        ("Pipfile.lock", '{"_meta": {"pipfile-spec": 7}}'),
    ],
)
def test_other_versions_of_a_format_are_refused_with_a_fix(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    error = refused(tmp_path)
    assert error.exit_code == 2
    assert error.what.startswith(name)
    assert error.fix.startswith("run `")


def test_a_version_that_a_plugin_sets_is_said_by_the_artifact(tmp_path: Path) -> None:
    write(
        tmp_path,
        pyproject__toml='[tool.poetry]\nname = "app"\nversion = "0.0.0"\n[tool.poetry-dynamic-versioning]\n'
        "enable = true\n",
        poetry__lock=poetry(),
    )
    assert root_of(build(tmp_path, ["app-7.1.tar.gz"]))["purl"] == "pkg:pypi/app@7.1"


def test_a_package_may_need_the_project_itself(tmp_path: Path) -> None:
    write(
        tmp_path,
        pyproject__toml=f'{PROJECT}dependencies = ["a"]\n',
        poetry__lock=poetry('name = "a"\nversion = "1"\nfiles = []\n[package.dependencies]\napp = ">=1"'),
    )
    assert edges(build(tmp_path)) == {("part:.", "pkg:pypi/a@1"), ("pkg:pypi/a@1", "part:.")}
    (tmp_path / "poetry.lock").unlink()
    entry = '[[package]]\nname = "a"\nversion = "1"\nfiles = []\ndependencies = ["App>=1"]\n'
    write(tmp_path, pdm__lock=f'[metadata]\nlock_version = "4.5.0"\n{entry}')
    assert edges(build(tmp_path)) == {("part:.", "pkg:pypi/a@1"), ("pkg:pypi/a@1", "part:.")}


def test_the_first_locks_of_pdm_have_their_files_at_the_end(tmp_path: Path) -> None:
    write(
        tmp_path,
        pyproject__toml='[project]\nname = "app"\nversion = { use_scm = true }\ndependencies = ["a"]\n',
        pdm__lock='[[package]]\nname = "a"\nversion = "1"\n[metadata]\nlock_version = "3.1"\n[metadata.files]\n'
        f'"a 1" = [{{ file = "a-1.tar.gz", hash = "sha256:{A}" }}]\n',
    )
    document = build(tmp_path)
    assert by_name(document)["a"]["hashes"] == [{"alg": "SHA-256", "content": A}]
    assert root_of(document)["purl"] == "pkg:pypi/app"


def test_two_spellings_of_a_version_are_one(tmp_path: Path) -> None:
    lock = 'version = 1\n[[package]]\nname = "app"\nversion = "1.0.dev0"\nsource = { virtual = "." }\n'
    write(tmp_path, pyproject__toml=PROJECT.replace('"1.0"', '"1.0.dev"'), uv__lock=lock)
    assert root_of(build(tmp_path))["version"] == "1.0.dev"


def test_no_comment_takes_a_package_out_of_the_sbom(tmp_path: Path) -> None:
    write(
        tmp_path,
        requirements___main__txt="a==1  # via b\nb==1  # via a\nc==1  # via -r x.in\n-e ../lib\n",
        lib___pyproject__toml=PROJECT,
    )
    assert set(by_name(build(tmp_path, locks=["requirements/main.txt"]))) == {"a", "b", "c"}
