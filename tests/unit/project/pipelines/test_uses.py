"""What a workflow or pipeline file names from elsewhere, and what it asks people for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.forges import ForgeKind
from counterseal.model import Used
from counterseal.project.pipelines import image, named
from counterseal.project.pipelines.uses import MAX_USES

COMMIT = "41cf6794ba4200b839c53531555f0f3998df4cbb"
DIGEST = "sha256:" + "ab" * 32


def test_all_that_a_workflow_names() -> None:
    text = f"""
on: {{workflow_dispatch: {{inputs: {{channel: {{}}, dry: {{type: boolean}}}}}}}}
jobs:
  a:
    container: {{image: "ghcr.io/x/y@{DIGEST}"}}
    services: {{db: {{image: postgres:16}}, cache: redis}}
    steps:
      - uses: actions/checkout@{COMMIT}
      - uses: owner/repo/sub/folder@v1
      - uses: ./here
      - uses: docker://alpine:3.20
      - run: make
  b: {{uses: other/repo/.github/workflows/x.yml@main}}
  c: {{uses: ./.github/workflows/own.yml}}
"""
    found = named(ForgeKind.GITHUB, text.encode())
    assert set(found.uses) == {
        Used("image", "ghcr.io/x/y", DIGEST),
        Used("image", "postgres", "16"),
        Used("image", "redis", None),
        Used("image", "alpine", "3.20"),
        Used("action", "actions/checkout", COMMIT),
        Used("action", "owner/repo/sub/folder", "v1"),
        Used("local", "./here", None),
        Used("local", "./.github/workflows/own.yml", None),
        Used("workflow", "other/repo/.github/workflows/x.yml", "main"),
    }
    assert (found.complete, found.parameters) == (True, ("channel", "dry"))


def test_all_that_a_pipeline_names() -> None:
    text = f"""
include:
  - local/one.yml
  - https://x.example/two.yml
  - {{local: /three.yml}}
  - {{remote: "https://x.example/four.yml", integrity: "sha256-abc="}}
  - {{template: Jobs/Build.gitlab-ci.yml}}
  - {{project: group/ci, ref: {COMMIT}, file: [/a.yml, /b.yml]}}
  - {{project: group/none, file: c.yml}}
  - {{component: $CI_SERVER_FQDN/group/comp/x@~latest}}
image: {{name: python:3.12}}
default: {{image: "ruby@{DIGEST}"}}
variables: {{A: x, B: {{value: y}}, C: {{value: z, description: which}}}}
job: {{image: node, services: [{{name: postgres:16}}, redis]}}
"""
    found = named(ForgeKind.GITLAB, text.encode())
    assert set(found.uses) == {
        Used("local", "local/one.yml", None),
        Used("local", "/three.yml", None),
        Used("remote", "https://x.example/two.yml", None),
        Used("remote", "https://x.example/four.yml", "sha256-abc="),
        Used("template", "Jobs/Build.gitlab-ci.yml", None),
        Used("project", "group/ci/a.yml", COMMIT),
        Used("project", "group/ci/b.yml", COMMIT),
        Used("project", "group/none/c.yml", None),
        Used("component", "$CI_SERVER_FQDN/group/comp/x", "~latest"),
        Used("image", "python", "3.12"),
        Used("image", "ruby", DIGEST),
        Used("image", "node", None),
        Used("image", "postgres", "16"),
        Used("image", "redis", None),
    }
    assert found.parameters == ("C",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("localhost:5000/x", Used("image", "localhost:5000/x", None)),
        ("localhost:5000/x:1", Used("image", "localhost:5000/x", "1")),
        (f"x:1@{DIGEST}", Used("image", "x:1", DIGEST)),
    ],
)
def test_a_port_is_no_tag(text: str, found: Used) -> None:
    assert image(text) == found


def test_more_than_is_listed_is_said_to_be_missing() -> None:
    steps = "\n".join(f"      - uses: a/b{number:04}@v1" for number in range(MAX_USES + 1))
    found = named(ForgeKind.GITHUB, f"jobs:\n  a:\n    steps:\n{steps}\n".encode())
    assert (len(found.uses), found.complete) == (MAX_USES, False)


ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.text(max_size=8) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("jobs", "steps", "uses", "include", "image", "services", "container", "on", "variables", "file")
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(ODD, st.sampled_from(list(ForgeKind)))
def test_whatever_somebody_wrote_is_read_or_left_out(document: Any, kind: ForgeKind) -> None:
    import yaml

    found = named(kind, yaml.safe_dump(document).encode())
    assert {type(text) for use in found.uses for text in (use.kind, use.name, use.at)} <= {str, type(None)}
