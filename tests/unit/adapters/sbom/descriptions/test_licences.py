"""Licences in one spelling."""

from __future__ import annotations

import pytest

from counterseal.adapters.sbom import licences


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("mit", "MIT"),
        ("GPL-2.0", "GPL-2.0"),
        ("GPL-2.0+", "GPL-2.0+"),
        ("mit or apache-2.0", "MIT OR Apache-2.0"),
        ("(MIT OR CC0-1.0)", "MIT OR CC0-1.0"),
        ("(MIT)", "MIT"),
        ("(MIT) OR (ISC)", "(MIT) OR (ISC)"),
        ("gpl-2.0-only with classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("(MIT AND (ISC OR 0bsd))", "MIT AND (ISC OR 0BSD)"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("The MIT License (MIT)", "MIT"),
        ("MIT-License", "MIT"),
        ("Eclipse Public License - v 2.0", "EPL-2.0"),
        ("GNU Lesser General Public License v2.1", "LGPL-2.1-only"),
        ("COMMON DEVELOPMENT AND DISTRIBUTION LICENSE (CDDL) Version 1.0", "CDDL-1.0"),
        ("LicenseRef-Own", "LicenseRef-Own"),
        ("apache-2.0+ AND DocumentRef-x:LicenseRef-Own", "Apache-2.0+ AND DocumentRef-x:LicenseRef-Own"),
        ("GPL2 w/ CPE", "GPL-2.0-only WITH Classpath-exception-2.0"),
    ],
)
def test_ids_expressions_and_well_known_names_are_spelled_as_spdx_does(text: str, spelled: str) -> None:
    assert licences.known(text) == spelled


@pytest.mark.parametrize(
    "text",
    [
        "BSD",
        "GPL",
        "Apache",
        "LGPL 2.1+",
        "UNLICENSED",
        "MIT AND",
        "MIT ISC",
        "MIT/ISC",
        "MIT WITH MIT",
        "WITH",
        "MIT (ISC)",
        "Own+",
        "(",
        ")",
        "()",
        "AND",
        "Public Domain",
    ],
)
def test_what_may_mean_several_licences_is_none(text: str) -> None:
    assert licences.known(text) is None


def test_a_name_is_written_as_a_name_and_an_expression_stands_alone() -> None:
    def written(*says: str) -> list[str]:
        return [type(licence).__name__ + str(vars(licence)) for licence in licences.declared(says)]

    (alone,) = written("mit or isc")
    assert alone.startswith("LicenseExpression")
    assert "MIT OR ISC" in alone
    beside = written("mit or isc", "mit", "Acme's")
    assert [text.partition("{")[0] for text in beside] == ["DisjunctiveLicense"] * 3
    assert ["'_id': 'MIT'" in text for text in beside] == [False, True, False]


@pytest.mark.parametrize("text", ["(" * 5000 + "MIT" + ")" * 5000, " AND ".join(["MIT"] * 5000)])
def test_a_text_to_lose_oneself_in_stays_a_name(text: str) -> None:
    (licence,) = licences.declared((text,))
    assert getattr(licence, "name", None) == text


@pytest.mark.parametrize(
    ("address", "licence"),
    [
        ("http://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0"),
        ("https://opensource.org/licenses/MIT", "MIT"),
        ("https://opensource.org/license/mit/", "MIT"),
        ("https://spdx.org/licenses/0BSD.html", "0BSD"),
        ("https://www.gnu.org/licenses/old-licenses/lgpl-2.1.en.html#x", "LGPL-2.1-only"),
        ("https://x.example/licenses/MIT", None),
        ("https://opensource.org/licenses/other", None),
        ("", None),
    ],
)
def test_well_known_addresses(address: str, licence: str | None) -> None:
    assert licences.by_address(address) == licence
