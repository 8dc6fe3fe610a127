"""One call of the command line: its environment, and what was said of how it is to talk."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal.wiring import Wiring


class Call:
    """What a verb's options are read with; the environment is read when something first asks for it.

    Args:
        environ: The environment; that of the process if None.
    """

    def __init__(self, environ: Mapping[str, str] | None) -> None:
        self._environ = environ
        self._wiring: Wiring | None = None
        #: Whether a traceback is wanted; None as long as no option was read.
        self.verbose: bool | None = None
        #: The form of the result; None as long as no option was read.
        self.form: str | None = None

    @property
    def wiring(self) -> Wiring:
        """Return the environment's ports."""
        if self._wiring is None:
            from counterseal.wiring import Wiring  # noqa: PLC0415 - `VERB --help` must not pay for it

            self._wiring = Wiring(self._environ)
        return self._wiring

    def variable(self, name: str) -> str | None:
        """Return the value of `COUNTERSEAL_NAME`; None if there is none, and if it is empty."""
        return self.wiring.surroundings.option(name) or None
