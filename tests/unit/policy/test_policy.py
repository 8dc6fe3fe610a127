"""The policy file: the walkthrough's loads, everything else is refused at its line and column."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import resources
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from counterseal.errors import PolicyError
from counterseal.evaluation.rules import RULES, enough_reviews
from counterseal.formats import digests
from counterseal.model import BuilderIdentity, GateIdentity, OwnGate, Person, Policy, Predecessor
from counterseal.policy import reader as policy
from counterseal.policy.rule import RuleSpec

GOOD = """\
# .counterseal/policy.yml
apiVersion: counterseal/v1
ledger: {id: github.com/777/5d1c5d1c5d1c5d1c5d1c5d1c5d1c5d1c}                     # chosen once
people:
  maintainers: [{id: 1001, login: alice}, {id: 1002, login: bob}, {id: 1003, login: carol}]
  security: [{id: 1010, login: dora}]
identities:
  builder: {github: {workflow: .github/workflows/release.yml, refs: [refs/tags/v*]}}
  gate: counterseal                                    # the released reusable workflow
stages:
  staging:
    rules:
      sbom-present: {}
      enough-reviews: {count: 1, from: {maintainers: 1}}
  production:
    after: staging
    publish: true
    rules:
      sbom-present: {}
      enough-reviews: {count: 2, from: {maintainers: 1, security: 1}}
      author-did-not-approve: {}
"""


def load(text: str | bytes) -> Policy:
    return policy.load(text if isinstance(text, bytes) else text.encode(), rules=RULES)


def changed(*pairs: tuple[str, str]) -> str:
    text = GOOD
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def problem(text: str | bytes) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        load(text)
    return caught.value


def test_the_walkthroughs_policy() -> None:
    found = load(GOOD)
    assert found.ledger_id == "github.com/777/5d1c5d1c5d1c5d1c5d1c5d1c5d1c5d1c"
    assert found.groups["security"] == (Person("github.com", 1010, "dora"),)
    assert [each.login for each in found.groups["maintainers"]] == ["alice", "bob", "carol"]
    assert found.builder == BuilderIdentity(".github/workflows/release.yml", ("refs/tags/v*",))
    assert found.gate == GateIdentity(None)
    assert [(each.name, each.after, each.publish) for each in found.stages] == [
        ("staging", None, False),
        ("production", "staging", True),
    ]
    production = found.stage("production")
    assert production is not None
    assert [use.name for use in production.rules] == ["sbom-present", "enough-reviews", "author-did-not-approve"]
    assert production.rules[1].options == enough_reviews.Options(2, {"maintainers": 1, "security": 1})
    assert found.publish_names is False
    assert found.digest == digests.sha256(GOOD.encode())


def test_what_may_be_said_otherwise() -> None:
    sha = "a" * 40
    found = load(
        changed(
            ("gate: counterseal", f"gate: {{counterseal: {{revisions: [{sha}]}}}}"),
            ("{id: 1010, login: dora}", "{id: 1001, login: alice, host: git.example:8443}"),
            ("count: 1, from: {maintainers: 1}", '"count": 1'),
        )
        + "publish-names: true\n"
    )
    assert found.gate == GateIdentity((sha,))
    assert found.groups["security"] == (Person("git.example:8443", 1001, "alice"),)
    assert found.stages[0].rules[1].options == enough_reviews.Options(1, {})
    assert found.publish_names is True


LEDGER = "{id: github.com/777/5d1c5d1c5d1c5d1c5d1c5d1c5d1c5d1c}"


def following(predecessor: str) -> str:
    return f"{{id: github.com/777/5d1c5d1c5d1c5d1c5d1c5d1c5d1c5d1c, predecessor: {predecessor}}}"


OLD = f"id: github.com/777/{'0a' * 16}"
FOLLOWS = following(f"{{{OLD}, sequence: 0, head: {'8c' * 32}}}")


def test_a_ledger_may_follow_another() -> None:
    assert load(GOOD).predecessor is None
    found = load(changed((LEDGER, FOLLOWS)))
    assert found.predecessor == Predecessor(f"github.com/777/{'0a' * 16}", 0, "8c" * 32)


def test_stages_may_branch() -> None:
    found = load(GOOD + "  canary:\n    after: staging\n    rules: {}\n")
    assert [each.after for each in found.stages] == [None, "staging", "staging"]


def test_a_new_ledger_id_is_one() -> None:
    made = policy.new_ledger_id("github.com", 777, bytes(range(16)))
    assert made == "github.com/777/000102030405060708090a0b0c0d0e0f"
    assert load(changed(("github.com/777/5d1c5d1c5d1c5d1c5d1c5d1c5d1c5d1c", made))).ledger_id == made
    with pytest.raises(ValueError, match="128 random bits"):
        policy.new_ledger_id("github.com", 777, b"short")


#: old, new, line:column, what the message says, what it offers
BAD = {
    "misspelt option": ("count: 2", "cuont: 2", "20:24", "unknown key 'cuont'", "did you mean 'count'?"),
    "misspelt rule": ("author-did", "autor-did", "21:7", "unknown rule 'autor-did-", "did you mean 'author-did-"),
    "misspelt key": ("publish:", "publsh:", "17:5", "unknown key 'publsh'", "did you mean 'publish'?"),
    "far from anything": ("publish:", "zzz:", "17:5", "unknown key 'zzz'", "known here: rules, after, publish"),
    "bidi in a key": ("publish:", '"\\u202epub": ', "17:5", r"unknown key '\u202epub'", "publish"),
    "always applies": ("author-did-not-approve", "digest-matches", "21:7", "digest-matches always applies", "remove"),
    "other version": ("counterseal/v1", "counterseal/v2", "2:13", "reads counterseal/v1 only", "upgrade"),
    "no version": ("apiVersion: counterseal/v1", "publish-names: true", "2:1", "lacks the key 'apiVersion'", "add"),
    "short ledger id": ("5d1c5d1c}", "5d1c}", "3:14", "is not a ledger id", "policy check"),
    "follows itself": (
        LEDGER,
        following(f"{{id: github.com/777/{'5d1c' * 8}, sequence: 3, head: {'8c' * 32}}}"),
        "3:81",
        "a ledger cannot follow itself",
        "choose a new ledger.id",
    ),
    "follows no id": (
        LEDGER,
        following(f"{{id: 7, sequence: 3, head: {'8c' * 32}}}"),
        "3:81",
        "not a ledger id",
        "log",
    ),
    "follows a short head": (LEDGER, following(f"{{{OLD}, sequence: 3, head: 8c8c}}"), "3:149", "not the head", "log"),
    "follows from below": (
        LEDGER,
        following(f"{{{OLD}, sequence: -1, head: {'8c' * 32}}}"),
        "3:140",
        "ledger.predecessor.sequence has to be a whole number from 0",
        "digits",
    ),
    "follows without an end": (LEDGER, following(f"{{{OLD}, sequence: 3}}"), "3:76", "lacks the key 'head'", "add"),
    "number ledger id": (
        "ledger: {id: github.com/777/5d1c5d1c5d1c5d1c5d1c5d1c5d1c5d1c}",
        "ledger: 7",
        "3:9",
        "mapping",
        "",
    ),
    "no groups": (
        GOOD[GOOD.index("people:") : GOOD.index("identities:")],
        "people: {}\n",
        "4:9",
        "at least one group",
        "",
    ),
    "empty group": ("[{id: 1010, login: dora}]", "[]", "6:13", "the group security is empty", "list its members"),
    "no list": ("[{id: 1010, login: dora}]", "dora", "6:13", "has to be a list", ""),
    "group name": ("security: [", "Security: [", "6:3", "'Security' is not a name for a group", ""),
    "twice in a group": ("id: 1002", "id: 1001", "5:43", "appears twice in maintainers", "remove one"),
    "id 0": ("id: 1010", "id: 0", "6:19", "id has to be a whole number from 1, not '0'", "digits"),
    "negative id": ("id: 1010", "id: -5", "6:19", "not '-5'", ""),
    "octal id": ("id: 1010", "id: 017", "6:19", "not '017'", ""),
    "sexagesimal id": ("id: 1010", "id: 12:30", "6:19", "not '12:30'", ""),
    "quoted id": ("id: 1010", 'id: "1010"', "6:19", "whole number", "no quotes"),
    "id of a thousand digits": ("id: 1010", f"id: {'9' * 1000}", "6:19", "whole number", ""),
    "id in other digits": ("id: 1010", "id: ١٠", "6:19", "whole number", ""),
    "no login": (", login: dora", "", "6:14", "a member lacks the key 'login'", ""),
    "empty login": ("login: dora", "login: ", "6:32", "login has to be a text", ""),
    "strange login": ("login: dora", "login: 'do ra'", "6:32", "'do ra' is not a login", ""),
    "strange host": ("login: dora", "login: dora, host: https://x", "6:44", "is not a host", "github.com"),
    "gitlab builder": (
        "{github: {workflow",
        "{gitlab: {workflow",
        "8:13",
        "the builder is configured for GitLab, but the ledger is on github.com",
        "builder: {github: …}",
    ),
    "workflow elsewhere": (
        ".github/workflows/release.yml",
        "../release.yml",
        "8:32",
        "is not a workflow file",
        ".github",
    ),
    "workflow dots": (".github/workflows/release.yml", ".github/workflows/../x.yml", "8:32", "is not a workflow", ""),
    "no refs": ("[refs/tags/v*]", "[]", "8:69", "refs is empty", ""),
    "any ref": ("[refs/tags/v*]", "['*']", "8:70", "'*' is not a full ref", "refs/tags/v*"),
    "same ref twice": ("[refs/tags/v*]", "[refs/tags/v*, refs/tags/v*]", "8:84", "appears twice in refs", ""),
    "unknown gate": (
        "gate: counterseal ",
        "gate: countersale ",
        "9:9",
        "unknown gate 'countersale'",
        "gate: counterseal",
    ),
    "gate of another forge": (
        "gate: counterseal ",
        "gate: {gitlab: {project: 777, file: .gitlab-ci.yml, ref: refs/heads/main}} ",
        "9:10",
        "the gate is configured for GitLab, but the ledger is on github.com",
        "gate: {github: …}",
    ),
    "own gate that builds": (
        "  builder: {github: {workflow: .github/workflows/release.yml, refs: [refs/tags/v*]}}\n  gate: counterseal ",
        (
            "  builder: {github: {workflow: .github/workflows/a.yml, refs: [refs/heads/*]}}\n"
            "  gate: {github: {workflow: .github/workflows/a.yml, ref: refs/heads/main}} "
        ),
        "9:59",
        "is the builder as well",
        "refs/tags/v*",
    ),
    "own gate on a tag": (
        "gate: counterseal ",
        "gate: {github: {workflow: .github/workflows/promote.yml, ref: refs/tags/v1}} ",
        "9:65",
        "'refs/tags/v1' is not a branch",
        "refs/heads/main",
    ),
    "own gate anywhere": (
        "gate: counterseal ",
        "gate: {github: {workflow: promote.yml, ref: refs/heads/main}} ",
        "9:29",
        "'promote.yml' is not a workflow file",
        ".github/workflows/promote.yml",
    ),
    "own gate and ours": (
        "gate: counterseal ",
        "gate: {github: {workflow: .github/workflows/promote.yml, ref: refs/heads/main}, counterseal: {}} ",
        "9:83",
        "unknown key 'counterseal'",
        "known here: github",
    ),
    "short revision": (
        "gate: counterseal ",
        "gate: {counterseal: {revisions: [abc]}} ",
        "9:36",
        "'abc' is not a full commit id",
        "",
    ),
    "no stages": (GOOD[GOOD.index("stages:") :], "stages: {}\n", "10:9", "at least one stage", ""),
    "stage name": ("  production:", "  Production:", "15:3", "'Production' is not a name for a stage", ""),
    "long stage name": ("  production:", f"  p{'x' * 32}:", "15:3", "is not a name for a stage", ""),
    "forgotten after": ("    after: staging\n", "", "15:3", "does not say after which stage", "after: staging"),
    "unknown after": (
        "after: staging",
        "after: stagign",
        "16:12",
        "unknown stage 'stagign'",
        "did you mean 'staging'?",
    ),
    "after itself": ("after: staging", "after: production", "16:12", "production cannot come after production", ""),
    "circle": ("  staging:\n", "  staging:\n    after: production\n", "12:12", "the first stage, staging", "remove"),
    "publish maybe": ("publish: true", "publish: yes", "17:14", "publish has to be true or false", ""),
    "publish text": ("publish: true", 'publish: "true"', "17:14", "publish has to be true or false", ""),
    "options missing": (
        "sbom-present: {}\n      enough-reviews: {count: 1",
        "sbom-present:\n      enough-reviews: {count: 1",
        "13:20",
        "has to be a mapping",
        "`{}`",
    ),
    "option too many": (
        "author-did-not-approve: {}",
        "author-did-not-approve: {x: 1}",
        "21:32",
        "unknown key 'x'",
        "nothing",
    ),
    "no count": ("{count: 1, from: {maintainers: 1}}", "{}", "14:23", "enough-reviews lacks the key 'count'", "add"),
    "count 0": ("count: 1", "count: 0", "14:31", "count has to be a whole number from 1, not '0'", ""),
    "count 1.0": ("count: 1", "count: 1.0", "14:31", "not '1.0'", ""),
    "unknown group": (
        "{count: 1, from: {maintainers: 1}}",
        "{count: 1, from: {mantainers: 1}}",
        "14:34",
        "unknown group 'mantainers'",
        "maintainers",
    ),
    "count below groups": ("count: 2", "count: 1", "20:24", "count is 1, and `from` asks for 2", "raise"),
    "more than there are": ("count: 2", "count: 5", "20:24", "nobody could ever fulfil this", "add people"),
    "group too small": ("security: 1}", "security: 2}", "20:24", "asks for 3", ""),
    "rules twice": (
        "author-did-not-approve: {}",
        "sbom-present: {}",
        "21:7",
        "the key 'sbom-present' appears twice",
        "remove",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_policies_are_refused_where_they_are_bad(case: str) -> None:
    old, new, place, what, fix = BAD[case]
    assert old in GOOD
    found = problem(GOOD.replace(old, new))
    assert found.what.startswith(f"policy.yml:{place}: "), found.what
    assert what in found.what
    assert fix in found.fix


def test_people_in_two_groups_fill_one_place() -> None:
    alone = changed(("security: [{id: 1010, login: dora}]", "security: [{id: 1001, login: alice}]"))
    load(alone)
    only = changed(
        ("[{id: 1001, login: alice}, {id: 1002, login: bob}, {id: 1003, login: carol}]", "[{id: 1010, login: dora}]")
    )
    assert "nobody could ever fulfil this" in problem(only).what


#: What YAML can do and a policy must not.
NOT_IN_THE_SUBSET = {
    "anchor": ("a: &x 1", "1:4", "anchors and aliases"),
    "anchored mapping": ("a: &x {}", "1:4", "anchors and aliases"),
    "alias": ("a: *x", "1:4", "anchors and aliases"),
    "tag": ("a: !!str 1", "1:4", "tags are not allowed"),
    "python tag": ("a: !!python/object/apply:os.system [id]", "1:4", "tags are not allowed"),
    "tagged root": ("!x {}", "1:1", "tags are not allowed"),
    "bare tag": ("a: ! x", "1:4", "tags are not allowed"),
    "merge": ("a: {<<: {b: 1}}", "1:5", "merge keys"),
    "duplicate key": ("a: 1\nb: 2\na: 3", "3:1", "the key 'a' appears twice"),
    "duplicate by quotes": ("a: 1\n'a': 3", "2:1", "the key 'a' appears twice"),
    "second document": ("a: 1\n---\nb: 2", "2:1", "second document"),
    "number as key": ("1: x", "1:1", "a key has to be a string"),
    "truth as key": ("true: x", "1:1", "a key has to be a string"),
    "nothing as key": ("? \n: x", "1:2", "a key has to be a string"),
    "list as key": ("? [a]\n: x", "1:3", "a key has to be a string"),
    "directive": ("%YAML 1.1\n---\na: 1", "1:1", "directives"),
    "tag directive": ("%TAG ! tag:x,2026:\n---\na: 1", "1:1", "directives"),
    "open bracket": ("a: [1", "2:1", "not YAML"),
    "open quote": ('a: "x', "1:6", "not YAML"),
    "tab": ("a:\n\t- 1", "2:1", "not YAML"),
    "control character": ("a: \x01", "1:4", "not YAML"),
    "nothing": ("", "1:1", "empty"),
    "only a comment": ("# nothing", "1:1", "empty"),
    "a word": ("hello", "1:1", "the policy has to be a mapping"),
    "a list": ("- 1", "1:1", "the policy has to be a mapping"),
}


@pytest.mark.parametrize("case", NOT_IN_THE_SUBSET)
def test_yaml_outside_the_subset_is_refused(case: str) -> None:
    text, place, what = NOT_IN_THE_SUBSET[case]
    found = problem(text)
    assert found.what.startswith(f"policy.yml:{place}: "), found.what
    assert what in found.what


def test_not_utf8_is_refused_at_its_place() -> None:
    assert problem(b"a: 1\nb: \xff").what == "policy.yml:2:4: not UTF-8"
    assert problem("a: 1".encode("utf-16")).what.startswith("policy.yml:1:1: not UTF-8")


HUGE = {
    "10 MB": b"x" * 10_000_000,
    "a million levels": b"[" * 1_000_000,
    "as deep as 256 kB can be": b"[" * 256_000,
    "deep lists": b"- " * 128_000,
    "deep mappings": b"{a: " * 64_000,
    "deep blocks": b"".join(b" " * i + b"a:\n" for i in range(700)),
    "deep and then wide": (b"a: " + b"[" * 33 + b"]" * 33),
    "one long word": b"a: " + b"x" * 250_000,
    "many keys": b"".join(b"k%d: 1\n" % i for i in range(25_000)),
    "many refs": GOOD.replace("[refs/tags/v*]", f"[{', '.join(f'refs/tags/v{i}' for i in range(12_000))}, x]").encode(),
}


@pytest.mark.parametrize("case", HUGE)
def test_huge_policies_are_refused_fast(case: str) -> None:
    start = time.monotonic()
    problem(HUGE[case])
    assert time.monotonic() - start < 5  # 10^6 levels took over a minute where they were composed first


def test_the_largest_depth_is_read_and_one_more_is_not() -> None:
    assert "has to be a mapping" in problem(b"[" * 32 + b"]" * 32).what
    assert problem(b"[" * 33 + b"]" * 33).what == "policy.yml:1:33: nested too deeply"


def test_the_pure_parser_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with_c = load(GOOD)
    places = {case: problem(text).what.split(": ")[0] for case, (text, _, _) in NOT_IN_THE_SUBSET.items()}
    monkeypatch.delattr(yaml, "CBaseLoader", raising=False)
    assert load(GOOD) == with_c
    for case, (text, _, what) in NOT_IN_THE_SUBSET.items():
        found = problem(text).what
        assert what in found
        if what != "not YAML":
            assert found.startswith(places[case])


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_bring_anything_but_a_policy_error(data: bytes) -> None:
    with pytest.raises(PolicyError, match=r"^policy\.yml:\d+:\d+: "):
        load(data)


@given(st.integers(0, len(GOOD) - 1), st.sampled_from("\n :{}[]&*!#'\"%@`-?,x0\t"))
def test_no_edit_of_one_character_brings_anything_but_a_policy_error(position: int, character: str) -> None:
    text = GOOD[:position] + character + GOOD[position + 1 :]
    try:
        load(text)
    except PolicyError as error:
        assert error.what.startswith("policy.yml:")  # noqa: PT017 - an edit may also be harmless


@given(st.sampled_from(["count", "from"]), st.data())
def test_a_swap_of_two_letters_is_recognised(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    found = problem(GOOD.replace(f"{word}: ", f"{swapped}: ", 1))
    assert found.fix == f"did you mean '{word}'?"


# --- options of rules ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AllKinds:
    number: int
    truth: bool = False
    word: str = "x"
    two_words: tuple[str, ...] = ()
    table: Mapping[str, int] = field(default_factory=dict, metadata={"key": "with"})


def options_of(text: str) -> object:
    nothing: Any = None
    rules = {"all-kinds": RuleSpec("all-kinds", "", lambda *_: nothing, (), frozenset(), options=AllKinds)}
    start = GOOD[: GOOD.index("stages:")]
    loaded = policy.load(f"{start}stages: {{only: {{rules: {{all-kinds: {text}}}}}}}\n".encode(), rules=rules)
    return loaded.stages[0].rules[0].options


def test_options_are_converted_by_their_type() -> None:
    assert options_of("{number: 3}") == AllKinds(3)
    everything = options_of("{number: 3, truth: true, word: no, two-words: [a, 012], with: {b: 4}}")
    assert everything == AllKinds(3, truth=True, word="no", two_words=("a", "012"), table={"b": 4})


@pytest.mark.parametrize(
    "text",
    [
        "{number: x}",
        "{number: 3, truth: 1}",
        "{number: 3, word: []}",
        "{number: 3, two-words: a}",
        "{number: 3, with: []}",
        "{number: 3, two_words: [a]}",
        "{}",
        "[]",
        "{number: 3, with: {b: x}}",
    ],
)
def test_options_of_another_type_are_refused(text: str) -> None:
    with pytest.raises(PolicyError, match=r"^policy\.yml:10:\d+: "):
        options_of(text)


# --- the schema for editors ------------------------------------------------------------------

SCHEMA = json.loads(resources.files("counterseal").joinpath("formats/schemas/policy-v1.json").read_text())
#: What a schema cannot say: relations between parts of the file.
BEYOND_A_SCHEMA = {
    "misspelt rule": False,
    "twice in a group": True,
    "forgotten after": True,
    "unknown after": True,
    "after itself": True,
    "circle": True,
    "unknown group": True,
    "gate of another forge": True,
    "own gate that builds": True,
    "count below groups": True,
    "more than there are": True,
    "group too small": True,
    "rules twice": True,
    "publish maybe": True,
    "follows itself": True,
    "sexagesimal id": True,
    "octal id": True,
    "count 1.0": True,
    "id in other digits": False,
}


def test_schema_is_a_schema_and_accepts_what_the_parser_accepts() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(yaml.safe_load(GOOD), SCHEMA)
    jsonschema.validate(yaml.safe_load(GOOD + "  canary:\n    after: staging\n    rules: {}\n"), SCHEMA)
    revisions = changed(("gate: counterseal", f"gate: {{counterseal: {{revisions: [{'a' * 40}]}}}}"))
    for text in (revisions, OWN_ON_GITHUB, ON_GITLAB, changed((LEDGER, FOLLOWS))):
        load(text)
        jsonschema.validate(yaml.safe_load(text), SCHEMA)


@pytest.mark.parametrize("case", BAD)
def test_schema_refuses_what_the_parser_refuses(case: str) -> None:
    old, new, *_ = BAD[case]
    data = yaml.safe_load(GOOD.replace(old, new))
    accepted = jsonschema.Draft202012Validator(SCHEMA).is_valid(data)
    assert accepted is BEYOND_A_SCHEMA.get(case, False)


def test_schema_names_exactly_the_rules_that_a_policy_may_choose() -> None:
    assert set(SCHEMA["$defs"]["rules"]["properties"]) == {name for name, spec in RULES.items() if not spec.always}


# --- on GitLab ---------------------------------------------------------------------------------

OWN_ON_GITHUB = changed(
    ("gate: counterseal ", "gate: {github: {workflow: .github/workflows/promote.yml, ref: refs/heads/main}} ")
)
ON_GITLAB = changed(
    ("github.com/777/", "gitlab.com/777/"),
    ("{github: {workflow: .github/workflows/release.yml, refs", "{gitlab: {file: .gitlab-ci.yml, refs"),
    ("gate: counterseal ", "gate: {gitlab: {project: 777, file: .gitlab-ci.yml, ref: refs/heads/main}} "),
)


def test_a_policy_on_github_may_have_an_own_gate() -> None:
    own = OwnGate(777, ".github/workflows/promote.yml", "refs/heads/main")
    assert load(OWN_ON_GITHUB).gate == GateIdentity(own=own)


def test_a_policy_on_gitlab_has_an_own_gate() -> None:
    found = load(ON_GITLAB)
    assert found.builder == BuilderIdentity(".gitlab-ci.yml", ("refs/tags/v*",))
    assert found.gate == GateIdentity(own=OwnGate(777, ".gitlab-ci.yml", "refs/heads/main"))
    assert {member.host for group in found.groups.values() for member in group} == {"gitlab.com"}


@pytest.mark.parametrize(
    ("old", "new", "what", "fix"),
    [
        (
            "{gitlab: {file: .gitlab",
            "{github: {file: .gitlab",
            "the builder is configured for GitHub, but",
            "{gitlab: …}",
        ),
        ("{file: .gitlab-ci.yml, refs", "{workflow: .gitlab-ci.yml, refs", "unknown key", "file"),
        (
            "{file: .gitlab-ci.yml, refs",
            "{file: ../ci.yml, refs",
            "'../ci.yml' is not a pipeline file",
            ".gitlab-ci.yml",
        ),
        ("gate: {gitlab: {project: 777", "gate: {gitlab: {project: 778", "the gate's project is 778", "project: 777"),
        ("ref: refs/heads/main}", "ref: refs/tags/main}", "'refs/tags/main' is not a branch", "refs/heads/main"),
        ("ref: refs/heads/main}", "ref: refs/heads/*}", "'refs/heads/*' is not a branch", "refs/heads/main"),
        ("[refs/tags/v*]", "[refs/tags/v*, refs/heads/*]", "is the builder as well", "refs/tags/v*"),
        (
            "gate: {gitlab: {project: 777, file: .gitlab-ci.yml, ref: refs/heads/main}} ",
            "gate: counterseal ",
            "the gate 'counterseal' does not exist on GitLab",
            "project: 777",
        ),
    ],
)
def test_what_a_policy_on_gitlab_may_not_say(old: str, new: str, what: str, fix: str) -> None:
    assert old in ON_GITLAB
    error = problem(ON_GITLAB.replace(old, new))
    assert what in error.what
    assert fix in (error.fix or "")


def test_triggers_and_runners_of_the_builder_are_known_words() -> None:
    start = "refs: [refs/tags/v*]"
    found = load(changed((start, f"{start}, triggers: [push, workflow_dispatch], runners: [self-hosted]"))).builder
    assert (found.triggers, found.runners) == (("push", "workflow_dispatch"), ("self-hosted",))
    assert (load(GOOD).builder.triggers, load(GOOD).builder.runners) == (("push",), ())
    for wrong in ("triggers: [pusch]", "runners: [self-hostet]"):
        refused = problem(changed((start, f"{start}, {wrong}")))
        assert "is not known here" in str(refused)


def test_an_option_of_a_type_that_no_policy_holds_is_a_defect_of_ours() -> None:
    @dataclass(frozen=True, slots=True)
    class Odd:
        share: float

    nothing: Any = None
    rules = {"odd": RuleSpec("odd", "", lambda *_: nothing, (), frozenset(), options=Odd)}
    start = GOOD[: GOOD.index("stages:")]
    with pytest.raises(TypeError, match="option share: a policy cannot hold"):
        policy.load(f"{start}stages: {{only: {{rules: {{odd: {{share: 1}}}}}}}}\n".encode(), rules=rules)


# --- emergency -------------------------------------------------------------------------------


def test_how_long_a_hold_may_last() -> None:
    assert load(GOOD).emergency_hold == timedelta(hours=72)
    assert load(f"{GOOD}emergency: {{}}\n").emergency_hold == timedelta(hours=72)
    for hours in (1, 9, 10, 99, 100, 159, 160, 168):
        assert load(f"{GOOD}emergency: {{hold: {hours}h}}\n").emergency_hold == timedelta(hours=hours)


@pytest.mark.parametrize(
    "text", ["0h", "169h", "200h", "1000h", "72", "72 h", "3d", "1.5h", "-1h", "072h", "72H", "''"]
)
def test_a_time_that_no_hold_may_last(text: str) -> None:
    error = problem(f"{GOOD}emergency: {{hold: {text}}}\n")
    assert str(error.what).startswith("policy.yml:22:")
    assert "from 1h to 168h" in error.why


def test_emergency_has_no_other_keys() -> None:
    assert "unknown key 'holds'" in problem(f"{GOOD}emergency: {{holds: 72h}}\n").what
    assert "has to be a text" in problem(f"{GOOD}emergency: {{hold: [72h]}}\n").what
