"""`rebuild`, `--vary` and `rebuild compare` as they are called, with real builds of real repositories."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit import frozen

from counterseal.adapters.rebuild import mechanism
from counterseal.cli.main import main
from counterseal.formats import manifest
from counterseal.formats.rebuilding import result as results
from counterseal.model import Manifest, Repository, Subject

if TYPE_CHECKING:
    from collections.abc import Callable

BUILD = """\
apiVersion: counterseal/v1
tools: {git: "0.0.1"}
fetch: echo locked > ~/brought
build: |
  mkdir dist
  cat ~/brought src/app > dist/app.bin
  same="--owner=0 --group=0 --numeric-owner --mtime=@$SOURCE_DATE_EPOCH --mode=u=rwX,go=rX"
  tar --sort=name $same -c src | gzip -n > dist/app.tar.gz
outputs: [dist/*]
"""


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com")
    return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return what commits files into the repository that we are in, and returns the revision."""
    clone = tmp_path / "clone"
    clone.mkdir()
    monkeypatch.chdir(clone)
    git("init", "--quiet", "--initial-branch=main")

    def make(text: str = BUILD, **files: str) -> str:
        for name, content in {".counterseal/build.yml": text, "src/app": "app\n", **files}.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(content)
        git("add", "--force", ".")
        git("commit", "--quiet", "--message", "x")
        return git("rev-parse", "HEAD")

    return make


@pytest.fixture
def apart(tool: Callable[[str], Path]) -> None:
    tool("unshare")
    wrong = mechanism._wrong(mechanism.Namespaces())
    if wrong:
        pytest.skip(f"nothing keeps a build apart here: {wrong}")


def told(capsys: pytest.CaptureFixture[str], *call: str, code: int = 0) -> Any:
    assert main([*call, "--format", "json"], {}) == code, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


@pytest.mark.interop
@pytest.mark.usefixtures("apart")
class TestBuilding:
    def test_a_build_leaves_artifacts_log_and_result(
        self, commit: Callable[..., str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        revision = commit()
        Path("src/app").write_text("dirty\n")
        data = told(capsys, "rebuild")
        assert data["schema"] == results.SCHEMA
        folder = Path("counterseal-rebuild")
        assert sorted(path.name for path in folder.iterdir()) == [
            *("app.bin", "app.tar.gz", "rebuild-result.json", "rebuild.log"),
        ]
        assert (folder / "app.bin").read_text() == "locked\napp\n", "what is not committed is in no build"
        found = results.parse((folder / "rebuild-result.json").read_bytes())
        assert (found.source.uri, found.source.revision) == ("file:.", revision)
        assert [step.name for step in found.steps] == ["fetch", "build"]
        assert found.counts
        assert [(each.name, each.recreated) for each in found.inputs] == [("git", False), ("SOURCE_DATE_EPOCH", True)]

    def test_a_build_that_reaches_for_the_network_says_so(
        self, commit: Callable[..., str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        reach = 'import socket; socket.create_connection(("192.0.2.1", 443), 3)'
        commit(f"apiVersion: counterseal/v1\nbuild: python3 -c '{reach}'\noutputs: [x]\n")
        assert main(["rebuild"], {}) == 1
        shown = capsys.readouterr().out
        assert "build failed with exit code 1" in shown
        assert "a build has no network: if that is why, let `fetch` bring what it needs" in shown
        assert "Network is unreachable" in Path("counterseal-rebuild/rebuild.log").read_text()

    def test_a_fetch_that_brings_the_release_is_found_out(
        self, commit: Callable[..., str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        commit("apiVersion: counterseal/v1\nfetch: echo x > ~/blob\nbuild: cp ~/blob app\noutputs: [app]\n")
        data = told(capsys, "rebuild")
        assert [file["fetched"] for file in data["subjects"]] == [True]
        shutil.copytree("counterseal-rebuild", "release", ignore=shutil.ignore_patterns("rebuild*"))
        compared = told(capsys, "rebuild", "compare", "counterseal-rebuild", "release")
        assert compared["equal"]
        assert not compared["predicate"]["reproduced"]

    @pytest.mark.parametrize("where", ["fetch: mkdir dist; echo x > dist/app", "environment: {A: b}"])
    def test_an_output_that_is_there_before_the_build_is_refused(
        self, where: str, commit: Callable[..., str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        files = {} if "fetch" in where else {"dist/app": "committed"}
        commit(f"apiVersion: counterseal/v1\n{where}\nbuild: 'true'\noutputs: [dist/*]\n", **files)
        assert main(["rebuild"], {}) == 2
        assert "dist/app is there before the build" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("build", "what"),
        [
            ("ln -s /etc/passwd app", "app is a symlink"),
            ("mkfifo app", "app is a pipe"),
            ("mkdir app", "the build made none of its outputs"),
            (": > app", "app is empty"),
        ],
    )
    def test_an_output_that_is_no_file_is_refused(
        self, build: str, what: str, commit: Callable[..., str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        commit(f"apiVersion: counterseal/v1\nbuild: '{build}'\noutputs: [app]\n")
        assert main(["rebuild"], {}) == 2
        assert what in capsys.readouterr().err
        assert not Path("counterseal-rebuild/rebuild-result.json").exists()
        assert Path("counterseal-rebuild/rebuild.log").exists()
        assert [path.name for path in Path("counterseal-rebuild").iterdir()] == ["rebuild.log"]

    def test_conditions_that_change_nothing_give_the_same(
        self, commit: Callable[..., str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        commit()
        data = told(capsys, "rebuild", "--vary", "time,path,locale,umask,user,cpus")
        assert data["equal"]
        assert [each["name"] for each in data["artifacts"]] == ["dist/app.bin", "dist/app.tar.gz"]
        assert not Path("counterseal-rebuild").exists()

    @pytest.mark.parametrize(
        ("vary", "build"),
        [
            ("time", "stat -c %Y src/app > app"),
            ("time", "date +%z > app"),
            ("path", "pwd > app"),
            ("locale", "echo $LC_ALL > app"),
            ("umask", "umask > app"),
            ("user", "id -un > app"),
        ],
    )
    def test_a_condition_that_gets_into_an_artifact_is_found(
        self, vary: str, build: str, commit: Callable[..., str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        commit(f"apiVersion: counterseal/v1\nbuild: {build}\noutputs: [app]\n")
        data = told(capsys, "rebuild", "--vary", vary, code=11)
        assert data["artifacts"][0]["differences"][0]["kind"] == "content"


class TestRefusing:
    def test_a_source_that_declares_nothing(
        self, commit: Callable[..., str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        commit()
        Path(".counterseal/build.yml").unlink()
        git("commit", "--quiet", "--all", "--message", "x")
        assert main(["rebuild"], {}) == 2
        assert "has no .counterseal/build.yml" in capsys.readouterr().err

    def test_bounds_and_folders_that_are_none(
        self, commit: Callable[..., str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        commit()
        for more in (("--minutes", "0"), ("--disk", "9999"), ("--tools", "/"), ("--tools", "."), ("--vary", "clock")):
            assert main(["rebuild", *more], {}) == 2
            assert capsys.readouterr().err.startswith("error: --")


# --- compare ---------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Return a second build and a release that agree, without having built anything."""
    built, release = tmp_path / "built", tmp_path / "release"
    files = {"app.bin": b"app", "app.txt": b"text"}
    for folder in (built, release):
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
    subjects = [Subject(name, frozen.digest_of(content)) for name, content in files.items()]
    place(built, subjects)
    listed = Manifest(
        Repository("github.com", 777, "acme/app"), frozen.REVISION, "v1.2.0", tuple(subjects), "a" * 64, "b" * 64
    )
    (release / "manifest.json").write_bytes(manifest.build(listed))
    return built, release


def place(built: Path, subjects: list[Subject], **changes: Any) -> None:
    found = frozen.rebuilt(subjects, **changes)
    (built / "rebuild-result.json").write_bytes(results.build(found))


def test_a_release_that_agrees(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    data = told(capsys, "rebuild", "compare", *map(str, folders))
    assert (data["equal"], data["predicate"]["reproduced"], data["tag"]) == (True, True, "v1.2.0")
    assert main(["rebuild", "compare", *map(str, folders)], {}) == 0
    assert capsys.readouterr().out.startswith("reproduced: 2 of 2 artifacts of v1.2.0 at ")


def test_a_file_that_the_second_build_did_not_make(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    built, release = folders
    place(built, [Subject("app.bin", frozen.digest_of(b"app"))])
    data = told(capsys, "rebuild", "compare", str(built), str(release), code=11)
    assert [(each["name"], each["rebuilt"]) for each in data["predicate"]["artifacts"]][1] == ("app.txt", None)
    assert not data["predicate"]["reproduced"]


def test_equal_digests_of_different_names_are_not_equal(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    built, release = folders
    (built / "other.bin").write_bytes(b"app")
    texts = [Subject("other.bin", frozen.digest_of(b"app")), Subject("app.txt", frozen.digest_of(b"text"))]
    place(built, texts)
    data = told(capsys, "rebuild", "compare", str(built), str(release), code=11)
    assert not data["equal"]
    assert data["unreleased"] == ["other.bin"]


@pytest.mark.parametrize(
    ("spoil", "code", "what"),
    [
        (lambda _, release: (release / "app.bin").write_bytes(b"evil"), 11, "is not what manifest.json lists"),
        (lambda built, _: (built / "app.bin").write_bytes(b"evil"), 2, "is not what the second build made"),
        (lambda built, _: (built / "rebuild-result.json").unlink(), 2, "no rebuild-result.json"),
        (lambda built, _: (built / "rebuild-result.json").write_text("{}"), 1, "not a result"),
        (lambda _, release: (release / "app.bin").unlink(), 2, "cannot be read"),
        (lambda _, release: shutil.rmtree(release), 2, "is no folder"),
    ],
)
def test_what_was_changed_on_the_way_is_refused(
    folders: tuple[Path, Path], spoil: Any, code: int, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(*folders)
    assert main(["rebuild", "compare", *map(str, folders)], {}) == code
    assert what in capsys.readouterr().err


def test_a_release_of_another_revision_is_refused(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    built, release = folders
    subjects = [Subject("app.bin", frozen.digest_of(b"app")), Subject("app.txt", frozen.digest_of(b"text"))]
    place(built, subjects, revision="0" * 40)
    assert main(["rebuild", "compare", str(built), str(release)], {}) == 11
    assert "and 000000000000 was built" in capsys.readouterr().err


def test_a_build_that_failed_is_not_compared(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    (folders[0] / "rebuild-result.json").write_bytes(results.build(frozen.NOT_BUILT))
    assert main(["rebuild", "compare", *map(str, folders)], {}) == 2
    assert "it took more than 3600 seconds" in capsys.readouterr().err


def test_signing_is_for_jobs(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rebuild", "compare", *map(str, folders), "--sign"], {}) == 2
    assert "runs in CI only" in capsys.readouterr().err
    assert not (folders[0] / "rebuild.intoto.jsonl").exists()
