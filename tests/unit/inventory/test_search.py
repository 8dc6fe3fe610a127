"""A component is found by name, name@version and package URL, and by nothing else."""

from __future__ import annotations

import pytest
from tests.unit.inventory.boms import component, document

from counterseal.errors import UsageError
from counterseal.inventory import search

DOCUMENT = document(
    component("Ruamel_Yaml", "0.18.6", purl="pkg:pypi/ruamel-yaml@0.18.6"),
    component("core", "17.0.0", group="@angular", purl="pkg:npm/%40angular/core@17.0.0"),
    component("guava", "33.0", group="com.google.guava", purl="pkg:maven/com.google.guava/guava@33.0?type=jar"),
    component("bare", "1", purl=None),
)

ASKED = {
    "ruamel.yaml": "Ruamel_Yaml@0.18.6",
    "RUAMEL-YAML": "Ruamel_Yaml@0.18.6",
    "ruamel_yaml@0.18.6": "Ruamel_Yaml@0.18.6",
    "ruamel-yaml@0.18": None,
    "pkg:pypi/ruamel.yaml": "Ruamel_Yaml@0.18.6",
    "pkg:pypi/ruamel-yaml@0.18.6": "Ruamel_Yaml@0.18.6",
    "pkg:npm/ruamel-yaml": None,
    "@angular/core": "@angular/core@17.0.0",
    "@angular/core@17.0.0": "@angular/core@17.0.0",
    "@angular/core@16.0.0": None,
    "core": "@angular/core@17.0.0",
    "pkg:npm/%40angular/core": "@angular/core@17.0.0",
    "pkg:npm/core": None,
    "com.google.guava:guava": "com.google.guava/guava@33.0",
    "com.google.guava/guava@33.0": "com.google.guava/guava@33.0",
    "pkg:maven/com.google.guava/guava?type=jar": "com.google.guava/guava@33.0",
    "pkg:maven/com.google.guava/guava?type=pom": None,
    "bare@1": "bare@1",
    "app@1.2.0": "app@1.2.0",
    "requests": None,
    "cor": None,
}


@pytest.mark.parametrize("asked", ASKED)
def test_one_question(asked: str) -> None:
    answer = search.find(DOCUMENT, search.wanted(asked))
    assert [element.label for element in answer] == [label for label in [ASKED[asked]] if label]


@pytest.mark.parametrize("asked", ["", "  ", "requests@", "@", "pkg:", "pkg:pypi", "pkg:pypi/"])
def test_what_names_nothing_is_refused(asked: str) -> None:
    with pytest.raises(UsageError):
        search.wanted(asked)
