"""Entry point: finds the verb, reads its options, runs it, shows its report, returns the exit code."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
from typing import TYPE_CHECKING

from counterseal import __version__
from counterseal.cli import overview
from counterseal.cli.call import Call
from counterseal.cli.table import COMMANDS, module_of
from counterseal.errors import ALLOWED, COULD_NOT_DECIDE, CountersealError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INTERRUPTED = 130
#: New things until the collector looks for cycles. Most of what a run makes is classes, which stay; to look through all
#: of them again and again, and once more at the end, is a fifth of the time of `verify`.
_FEW_COLLECTIONS = 100_000


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run counterseal and return its exit code.

    Args:
        argv: Arguments without the program's name; those of the process if None.
        environ: The environment; that of the process if None.
    """
    if argv is not None:
        return _answer(list(argv), environ)
    gc.set_threshold(_FEW_COLLECTIONS)
    try:
        return _answer(sys.argv[1:], environ)
    finally:
        gc.freeze()  # the process ends: nobody needs to look through all of it once more


def _answer(arguments: list[str], environ: Mapping[str, str] | None) -> int:
    """Run counterseal, and end as a program should when it is interrupted, or when nobody reads on."""
    _bear_any_locale()
    try:
        try:
            return _main(arguments, environ)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; what was recorded is recorded, nothing is half-recorded\n")
        return INTERRUPTED
    except BrokenPipeError:
        return _nobody_reads()


def _bear_any_locale() -> None:
    """Let what a locale has no character for be shown by its number, as stderr does it: a result stays a result."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _main(arguments: list[str], environ: Mapping[str, str] | None) -> int:
    first, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if first == "help" and rest and not rest[0].startswith("-"):
        first, rest = rest[0], [*rest[1:], "--help"]
    if rest and f"{first} {rest[0]}" in COMMANDS:
        first, rest = f"{first} {rest[0]}", rest[1:]
    if first in overview.HELP:
        sys.stdout.write(overview.text())
        return ALLOWED
    if first in overview.VERSION:
        sys.stdout.write(f"counterseal {__version__}\n")
        return ALLOWED
    call = Call(environ)
    try:
        return _run(first, rest, call)
    except CountersealError as error:
        return _failed(error, rest, call)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug must end with our exit code and a word, never with a traceback
        return _bug(error, rest, call)


def _nobody_reads() -> int:
    """Return 1: whoever was to read the result went away, so nobody knows it."""
    # What is still buffered is written at the end of the process, and would fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return COULD_NOT_DECIDE


def _run(verb: str, arguments: list[str], call: Call) -> int:
    if verb not in COMMANDS:
        raise overview.unknown(verb)
    module = module_of(verb)
    options = module.VERB.read(arguments, call)
    if options is None:
        return ALLOWED
    report = module.run(options, call.wiring)
    from counterseal.cli.showing import show  # noqa: PLC0415 - as above

    show(report, options.format, call.wiring.surroundings, quiet=options.quiet)
    return int(report.exit_code)


def _failed(error: CountersealError, arguments: list[str], call: Call) -> int:
    """Show an error on stderr, and where a program reads the result, as JSON on stdout."""
    from counterseal.cli.showing import annotate, say, write_json  # noqa: PLC0415 - as above
    from counterseal.render import failure  # noqa: PLC0415

    _read_manner(arguments, call)
    if call.form == "json":
        write_json(failure.document(error))
    say(failure.text(error), call.wiring.surroundings)
    annotate([("counterseal", str(error))], call.wiring.surroundings)
    return error.exit_code


def _bug(error: Exception, arguments: list[str], call: Call) -> int:
    problem = CountersealError(
        f"this is a bug in counterseal: {type(error).__name__}: {error}",
        why="it met a case that it does not handle; nothing was decided",
        fix="report it, with the command and the output of --verbose",
    )
    _read_manner(arguments, call)
    if call.verbose is not False:
        import traceback  # noqa: PLC0415 - only here

        from counterseal.cli.showing import say  # noqa: PLC0415 - as above
        from counterseal.render import escape  # noqa: PLC0415

        lines = "".join(traceback.format_exception(error)).rstrip("\n")
        say(escape.lines(lines), call.wiring.surroundings)
    return _failed(problem, arguments, call)


def _read_manner(arguments: list[str], call: Call) -> None:
    """Find out how the call is to talk, if its verb's options could not be read."""
    if call.verbose is None or call.form is None:
        from counterseal.cli.verb import read_manner  # noqa: PLC0415 - as above

        # What reads options may be what is broken, or what it was given: then it is text, with a traceback for a bug.
        with contextlib.suppress(Exception):
            read_manner(arguments, call)
