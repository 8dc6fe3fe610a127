"""Ways in which the gate could judge wrongly, one in each rule and two in the decision: each is noticed at once.

A copy of the code is changed at one place and judged by the tests that `make test-fast` runs. The changes are of what
is compared and counted, not of words; where the text is gone, another place has to be found. `make mutants` tries
hundreds (docs/quality.md).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.project.source_tree import PACKAGE, ROOT

if TYPE_CHECKING:
    from pathlib import Path

EVALUATION = PACKAGE / "evaluation"


class Mutation(NamedTuple):
    """What would go wrong, and the one place of a file where it would."""

    wrong: str
    file: str
    old: str
    new: str


MUTATIONS = (
    Mutation(
        "an open demand for changes is not a problem if somebody else approved",
        "rules/review_of_this_revision.py",
        "if tally.objections:",
        "if tally.objections and not tally.counted:",
    ),
    Mutation(
        "a manifest with other bytes than the requested one is good enough",
        "rules/digest_matches.py",
        "if evidence.manifest_digest != content.manifest:",
        "if evidence.manifest_digest is None:",
    ),
    Mutation(
        "a commit inside a merged change may be built if it is on the first-parent line",
        "rules/provenance_verified.py",
        "if merge.end != revision or not source.on_first_parent_line:",
        "if merge.end != revision and not source.on_first_parent_line:",
    ),
    Mutation(
        "an allow that was withdrawn still passes the stage",
        "rules/previous_stage_passed.py",
        "and not decision.withdrawn and not decision.pushed",
        "and not decision.pushed",
    ),
    Mutation(
        "the ledger of another project is good enough",
        "rules/ledger_intact.py",
        "if ledger.id != evidence.policy.ledger_id:",
        "if not ledger.id:",
    ),
    Mutation(
        "a hold of every stage holds none",
        "rules/stage_not_held.py",
        "if held.covers(evidence.stage) and",
        "if held.stage == evidence.stage and",
    ),
    Mutation(
        "a file of a revoked digest is good enough",
        "rules/not_revoked.py",
        "if subject.digest == target.value",
        "if subject.name == target.value",
    ),
    Mutation(
        "a hold that ended by itself is ended once more",
        "rules/entries_in_force.py",
        "None if known.stands(now) else",
        "None if known.ended is None else",
    ),
    Mutation(
        "two SBOMs are as good as one",
        "rules/sbom_present.py",
        "if len(sboms) > 1:",
        "if len(sboms) > 2:",
    ),
    Mutation(
        "components without any licence are not counted as unknown",
        "rules/licences_allowed.py",
        "unknown = content.elements - accepted - _components(refused)",
        "unknown = _components(by_standing[licences.Standing.UNKNOWN])",
    ),
    Mutation(
        "nobody unknown costs an approval more",
        "rules/enough_reviews.py",
        "extra=1 if gaps else 0",
        "extra=0",
    ),
    Mutation(
        "who made the request need not be known if somebody approved it",
        "rules/author_did_not_approve.py",
        "if gaps:",
        "if gaps and not people:",
    ),
    Mutation(
        "findings that are all skipped allow",
        "judging.py",
        "if FindingOutcome.VIOLATED in outcomes or FindingOutcome.SATISFIED not in outcomes:",
        "if FindingOutcome.VIOLATED in outcomes:",
    ),
    Mutation(
        "of too many reviews the record keeps any, not those that count",
        "decision.py",
        "weight = 0 if review in weighty else",
        "weight = 0 if review not in weighty else",
    ),
)


def test_each_rule_has_one_and_the_decision_two() -> None:
    rules = {f"rules/{path.name}" for path in (EVALUATION / "rules").glob("[!_]*.py")}
    assert sorted(each.file for each in MUTATIONS) == sorted({*rules, "judging.py", "decision.py"})


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.wrong)
def test_the_place_is_there(mutation: Mutation) -> None:
    assert (EVALUATION / mutation.file).read_text().count(mutation.old) == 1, "the code moved on: find another place"


def test_the_page_lists_them() -> None:
    listed = re.findall(r"^\d+\. (.+): `(.+)`$", (ROOT / "docs" / "quality.md").read_text(), re.MULTILINE)
    assert listed == [(each.wrong, f"evaluation/{each.file}") for each in MUTATIONS]


def noticed(copy: Path, file: str = "judging.py") -> bool:
    """Return whether a fast test of evaluation fails with the code in a folder; those of the file come first."""
    own = f"tests/unit/evaluation/{file.rpartition('/')[0]}/test_{file.rpartition('/')[2]}".replace("//", "/")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-m",
        "not slow and not interop",
        "--hypothesis-profile=mutants",
    ]
    command += ["-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]
    command += [
        "-o",
        f"pythonpath={copy} sandbox/src .",
        *([own] if (ROOT / own).is_file() else []),
        "tests/unit/evaluation",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return "1 failed" in done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / "counterseal", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.slow
def test_the_copy_itself_is_good(copy: Path) -> None:
    assert not noticed(copy)


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.wrong)
def test_a_mutation_is_noticed(copy: Path, mutation: Mutation) -> None:
    file = copy / "counterseal" / "evaluation" / mutation.file
    file.write_text(file.read_text().replace(mutation.old, mutation.new))
    assert noticed(copy, mutation.file)
