"""Release folders of a GitLab project: the right one, and each of the wrong ones a consumer must refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.interop import releases
from tests.interop.releases import REPOSITORY, REVISION, TAG, Claims, Parts, both, builder

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = f"gitlab.com/{REPOSITORY}//.gitlab-ci.yml"
HEAD = "d" * 40
FEATURE = "refs/heads/feature"


def claims(ref: str, revision: str, **changes: str) -> Claims:
    """Return what the token of a job of the project says."""
    kind, _, name = ref.removeprefix("refs/").partition("/")
    return {
        "namespace_id": "99",
        "namespace_path": REPOSITORY.partition("/")[0],
        "project_id": "777",
        "project_path": REPOSITORY,
        "project_visibility": "public",
        "user_id": "1001",
        "user_login": "alice",
        "pipeline_id": "41",
        "pipeline_source": "push",
        "job_id": "4242",
        "ref": name,
        "ref_type": {"heads": "branch", "tags": "tag"}[kind],
        "ref_path": ref,
        "ref_protected": "true",
        "runner_environment": "gitlab-hosted",
        "sha": revision,
        "sub": f"project_path:{REPOSITORY}:ref_type:branch:ref:{name}",
        "ci_config_ref_uri": f"{FILE}@{ref}",
        "ci_config_sha": revision,
        **changes,
    }


def right() -> Parts:
    """Return the parts of a release that is as it should be."""
    gate, builder = claims("refs/heads/main", HEAD), claims(f"refs/tags/{TAG}", REVISION)
    parts = Parts(vsa_claims=dict(gate), decision_claims=dict(gate), build_claims=builder)
    package = f"pkg:gitlab/{REPOSITORY.lower()}@{TAG}?repository_id=777"
    parts.vsa |= {"verifier": {"id": f"https://{FILE}"}, "resourceUri": package}
    parts.decision["source"] = releases.source("gitlab.com")
    return parts


MALLORY = {"project_path": "mallory/app", "project_id": "666", "namespace_path": "mallory", "namespace_id": "66"}
EVIL = f"gitlab.com/{REPOSITORY}//evil.yml"

WRONG: dict[str, Callable[[Parts], None]] = {
    **{
        name: case
        for name, case in releases.WRONG.items()
        if name.startswith(("summary-", "file-", "sbom-", "manifest-", "bundles-"))
    },
    "decision-denies": releases.WRONG["decision-denies"],
    "decision-for-staging": releases.WRONG["decision-for-staging"],
    "decision-at-another-forge": lambda parts: parts.decision.update(source=releases.source("github.com")),
    "gate-on-a-runner-of-somebody": both(runner_environment="self-hosted"),
    "gate-on-another-branch": both(**claims(FEATURE, HEAD)),
    "gate-for-another-project": both(**MALLORY),
    "gate-for-a-reborn-project": both(project_id="888", namespace_id="88"),
    "gate-is-the-builder": both(**claims(f"refs/tags/{TAG}", REVISION)),
    "gate-is-another-file": both(ci_config_ref_uri=f"{EVIL}@refs/heads/main"),
    "gate-file-continued": both(ci_config_ref_uri=f"{FILE}.evil.yml@refs/heads/main"),
    "gate-file-of-another-commit": both(ci_config_sha="e" * 40),
    "gate-started-by-a-merge-request": both(pipeline_source="merge_request_event"),
    "built-at-another-tag": builder(**claims("refs/tags/v9", REVISION)),
    "built-by-another-file": builder(ci_config_ref_uri=f"{EVIL}@refs/tags/{TAG}"),
    "built-on-a-runner-of-somebody": builder(runner_environment="self-hosted"),
    "built-in-a-reborn-project": builder(project_id="888"),
    "built-from-another-commit": builder(sha="e" * 40, ci_config_sha="e" * 40),
}
