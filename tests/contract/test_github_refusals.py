"""GitHub refuses, limits, or is not there: the contracts of refusals and of the line, and what only GitHub does."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest
from tests.contract.line_contract import LineContract
from tests.contract.refusal_contract import RefusalContract
from tests.contract.world import refused

from counterseal.adapters.github.forge import GitHubForge
from counterseal.errors import UsageError
from counterseal_sandbox.http import Response

if TYPE_CHECKING:
    from tests.contract.world import World


PARTS = ["/pulls/1", "/pulls/1/reviews", "/pulls/1/commits", "/issues/1/timeline", "/activity"]


class TestGitHubLine(LineContract):
    parts: ClassVar = PARTS
    comments: ClassVar = "/issues/1/comments"


class TestGitHubRefusals(RefusalContract):
    parts: ClassVar = PARTS
    names: ClassVar = "not a repository"

    def test_a_missing_permission_shows_the_yaml_to_paste(self, world: World) -> None:
        number = world.open().number
        error = refused(lambda: world.forge(world.token(contents="read")).change_request(number))
        assert error.why == "HTTP 403: Resource not accessible by integration"
        assert "    permissions:\n      contents: read\n      pull-requests: write\n" in error.fix
        error = refused(lambda: world.forge(world.token(contents="read")).comment(number, "<!--", "<!-- hello"))
        assert "      pull-requests: write\n" in error.fix

    def test_what_only_a_setting_allows_names_the_setting(self, world: World) -> None:
        """A job's token gets the same status for this, whatever its permissions."""
        world.repository.actions_may_approve = False
        forge = world.forge(world.token(contents="write", pull_requests="write"))
        what = {"branch": "asked", "path": "promotions/a.json", "title": "Promote", "body": "because"}
        error = refused(lambda: forge.open_request(content=b"{}", **what))
        assert "GitHub Actions is not permitted to create or approve pull requests" in error.why
        setting = (
            'Actions → General → Workflow permissions → "Allow GitHub Actions to create and approve pull requests"'
        )
        assert setting in error.fix
        assert "permissions:\n" not in error.fix

    def test_a_gate_that_cannot_read_reviews_learns_it_before_it_signs(self, world: World) -> None:
        assert world.forge().check_settings() == ()
        error = refused(lambda: world.forge(world.token(contents="write")).check_settings())
        assert "      pull-requests: write\n" in error.fix

    def test_the_limit_of_an_hour_is_not_waited_for(self, world: World) -> None:
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}
        asked = world.answer("/pulls/1", Response(403, b'{"message": "API rate limit exceeded"}', headers))
        assert "asks to wait" in refused(lambda: world.forge().change_request(1)).what
        assert len(asked) == 1

    def test_a_status_that_is_no_answer(self, world: World) -> None:
        world.answer("/pulls/1", Response(204))
        assert refused(lambda: world.forge().change_request(1)).why.startswith("HTTP 204")

    def test_an_empty_token_is_none(self, world: World) -> None:
        with pytest.raises(UsageError):
            GitHubForge(world.name, "", host="github.com", api_url=world.api)

    def test_github_has_no_groups(self, world: World) -> None:
        with pytest.raises(UsageError, match="not a repository"):
            world.forge(name="a/b/c")
