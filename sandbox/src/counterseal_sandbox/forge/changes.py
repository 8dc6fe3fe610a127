"""Change requests of a repository: open, review, dismiss, retarget, merge; forge-neutral facts with GitHub's rules.

GitLab's are in `merge_requests.py`.

Reviews are never dismissed by a push: an approval of an old revision stays and says which
revision it was about. Judging that is the work of whoever reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal_sandbox.forge.change import Change, Comment, Review, ReviewState, TimelineEvent
from counterseal_sandbox.forge.git.objects import ConflictError, Signature
from counterseal_sandbox.forge.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.books import RepositoryBooks


class Changes:
    """The change requests of one repository."""

    def __init__(self, repository: RepositoryBooks) -> None:
        self._repository = repository
        self._forge = repository.forge
        self._all: dict[int, Change] = {}

    def __iter__(self) -> Iterator[Change]:
        """Return all, newest first."""
        return iter(sorted(self._all.values(), key=lambda change: -change.number))

    def get(self, number: int) -> Change:
        """Return a change request.

        Raises:
            Refused: There is none with this number (404).
        """
        if number not in self._all:
            raise Refused("Not Found", 404)
        return self._all[number]

    def open(
        self,
        author: Account,
        head: str,
        base: str,
        *,
        title: str,
        body: str = "",
        source: RepositoryBooks | None = None,
    ) -> Change:
        """Return a new change request that asks to merge branch `head` (of `source`) into `base`."""
        target, source = self._repository, source or self._repository
        sha, base_sha = source.branch(head), target.branch(base)
        if author is self._forge.accounts.actions_bot and not target.actions_may_approve:
            raise Refused("GitHub Actions is not permitted to create or approve pull requests.", 403)
        if sha is None or base_sha is None:
            raise Refused(f"Validation Failed: invalid {'head' if sha is None else 'base'}")
        if self.from_branch(source.id, head, base):
            raise Refused(f"Validation Failed: A pull request already exists for {source.owner.login}:{head}.")
        self._fetch(source, sha)
        if not target.git.commits_between(base_sha, sha):
            raise Refused(f"Validation Failed: No commits between {base} and {head}")
        return self._enter(author, (source, head, sha), (base, base_sha), title, body)

    def _fetch(self, source: RepositoryBooks, sha: str) -> None:
        if source is not self._repository:
            self._repository.git.run("fetch", "--quiet", str(source.git.path), sha)

    def _enter(
        self, author: Account, head: tuple[RepositoryBooks, str, str], base: tuple[str, str], title: str, body: str
    ) -> Change:
        """Return the new change request between (source, branch, commit) and (branch, commit), with its head kept."""
        source, branch, sha = head
        now, label = self._repository.now(), f"{source.owner.login}:{branch}"
        change = Change(
            self._forge.new_id(),
            self._repository.new_number(),
            author.id,
            title,
            body,
            source.id,
            label,
            branch,
            sha,
            *base,
            now,
            now,
        )
        self._all[change.number] = change
        self._keep_head(change)
        return change

    def from_branch(self, source: int, head: str, base: str) -> Change | None:
        """Return the open change request between two branches, or None."""
        facts = ((change, change.head_repository, change.head_branch, change.base_branch) for change in self)
        return next((change for change, *key in facts if change.state == "open" and key == [source, head, base]), None)

    def commits(self, change: Change) -> list[str]:
        """Return the commits that the change request brings (or brought), oldest first."""
        return self._repository.git.commits_between(self._fork_point(change), change.head)

    def _fork_point(self, change: Change) -> str | None:
        return self._repository.git.merge_base(change.base, change.head)

    def diff_base(self, change: Change) -> str:
        """Return the commit that the change's files are compared with."""
        return self._fork_point(change) or change.base

    # --- what people do ----------------------------------------------------------------------

    def review(
        self, change: Change, account: Account, event: str, *, body: str = "", commit: str | None = None
    ) -> Review:
        """Return a new review; `event` is GitHub's (APPROVE, REQUEST_CHANGES, COMMENT, or empty: pending)."""
        states = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED", "": "PENDING"}
        if event not in states:
            raise Refused(f"Validation Failed: {event} is not a review event")
        if account.id == change.author and event in ("APPROVE", "REQUEST_CHANGES"):
            what = "approve" if event == "APPROVE" else "request changes on"
            raise Refused(f"Unprocessable Entity: Review Can not {what} your own pull request")
        if (
            account is self._forge.accounts.actions_bot
            and event == "APPROVE"
            and not self._repository.actions_may_approve
        ):
            raise Refused("GitHub Actions is not permitted to create or approve pull requests.", 403)
        if event in ("REQUEST_CHANGES", "COMMENT") and not body:
            raise Refused("Unprocessable Entity: Body can't be blank")
        if commit and commit not in self.commits(change):
            raise Refused("Unprocessable Entity: The commit is not part of the pull request")
        at = self._repository.now() if event else None
        review = Review(self._forge.new_id(), account.id, states[event], body, commit or change.head, at)
        change.reviews.append(review)
        return review

    def dismiss(self, change: Change, review_id: int, account: Account) -> Review:
        """Return the review after taking its opinion away; its state is overwritten, as GitHub does it."""
        review = self.review_of(change, review_id)
        if review.state not in ("APPROVED", "CHANGES_REQUESTED"):
            raise Refused(f"Unprocessable Entity: Can not dismiss a {review.state.lower()} pull request review")
        was, review.state = review.state, ReviewState.DISMISSED
        self._happened(change, "review_dismissed", account, review=review.id, was=str(was))
        return review

    def review_of(self, change: Change, review_id: int) -> Review:
        """Return a review by its id."""
        for review in change.reviews:
            if review.id == review_id:
                return review
        raise Refused("Not Found", 404)

    def retarget(self, change: Change, account: Account, base: str) -> None:
        """Let the change request aim at another branch."""
        sha = self._repository.branch(base)
        if change.merged or sha is None:
            raise Refused("Validation Failed: the base branch cannot be changed")
        if base != change.base_branch:
            change.base_branch, change.base = base, sha
            self._happened(change, "base_ref_changed", account)

    def set_state(self, change: Change, account: Account, state: str) -> None:
        """Close or reopen a change request."""
        if change.merged or state not in ("open", "closed"):
            raise Refused(f"Validation Failed: state cannot be changed to {state}")
        if state != change.state:
            change.state = state
            change.closed_at = self._repository.now() if state == "closed" else None
            self._happened(change, "closed" if state == "closed" else "reopened", account)
            if state == "open":
                self._reopened(change)

    def _reopened(self, change: Change) -> None:
        """Take up what the head branch is by now; GitHub opens none again whose branch was made anew elsewhere."""
        source = self._forge.by_id(change.head_repository)
        if source is None or source.branch(change.head_branch) != change.head:
            change.state = "closed"
            raise Refused("Validation Failed: state cannot be changed. The branch was force-pushed or recreated.")

    def comment(self, change: Change, account: Account, body: str) -> Comment:
        """Return a new comment."""
        now = self._repository.now()
        comment = Comment(self._forge.new_id(), account.id, body, now, now)
        change.comments.append(comment)
        return comment

    def find_comment(self, comment_id: int) -> tuple[Change, Comment]:
        """Return a comment by id with its change request."""
        for change in self._all.values():
            for comment in change.comments:
                if comment.id == comment_id:
                    return change, comment
        raise Refused("Not Found", 404)

    # --- merging -----------------------------------------------------------------------------

    def merge(self, change: Change, account: Account, method: str = "merge", *, title: str = "", sha: str = "") -> str:
        """Return the new commit of the base branch after merging by `merge`, `squash` or `rebase`."""
        if change.state != "open":
            raise Refused("Pull Request is not mergeable", 405)
        if sha and sha != change.head:
            raise Refused("Head branch was modified. Review and try the merge again.", 409)
        before = self._repository.branch(change.base_branch)
        if before is None:
            raise Refused("Base branch does not exist", 405)
        try:
            result = self._merge_commit(change, account, method, title, before)
        except ConflictError as error:
            raise Refused("Merge conflict", 405) from error
        if method != "rebase":
            self._repository.signed.add(result)
        self._merged(change, account, before, result)
        self._repository.move_branch(change.base_branch, result, account, "pr_merge")
        return result

    def merge_group(self, group: Sequence[Change], account: Account) -> str:
        """Merge several change requests as a merge queue does: a commit each, and one move of the branch."""
        branch = group[0].base_branch
        tip = self._repository.branch(branch) or ""
        for change in group:
            before, tip = tip, self._merge_commit(change, account, "merge", "", tip)
            self._repository.signed.add(tip)
            self._merged(change, account, before, tip)
        self._repository.move_branch(branch, tip, account, "merge_queue_merge")
        return tip

    def _merge_commit(self, change: Change, account: Account, method: str, title: str, before: str) -> str:
        git, now = self._repository.git, self._repository.now()
        person = Signature(account.login, account.noreply, now)
        forge = Signature("GitHub", "noreply@github.com", now)
        if method == "rebase":
            # GitHub makes new commits with the merging person as committer, even where it need not
            return git.replay(self.commits(change), before, lambda: person)
        tree = git.merged_tree(before, change.head)
        if method == "merge":
            text = title or f"Merge pull request #{change.number} from {change.head_label.replace(':', '/', 1)}"
            message = f"{text}\n\n{change.title}"
            return git.commit_tree(tree, [before, change.head], message, author=person, committer=forge)
        if method == "squash":
            author = self._forge.accounts.by_id(change.author) or self._forge.accounts.ghost
            written = Signature(author.login, author.noreply, now)
            message = title or f"{change.title} (#{change.number})"
            return git.commit_tree(tree, [before], message, author=written, committer=forge)
        raise Refused(f"Validation Failed: no merge method {method}")

    def _merged(self, change: Change, account: Account, before: str, result: str, *, source: str | None = None) -> None:
        """Note that a change request is merged; `source` is the commit that somebody's push did it with."""
        change.introduced = tuple(self._repository.git.commits_between(before, result))
        change.state, change.merge_commit, change.merged_by = "closed", result, account.id
        change.base = before
        change.merged_at = change.closed_at = self._repository.now()
        self._happened(change, "merged", account, source=source)

    # --- what pushes do ----------------------------------------------------------------------

    def branch_pushed(
        self, source: RepositoryBooks, branch: str, after: str | None, account: Account, *, forced: bool
    ) -> None:
        """Follow a push to a branch of `source`: heads move, a deleted branch closes, a direct push merges."""
        for change in [change for change in self._all.values() if change.state == "open"]:
            if change.head_repository == source.id and change.head_branch == branch:
                self._head_pushed(change, source, after, account, forced=forced)
            elif source is self._repository and change.base_branch == branch and after:
                self._base_pushed(change, after, account)

    def _head_pushed(
        self, change: Change, source: RepositoryBooks, after: str | None, account: Account, *, forced: bool
    ) -> None:
        if after is None:
            self.set_state(change, account, "closed")
            return
        self._fetch(source, after)
        change.head = after
        if forced:
            self._happened(change, "head_ref_force_pushed", account)
        self._keep_head(change)

    def _base_pushed(self, change: Change, after: str, account: Account) -> None:
        before = change.base
        git = self._repository.git
        if git.is_ancestor(change.head, after):  # somebody pushed the change themselves
            brought = git.first_with(change.head, before, after)
            self._merged(change, account, before, after, source=brought)
            change.merge_commit = brought
            return
        if git.is_ancestor(before, after):
            change.base = after

    def _keep_head(self, change: Change) -> None:
        self._repository.git.set_ref(self._repository.git.head_ref(change.number), change.head)
        change.updated_at = self._repository.now()

    def _happened(self, change: Change, kind: str, account: Account, **more: Any) -> None:
        change.timeline.append(TimelineEvent(self._forge.new_id(), kind, account.id, self._repository.now(), **more))
        change.updated_at = self._repository.now()
