"""A merge request of GitLab as a `ChangeRequest`: every review, commit and pusher, or an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from counterseal.adapters.forge.commit_trailers import co_authors
from counterseal.adapters.gitlab.access import READ, REVIEWS
from counterseal.adapters.gitlab.pushes import PushLog
from counterseal.adapters.gitlab.reviews import Note, Standing, Version, is_opinion, retargeted_at, reviews
from counterseal.adapters.http.answers import Limits
from counterseal.adapters.http.fields import Fields
from counterseal.errors import ServiceError
from counterseal.model import ChangeRequest, Commit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.adapters.gitlab.api import GitLabApi
    from counterseal.adapters.gitlab.people import People
    from counterseal.model import Actor, BranchMove

#: GitLab's word for the state of a merge request, and whether it is merged.
STATES: Final = {"opened": False, "closed": False, "locked": False, "merged": True}

#: GitLab's word for what a reviewer has said so far, and whether it is a demand for changes.
_STANDS: Final = {
    **dict.fromkeys(("unreviewed", "review_started", "reviewed", "approved", "unapproved"), False),
    "requested_changes": True,
}
_AUTHORS: Final = (
    "query($path: ID!, $iid: String!, $after: String) { project(fullPath: $path) { mergeRequest(iid: $iid) { "
    "commits(after: $after) { pageInfo { endCursor hasNextPage } nodes { sha author { id username } } } } } }"
)
_MAX_QUERIES: Final = 100


@dataclass(frozen=True, slots=True)
class Merged:
    """How a merge request came onto its branch: the last commit it made there, and whether its commits stand there."""

    revision: str
    forward: bool


class ChangeReader:
    """Reads the merge requests of one project, each completely."""

    def __init__(self, api: GitLabApi, host: str, people: People) -> None:
        self._api = api
        self._host = host
        self._people = people
        self._pushes = PushLog(api, people)

    def fields(self, number: int) -> Fields:
        """Return a merge request as GitLab shows it."""
        what = f"merge request !{number} of {self._api.project}"
        fields = Fields(self._api.get(self._api.here(f"/merge_requests/{number}"), what=what, access=READ), what)
        fields.require("iid", number)
        return fields

    def read(self, number: int) -> ChangeRequest:
        """Return a merge request with everything that belongs to it."""
        fields = self.fields(number)
        url, head, merged = fields.text("web_url"), fields.revision("sha"), fields.one_of("state", STATES)
        limits = Limits()
        commits: tuple[Commit, ...] = limits.read(lambda: self._commits(number, head), ())
        notes: list[Note] = limits.read(lambda: self._notes(number), [])
        versions: list[Version] = limits.read(lambda: self._versions(number, head), [])
        # only the last version's base: whoever retargets it to their own branch and back does not move its beginning
        begins = {version.base for version in versions[-1:]}
        history = self._pushes.of(fields, {commit.revision for commit in commits}, begins)
        return ChangeRequest(
            number=number,
            url=url,
            repository_id=fields.number("target_project_id"),
            base_ref=f"refs/heads/{fields.text('target_branch')}",
            base_retargeted_at=retargeted_at(notes, versions),
            head=head,
            author=self._people.shown(fields, "author"),
            merged=merged,
            merged_at=fields.moment("merged_at") if merged else None,
            merged_by=self._people.shown(fields, "merge_user") if merged else None,
            merge_revision=merge_of(fields).revision if merged else None,
            commits=commits,
            pushers=history.people,
            unknown_pushers=history.unknown,
            reviews=reviews(notes, versions, self._standing(number), url),
            head_came_back_at=history.head_came_back_at,
            limits=limits.sentences,
        )

    def moves(self, project: int, branch: str) -> Iterator[BranchMove]:
        """Yield how a branch was moved, newest first."""
        return self._pushes.moves(project, branch)

    def _below(self, number: int, path: str) -> str:
        return self._api.here(f"/merge_requests/{number}{path}")

    # --- commits -----------------------------------------------------------------------------

    def _commits(self, number: int, head: str) -> tuple[Commit, ...]:
        """Return the commits of a merge request, oldest first, with everybody who had a hand in them."""
        what = f"commits of !{number}"
        listed = self._api.pages(self._below(number, "/commits"), what=what, access=REVIEWS)
        commits, authors = [Fields(data, f"{what}: commit") for data in listed], self._authors(number)
        revisions = [commit.revision("id") for commit in commits]
        if set(revisions) != set(authors) or len(set(revisions)) != len(revisions):
            raise ServiceError(
                f"{what}: two lists of them differ ({len(revisions)} and {len(authors)})",
                why="a page is missing, or a push came in between",
                fix="run again",
            )
        if revisions and revisions[0] != head:
            raise ServiceError(f"{what}: the last one is not the head", why="a push came in between", fix="run again")
        return tuple(self._commit(commit, authors[commit.revision("id")]) for commit in reversed(commits))

    def _authors(self, number: int) -> dict[str, Actor | None]:
        """Return the account that GitLab finds behind the author's address, by commit; REST does not tell."""
        what, after = f"authors of !{number}", None
        authors: dict[str, Actor | None] = {}
        for _ in range(_MAX_QUERIES):
            variables = {"path": self._api.project, "iid": str(number), "after": after}
            answer = Fields(self._api.graphql(_AUTHORS, variables, what=what), what)
            listed = answer.inner("project").inner("mergeRequest").inner("commits")
            for commit in (Fields(data, f"{what}: commit") for data in listed.items("nodes")):
                author = None if commit.is_null("author") else self._people.by_global_id(commit.inner("author"))
                authors[commit.revision("sha")] = author
            page = listed.inner("pageInfo")
            if not page.flag("hasNextPage"):
                return authors
            after = page.text("endCursor")
        raise ServiceError(f"{what}: there is no end of them", why="no more are read", fix="split the change")

    def _commit(self, fields: Fields, author: Actor | None) -> Commit:
        people: dict[tuple[str, int], Actor] = {}
        unknown: set[str] = set()
        written = _address(fields, "author_email")
        for address in (written, *self._committer(fields, written), *co_authors(fields.text("message"))):
            actor = author if address == written else self._people.by_noreply(address)
            if actor is None:
                unknown.add(address)
            else:
                people[actor.key] = self._people.with_kind(actor)
        return Commit(fields.revision("id"), tuple(people.values()), len(unknown))

    def _committer(self, fields: Fields, written: str) -> Iterator[str]:
        """Yield the committer's address, unless it is the author's, or GitLab's own for what its buttons commit."""
        address = _address(fields, "committer_email")
        own = address == f"noreply@{self._host}" and self._signed_by_gitlab(fields.revision("id"))
        if address != written and not own:
            yield address

    def _signed_by_gitlab(self, revision: str) -> bool:
        what = f"signature of {revision[:12]}"
        path = self._api.here(f"/repository/commits/{revision}/signature")
        data = self._api.find(path, what=what, access=REVIEWS)
        return data is not None and Fields(data, what).text("verification_status") == "verified_system"

    # --- reviews -----------------------------------------------------------------------------

    def _notes(self, number: int) -> list[Note]:
        """Return the notes that GitLab itself wrote, oldest first; what an import brought was written by anybody."""
        what = f"notes of !{number}"
        listed = self._api.pages(
            self._below(number, "/notes"), what=what, access=READ, sort="asc", order_by="created_at"
        )
        all_notes = [Fields(data, f"{what}: note") for data in listed]
        own = [
            fields
            for fields in all_notes
            if fields.flag("system") and not (fields.has("imported") and fields.flag("imported"))
        ]
        notes = sorted((self._note(fields) for fields in own), key=lambda note: (note.at, note.id))
        _refuse_doubles([fields.number("id") for fields in all_notes], what)
        return notes

    def _note(self, fields: Fields) -> Note:
        fields.what = f"note {fields.number('id')}"
        body, author = fields.text("body"), fields.inner("author")
        actor = self._people.known(author) if is_opinion(body) else self._people.basic(author)
        return Note(fields.number("id"), actor, body, fields.moment("created_at"))

    def _versions(self, number: int, head: str) -> list[Version]:
        """Return the versions, oldest first; the last one is about the head."""
        what = f"versions of !{number}"
        listed = self._api.pages(self._below(number, "/versions"), what=what, access=REVIEWS)
        versions = [_version(Fields(data, f"{what}: version")) for data in listed]
        _refuse_doubles([version.id for version in versions], what)
        versions.sort(key=lambda version: (version.at, version.id))
        if not versions or versions[-1].head != head:
            raise ServiceError(
                f"{what}: the last one is not about the head {head[:12]}",
                why="GitLab makes versions a moment after a push",
                fix="run again",
            )
        return versions

    def _standing(self, number: int) -> Standing:
        """Return who approves and who requests changes now."""
        what = f"approvals of !{number}"
        answer = Fields(self._api.get(self._below(number, "/approvals"), what=what, access=REVIEWS), what)
        approved = {}
        for approval in (Fields(data, what) for data in answer.items("approved_by")):
            if (actor := self._people.known(approval.inner("user"))) is not None:
                approved[actor.id] = actor, approval.moment("approved_at") if approval.has("approved_at") else None
        what = f"reviewers of !{number}"
        objecting = {}
        for reviewer in (Fields(data, what) for data in self._reviewers(number, what)):
            if reviewer.one_of("state", _STANDS) and (actor := self._people.known(reviewer.inner("user"))) is not None:
                objecting[actor.id] = actor
        return Standing(approved, objecting)

    def _reviewers(self, number: int, what: str) -> list[Any]:
        return list(self._api.pages(self._below(number, "/reviewers"), what=what, access=REVIEWS))


def merge_of(fields: Fields) -> Merged:
    """Return how a merged merge request came onto its branch.

    By a merge commit (with a squashed one below it), by the squashed commit alone, or by moving the branch forward to
    its head ("Merge methods", GitLab's documentation).
    """
    if not fields.is_null("merge_commit_sha"):
        return Merged(fields.revision("merge_commit_sha"), forward=False)
    if not fields.is_null("squash_commit_sha"):
        return Merged(fields.revision("squash_commit_sha"), forward=False)
    return Merged(fields.revision("sha"), forward=True)


def _version(fields: Fields) -> Version:
    return Version(
        fields.number("id"),
        fields.revision("head_commit_sha"),
        fields.revision("base_commit_sha"),
        fields.moment("created_at"),
    )


def _refuse_doubles(ids: list[int], what: str) -> None:
    if len(set(ids)) != len(ids):
        raise ServiceError(f"{what}: one is listed twice", why="the list changed while it was read", fix="run again")


def _address(fields: Fields, name: str) -> str:
    return fields.text(name).strip().lower()
