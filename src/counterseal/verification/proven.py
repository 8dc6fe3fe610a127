"""What a ledger proof proves, and the verdict on one file after another: by name and digest, nothing else is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.history.events import PublishedAsset
from counterseal.model import Repository
from counterseal.verification.looks import BESIDE_WORDS, Look, NotOfReleaseError, fail, is_beside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.model import Subject


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step of a verdict: what was looked at, and what was found."""

    look: Look
    result: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A file was verified; if it was not, that is a `VerificationError`, so that nobody can forget to look."""

    file_name: str
    digest: str
    stage: str
    decided_at: datetime
    repository: Repository
    sandbox: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """A release whose proof holds. `steps` are those after the first, which is about a file."""

    assets: tuple[PublishedAsset, ...]
    stage: str
    decided_at: datetime
    repository: Repository
    sandbox: bool
    steps: tuple[Step, ...]


class Proven:
    """A decision's subjects, and what was published of them: or why nothing was.

    Args:
        subjects: What the verified decision is about.
        published: The release, or what of its proof does not hold; then every file is refused.
    """

    def __init__(self, subjects: Iterable[Subject], published: Published | CountersealError) -> None:
        self._published = published
        self._digests: dict[str, set[str]] = {}
        self._names: dict[str, list[str]] = {}
        for subject in subjects:
            self._digests.setdefault(subject.name, set()).add(subject.digest)
            self._names.setdefault(subject.digest, []).append(subject.name)
        found = () if isinstance(published, CountersealError) else published.assets
        self._assets = {(asset.name, asset.digest) for asset in found}
        self._asset_names = {asset.name for asset in found}

    def verdict(self, file_name: str, digest: str) -> Verdict:
        """Return the verdict on a file.

        Args:
            file_name: Its name, which has to be the one that it was published under.
            digest: Of its bytes.

        Raises:
            NotOfReleaseError: The release knows neither its name nor its bytes.
            VerificationError: A step failed; the message begins with its number and title.
            FormatError: Decision or publication are not in our form.
        """
        words = self._check_subject(file_name, digest)
        published = self._published
        if isinstance(published, CountersealError):
            raise published.with_traceback(None)  # of every file: the frames of all would add up
        if (file_name, digest) not in self._assets:
            why = f"{file_name} is not among the assets that were published"
            if file_name not in self._asset_names:
                raise NotOfReleaseError(Look.LEDGER, why)
            fail(Look.LEDGER, why)
        return Verdict(
            file_name,
            digest,
            published.stage,
            published.decided_at,
            published.repository,
            published.sandbox,
            (Step(Look.SUBJECT, f"sha256:{digest}{words}"), *published.steps),
        )

    def _check_subject(self, file_name: str, digest: str) -> str:
        """Check that a file was decided on; what lies beside the artifacts is held to the publication's list alone.

        Returns:
            What is said of it beside its digest.
        """
        if file_name not in self._digests and is_beside(file_name):
            return BESIDE_WORDS
        names = self._names.get(digest, [])
        if not names:
            why = f"{file_name} has sha256:{digest}, not in the decision"
            if file_name not in self._digests:
                raise NotOfReleaseError(Look.SUBJECT, why)
            anew = "download it again; if its digest still differs, do not use it, and tell the project"
            fail(Look.SUBJECT, f"{why}, which names sha256:{min(self._digests[file_name])}", anew)
        if file_name not in names:
            fail(
                Look.SUBJECT,
                f"these bytes were decided on as {names[0]}, not as {file_name}",
                f"give the file its own name again: {names[0]}",
            )
        return ""
