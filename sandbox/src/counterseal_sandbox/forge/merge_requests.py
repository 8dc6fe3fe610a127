"""Merge requests of a project: GitLab's rules about approvals, versions, its system notes, and its merges.

GitLab keeps no revision with an approval. What there is to know of it are the notes that it writes itself, the list of
who approves now, and the versions that pushes make; approvals stay across pushes unless the project says otherwise.

Sources: docs.gitlab.com "Merge request approvals", "Merge methods", "Squash and merge"; GitLab's
app/services/system_notes for the texts of notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal_sandbox.forge.change import Review, Reviewer, ReviewState, Version
from counterseal_sandbox.forge.changes import Changes
from counterseal_sandbox.forge.git.objects import ConflictError, Signature
from counterseal_sandbox.forge.refusal import Refused

if TYPE_CHECKING:
    from counterseal_sandbox.forge.accounts import Account
    from counterseal_sandbox.forge.books import RepositoryBooks
    from counterseal_sandbox.forge.change import Change, Comment

APPROVED = "approved this merge request"
UNAPPROVED = "unapproved this merge request"
REQUESTED_CHANGES = "requested changes"


class MergeRequests(Changes):
    """The merge requests of one project."""

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
        """Return a new merge request that asks to merge branch `head` (of `source`) into `base`."""
        target, source = self._repository, source or self._repository
        sha, base_sha = source.branch(head), target.branch(base)
        missing = [f'Source branch "{head}" does not exist'] * (sha is None)
        missing += [f'Target branch "{base}" does not exist'] * (base_sha is None)
        if sha is None or base_sha is None:
            raise Refused(str(missing), 400)
        if other := self.from_branch(source.id, head, base):
            raise Refused(f"Another open merge request already exists for this source branch: !{other.number}", 409)
        self._fetch(source, sha)
        return self._enter(author, (source, head, sha), (base, base_sha), title, body)

    def note(self, change: Change, account: Account, text: str) -> Comment:
        """Return the note that GitLab writes of what an account did."""
        note = self.comment(change, account, text)
        note.system = True
        return note

    # --- what people do ----------------------------------------------------------------------

    def may_approve(self, change: Change, account: Account) -> bool:
        """Return whether an account that may approve here at all may approve this one, now."""
        own = account.id == change.author and not self._repository.author_may_approve
        return not own and account.id not in change.approvals

    def approve(self, change: Change, account: Account, *, sha: str = "") -> None:
        """Add an approval; with `sha` only if that is the head."""
        if sha and sha != change.head:
            raise Refused(f"SHA does not match HEAD of source branch: {change.head}", 409)
        if not self.may_approve(change, account):
            raise Refused("401 Unauthorized", 401)
        note = self.note(change, account, APPROVED)
        change.approvals[account.id] = note.created_at
        self._reviewed(change, account, "approved")

    def unapprove(self, change: Change, account: Account) -> None:
        """Take one's approval back."""
        if account.id not in change.approvals:
            raise Refused("404 Not Found", 404)
        del change.approvals[account.id]
        self.note(change, account, UNAPPROVED)
        self._reviewed(change, account, "unapproved")

    def request_changes(self, change: Change, account: Account) -> None:
        """Ask for changes, as a reviewer; one's approval goes without a note of its own."""
        note = self.note(change, account, REQUESTED_CHANGES)
        change.approvals.pop(account.id, None)
        change.reviewers.setdefault(account.id, Reviewer("unreviewed", note.created_at))
        self._reviewed(change, account, "requested_changes")

    def request_review(self, change: Change, account: Account, reviewer: Account) -> None:
        """Ask a reviewer for another review: their demand for changes is not shown any more, its note stays.

        Source: app/services/merge_requests/request_review_service.rb; who requested changes ends that by approving
        (`destroy_requested_changes` in update_reviewer_state_service.rb).
        """
        if reviewer.id not in change.reviewers:
            raise Refused("Reviewer not found", 404)
        change.reviewers[reviewer.id].state = "unreviewed"
        self.note(change, account, f"requested review from @{reviewer.login}")

    def _reviewed(self, change: Change, account: Account, state: str) -> None:
        """Note how a reviewer stands to the merge request; who only approves does not become one."""
        if account.id in change.reviewers:
            change.reviewers[account.id].state = state

    def review(
        self,
        change: Change,
        account: Account,
        event: str,
        *,
        body: str = "",
        commit: str | None = None,  # noqa: ARG002 - GitLab knows no revision of an approval
    ) -> Review:
        """Do what the event of GitHub's name means here: APPROVE, REQUEST_CHANGES or COMMENT."""
        match event:
            case "APPROVE":
                state = ReviewState.APPROVED
                self.approve(change, account)
            case "REQUEST_CHANGES":
                state = ReviewState.CHANGES_REQUESTED
                self.request_changes(change, account)
            case "COMMENT":
                state = ReviewState.COMMENTED
                self.comment(change, account, body)
            case _:
                raise Refused(f"{event!r} is nothing to do with a merge request", 400)
        last = change.comments[-1]
        return Review(last.id, account.id, state, body, None, last.created_at)

    def retarget(self, change: Change, account: Account, base: str) -> None:
        """Let the merge request aim at another branch: a note, and a new version."""
        before, sha = change.base_branch, self._repository.branch(base)
        if sha is None:
            raise Refused(str([f'Target branch "{base}" does not exist']), 400)
        if change.merged or base == before:
            return
        change.base_branch, change.base = base, sha
        self._add_version(change)
        self.note(change, account, f"changed target branch from `{before}` to `{base}`")

    def _reopened(self, change: Change) -> None:
        """Take up what the source branch is by now; there is a new version even where that is the same commit.

        Sources: app/services/merge_requests/reopen_service.rb calls `reload_diff`, and that makes a new diff, which is
        the version (app/services/merge_requests/reload_diffs_service.rb).
        """
        source = self._forge.by_id(change.head_repository)
        head = source.branch(change.head_branch) if source else None
        if source is None or head is None:
            change.state = "closed"
            raise Refused("Cannot reopen a merge request without its source branch", 422)
        self._fetch(source, head)
        change.head = head
        self._keep_head(change)

    # --- merging -----------------------------------------------------------------------------

    def merge(self, change: Change, account: Account, method: str = "merge", *, title: str = "", sha: str = "") -> str:
        """Return the new head of the target branch after merging by `merge` or `squash`.

        With the project's merge method `merge` there is always a merge commit, of the squashed commit too.
        """
        target, before = self._repository, self._repository.branch(change.base_branch)
        if change.state != "open" or change.draft or before is None or method not in ("merge", "squash"):
            raise Refused("405 Method Not Allowed", 405)
        if sha and sha != change.head:
            raise Refused(f"SHA does not match HEAD of source branch: {change.head}", 409)
        forward = target.merge_method == "ff"
        if forward and not target.git.is_ancestor(before, change.head):
            raise Refused("405 Method Not Allowed", 405)
        try:
            tip = self._squash(change, account, title) if method == "squash" else change.head
            result = tip if forward else self._merge_onto(change, account, before, tip)
        except ConflictError as error:
            raise Refused("405 Method Not Allowed", 405) from error
        change.squash_commit = tip if method == "squash" else None
        self._merged(change, account, before, result)
        change.merge_commit = None if forward else result
        target.move_branch(change.base_branch, result, account, "pr_merge")
        return result

    def _squash(self, change: Change, account: Account, title: str) -> str:
        """Return one commit of all changes, by the author, on the target's head as the version knows it."""
        git, start = self._repository.git, change.versions[-1].start
        author = self._forge.accounts.by_id(change.author) or self._forge.accounts.ghost
        tree = git.merged_tree(start, change.head)
        written, done = self._signature(author), self._signature(account)
        return git.commit_tree(tree, [start], title or change.title, author=written, committer=done)

    def _merge_onto(self, change: Change, account: Account, before: str, tip: str) -> str:
        git, person = self._repository.git, self._signature(account)
        place = f"{self._repository.full_name}!{change.number}"
        start = f"Merge branch '{change.head_branch}' into '{change.base_branch}'"
        message = f"{start}\n\n{change.title}\n\nSee merge request {place}"
        return git.commit_tree(git.merged_tree(before, tip), [before, tip], message, author=person, committer=person)

    def _signature(self, account: Account) -> Signature:
        return Signature(account.login, account.noreply_at(self._repository.kind), self._repository.now())

    # --- what pushes do ----------------------------------------------------------------------

    def _head_pushed(
        self, change: Change, source: RepositoryBooks, after: str | None, account: Account, *, forced: bool
    ) -> None:
        before = change.head
        super()._head_pushed(change, source, after, account, forced=forced)
        if after is None:
            return
        # a push back to an older commit makes a version, but adds nothing that a note would tell of
        if added := self._repository.git.commits_between(before, after):
            self._tell_of_commits(change, account, added)
        if self._repository.reset_approvals_on_push and change.approvals:
            people = [
                self._forge.accounts.by_id(approver) or self._forge.accounts.ghost for approver in change.approvals
            ]
            change.approvals.clear()
            names = " and ".join(f"@{person.login}" for person in people)
            self.note(change, account, f"reset approvals from {names} by pushing to the branch")

    def _tell_of_commits(self, change: Change, account: Account, added: list[str]) -> None:
        git = self._repository.git
        lines = [f"<li>{sha[:8]} - {git.commit(sha).message.splitlines()[0]}</li>" for sha in added]
        path = f"/{self._repository.full_name}/-/merge_requests/{change.number}/diffs?diff_id={change.versions[-1].id}"
        count = f"{len(added)} commit{'' if len(added) == 1 else 's'}"
        text = f"added {count}\n\n<ul>{''.join(lines)}</ul>\n\n[Compare with previous version]({path})"
        self.note(change, account, text)

    def _keep_head(self, change: Change) -> None:
        super()._keep_head(change)
        self._add_version(change)

    def _add_version(self, change: Change) -> None:
        start = self._repository.branch(change.base_branch) or change.base
        base, now = self._repository.git.merge_base(start, change.head) or start, self._repository.now()
        # the first version is made with the merge request
        moment = now if change.versions else change.created_at
        change.versions.append(Version(self._forge.new_id(), change.head, base, start, moment))
