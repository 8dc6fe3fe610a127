"""The files of a plan: what docs show, what a gate reads, and nothing that a name could turn into something else."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.project.source_tree import ROOT
from tests.unit.project.repositories import ALICE, BOB, CAROL, PYTHON, MemoryClone, answers, facts

from counterseal import policy as policies
from counterseal.commands import policy_people
from counterseal.errors import UsageError
from counterseal.evaluation import possible_without, rules
from counterseal.forges import ForgeKind
from counterseal.identifiers import POLICY_PATH
from counterseal.model import Person, Visibility
from counterseal.policy import EXAMPLE_RANDOM
from counterseal.project import people as project_people
from counterseal.project import plan
from counterseal.project.plan import GateChoice, Preset, Publish

if TYPE_CHECKING:
    from counterseal.model import Policy
    from counterseal.project.plan import Answers, Facts, Plan

SHA = "5ea1" * 10
LEDGER = f"github.com/777/{'0f' * 16}"
HOSTS = ("github.com", "gitlab.com")


def made(known: Facts, chosen: Answers, clone: MemoryClone = PYTHON, revision: str = SHA) -> Plan:
    ledger = LEDGER.replace("github.com", known.host)
    return plan.make(known, chosen, revision=revision, ledger_id=ledger, read=clone.read)


def files(*arguments: Any, **more: Any) -> dict[str, str]:
    return {file.path: file.content for file in made(*arguments, **more).files}


def policy_of(content: str) -> Policy:
    return policies.load(content.encode(), rules=rules.RULES)


def own(host: str, **changes: Any) -> Answers:
    return answers(gate=GateChoice.OWN if host == "gitlab.com" else GateChoice.COUNTERSEAL, **changes)


# --- the pages -------------------------------------------------------------------------------


def blocks(page: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


def test_the_page_on_github_shows_what_is_written() -> None:
    shown = blocks("how-to-github.md")
    written = files(facts(), answers(publish=Publish.PYPI), revision="SHA")
    assert shown[:3] == [written[f".github/workflows/{name}.yml"] for name in ("release", "promote", "preview")]
    policy = shown[3].replace(EXAMPLE_RANDOM, "0f" * 16)
    assert yaml.safe_load(policy) == yaml.safe_load(written[POLICY_PATH])
    jobs = yaml.safe_load(shown[4])
    theirs = files(facts(), answers(gate=GateChoice.OWN), revision="SHA")[".github/workflows/promote.yml"]
    assert yaml.safe_load(theirs)["jobs"] == jobs


def test_the_page_on_gitlab_shows_what_is_written() -> None:
    written = files(facts(host="gitlab.com"), own("gitlab.com"), revision="SHA")[".gitlab-ci.yml"]
    assert blocks("how-to-gitlab.md")[0].startswith(f"{written}\nreleased:\n")


# --- the policy ------------------------------------------------------------------------------


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("preset", Preset)
def test_a_gate_reads_the_policy_of_each_preset(host: str, preset: Preset) -> None:
    known = facts(host=host)
    people = tuple(Person(host, person.id, person.login) for person in (ALICE, BOB, CAROL))
    chosen = plan.propose(known, people[:1] if preset is Preset.SOLO else people, preset)
    policy = policy_of(files(known, chosen)[POLICY_PATH])
    assert [stage.name for stage in policy.stages] == list(chosen.stages)
    assert [stage.publish for stage in policy.stages] == [*[False] * (len(policy.stages) - 1), True]
    assert "meta" in policy.groups
    reviews = [{use.name: use.options for use in stage.rules}.get("enough-reviews") for stage in policy.stages]
    assert [0 if each is None else each.count for each in reviews] == list(chosen.counts)
    enough = preset is not Preset.SOLO
    left = {possible_without(policy, stage, person) for stage in policy.stages for person in policy.groups["meta"]}
    assert left == {enough}
    assert policy.builder.refs == ("refs/tags/v*",)
    assert (policy.gate.own is not None) == (host == "gitlab.com")


def test_one_person_is_told_what_an_allow_does_not_prove() -> None:
    result = made(facts(), plan.propose(facts(), (ALICE,)))
    policy = next(file.content for file in result.files if file.path == POLICY_PATH)
    assert "enough-reviews" not in yaml.safe_dump(yaml.safe_load(policy))
    assert "# With one person nothing is ever allowed" in policy
    assert "it does not prove that a second person looked" in policy
    assert [note for note in result.notes if note.startswith("solo: ")]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_where_nobody_could_end_a_hold_the_policy_says_how_long_one_lasts(count: int) -> None:
    chosen = plan.propose(facts(), (ALICE, BOB, CAROL)[:count], Preset.SOLO if count == 1 else Preset.TWO_PERSON)
    policy = policy_of(files(facts(), chosen)[POLICY_PATH])
    assert policy.states_hold is (count < 3)
    assert policy.emergency_hold == timedelta(hours=24 if count < 3 else 72)
    policy_people.check_end_of_holds(policy, project_people.listed(policy))


def test_regulated_wants_one_of_security_and_the_minimum_elements() -> None:
    groups = {"maintainers": (ALICE, BOB), "security": (CAROL,), "meta": (ALICE,)}
    chosen = answers(preset=Preset.REGULATED, groups=groups, counts=(1, 2))
    last = {use.name: use.options for use in policy_of(files(facts(), chosen)[POLICY_PATH]).stages[-1].rules}
    assert last["enough-reviews"].groups == {"maintainers": 1, "security": 1}
    assert last["sbom-present"].minimum == "ntia"
    assert "author-did-not-approve" in last


@pytest.mark.parametrize("visibility", [*Visibility, None])
def test_names_of_a_private_repository_stay_so_until_somebody_decides(visibility: Visibility | None) -> None:
    known = facts(visibility=visibility)
    result = made(known, answers())
    policy = next(file.content for file in result.files if file.path == POLICY_PATH)
    hidden = visibility in (Visibility.PRIVATE, Visibility.INTERNAL)
    assert not policy_of(policy).publish_names
    assert ("# publish-names: true" in policy) == hidden
    assert any("publish-names" in note for note in result.notes) == hidden
    assert policy_of(files(known, answers(publish_names=True))[POLICY_PATH]).publish_names


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["on", "yes", "null", "n"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_stage_with_a_word_of_yaml_stays_a_word(word: str, host: str) -> None:
    known = facts(host=host)
    written = files(known, own(host, stages=("staging", word), publish=Publish.PYPI))
    assert policy_of(written[POLICY_PATH]).stages[1].name == word
    if known.kind is ForgeKind.GITLAB:
        *_, pipeline = yaml.safe_load_all(written[".gitlab-ci.yml"])
        assert pipeline["include"][0]["inputs"]["released-stage"] == word
    else:
        promote = yaml.safe_load(written[".github/workflows/promote.yml"])
        assert promote["jobs"]["pypi"]["steps"][1]["with"]["stage"] == word


@given(
    branch=st.from_regex(r"[A-Za-z0-9._/${}!#: '\"-]{1,20}", fullmatch=True), folder=st.text(min_size=1, max_size=20)
)
@pytest.mark.parametrize("host", HOSTS)
def test_whatever_a_name_is_it_stays_one_scalar_or_is_refused(host: str, branch: str, folder: str) -> None:
    clone = MemoryClone({f"{folder}/pyproject.toml": "", "uv.lock": ""})
    known = facts(clone, host=host, default_ref=f"refs/heads/{branch}")
    try:
        written = files(known, own(host), clone)
    except UsageError:
        return
    assert re.fullmatch(r"[A-Za-z0-9._/-]+", f"{branch}{folder}")
    if known.kind is ForgeKind.GITLAB:
        head, pipeline = yaml.safe_load_all(written[".gitlab-ci.yml"])
        assert pipeline["build"]["variables"] == {"PROJECT": folder}
        assert pipeline["include"][0]["inputs"]["project"] == folder
        assert list(head["spec"]["inputs"]) == ["action", "stage", "reason", "target", "hours"]
    else:
        release, promote = (yaml.safe_load(written[f".github/workflows/{name}.yml"]) for name in ("release", "promote"))
        assert promote[True]["push"]["branches"] == [branch]
        assert release["jobs"]["build"]["steps"][1]["env"] == {"PROJECT": folder}
        assert folder == "run" or f'"{folder}"' not in release["jobs"]["build"]["steps"][1]["run"]


@pytest.mark.parametrize("marker", ["pyproject.toml", "package.json", "Cargo.toml", "go.mod", "nothing"])
@pytest.mark.parametrize("folder", ["", "packages/app/"])
@pytest.mark.parametrize("host", HOSTS)
def test_every_build_is_a_job_that_leaves_its_files_in_dist(host: str, folder: str, marker: str) -> None:
    clone = MemoryClone({f"{folder}{marker}": ""})
    written = files(facts(clone, host=host), own(host), clone)
    if host == "gitlab.com":
        *_, pipeline = yaml.safe_load_all(written[".gitlab-ci.yml"])
        script = "\n".join(pipeline["build"]["script"])
    else:
        script = yaml.safe_load(written[".github/workflows/release.yml"])["jobs"]["build"]["steps"][1]["run"]
    assert "packages/app" not in script, "a name of the repository is a variable's value"
    assert ("$PROJECT" in script) == bool(folder and marker != "nothing")
    assert ("exit 1" in script) == (marker == "nothing")


# --- what is there already -------------------------------------------------------------------


@pytest.mark.parametrize("host", HOSTS)
def test_a_second_plan_changes_nothing(host: str) -> None:
    first = files(facts(host=host), own(host))
    after = MemoryClone({**PYTHON.contents, **first})
    second = made(facts(after, host=host), own(host), after)
    assert second.files == ()
    assert second.pastes == ()
    assert set(second.kept) == set(first)


def test_owners_and_readme_get_lines_and_lose_none() -> None:
    clone = MemoryClone({**PYTHON.contents, "CODEOWNERS": "* @dora", "README.md": "# app"})
    written = files(facts(clone), answers(), clone)
    assert written["CODEOWNERS"].startswith("* @dora\n\n# who")
    assert "/.counterseal/ @alice @bob @carol\n/.github/workflows/ @alice @bob @carol\n" in written["CODEOWNERS"]
    assert written["README.md"].startswith("# app\n\n<!-- counterseal: verify -->\n")
    assert ".github/CODEOWNERS" not in written


def test_a_release_workflow_of_somebodys_own_is_not_rewritten() -> None:
    theirs = "on: {push: {tags: [v*]}}\njobs: {build: {}}\n"
    clone = MemoryClone({**PYTHON.contents, ".github/workflows/publish.yml": theirs})
    result = made(facts(clone), answers(), clone)
    written = {file.path: file.content for file in result.files}
    assert not {".github/workflows/publish.yml", ".github/workflows/release.yml"} & set(written)
    assert policy_of(written[POLICY_PATH]).builder.workflow == ".github/workflows/publish.yml"
    (paste,) = result.pastes
    assert paste.path == ".github/workflows/publish.yml"
    assert list(yaml.safe_load(paste.content)) == ["candidate"]


def test_a_workflow_that_waits_for_releases_is_named() -> None:
    clone = MemoryClone({**PYTHON.contents, ".github/workflows/publish.yml": "on: {release: }\n"})
    assert [note for note in made(facts(clone), answers(), clone).notes if "starts when a release is published" in note]


def test_a_pipeline_of_somebodys_own_is_not_rewritten() -> None:
    clone = MemoryClone({**PYTHON.contents, ".gitlab-ci.yml": "test: {script: [make]}\n"})
    result = made(facts(clone, host="gitlab.com"), own("gitlab.com"), clone)
    (paste,) = result.pastes
    head, include = yaml.safe_load_all(paste.content)
    assert (list(head), list(include)) == (["spec"], ["include"])
    assert ".gitlab-ci.yml" not in {file.path for file in result.files}


def test_what_a_build_lacks_is_named() -> None:
    clone = MemoryClone({"pyproject.toml": ""})
    notes = made(facts(clone), answers(), clone).notes
    assert [note for note in notes if note.startswith("no lock file for .") and "`uv lock`" in note]
    assert [note for note in notes if note.startswith("no tag looks like a version yet")]
    known = facts(clone)
    shallow = dataclasses.replace(known, layout=dataclasses.replace(known.layout, shallow=True))
    assert [note for note in made(shallow, answers(), clone).notes if note.startswith("this clone is shallow")]
    assert not [note for note in notes if note.startswith("this clone is shallow")]
    nothing = MemoryClone({"Makefile": ""})
    assert [note for note in made(facts(nothing), answers(), nothing).notes if note.startswith("no project that init")]


def test_nothing_is_told_of_verification_where_nothing_is_published() -> None:
    written = files(facts(), answers(publish=Publish.NONE))
    assert "README.md" not in written
    assert not any(stage.publish for stage in policy_of(written[POLICY_PATH]).stages)
