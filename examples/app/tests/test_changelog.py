from app import changelog

TEXT = """# Changelog
## Unreleased
## [1.10.0] - 2026-11-20
- counts in tens
## v1.9.1 (2026-10-01)
* a fix
## 1.9.0
"""


def test_releases_are_read_newest_first():
    releases = changelog.parse(TEXT)
    assert [release.version for release in releases] == ["1.10.0", "1.9.1", "1.9.0"]
    assert releases[0].notes == ["counts in tens"]
    assert str(releases[1].date) == "2026-10-01"


def test_newer_compares_numbers_not_letters():
    assert [each.version for each in changelog.newer(changelog.parse(TEXT), "1.9.1")] == ["1.10.0"]
