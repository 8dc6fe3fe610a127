"""The policy file, with comments that teach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.forges import ForgeKind
from counterseal.identifiers import REPOSITORY
from counterseal.model import Visibility
from counterseal.project import people
from counterseal.project.plan.answers import GateChoice, Preset, Publish
from counterseal.project.plan.quoting import key, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.project.plan.answers import Answers, Facts

PAGES: Final = f"https://github.com/{REPOSITORY}/blob/main/docs"
_HEAD: Final = f"""\
# counterseal's policy: who may build, who may approve, and what each stage demands. Without it nothing is allowed.
# A gate reads it from the protected default branch, as it was before a request was merged.
# Check each change of it: counterseal policy check
# All keys: {PAGES}/policy-reference.md
# All rules: {PAGES}/rules.md
apiVersion: counterseal/v1

# The ledger of this repository: its forge, its number there, and a number at random. Chosen once, never changed.
"""
_EMERGENCY: Final = f"""
# In a bad hour one person of `people` may stop a stage (counterseal hold): {PAGES}/incidents.md
# That ends by itself, at the latest after the time that stands here; two others end it before.
# emergency: {{hold: 72h}}
"""
_BY_TIME_ALONE: Final = f"""
# In a bad hour one person of `people` may stop a stage (counterseal hold): {PAGES}/incidents.md
# To end that before its time takes two others, who are not here yet: until then it ends after this time, and only so.
emergency: {{hold: 24h}}
"""
_SOLO: Final = """\
# With one person nothing is ever allowed: a promotion needs one approval at least, and whoever asks does not count.
# Until there are two of you, a tag gives a signed candidate, which proves where it was built, from which commit, and
# what is in it; it does not prove that a second person looked. Then name them in `people`, and add to each `rules:`
#   enough-reviews: {count: 1, from: {maintainers: 1}}
"""
_GROUPS: Final = {
    "security": "Of these, one has to approve what goes to the last stage.",
    "meta": "Who may change these rules. No rule of this version asks for them yet, one of a later version does.",
}


def write(facts: Facts, answers: Answers, ledger_id: str, builder: str) -> str:
    """Return the policy.

    Args:
        facts: The repository.
        answers: What people chose.
        ledger_id: Of its ledger.
        builder: The workflow or pipeline file that builds.
    """
    return "".join(
        (
            _HEAD,
            f"ledger: {{id: {ledger_id}}}\n\n",
            "".join(_people(answers)),
            "\n",
            _identities(facts, answers, builder),
            _names(facts, answers),
            _EMERGENCY if _enough_people(answers) else _BY_TIME_ALONE,
            "\n",
            _SOLO if answers.preset is Preset.SOLO else "",
            "stages:\n",
            *(_stage(answers, place) for place in range(len(answers.stages))),
        )
    )


def _enough_people(answers: Answers) -> bool:
    everybody = {member.id for members in answers.groups.values() for member in members}
    return not people.too_few_to_end(len(everybody))


def _people(answers: Answers) -> Iterator[str]:
    yield "# Numbers count: a login can change hands, a number cannot. Names are for people who read this.\npeople:\n"
    for group, members in answers.groups.items():
        if group in _GROUPS:
            yield f"  # {_GROUPS[group]}\n"
        yield f"  {key(group)}:\n"
        yield from (f"    - {{id: {member.id}, login: {quoted(member.login)}}}\n" for member in members)


def _identities(facts: Facts, answers: Answers, builder: str) -> str:
    refs = f"refs: [{quoted(f'refs/tags/{facts.tag_pattern}')}]"
    if facts.kind is ForgeKind.GITLAB:
        built = f"{{gitlab: {{file: {quoted(builder)}, {refs}}}}}"
        gate = f"{{gitlab: {{project: {facts.number}, file: {quoted(builder)}, ref: {quoted(facts.default_ref)}}}}}"
        word = (
            "# The gate is a job of this file on this branch: whoever gets a change of it merged can change the gate."
        )
    else:
        built = f"{{github: {{workflow: {quoted(builder)}, {refs}}}}}"
        gate = "counterseal"
        word = "# Decisions are made by counterseal's own released workflow, whose code nobody here can change."
        if answers.gate is GateChoice.OWN:
            promote = ".github/workflows/promote.yml"
            gate = f"{{github: {{workflow: {quoted(promote)}, ref: {quoted(facts.default_ref)}}}}}"
            word = (
                "# The gate is a workflow of this repository: whoever gets a change of it merged can change the gate."
            )
    return (
        "identities:\n"
        "  # The one file whose runs may build, and the tags that it may build from.\n"
        f"  builder: {built}\n  {word}\n  gate: {gate}\n"
    )


def _names(facts: Facts, answers: Answers) -> str:
    if answers.publish_names:
        return "\n# Names of this repository may stand in public transparency logs.\npublish-names: true\n"
    if facts.visibility in (Visibility.PRIVATE, Visibility.INTERNAL):
        return (
            "\n# This repository is not public, and each signature puts its name, its workflow's and its tags'\n"
            "# into public transparency logs, for ever. Signing is refused until somebody decides that this may be:\n"
            "# publish-names: true\n"
        )
    return ""


def _stage(answers: Answers, place: int) -> str:
    name, last = answers.stages[place], place == len(answers.stages) - 1
    lines = [f"  {key(name)}:"]
    if place:
        lines.append(f"    after: {quoted(answers.stages[place - 1])}")
    if last and answers.publish is not Publish.NONE:
        lines += ["    # An allow publishes the release.", "    publish: true"]
    strict = answers.preset is Preset.REGULATED
    lines += ["    rules:", "      # The artifacts come with a signed list of their components."]
    lines.append(f"      sbom-present: {'{minimum: ntia}' if strict and last else '{}'}")
    lines += _reviews(answers, place)
    if last and answers.counts[place] > 1:
        lines += ["      # One of those who approved had no part in the changes.", "      author-did-not-approve: {}"]
    return "\n".join(lines) + "\n"


def _reviews(answers: Answers, place: int) -> list[str]:
    count = answers.counts[place]
    if not count:
        return []
    groups = {"maintainers": count}
    if "security" in answers.groups and place == len(answers.stages) - 1:
        groups = {"maintainers": count - 1, "security": 1} if count > 1 else {"security": 1}
    asked = ", ".join(f"{group}: {number}" for group, number in groups.items())
    return [
        "      # So many approve the request at its last revision; whoever asked for it does not count.",
        f"      enough-reviews: {{count: {count}, from: {{{asked}}}}}",
    ]
