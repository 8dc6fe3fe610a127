"""What a gate may not have in its environment (R35, scenario 60), and what is read from it elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from counterseal import forges
from counterseal.cli.main import main
from counterseal.cli.table import module_of
from counterseal.errors import UsageError
from counterseal.forges import ForgeKind
from counterseal.wiring import Surroundings, Wiring

ROOT = Path(__file__).resolve().parents[3]
FORBIDDEN = (
    "COUNTERSEAL_SANDBOX", "COUNTERSEAL_POLICY", "COUNTERSEAL_TRUST", "COUNTERSEAL_TRUST_CONFIG", "COUNTERSEAL_NOW",
    "COUNTERSEAL_MAX_AGE", "COUNTERSEAL_GATE_REVISION", "counterseal_sandbox", "CI_API_V4_URL", "CI_SERVER_URL",
    "HTTP_PROXY", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "no_proxy", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP",
    "GIT_DIR", "GIT_CONFIG_GLOBAL", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "git_proxy_command", "SSL_CERT_FILE",
    "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "LD_PRELOAD", "LD_LIBRARY_PATH",
    "SIGSTORE_ID_TOKEN", "SIGSTORE_ROOT_FILE", "SIGSTORE_REKOR_URL", "TUF_ROOT", "TUF_MIRROR",
    "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "LD_AUDIT", "LD_DEBUG_OUTPUT", "DYLD_INSERT_LIBRARIES",
    "GCONV_PATH", "LOCPATH", "HOSTALIASES", "RES_OPTIONS", "BASH_ENV", "SHELLOPTS", "BASH_FUNC_git%%", "XDG_DATA_HOME",
    "XDG_CACHE_HOME", "SSLKEYLOGFILE", "SSL_ANYTHING", "PIP_CONFIG_FILE", "PIP_PYTHON", "PIP_KEYRING_PROVIDER",
    "PIP_REQUIREMENT", "UV_INDEX", "UV_CONFIG_FILE", "UV_KEYRING_PROVIDER", "UV_PYTHON", "PYTHONUSERBASE",
    "PYTHONEXECUTABLE", "PYTHONWARNINGS", "PYTHONBREAKPOINT", "GIT_ASKPASS", "REQUESTS_ANYTHING", "CURL_HOME",
    "FTP_PROXY", "GRPC_PROXY", "COUNTERSEAL_ID_TOKEN",
)  # fmt: skip
#: What runners, images and other programs set; none of it decides anything.
ACCEPTED = (
    "PYTHON_VERSION", "PYTHON_SHA256", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PIPX_HOME", "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR", "LANG", "ENV", "PIP_INDEX_URL", "PIP_CERT", "PIP_DISABLE_PIP_VERSION_CHECK", "UV_DEFAULT_INDEX",
    "JAVA_HOME",
)  # fmt: skip


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize("verb", ["gate", "publish"])
def test_a_gate_refuses_what_could_choose_for_it(verb: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    job = {"PATH": "/usr/bin", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x"}
    assert main([verb], {**job, name: "/somewhere"}) == 2
    first, *rest = capsys.readouterr().err.splitlines()
    assert first == f"error: the variable {name} is set in a gate"
    assert [line.strip().partition(":")[0] for line in rest] == ["why", "fix"]
    assert f"env -u {name}" in rest[-1]


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_runners_and_images_set_is_accepted(name: str) -> None:
    Surroundings({name: "1"}).refuse_influence(())


def test_the_installers_are_told_what_a_gate_accepts_and_no_program() -> None:
    """actions/_lib/install.py is no part of the package, so that its list is another one."""
    source = (ROOT / "actions" / "_lib" / "install.py").read_text(encoding="utf-8")
    lists = re.findall(r'r"\|?((?:PIP|UV)_\([A-Z_|]+\))"', source)
    assert len(lists) == 2
    for each in lists:
        prefix, _, names = each.rstrip(")").partition("(")
        for name in names.split("|"):
            Surroundings({f"{prefix}{name}": "1"}).refuse_influence(())
            assert not re.search("CONFIG|KEYRING|PYTHON", name)


def test_inputs_and_outputs_of_a_gate_may_be_variables() -> None:
    environment = {
        "COUNTERSEAL_STAGE": "production",
        "COUNTERSEAL_FORMAT": "json",
        "COUNTERSEAL_TOKEN": "t",
        "GITHUB_TOKEN": "t",
        "HTTPS_PROXY": "",  # set to nothing chooses nothing
        "HOME": "/home/runner",
        "RUNNER_TEMP": "/tmp",
    }
    Surroundings(environment).refuse_influence({"stage", "format"})
    with pytest.raises(UsageError, match="COUNTERSEAL_STAGE"):
        Surroundings(environment).refuse_influence({"format"})


_EMPTY = ("action", "reason", "target", "hours")
_SWITCHES = ("preview", "exit_code", "dry_run", "quiet", "verbose")


@pytest.mark.parametrize(
    ("verb", "names"),
    [
        (
            "gate",
            {"stage", "request", "action", "reason", "target", "hours", "preview", "number", "exit_code"}
            | {"format", "quiet", "verbose"},
        ),
        ("publish", {"stage", "dry_run", "format", "quiet", "verbose"}),
    ],
)
def test_a_gate_takes_its_own_options_as_variables_and_these_are_all(
    verb: str, names: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever adds an option to a gate adds a variable that is accepted there: it may be an input or output only."""
    assert {param.name for param in module_of(verb).VERB.params} == names
    values = {"number": "7", "format": "json", **dict.fromkeys(_EMPTY, ""), **dict.fromkeys(_SWITCHES, "false")}
    accepted = {f"COUNTERSEAL_{name.upper()}": values.get(name, "x") for name in names}
    main([verb], {"PATH": "/usr/bin", "GITHUB_ACTIONS": "true", **accepted})
    assert "is set in a gate" not in capsys.readouterr().err
    others = {"gate": "COUNTERSEAL_DRY_RUN", "publish": "COUNTERSEAL_REQUEST"}
    assert main([verb], {"PATH": "/usr/bin", "GITHUB_ACTIONS": "true", **accepted, others[verb]: "true"}) == 2
    assert f"the variable {others[verb]} is set in a gate" in capsys.readouterr().err


def test_a_value_is_never_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate"], {"SIGSTORE_ID_TOKEN": "eyJsecret"}) == 2
    assert "eyJsecret" not in capsys.readouterr().err


def test_our_token_comes_before_the_jobs() -> None:
    assert Surroundings({"COUNTERSEAL_TOKEN": "app", "GITHUB_TOKEN": "job"}).token() == "app"
    assert Surroundings({"COUNTERSEAL_TOKEN": "", "GITHUB_TOKEN": "job"}).token() == "job"
    with pytest.raises(UsageError, match="no token"):
        Surroundings({}).token()


@pytest.mark.parametrize("value", ["", "app", "a/b/c"])
def test_a_repository_has_one_slash(value: str) -> None:
    with pytest.raises(UsageError, match="which repository"):
        Surroundings({"GITHUB_REPOSITORY": value}).repository_name()
    assert Surroundings({"GITHUB_REPOSITORY": "acme/app"}).repository_name() == "acme/app"


@pytest.mark.parametrize(
    "api",
    ["https://github.example/api/v3", "http://localhost:1", "http://127.0.0.1.example:1", "http://a@127.0.0.1.x/", "x"],
)
def test_only_the_forges_and_a_sandbox_on_loopback_are_spoken_to(api: str) -> None:
    with pytest.raises(UsageError, match="GITHUB_API_URL"):
        Surroundings({"GITHUB_API_URL": api}).forge_host()
    with pytest.raises(UsageError, match="CI_API_V4_URL"):
        Surroundings({"GITLAB_CI": "true", "CI_API_V4_URL": api}).forge_host()


def test_where_the_api_is() -> None:
    github, gitlab = forges.HOSTS
    assert Surroundings({}).forge_host() == github
    assert Surroundings({"GITLAB_CI": "true"}).forge_host() == gitlab
    sandbox = {"GITHUB_API_URL": "http://127.0.0.1:7/github/api/", "GITHUB_SERVER_URL": "http://127.0.0.1:7/github/git"}
    assert Surroundings(sandbox).forge_host() == forges.sandbox_host("http://127.0.0.1:7", ForgeKind.GITHUB)
    with pytest.raises(UsageError, match="GITHUB_SERVER_URL"):
        Surroundings({**sandbox, "GITHUB_SERVER_URL": "https://github.com"}).forge_host()
    job = {"GITLAB_CI": "true", "CI_API_V4_URL": "http://127.0.0.1:7/gitlab/api/v4"}
    there = forges.sandbox_host("http://127.0.0.1:7", ForgeKind.GITLAB)
    assert Surroundings({**job, "CI_SERVER_URL": "http://127.0.0.1:7/gitlab"}).forge_host() == there
    with pytest.raises(UsageError, match="CI_SERVER_URL"):
        Surroundings({**job, "CI_SERVER_URL": "https://gitlab.com"}).forge_host()


def test_a_run_of_github_is_never_taken_for_a_gitlab_job() -> None:
    both = Surroundings({"GITHUB_ACTIONS": "true", "GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/app"})
    assert both.kind is ForgeKind.GITHUB
    assert not both.in_gitlab
    assert Surroundings({"CI_PROJECT_PATH": "acme/app"}).kind is ForgeKind.GITLAB
    assert Surroundings({"CI_PROJECT_PATH": "acme/app", "GITHUB_REPOSITORY": "acme/app"}).kind is ForgeKind.GITHUB


def test_what_gitlab_sets_in_every_job_steers_no_gate() -> None:
    job = {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": "https://gitlab.com/api/v4",
        "SIGSTORE_ID_TOKEN": "t",
        "GIT_DEPTH": "20",
    }
    Surroundings({**job, "COUNTERSEAL_GITLAB_TOKEN": "t"}).refuse_influence(())
    for name in ("GIT_SSH_COMMAND", "HTTPS_PROXY", "COUNTERSEAL_SANDBOX", "SIGSTORE_REKOR_URL"):
        with pytest.raises(UsageError, match=name) as refused:
            Surroundings({**job, name: "x"}).refuse_influence(())
        assert "from the pipeline file and from the variables of project, group and pipeline" in refused.value.fix
    with pytest.raises(UsageError, match="SIGSTORE_ID_TOKEN"):
        Surroundings({"SIGSTORE_ID_TOKEN": "t", "GITHUB_ACTIONS": "true"}).refuse_influence(())


@pytest.mark.parametrize("value", ["now", "-1", "1.5", "0x10", ""])
def test_an_epoch_is_whole_seconds(value: str) -> None:
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        Surroundings({"SOURCE_DATE_EPOCH": value}).epoch()
    assert Surroundings({"SOURCE_DATE_EPOCH": "17"}).epoch() == 17
    assert Surroundings({}).epoch() == 0


def test_the_change_request_of_an_event(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    found = {'{"pull_request": {"number": 7}}': 7, '{"pull_request": null}': None, "[]": None, "{}": None}
    for text, number in found.items():
        event.write_text(text, encoding="utf-8")
        assert Surroundings({"GITHUB_EVENT_PATH": str(event)}).change_request_number() == number
    assert Surroundings({"GITHUB_EVENT_PATH": str(tmp_path / "none")}).change_request_number() is None


def test_a_work_folder_is_ours_and_goes_away(tmp_path: Path) -> None:
    with Surroundings({"RUNNER_TEMP": str(tmp_path)}).work_folder() as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_a_real_trust_document_is_none_of_a_sandbox(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no trust document"):
        Wiring({}).consumer(tmp_path / "none", sandbox=False)
    with pytest.raises(UsageError, match="is not a sandbox's trust document"):
        Wiring({}).consumer(None, sandbox=True)


def test_what_is_exported_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trust", "export", "--format", "json"], {}) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["schema"] == "counterseal.trust/v1"
    assert shown.err == ""


def test_as_markdown_it_is_a_table_of_whom_one_trusts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trust", "export", "--format", "markdown"], {}) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("| trusted | |\n|---|---|\n| trust root | the public Sigstore instance |")
    assert "mediaType" not in shown


@pytest.mark.parametrize(
    ("address", "kind", "name"),
    [
        ("git@github.com:acme/app.git", ForgeKind.GITHUB, "acme/app"),
        ("https://gitlab.com/acme/tools/app.git", ForgeKind.GITLAB, "acme/tools/app"),
    ],
)
def test_on_ones_own_machine_the_clone_names_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, kind: ForgeKind, name: str
) -> None:
    subprocess.run(("git", "init", "-q", str(tmp_path)), check=True)
    subprocess.run(("git", "-C", str(tmp_path), "remote", "add", "origin", address), check=True)
    monkeypatch.chdir(tmp_path)
    found = Wiring({}).at_home().surroundings
    assert (found.kind, found.repository_name(), found.forge_host().kind) == (kind, name, kind)
    given = Wiring({"GITHUB_REPOSITORY": "other/thing"}).at_home().surroundings
    assert (given.kind, given.repository_name()) == (ForgeKind.GITHUB, "other/thing")
    in_ci = Wiring({"GITLAB_CI": "true", "CI_PROJECT_PATH": "a/b"}).at_home().surroundings
    assert in_ci.repository_name() == "a/b"


def test_no_clone_names_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="which repository") as caught:
        Wiring({}).at_home().surroundings.repository_name()
    assert "clone" in caught.value.fix
