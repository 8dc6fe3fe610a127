"""What was seen, or said, becomes facts only if it can stand in files."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.project.repositories import PYTHON, MemoryClone

from counterseal.commands import init
from counterseal.errors import UsageError
from counterseal.model import Permission, Project, Repository, Visibility
from counterseal.project import layout, plan


def looked(clone: MemoryClone = PYTHON, name: str = "acme/app", **shown: Any) -> init.Looked:
    known: dict[str, Any] = {
        "repository": Repository("github.com", 7, name),
        "visibility": Visibility.PUBLIC,
        "default_ref": "refs/heads/main",
        "fork_of": None,
        "archived": False,
        "page": "https://evil.example/",
        "own": Permission.ADMIN,
    }
    project = Project(**(known | shown))
    return init.Looked("github.com", name, layout.read(clone), project, None, plan.Settings(), ())


@pytest.mark.parametrize(
    "shown",
    [
        {"name": "acme/a\nb"},
        {"name": "acme/${{ x }}"},
        {"name": "acme"},
        {"default_ref": "refs/heads/a b"},
        {"default_ref": "refs/heads/a+b"},
        {"default_ref": "refs/heads/${{x}}"},
        {"archived": True},
    ],
)
def test_what_cannot_stand_in_a_file_is_refused(shown: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        init.facts_of(looked(**shown), init.Given(), None)
    assert caught.value.fix


def test_links_go_to_the_forge_that_was_asked_for() -> None:
    assert init.facts_of(looked(), init.Given(), None).page == "https://github.com/acme/app"
