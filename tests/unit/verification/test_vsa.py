"""The verification summary says what SLSA 1.2 asks for, and never a level that was not checked."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from tests.unit import frozen

from counterseal import __version__
from counterseal.formats import statement
from counterseal.identifiers import GATE_ID, VSA
from counterseal.model import Repository, Subject
from counterseal.verification import vsa

LINE = frozen.digest("line")


def summary(levels: tuple[str, ...] = (vsa.BUILD_L2,), **changes: Any) -> dict[str, Any]:
    decided = dataclasses.replace(frozen.ALLOW, **changes)
    data = vsa.payload(frozen.SDIST, decided, LINE, verifier=GATE_ID, at=frozen.moment(9, 14), levels=levels)
    found: dict[str, Any] = json.loads(data)
    return found


def test_it_is_about_one_artifact() -> None:
    data = vsa.payload(frozen.SDIST, frozen.ALLOW, LINE, verifier=GATE_ID, at=frozen.moment(9, 14), levels=())
    found = statement.parse(data, "x")
    assert (found.predicate_type, found.subjects) == (VSA, (Subject(frozen.SDIST.name, frozen.SDIST.digest),))


def test_what_slsa_requires_is_there() -> None:
    said = summary()["predicate"]
    assert {"verifier", "timeVerified", "resourceUri", "policy", "verificationResult", "verifiedLevels"} <= set(said)
    assert said["verifier"] == {
        "id": "https://github.com/counterseal/counterseal/.github/workflows/gate.yml",
        "version": {"counterseal": __version__},
    }
    assert (said["verificationResult"], said["slsaVersion"]) == ("PASSED", "1.2")
    assert said["inputAttestations"] == [{"uri": f"sha256:{LINE}", "digest": {"sha256": LINE}}]
    assert said["policy"] == {
        "uri": f"git+https://github.com/acme/app@{frozen.BASE}#.counterseal/policy.yml",
        "digest": {"sha256": frozen.POLICY_DIGEST},
    }


@pytest.mark.parametrize(
    ("stage", "level"), [("production", "COUNTERSEAL_STAGE_PRODUCTION"), ("eu-1", "COUNTERSEAL_STAGE_EU_1")]
)
def test_the_stage_is_a_level_of_our_own(stage: str, level: str) -> None:
    assert vsa.stage_level(stage) == level
    assert summary((vsa.BUILD_L1,), stage=stage)["predicate"]["verifiedLevels"] == ["SLSA_BUILD_LEVEL_1", level]


def test_no_level_is_claimed_by_itself() -> None:
    assert summary(())["predicate"]["verifiedLevels"] == ["COUNTERSEAL_STAGE_PRODUCTION"]


def test_two_stages_never_share_a_level() -> None:
    names = ["a", "a-b", "ab", "a-b-c", "a1", "a-1"]
    assert len({vsa.stage_level(each) for each in names}) == len(names)


def test_where_consumers_fetch_it() -> None:
    at_github, at_gitlab = Repository("github.com", 777, "Acme/App"), Repository("gitlab.com", 1, "a/b/c")
    assert vsa.resource_uri(at_github, "v1.2.0") == "pkg:github/acme/app@v1.2.0?repository_id=777"
    assert vsa.resource_uri(at_gitlab, "v1+b/2") == "pkg:gitlab/a/b/c@v1%2Bb/2?repository_id=1"


def test_a_name_that_somebody_registered_again_is_another_resource() -> None:
    first, again = Repository("github.com", 777, "acme/app"), Repository("github.com", 888, "acme/app")
    assert vsa.resource_uri(first, "v1.2.0") != vsa.resource_uri(again, "v1.2.0")


def test_a_decision_without_a_source_has_no_summary() -> None:
    with pytest.raises(ValueError, match="without a source"):
        summary(source=None)
