"""What is known of a request's file: what it says, and how it came onto the branch."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.model import EventRequest, Mover, PromotionRequest


@dataclass(frozen=True, slots=True)
class MergedFile:
    """How the request's file came onto the protected branch (R21).

    Attributes:
        merge_revision: The commit of the protected branch that brought it.
        base_revision: The protected branch just before (first parent; of the first commit where it was rebased).
        other_changes: Paths that the same change touched beside the file.
        mode: Git file mode of the file, `100644` if all is well; None: there is no such file.
        added_before: The path had been there once before.
        same_at_head: The file at the reviewed head has the same bytes as the merged one.
        mover: Who moved the branch when the change was merged (None: no change request brought it).
        head_gone: The forge has lost the reviewed head, so nobody can compare.
    """

    merge_revision: str
    base_revision: str
    other_changes: tuple[str, ...]
    mode: str | None
    added_before: bool
    same_at_head: bool
    mover: Mover | None = None
    head_gone: bool = False


@dataclass(frozen=True, slots=True)
class RequestFile:
    """The file of a request, for a promotion or for an event.

    Attributes:
        path: `promotions/<stage>/<manifest sha256>.<request id>.json`, `promotions/_events/<kind>.<request id>.json`.
        digest: sha256 of its bytes as merged, or at the head of a change that is not merged.
        content: What it says; None if it is malformed, then `problem` quotes what its reader said.
        merged: How it came onto the branch; None: it is not merged, or nobody looked.
    """

    path: str
    digest: str
    content: PromotionRequest | EventRequest | None
    problem: str
    merged: MergedFile | None

    @property
    def promotion(self) -> PromotionRequest | None:
        """Return what it says if it asks for a promotion."""
        return self.content if isinstance(self.content, PromotionRequest) else None

    @property
    def event(self) -> EventRequest | None:
        """Return what it says if it asks for an event."""
        return self.content if isinstance(self.content, EventRequest) else None
