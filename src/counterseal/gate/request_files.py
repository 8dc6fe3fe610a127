"""The files that the branch got under `promotions/`: which are requests, how each came, and what came with it.

Only a path that names a request is decided by itself. All else that one change brought there is one thing to decide, a
deny, so that nobody can fill the ledger with it, or let a request wait behind it (R54).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.errors import CountersealError, FormatError, LimitError, ServiceError
from counterseal.evaluation import MergedFile, RequestFile
from counterseal.formats import digests, event_request, manifest
from counterseal.gate.arrivals import LAG
from counterseal.identifiers import EVENT_STAGE, REQUEST_FOLDER

if TYPE_CHECKING:
    from counterseal.history.events import Swept
    from counterseal.model import ChangeRequest, EventRequest, Policy, PromotionRequest
    from counterseal.ports import Clock, Forge, SourceRepository

#: How many paths beside the request are kept, and how long each may be; one is enough to deny.
MAX_OTHERS: Final = 1000
MAX_PATH: Final = 200


@dataclass(frozen=True, slots=True)
class MergedRequest:
    """A request file as the protected branch has it; `again` means the path was added more than once.

    `strays` are the files of a change that are no requests; then `path` names no file, but the commit.
    """

    path: str
    revision: str
    again: bool
    strays: tuple[str, ...] = ()


def merged_requests(repository: SourceRepository, head: str, swept: Swept | None = None) -> list[MergedRequest]:
    """Return the requests that the branch got, in the order of their merges, then what else was put there.

    Args:
        repository: The repository.
        head: The branch's tip.
        swept: How far they were looked for already: of those before, only the undecided ones are returned. None: all.
    """
    since = None
    if swept is not None and swept.revision in repository.first_parents(head):
        since = repository.parent(swept.revision)  # a run of that revision is about what came with it, too
    waiting = swept.undecided if swept is not None and since is not None else ()
    last: dict[str, MergedRequest] = {}
    strays: dict[str, list[str]] = {}
    for undecided in waiting:
        if _names_a_request(undecided.path):
            last[undecided.path] = MergedRequest(undecided.path, undecided.revision, again=False)
        else:
            strays[undecided.revision] = _strays_of(repository, undecided.revision)
    added = repository.added_files(head, REQUEST_FOLDER, since)
    named = {path for _, path in added if _names_a_request(path)}
    before = repository.touched(since, named) if since is not None and named else frozenset[str]()
    for revision, path in added:
        if not _names_a_request(path):
            strays.setdefault(revision, []).append(shown(path))
            continue
        if path in last and last[path].revision == revision:
            continue
        again = path in last or path in before
        last[path] = MergedRequest(path, last.pop(path).revision if path in last else revision, again)
    others = (
        MergedRequest(f"{REQUEST_FOLDER}@{revision}", revision, again=False, strays=tuple(dict.fromkeys(paths)))
        for revision, paths in strays.items()
    )
    return [*last.values(), *others]


def _strays_of(repository: SourceRepository, revision: str) -> list[str]:
    """Return what one commit put into the folder that is no request."""
    added = repository.added_files(revision, REQUEST_FOLDER, repository.parent(revision))
    return [shown(path) for commit, path in added if commit == revision and not _names_a_request(path)]


def merged_request(repository: SourceRepository, head: str, path: str) -> MergedRequest | None:
    """Return one request of all that the branch ever got, or None."""
    return next((merged for merged in merged_requests(repository, head) if merged.path == path), None)


def is_of_event(path: str) -> bool:
    """Return whether a path is below where requests for events lie."""
    return path.startswith(f"{REQUEST_FOLDER}/{EVENT_STAGE}/")


def _names_a_request(path: str) -> bool:
    try:
        if is_of_event(path):
            event_request.parse_path(path)
        else:
            manifest.parse_request_path(path)
    except FormatError:
        return False
    return True


def shown(path: str) -> str:
    """Return a path that is short enough for a record."""
    return path if len(path) <= MAX_PATH else f"{path[:MAX_PATH]}…"


# --- how it came -----------------------------------------------------------------------------


def base_of(
    repository: SourceRepository, forge: Forge, merged: MergedRequest, change: ChangeRequest | None
) -> str | None:
    """Return the branch as it was before the request: the first parent, of a rebased group its first commit's (R21).

    None: it came with the first commit of the branch.
    """
    parent = repository.parent(merged.revision)
    if parent is None:
        return None
    if change and change.merge_revision and _in_group(forge, merged, parent, change, repository.default_ref()):
        group = repository.parent(change.merge_revision, len(change.commits))
        if group and repository.is_ancestor(group, merged.revision):
            return group
    return parent


def _in_group(forge: Forge, merged: MergedRequest, parent: str, change: ChangeRequest, ref: str) -> bool:
    """Return whether the change put several commits onto the branch; the parent of a squash is another's."""
    if change.merge_revision != merged.revision:
        return True
    parent_change = forge.change_request_of(parent, ref) if len(change.commits) > 1 else None
    return parent_change is not None and parent_change.number == change.number


def require_no_lag(repository: SourceRepository, forge: Forge, clock: Clock, merged: MergedRequest) -> None:
    """Require that the forge has had time to say which change request brought a commit.

    The push log of the branch says when it came; the commit's own date is anybody's choice.

    Raises:
        ServiceError: It came so recently that the forge may not know yet.
    """
    ref, since = repository.default_ref(), clock.now() - LAG
    young = False
    for move in forge.moves(ref):
        young = move.at > since or move.after is None or not _has(repository, move.after, merged.revision)
        if move.at <= since:
            break
    if young:
        raise ServiceError(
            f"{merged.path}: which change request brought it cannot be told yet",
            why=f"the forge names none for commit {merged.revision[:7]}, which came onto {ref} in the last "
            f"{LAG.seconds // 60} minutes; it may only be slow",
            fix="run the gate again in some minutes; what nobody merged by then counts as pushed, and is denied",
        )


def _has(repository: SourceRepository, tip: str, revision: str) -> bool:
    try:
        return repository.is_ancestor(revision, tip)
    except ServiceError:
        return False  # a force push removed it


# --- what it is ------------------------------------------------------------------------------


def request_file(
    repository: SourceRepository,
    forge: Forge,
    merged: MergedRequest,
    base: str | None,
    change: ChangeRequest | None,
    policy: Policy,
) -> RequestFile:
    """Return the file and how it came, with what is wrong with it and will stay wrong."""
    end = (change.merge_revision if change else None) or merged.revision
    head = repository.fetch_head(change.number) if change and not merged.strays else None
    data, problem = _read(repository, end, merged)
    content = None
    if base is None:
        problem = f"{merged.path} came with the first commit of the branch, which nobody reviews"
    elif data is not None:
        content, problem = _content(data, merged.path, policy)
    same = change is not None and data is not None and head == change.head
    return RequestFile(
        path=merged.path,
        digest=digests.sha256(data or b""),
        content=content,
        problem=problem,
        merged=MergedFile(
            merge_revision=end,
            base_revision=base or end,
            other_changes=()
            if merged.strays
            else _other_changes(repository, forge, merged.path, base or end, end, change),
            mode=None if merged.strays else repository.file_mode(end, merged.path),
            added_before=merged.again,
            same_at_head=same and _read(repository, str(head), merged)[0] == data,
            head_gone=change is not None and not merged.strays and head is None,
        ),
    )


def _content(data: bytes, path: str, policy: Policy) -> tuple[PromotionRequest | EventRequest | None, str]:
    """Return what a file says, or why it says nothing."""
    try:
        if is_of_event(path):
            return event_request.parse(data, path), ""
        content = manifest.parse_request(data, path)
    except CountersealError as error:
        return None, str(error)
    if policy.stage(content.stage) is None:
        names = ", ".join(stage.name for stage in policy.stages)
        return None, f"the policy has no stage {content.stage!r} (it has {names})"
    return content, ""


def _read(repository: SourceRepository, revision: str, merged: MergedRequest) -> tuple[bytes | None, str]:
    """Return the file's bytes, or why there are none."""
    if merged.strays:
        count, first = len(merged.strays), merged.strays[0]
        form = f"{REQUEST_FOLDER}/<stage>/<sha256 of manifest.json>.<request id>.json"
        what = "1 file that is not a request came" if count == 1 else f"{count} files that are no requests came"
        return None, f"{what} into {REQUEST_FOLDER}/, such as {first!r}: a request is called {form}"
    try:
        data = repository.read_file(revision, merged.path)
    except FormatError as error:
        return None, str(error)
    return data, "" if data is not None else f"{merged.path} is not a regular file at {revision[:12]}"


def _other_changes(
    repository: SourceRepository, forge: Forge, path: str, base: str, end: str, change: ChangeRequest | None
) -> tuple[str, ...]:
    """Return what the change touches beside the request, on the branch or, if nothing there, as the forge shows it.

    On the branch alone it could hide: a merge that moves the branch forward chooses what its first parent is.
    """
    on_branch = [changed for changed in repository.changed_paths(base, end) if changed != path]
    if not on_branch and change is not None:
        try:
            on_branch = [changed for changed in forge.changed_files(change.number) if changed != path]
        except LimitError as error:
            on_branch = [error.what]
    return tuple(shown(changed) for changed in on_branch[:MAX_OTHERS])
