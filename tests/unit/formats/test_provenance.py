"""The provenance predicate in full, and what a run has to say for it."""

from __future__ import annotations

import dataclasses

import pytest

from counterseal.errors import FormatError, UsageError
from counterseal.formats import provenance
from counterseal.formats.inputs import matrix
from counterseal.model import Actor, BuildInputs, Repository, Run

A = "a" * 64
REVISION = "4f2c9e1" + "0" * 33
WORKFLOW = "ACME/app/.github/workflows/release.yml@refs/tags/v1.2.0"
RUN = Run(
    issuer="https://token.actions.githubusercontent.com",
    sandbox=False,
    repository=Repository("github.com", 777, "ACME/app"),
    ref="refs/tags/v1.2.0",
    ref_protected=True,
    revision=REVISION,
    event="push",
    signer_ref="ACME/shared/.github/workflows/build.yml@refs/heads/main",
    signer_digest=REVISION,
    config_ref=WORKFLOW,
    config_digest=REVISION,
    runner_environment="github-hosted",
    run_id=5001,
    attempt=2,
    actor=Actor("github.com", 1001, "alice"),
    triggering_login="alice",
    url="https://github.com/ACME/app/actions/runs/5001/attempts/2",
)
MATRIX = matrix.build(BuildInputs({"uv.lock": A}, {"python": "3.11.7"}, {}, {}, None), REVISION)


def test_the_predicate_is_known() -> None:
    assert provenance.predicate(RUN, MATRIX) == {
        "buildDefinition": {
            "buildType": "https://counterseal.dev/build/v1",
            "externalParameters": {
                "workflow": {
                    "ref": "refs/tags/v1.2.0",
                    "repository": "https://github.com/ACME/app",
                    "path": ".github/workflows/release.yml",
                }
            },
            "internalParameters": {
                "github": {"event_name": "push", "repository_id": "777", "runner_environment": "github-hosted"},
                "inputMatrix": MATRIX,
            },
            "resolvedDependencies": [
                {"uri": "git+https://github.com/ACME/app@refs/tags/v1.2.0", "digest": {"gitCommit": REVISION}},
                {"name": "uv.lock", "digest": {"sha256": A}},
            ],
        },
        "runDetails": {
            "builder": {"id": "https://github.com/ACME/shared/.github/workflows/build.yml@refs/heads/main"},
            "metadata": {"invocationId": "https://github.com/ACME/app/actions/runs/5001/attempts/2"},
        },
    }


@pytest.mark.parametrize(
    "config_ref", ["", "ACME/app", "ACME/app/x.yml", "ACME/other/x.yml@refs/tags/v1", "ACME/app/@x"]
)
def test_a_workflow_of_another_repository_is_refused(config_ref: str) -> None:
    with pytest.raises(FormatError, match="was started from"):
        provenance.predicate(dataclasses.replace(RUN, config_ref=config_ref), MATRIX)


def test_only_a_tag_is_a_tag() -> None:
    assert provenance.tag_of(RUN) == "v1.2.0"
    for ref in ("refs/heads/v1.2.0", "v1.2.0", "refs/tags/"):
        with pytest.raises(UsageError, match="not for a tag"):
            provenance.tag_of(dataclasses.replace(RUN, ref=ref))


@pytest.mark.parametrize(
    ("counts", "result"),
    [
        ({"passed": ["b", "a"], "skipped": ["z"]}, "PASSED"),
        ({"passed": ["a"], "warned": ["w"]}, "WARNED"),
        ({"passed": ["a"], "warned": ["w"], "failed": ["f"]}, "FAILED"),
    ],
)
def test_results_of_tests_are_summed_up(counts: dict[str, list[str]], result: str) -> None:
    found = provenance.test_results(RUN, counts, ("junit.xml", A))
    assert found["result"] == result
    assert found["passedTests"] == sorted(counts["passed"])
    assert found["configuration"] == [{"name": "junit.xml", "digest": {"sha256": A}}]


@pytest.mark.parametrize("counts", [{}, {"passed": []}, {"skipped": ["a"]}])
def test_a_report_without_a_test_is_refused(counts: dict[str, list[str]]) -> None:
    with pytest.raises(UsageError, match="no test"):
        provenance.test_results(RUN, counts, ("junit.xml", A))
