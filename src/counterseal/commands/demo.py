"""`demo`: the whole story in the sandbox, told by the sandbox's own package; an error if it is not as told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from counterseal.commands.sandbox import check_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from counterseal.forges import ForgeKind
    from counterseal.ports import Signer


class Told(Protocol):
    """One step as it was told: title, what was seen, seconds."""

    @property
    def title(self) -> str:
        """Return what is done."""

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what was seen."""

    @property
    def seconds(self) -> float:
        """Return how long it took."""


class Played(Protocol):
    """The story as it went: its steps, and the options of the consumer's question for who wants to ask again."""

    @property
    def steps(self) -> tuple[Told, ...]:
        """Return the steps in their order."""

    @property
    def ask(self) -> tuple[str, ...]:
        """Return the options."""


def run(
    folder: Path,
    example: Path,
    *,
    kind: ForgeKind,
    path: str,
    signer: Callable[[Mapping[str, str]], Signer],
    tell: Callable[[Told], None],
) -> Played:
    """Play the story and return how it went.

    Args:
        folder: For everything that it makes; has to be empty.
        example: The project to release.
        kind: The forge that it plays on.
        path: The value of PATH of what it starts: git, the build and counterseal.
        signer: Gives a signer with the identity of a run's environment.
        tell: Called after each step.

    Raises:
        NotAsToldError: Something did not go as told.
        UsageError: The sandbox is not installed.
    """
    check_installed()
    from counterseal_sandbox.demo import story  # noqa: PLC0415 - a package that a gate does not have
    from counterseal_sandbox.demo.shell import Shell  # noqa: PLC0415

    home = folder / "home"
    home.mkdir(parents=True)
    return story.run(Shell(path, home), folder, example, kind=kind, signer=signer, tell=tell)
