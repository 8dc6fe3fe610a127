"""What git says of a checkout is recorded; what it does not know is left out, and nothing of the folder is believed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from counterseal.adapters.local import source_facts
from counterseal.adapters.local.build_facts import LocalBuildFacts
from counterseal.adapters.local.secret_values import Published
from counterseal.errors import UsageError
from counterseal.forges import ForgeKind
from counterseal.model import Redaction

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW = ".github/workflows/release.yml"
OTHER = "41cf6794ba4200b839c53531555f0f3998df4cbb"
WORDS = Published({}, Redaction())


def git(folder: Path, *words: str) -> str:
    own = ("-c", "user.name=x", "-c", "user.email=x@x.example")
    return subprocess.run(["git", *own, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / WORKFLOW).parent.mkdir(parents=True)
    (tmp_path / WORKFLOW).write_text("jobs: {a: {steps: [{uses: actions/checkout@v4}]}}\n")
    (tmp_path / "uv.lock").write_text("x")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "x")
    return tmp_path


def test_a_clean_checkout_has_no_changes(clone: Path) -> None:
    found = LocalBuildFacts({}).collect([clone], [])
    assert found.checkout is not None
    assert (found.checkout.revision, found.checkout.changes) == (git(clone, "rev-parse", "HEAD"), 0)
    (clone / "dist").mkdir()
    (clone / "dist" / "new").write_text("not known to git")
    assert LocalBuildFacts({}).collect([clone], []).checkout == found.checkout


def test_what_is_not_as_committed_is_named_and_counted(clone: Path) -> None:
    for number in range(70):
        (clone / f"f{number:02} with blank").write_text("x")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message", "more")
    for number in range(70):
        (clone / f"f{number:02} with blank").write_text("changed")
    (clone / "uv.lock").unlink()
    (clone / "staged").write_text("x")
    git(clone, "add", "staged")
    found = LocalBuildFacts({}).collect([clone], []).checkout
    assert found is not None
    assert found.changes == 72
    assert len(found.changed) == source_facts.MAX_CHANGED
    assert found.changed[0] == "f00 with blank"


def test_submodules_are_those_of_the_commit(clone: Path) -> None:
    git(clone, "update-index", "--add", "--cacheinfo", f"160000,{OTHER},vendor/a b")
    assert LocalBuildFacts({}).collect([clone], []).checkout == source_facts.checkout(
        source_facts.clone_of(clone) or pytest.fail("no clone"), WORDS
    )
    git(clone, "commit", "--quiet", "--message", "a submodule")
    found = LocalBuildFacts({}).collect([clone], []).checkout
    assert found is not None
    assert found.submodules == {"vendor/a b": OTHER}


def test_too_many_submodules_are_refused_not_cut(clone: Path) -> None:
    rows = "".join(f"160000 {OTHER}\tm/{number}\n" for number in range(source_facts.MAX_SUBMODULES + 1))
    subprocess.run(["git", "update-index", "--index-info"], cwd=clone, input=rows.encode(), check=True)
    git(clone, "commit", "--quiet", "--message", "many")
    with pytest.raises(UsageError, match="501 submodules"):
        LocalBuildFacts({}).collect([clone], [])


def test_the_workflow_is_read_as_it_is_committed(clone: Path) -> None:
    head = git(clone, "rev-parse", "HEAD")
    (clone / WORKFLOW).write_text("jobs: {a: {steps: [{uses: evil/action@v1}]}}\n")
    found = LocalBuildFacts({}).collect([clone], [], (WORKFLOW, head)).definition
    assert found is not None
    assert [use.name for use in found.uses] == ["actions/checkout"]
    for place in ((WORKFLOW, OTHER), ("absent.yml", head), ("../x", head), ("/etc/hostname", head), (WORKFLOW, "HEAD")):
        assert LocalBuildFacts({}).collect([clone], [], place).definition is None
    git(clone, "rm", "--quiet", "-f", WORKFLOW)
    (clone / WORKFLOW).parent.mkdir(parents=True, exist_ok=True)
    (clone / WORKFLOW).symlink_to("/etc/hostname")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message", "a link")
    assert LocalBuildFacts({}).collect([clone], [], (WORKFLOW, git(clone, "rev-parse", "HEAD"))).definition is None


@pytest.mark.parametrize("text", ["jobs: [", "&a [*a]", "[" * 5000, "x: " + "y" * 300_000, "\x00", "- a list"])
def test_a_workflow_that_cannot_be_read_is_named_by_its_digest(clone: Path, text: str) -> None:
    (clone / WORKFLOW).write_text(text)
    git(clone, "commit", "--quiet", "--all", "--message", "odd")
    found = LocalBuildFacts({}).collect([clone], [], (WORKFLOW, git(clone, "rev-parse", "HEAD"))).definition
    assert found is not None
    assert (found.uses, found.complete) == ((), False)
    assert len(found.digest.sha256) == 64


def test_outside_of_a_clone_nothing_is_guessed(tmp_path: Path) -> None:
    found = LocalBuildFacts({}, kind=ForgeKind.GITLAB).collect([tmp_path], [], (".gitlab-ci.yml", OTHER))
    assert (found.checkout, found.definition, found.container, found.parameters) == (None, None, None, {})


def test_configuration_of_the_clone_starts_nothing(clone: Path) -> None:
    git(clone, "config", "core.fsmonitor", "touch started")
    git(clone, "config", "core.hooksPath", str(clone))
    LocalBuildFacts({}).collect([clone], [], (WORKFLOW, git(clone, "rev-parse", "HEAD")))
    assert not (clone / "started").exists()


def test_too_many_parameters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="101 parameters"):
        LocalBuildFacts({}, filled={str(number): "x" for number in range(101)}).collect([tmp_path], [])


def test_no_git_runs_in_a_submodule(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "--quiet")
    (other / "a").write_text("a")
    git(other, "add", ".")
    git(other, "commit", "--quiet", "--message", "x")
    git(clone, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    git(clone, "commit", "--quiet", "--message", "a submodule")
    git(clone / "sub", "config", "core.fsmonitor", f"touch {clone}/started")
    (clone / "sub" / "a").write_text("changed")
    found = LocalBuildFacts({}).collect([clone], []).checkout
    assert found is not None
    assert (found.changes, list(found.submodules)) == (0, ["sub"])
    assert not (clone / "started").exists()
    git(clone / "sub", "commit", "--quiet", "--all", "--message", "another")
    again = LocalBuildFacts({}).collect([clone], []).checkout
    assert again is not None
    assert again.changed == ("sub",)


def test_what_git_cannot_tell_is_left_out(clone: Path) -> None:
    tree = git(clone, "rev-parse", "HEAD^{tree}")
    (clone / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    assert LocalBuildFacts({}).collect([clone], []).checkout is None
