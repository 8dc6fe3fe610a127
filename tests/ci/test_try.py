import pytest, yaml
from pathlib import Path
from tests.ci.test_gitlab_includes import pipeline
from tests.ci.conftest import *  # noqa
from tests.ci import newcomer
@pytest.fixture(scope="module")
def clone2(tmp_path_factory):
    folder = tmp_path_factory.mktemp("app")
    newcomer.git(folder, "init", "-q", "-b", "main")
    (folder/"a").write_text("a")
    newcomer.git(folder, "add", "-A"); newcomer.git(folder, "commit", "-q", "-m", "app")
    newcomer.git(folder, "remote", "add", "origin", str(folder))
    newcomer.git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    return folder
def test_x(local, clone2, product):
    t = Path("/work/wt-init/src/counterseal/project/plan/texts")
    inc = (t/"pipeline-include.yml").read_text()
    for k,v in dict(revision=product.sha, stage="production", repository="gitlab.com/acme/app", number='"702"', identity="https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main", issuer="https://gitlab.com").items():
        inc = inc.replace(f"<<{k}>>", v)
    inc = inc.replace("<<project>>\n","")
    text=(t/"pipeline-inputs.yml").read_text()+"---\n"+inc+"\nbuild:\n  stage: build\n  script: [echo]\n  rules: [{if: $CI_COMMIT_TAG}]\n"
    (clone2/".gitlab-ci.yml").write_text(text)
    print(local.listed(clone2, {"CI_COMMIT_TAG":"v1"}))
    print(local.preview(clone2, {"CI_COMMIT_TAG":"v1"})[-3000:])
    assert 0
