"""The projects of the bench for second builds declare builds that are read."""

from __future__ import annotations

import pytest
from bench import rebuild

from counterseal.formats.rebuilding import build_file
from counterseal.reproduction import conditions


@pytest.mark.parametrize("project", rebuild.PROJECTS)
def test_each_project_declares_a_build(project: str) -> None:
    file = build_file.parse(rebuild.PROJECTS[project][".counterseal/build.yml"].encode())
    assert file.outputs
    assert conditions.parse(rebuild.VARIED) == tuple(conditions.VARIATIONS)
