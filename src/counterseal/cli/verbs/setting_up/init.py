"""`init`, and `init --upgrade`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from counterseal.cli import parameters
from counterseal.cli.kinds import NUMBER, OneOf
from counterseal.cli.verb import Verb
from counterseal.errors import UsageError

if TYPE_CHECKING:
    from types import SimpleNamespace

    from counterseal.commands import init
    from counterseal.model import Trust
    from counterseal.ports import Clone
    from counterseal.project.plan import Facts
    from counterseal.render import Report
    from counterseal.wiring import Wiring

_NEWEST: Final = "newest"
_PRESETS: Final = ("solo", "two-person", "regulated")
VERB = Verb(
    "init",
    "Propose a policy and the files of your CI, and write them on a branch.\n\n"
    "It looks at the clone and, with a token (GITHUB_TOKEN or GITLAB_TOKEN), at the forge, and asks at most five "
    "things. What is there stays as it is.",
    (
        parameters.Switch("--yes", words="take what is proposed, ask nothing"),
        parameters.Option("--preset", kind=OneOf(_PRESETS), metavar="NAME", words=", ".join(_PRESETS)),
        parameters.Option("--approvers", metavar="LOGINS", words="who may approve: alice,bob or alice=1001,bob=1002"),
        parameters.Option("--security", metavar="LOGINS", words="with regulated: one of them approves the last"),
        parameters.Option("--meta", metavar="LOGINS", words="who may change the rules (default: the approvers)"),
        parameters.Option("--stages", metavar="STAGES", words="with approvals for each: staging=1,production=2"),
        parameters.Option(
            "--publish", kind=OneOf(("release", "pypi", "none")), metavar="WHAT", words="release (here), pypi, or none"
        ),
        parameters.Option("--gate", kind=OneOf(("counterseal", "own")), words="whose gate decides"),
        parameters.Switch("--publish-names", words="a private name may stand in public logs"),
        parameters.Option("--project", metavar="FOLDER", words="which project is released, where there are several"),
        parameters.Option("--tags", metavar="PATTERN", words="the tags that are released, such as v*"),
        parameters.Option("--revision", metavar="SHA", words="of counterseal, to pin (default: the newest)"),
        parameters.Option("--repository", metavar="HOST/NAME", words="default: the clone's origin"),
        parameters.Option("--repository-id", kind=NUMBER, metavar="ID", words="its number, where no token shows it"),
        parameters.Option("--default-branch", metavar="NAME", words="its branch, where no token shows it"),
        parameters.clone("the clone (default: here)"),
        parameters.Option(
            "--upgrade",
            metavar="[SHA]",
            is_flag=False,
            flag_value=_NEWEST,
            words="only move the pins (default: to the newest)",
        ),
        parameters.Switch("--open", words="push the branch and open its change request"),
        parameters.dry_run("print the files, write nothing"),
    ),
    ("init --yes --preset two-person --open", "init --upgrade --dry-run"),
)


def run(options: SimpleNamespace, wiring: Wiring) -> Report:
    """Run the verb."""
    from counterseal.commands import init
    from counterseal.render.reports.setting_up import init as reports
    from counterseal.wiring import project

    at_home = options.repository is None
    wiring = wiring.at_home(options.folder) if at_home else project.about(wiring, options.repository)
    clone = project.clone(options.folder)
    ports = init.InitPorts(
        clone, wiring.surroundings.random, lambda: project.branch_writer(wiring, clone.folder), wiring.forge
    )
    trust = project.known_gates(wiring)
    if options.upgrade:
        told = reports.upgrade_request if options.open else None
        return reports.upgraded(init.upgrade(ports, options.upgrade, trust, describe=told, dry_run=options.dry_run))
    decided, odd = _decided(options, wiring, clone, trust)
    words = reports.request if options.open else None
    return reports.report(init.run(ports, decided, describe=words, dry_run=options.dry_run), odd)


def _decided(
    options: SimpleNamespace, wiring: Wiring, clone: Clone, trust: Trust
) -> tuple[init.Decided, tuple[str, ...]]:
    """Return what is to be written, and what is odd about it."""
    from counterseal.cli.showing import progress
    from counterseal.commands import init
    from counterseal.wiring import project

    host, name = _home(wiring)
    with progress(options, wiring.surroundings) as tell:
        looked = init.look(clone, lambda: project.survey(wiring), host, name, tell)
    pins = {pin for _, _, before in init.pinned(clone) for pin in before}
    revision, odd = init.revision_for(options.revision, tuple(pins), trust)
    policy, given = init.existing(clone), _given(options)
    facts = init.facts_of(looked, given, policy)
    if policy is not None:
        return init.Decided(looked, facts, init.of_policy(policy, facts), revision), odd
    owners = (clone.read(looked.layout.owners) if looked.layout.owners else None) or b""
    text = owners.decode("utf-8", "replace")
    if not (options.yes or options.dry_run):
        given = _asked(wiring, looked, facts, given, text)
    answers, warnings = init.decide(looked, facts, given, text)
    return init.Decided(looked, facts, answers, revision), (*odd, *warnings)


def _home(wiring: Wiring) -> tuple[str, str]:
    """Return host and name of the repository.

    Raises:
        UsageError: Nobody knows.
    """
    try:
        return wiring.surroundings.forge_host().host, wiring.surroundings.repository_name()
    except UsageError as error:
        fix = "name it: --repository github.com/OWNER/NAME, or gitlab.com/GROUP/PROJECT"
        raise UsageError(error.what, why=error.why, fix=fix) from None


def _given(options: SimpleNamespace) -> init.Given:
    from counterseal.commands import init
    from counterseal.project.plan import Preset

    names = {field.name for field in dataclasses.fields(init.Given)}
    said: dict[str, Any] = {name: value for name, value in vars(options).items() if name in names}
    said["preset"] = Preset(options.preset) if options.preset else None
    said["publish_names"] = True if options.publish_names else None
    return init.Given(**said)


def _asked(wiring: Wiring, looked: init.Looked, facts: Facts, given: init.Given, owners: str) -> init.Given:
    """Return what was given with answers to all that was not.

    Raises:
        UsageError: Something is open, and nobody is there to answer.
    """
    from counterseal.cli import asking
    from counterseal.commands import init

    there = asking.somebody_is_there(wiring.surroundings)
    while (question := init.next_question(looked, facts, given, owners)) is not None:
        option = f"--{question.option.replace('_', '-')}"
        if not there:
            proposal = f"{option} {question.proposal}" if question.proposal else f"{option} …"
            raise UsageError(
                f"nobody is there to answer: {question.words}",
                why="init asks on a terminal only, and not in CI",
                fix=f"--yes takes what is proposed (here: {proposal}); each answer is an option, too: counterseal init "
                "--help",
            )
        answer: Any = asking.ask(f"{question.words} ({option})", question.proposal, question.choices)
        value = answer == "yes" if question.option == "publish_names" else answer
        given = dataclasses.replace(given, **{question.option: value})
    return given
