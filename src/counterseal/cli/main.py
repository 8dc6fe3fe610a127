"""Entry point: finds the verb, parses its options, runs it, shows its report, returns the exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from counterseal import __version__
from counterseal.cli.table import COMMANDS
from counterseal.errors import COULD_NOT_DECIDE, USAGE, CountersealError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterseal.wiring import Surroundings, Wiring

INTERRUPTED = 130
TRUE, FALSE = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run counterseal and return its exit code.

    Args:
        argv: Arguments without the program's name; those of the process if None.
        environ: The environment; that of the process if None.
    """
    try:
        try:
            return _main(list(sys.argv[1:] if argv is None else argv), environ)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; what was recorded is recorded, nothing is half-recorded\n")
        return INTERRUPTED
    except BrokenPipeError:
        return _nobody_reads()


def _main(arguments: list[str], environ: Mapping[str, str] | None) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "--version", "help") or arguments[0] not in COMMANDS:
        return _general(arguments)
    from counterseal.wiring import Wiring  # noqa: PLC0415 - `--help` must not pay for it

    wiring = Wiring(environ)
    try:
        return _run(arguments, wiring)
    except CountersealError as error:
        return _failed(error, wiring.surroundings)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug must end with our exit code and a word, never with a traceback
        return _bug(error, wiring.surroundings, verbose=_verbose(arguments[1:], wiring.surroundings))


def _nobody_reads() -> int:
    """Return 1: whoever was to read the result went away, so nobody knows it."""
    # What is still buffered is written at the end of the process, and would fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return COULD_NOT_DECIDE


def _general(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="counterseal",
        description="Decides, signs and records who may promote what.",
        epilog="Exit codes: 0 allowed or verified, 1 could not decide, 2 usage or invalid policy, 10 denied, "
        "11 verification failed, 12 stage held (from a later version on). Each verb has --help.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"counterseal {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name, (_, text) in COMMANDS.items():
        verbs.add_parser(name, help=text, add_help=False)
    parser.parse_args(["--help"] if arguments in ([], ["help"]) else arguments)
    return USAGE


def _run(arguments: list[str], wiring: Wiring) -> int:
    from counterseal.cli.report import show  # noqa: PLC0415 - as above

    module: Any = importlib.import_module(f"counterseal.cli.verbs.{COMMANDS[arguments[0]][0]}")
    parser = argparse.ArgumentParser(prog=f"counterseal {arguments[0]}", description=module.__doc__)
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="form of the result")
    parser.add_argument("-v", "--verbose", action="store_true", help="a traceback for what looks like a bug")
    module.add_arguments(parser)
    options = parse_options(parser, arguments[1:], wiring.surroundings)
    report = module.run(options, wiring)
    show(report, options.format, wiring.surroundings)
    return int(report.exit_code)


def parse_options(
    parser: argparse.ArgumentParser, arguments: Sequence[str], surroundings: Surroundings
) -> argparse.Namespace:
    """Return the options of a verb: from arguments, else from `COUNTERSEAL_…`, else the verb's defaults.

    Raises:
        UsageError: A value in the environment cannot be one of its option.
    """
    lists = _environment_defaults(parser, surroundings)
    options = parser.parse_args(arguments)
    for name, values in lists.items():
        if getattr(options, name) is None:
            setattr(options, name, values)
    return options


def _environment_defaults(parser: argparse.ArgumentParser, surroundings: Surroundings) -> dict[str, list[Any]]:
    """Give every option the value of `COUNTERSEAL_…` as its default; a flag still wins.

    Returns:
        The values of options that may be repeated: a flag would be added to a default, and has to replace it.

    Raises:
        UsageError: A value cannot be one of this option.
    """
    lists: dict[str, list[Any]] = {}
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of its options
        value = surroundings.option(action.dest)
        if value is None or action.dest == "help":
            continue
        if isinstance(action, (argparse._StoreTrueAction, argparse._StoreFalseAction)):  # noqa: SLF001 - as above
            if value.lower() not in (*TRUE, *FALSE):
                raise UsageError(
                    f"COUNTERSEAL_{action.dest.upper()}={value!r} is neither true nor false",
                    why="the option is a switch",
                    fix="write true or false",
                )
            action.default = value.lower() in TRUE
        elif value == "":
            continue
        elif action.nargs in ("*", "+"):
            action.default = [_converted(action, part) for part in value.split()]
            action.nargs = "*"
        elif isinstance(action, argparse._AppendAction):  # noqa: SLF001 - as above
            lists[action.dest] = [_converted(action, part) for part in value.split()]
        else:
            action.default = value
            action.required = False
            if action.choices is not None and value not in action.choices:
                raise UsageError(
                    f"COUNTERSEAL_{action.dest.upper()}={value!r} is none of {', '.join(map(str, action.choices))}",
                    why="the option knows no other value",
                    fix=f"write {next(iter(action.choices))}",
                )
    return lists


def _converted(action: argparse.Action, value: str) -> Any:
    """Return one value of a list as the option's type; argparse does that for single defaults only."""
    return action.type(value) if callable(action.type) else value


def _failed(error: CountersealError, surroundings: Surroundings) -> int:
    from counterseal.cli.report import Report, annotate, say  # noqa: PLC0415 - as above
    from counterseal.render import text  # noqa: PLC0415

    say(text.error(error), surroundings)
    annotate(Report("", {}, errors=(("counterseal", str(error)),)), surroundings)
    return error.exit_code


def _verbose(arguments: Sequence[str], surroundings: Surroundings) -> bool:
    """Return whether a traceback is wanted; what is a bug may have come before the options were read."""
    asked = any(each == "-v" or (each.startswith("--v") and "--verbose".startswith(each)) for each in arguments)
    return asked or (surroundings.option("verbose") or "").lower() in TRUE


def _bug(error: Exception, surroundings: Surroundings, *, verbose: bool) -> int:
    problem = CountersealError(
        f"this is a bug in counterseal: {type(error).__name__}: {error}",
        why="it met something that it was not made for; nothing was decided",
        fix="report it with the command and the output of --verbose",
    )
    if verbose:
        import traceback  # noqa: PLC0415 - only here

        from counterseal.cli.report import say  # noqa: PLC0415 - as above
        from counterseal.render import escape  # noqa: PLC0415

        say(escape.lines("".join(traceback.format_exception(error)).rstrip("\n")), surroundings)
    return _failed(problem, surroundings)
