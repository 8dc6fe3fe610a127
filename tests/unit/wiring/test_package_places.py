"""Where packages lie on a machine, by its variables; they choose nothing else (R35)."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterseal.adapters.sbom.descriptions.description import Places
from counterseal.wiring.package_places import package_places


def shown(environ: dict[str, str]) -> dict[str, tuple[str, ...]]:
    places = package_places(environ)
    names = [name for name in Places.__slots__ if name != "python"]
    return {name: tuple(map(str, getattr(places, name))) for name in names}


def test_places_lie_below_the_home() -> None:
    assert shown({"HOME": "/home/ann"}) == {
        "yarn": ("/home/ann/.yarn/berry/cache",),
        "cargo": ("/home/ann/.cargo",),
        "go": ("/home/ann/go/pkg/mod",),
        "gradle": ("/home/ann/.gradle/caches/modules-2/files-2.1",),
        "maven": ("/home/ann/.m2/repository",),
    }


def test_variables_of_the_package_managers_count() -> None:
    environ = {"CARGO_HOME": "/c", "GOPATH": "/g:/h", "GRADLE_USER_HOME": "/gr", "YARN_GLOBAL_FOLDER": "/y"}
    assert shown(environ) == {
        "yarn": ("/y/cache",),
        "cargo": ("/c",),
        "go": ("/g/pkg/mod",),
        "gradle": ("/gr/caches/modules-2/files-2.1",),
        "maven": (),
    }
    assert shown({**environ, "GOMODCACHE": "/m"})["go"] == ("/m",)
    assert shown({**environ, "GRADLE_RO_DEP_CACHE": "/r"})["gradle"][1:] == ("/r/modules-2/files-2.1",)
    for name in ("MAVEN_ARGS", "MAVEN_OPTS"):
        assert shown({"HOME": "/home/ann", name: "-X -Dmaven.repo.local=/r -q"})["maven"] == ("/r",)


@pytest.mark.parametrize("value", ["", "relative", ".", "~/x", "/a\0b"])
def test_what_is_no_absolute_path_counts_for_nothing(value: str) -> None:
    names = ("HOME", "CARGO_HOME", "GOPATH", "GOMODCACHE", "GRADLE_USER_HOME", "YARN_GLOBAL_FOLDER")
    assert set(shown(dict.fromkeys(names, value)).values()) == {()}


def test_python_s_own_path_is_where_it_installs() -> None:
    assert Path(pytest.__file__).parent.parent in package_places({}).python
