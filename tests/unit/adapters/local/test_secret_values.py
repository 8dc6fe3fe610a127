"""No secret of a build's environment gets into what is published, whatever it looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.adapters.local.secret_values import MAX_VALUE, REDACTED, Published
from counterseal.model import Redaction

PLAIN = "plain words of a secret"


@pytest.mark.parametrize(
    "name",
    [
        "NPM_TOKEN",
        "MY_SECRET",
        "DB_PASS",
        "DEPLOY_KEY",
        "GH_PAT",
        "AUTH",
        "BASIC_AUTH_VALUE",
        "cookie",
        "API-KEY",
        "CREDS",
    ],
)
def test_the_value_of_a_secret_variable_stands_nowhere(name: str) -> None:
    words = Published({name: PLAIN, "PATH": "/usr/bin"}, Redaction())
    assert words.text(f"a {PLAIN} b /usr/bin") == f"a {REDACTED} b /usr/bin"
    assert words.chosen(["CFLAGS"], {"CFLAGS": f"-D{PLAIN}", "OTHER": "x"}) == {"CFLAGS": f"-D{REDACTED}"}
    assert PLAIN not in "".join(words.command(["sh", "-c", f"curl -u me:{PLAIN} https://x"]))


def test_folders_and_short_values_are_no_secrets() -> None:
    words = Published({"PWD": "/home/work", "OLDPWD": "/home/work", "A_KEY": "x64"}, Redaction())
    assert words.text("/home/work for x64") == "/home/work for x64"


def test_each_line_of_a_secret_of_several_is_one() -> None:
    words = Published({"SIGNING_KEY": "line one of it\nline two of it\n--\n"}, Redaction())
    assert words.text("see line two of it -- there") == f"see {REDACTED} -- there"


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["twine", "--password", "hunter2", "dist"], ("twine", "--password", REDACTED, "dist")),
        (["x", "--api-key=hunter2", "-v"], ("x", f"--api-key={REDACTED}", "-v")),
        (["x", "API_TOKEN=hunter2"], ("x", f"API_TOKEN={REDACTED}")),
        (["x", "--token"], ("x", "--token")),
        (["make", "-j2", "VERSION=1.2.0"], ("make", "-j2", "VERSION=1.2.0")),
        (["x", "d41d8cd98f00b204e9800998ecf8427e"], ("x", REDACTED)),
        (["x", "key:wJalrXUtnFEMI/K7MDENG/bPxRfiCY9"], ("x", f"key:{REDACTED}")),
        (["git", "clone", "https://me:hunter2@host/x"], ("git", "clone", f"https://{REDACTED}@host/x")),
    ],
)
def test_a_command_is_shown_without_what_may_be_secret(command: list[str], shown: tuple[str, ...]) -> None:
    assert Published({}, Redaction()).command(command) == shown


def test_the_policy_says_what_else_must_not_leave() -> None:
    words = Published({}, Redaction(hosts=("*.corp.example",), names=("skunk*",)))
    assert "corp" not in words.text("gcc from mirror.corp.example and skunkworks 1.0")
    assert words.path("skunkworks/uv.lock") == "redacted-2/uv.lock"


@given(st.text(max_size=3000), st.text(min_size=6, max_size=60).filter(lambda each: len(each.strip()) >= 6))
def test_any_text_around_a_secret_is_short_and_printable_and_without_it(text: str, secret: str) -> None:
    words = Published({"MY_TOKEN": secret}, Redaction())
    shown = words.text(f"{text[:100]}{secret}{text}")
    assert len(shown) <= MAX_VALUE
    assert shown.isprintable()
    assert secret.strip() in REDACTED or secret.strip() not in shown.replace(REDACTED, "")
