"""What a build was: the SLSA provenance predicate of a run, and the predicate of its test results.

Pure. What is said here of commit, tag, workflow and run has to agree with the builder's certificate, which is what
a verifier believes (R30); the provenance adds what no certificate has: the input matrix and the lock files.
Source: SLSA v1 build provenance; the fields of `externalParameters` and `github` are those of GitHub's own
workflow build type, so that tools that know it read ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterseal import forges
from counterseal.errors import FormatError, UsageError
from counterseal.forges import ForgeKind
from counterseal.formats import digests
from counterseal.identifiers import BUILD_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal.model import Run

TAG_PREFIX: Final = "refs/tags/"
_EVENT: Final = {ForgeKind.GITHUB: "event_name", ForgeKind.GITLAB: "pipeline_source"}
_NUMBER: Final = {ForgeKind.GITHUB: "repository_id", ForgeKind.GITLAB: "project_id"}
_TAG_FIX: Final = {
    ForgeKind.GITHUB: 'start the workflow with `on: {push: {tags: ["v*"]}}` and push a tag',
    ForgeKind.GITLAB: "let the job run on tags (`rules: [{if: $CI_COMMIT_TAG}]`) and push a tag",
}


def tag_of(run: Run) -> str:
    """Return the tag that the run builds.

    Raises:
        UsageError: The run is not for a tag.
    """
    if not run.ref.startswith(TAG_PREFIX) or run.ref == TAG_PREFIX:
        raise UsageError(
            f"this run is for {run.ref!r}, not for a tag",
            why="a release is made from a tag, and the certificate names the ref",
            fix=_TAG_FIX[forges.kind_of(run.repository.host)],
        )
    return run.ref.removeprefix(TAG_PREFIX)


def parameters(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what `sign` says of a build beyond the certificate (`internalParameters`); empty where nothing is said.

    Args:
        said: The predicate of a provenance, anybody's.
    """
    definition = said.get("buildDefinition")
    found = definition.get("internalParameters") if isinstance(definition, dict) else None
    return found if isinstance(found, dict) else {}


def predicate(run: Run, matrix: Mapping[str, Any], observation: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the predicate `https://slsa.dev/provenance/v1` of what this run built.

    Args:
        run: The run that signs.
        matrix: The input matrix (`inputs.matrix`), carried whole in `internalParameters`.
        observation: What `observe` saw of the build's commands, carried whole beside it.

    Raises:
        FormatError: The run does not say which workflow it is.
    """
    home = f"https://{run.repository.host}"
    repository = f"{home}/{run.repository.name}"
    kind = forges.kind_of(run.repository.host)
    lock_files = matrix["mustEqual"]["lockFiles"]
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "workflow": {"ref": run.ref, "repository": repository, "path": workflow_path(run)},
            },
            "internalParameters": {
                kind.value: {
                    _EVENT[kind]: run.event,
                    _NUMBER[kind]: str(run.repository.id),
                    "runner_environment": run.runner_environment,
                },
                "inputMatrix": matrix,
                **({} if observation is None else {"observation": observation}),
            },
            "resolvedDependencies": [
                {"uri": f"git+{repository}@{run.ref}", "digest": {"gitCommit": run.revision}},
                *({"name": path, "digest": dict(digest)} for path, digest in sorted(lock_files.items())),
            ],
        },
        "runDetails": {
            "builder": {"id": f"{home}/{run.signer_ref}"},
            "metadata": {"invocationId": run.url},
        },
    }


def workflow_path(run: Run) -> str:
    """Return `.github/workflows/release.yml` of `acme/app/.github/workflows/release.yml@refs/tags/v1.2.0`."""
    path, at, _ = run.config_ref.partition("@")
    prefix = run.repository.name + forges.DIALECTS[forges.kind_of(run.repository.host)].definition
    if not at or not path.lower().startswith(prefix.lower()) or len(path) == len(prefix):
        raise FormatError(
            f"the run was started from {run.config_ref!r}", why=f"it is not a file of {run.repository.name} at a ref"
        )
    return path[len(prefix) :]


def test_results(run: Run, counts: Mapping[str, list[str]], report: tuple[str, str]) -> dict[str, Any]:
    """Return the predicate `https://in-toto.io/attestation/test-result/v0.1`.

    Args:
        run: The run whose results they are.
        counts: The names of tests under `passed`, `warned` and `failed`.
        report: Name and sha256 of the report that they were read from.

    Raises:
        UsageError: There is no test in it.
    """
    passed, warned, failed = (sorted(counts.get(key, ())) for key in ("passed", "warned", "failed"))
    if not passed and not warned and not failed:
        raise UsageError(f"{report[0]} has no test", fix="give the report of a run that ran tests")
    return {
        "result": "FAILED" if failed else "WARNED" if warned else "PASSED",
        "configuration": [{"name": report[0], "digest": {digests.SHA256: report[1]}}],
        "url": run.url,
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
    }
