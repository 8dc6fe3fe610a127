"""Watches one command of a build (port `Observer`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.adapters.local import machine
from counterseal.adapters.local.secret_values import Published
from counterseal.adapters.observing import command as commands
from counterseal.adapters.observing import tools
from counterseal.adapters.observing.written import Looking
from counterseal.model import Around, ObservedStep, Wrote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from counterseal.model import Redaction

_BY_KIND: Final = """
    CC CXX CPP LD AR AS STRIP CFLAGS CXXFLAGS CPPFLAGS LDFLAGS MAKEFLAGS ARFLAGS ZERO_AR_DATE DEB_BUILD_OPTIONS
    GOFLAGS GOOS GOARCH GOAMD64 GOARM CGO_ENABLED GOTOOLCHAIN GOEXPERIMENT GOPROXY
    RUSTFLAGS RUSTC_WRAPPER CARGO_BUILD_TARGET CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL
    PYTHONHASHSEED PYTHONOPTIMIZE PIP_INDEX_URL PIP_CONSTRAINT UV_INDEX_URL SETUPTOOLS_SCM_PRETEND_VERSION
    NODE_ENV NODE_OPTIONS npm_config_registry MAVEN_OPTS GRADLE_OPTS JAVA_TOOL_OPTIONS JAVA_HOME
    SOURCE_DATE_EPOCH TZ LANG LC_ALL LC_CTYPE LC_COLLATE LANGUAGE
"""
#: What compilers, linkers and package managers are known to go by. Values are redacted like all free text.
VARIABLES: Final = tuple(_BY_KIND.split())
MAX_WORDS: Final = 64


class LocalObserver:
    """Runs commands on this machine.

    Args:
        variables: The environment, which the command gets unchanged.
        redaction: What no text may tell.
        output: The output folder, which no command is said to have written.
    """

    def __init__(self, variables: Mapping[str, str], redaction: Redaction, output: Path) -> None:
        self._variables = variables
        self._words = Published(variables, redaction)
        self._output = output

    def watch(self, command: Sequence[str], roots: Sequence[Path], started_at: datetime) -> ObservedStep:
        """Run a command to its end, and return what there is to know of it; where it runs is looked at before.

        Args:
            command: The program and its words.
            roots: Where to look for what it writes.
            started_at: Now.

        Raises:
            UsageError: It cannot be started.
        """
        around, looking = self._around(), Looking(roots, self._output)
        ended = commands.run(command, self._variables)
        wrote = Wrote((), 0, complete=False) if ended.stopped else looking.wrote(self._words)
        shown = self._words.command(command[:MAX_WORDS])
        rest = len(command) - MAX_WORDS
        words = (*shown, f"… and {rest} more") if rest > 0 else shown
        return ObservedStep(words, started_at, ended.duration_ms, ended.code, ended.signal, around, wrote)

    def _around(self) -> Around:
        variables, words = self._variables, self._words
        found, unanswered = tools.versions(variables)
        return Around(
            tools={name: words.text(said) for name, said in sorted(found.items())},
            unanswered=unanswered,
            platform={**machine.platform_facts(), **words.chosen(machine.RUNNER_VARIABLES, variables)},
            container=machine.container(variables, words),
            umask=machine.umask(),
            locale=words.text(machine.locale(variables)),
            time_zone=words.text(machine.time_zone(variables)),
            limits=machine.limits(),
            variables=words.chosen(VARIABLES, variables),
        )
