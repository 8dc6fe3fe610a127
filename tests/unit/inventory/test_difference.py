"""Two documents: what came, went and changed, with several versions of one name."""

from __future__ import annotations

from tests.unit.inventory.boms import component, document

from counterseal.inventory import difference


def licensed(name: str, version: str, licence: str) -> dict[str, object]:
    return component(name, version, licenses=[{"license": {"id": licence}}])


def test_equal_documents_do_not_differ() -> None:
    assert not difference.compare(document(), document())


def test_added_removed_and_changed() -> None:
    old = document(component("a"), component("b", "1"), component("c", "1"))
    new = document(component("c", "1"), component("b", "2"), component("d"))
    differs = difference.compare(old, new)
    assert [package.name for package in differs.added] == ["d"]
    assert [package.name for package in differs.removed] == ["a"]
    (change,) = differs.changed
    assert (change.before.versions, change.after.versions, change.other_licences) == (("1",), ("2",), False)


def test_several_versions_of_one_name_are_one_package() -> None:
    old = document(component("a", "1"), component("a", "2"))
    new = document(component("a", "2"), component("a", "3"))
    (change,) = difference.compare(old, new).changed
    assert (change.before.versions, change.after.versions) == (("1", "2"), ("2", "3"))


def test_the_same_name_of_two_ecosystems_is_two_packages() -> None:
    differs = difference.compare(document(component("a")), document(component("a", purl="pkg:npm/a@1.0.0")))
    assert [(package.kind, package.name) for package in differs.added] == [("npm", "a")]
    assert [(package.kind, package.name) for package in differs.removed] == [("pypi", "a")]


def test_what_has_no_package_url_is_matched_by_group_and_name() -> None:
    old = document(component("core", "1", purl=None, group="@a"), component("core", "1", purl="no package URL"))
    new = document(component("core", "2", purl=None, group="@a"), component("core", "1", purl=None))
    differs = difference.compare(old, new)
    assert (differs.added, differs.removed) == ((), ())
    assert [(change.after.name, change.after.versions) for change in differs.changed] == [("@a/core", ("2",))]


def test_other_qualifiers_are_no_change_and_a_part_of_a_module_is_its_own() -> None:
    old = document(component("a", purl="pkg:deb/debian/a@1.0.0?arch=amd64&distro=debian-12"))
    new = document(component("a", purl="pkg:deb/debian/a@1.0.0?arch=amd64&distro=debian-13"))
    assert not difference.compare(old, new)
    inner = document(component("m", purl="pkg:golang/example.com/m@1.0.0#inner"))
    assert [package.name for package in difference.compare(document(component("x")), inner).added] == [
        "example.com/m#inner"
    ]


def test_other_licences_of_the_same_version_are_a_change() -> None:
    (change,) = difference.compare(document(licensed("a", "1", "MIT")), document(licensed("a", "1", "ISC"))).changed
    assert (change.other_versions, change.before.licences, change.after.licences) == (False, ("MIT",), ("ISC",))


def test_the_same_version_with_other_bytes_is_said() -> None:
    def with_digests(*contents: str) -> dict[str, object]:
        return component("a", "1", hashes=[{"alg": "SHA-256", "content": content} for content in contents])

    def replaced(*contents: str) -> tuple[str, ...]:
        return difference.compare(document(with_digests("aa", "bb")), document(with_digests(*contents))).replaced

    assert replaced("cc") == ("a@1",)
    assert replaced("bb", "cc") == ()  # one of its files is the same
    assert replaced() == ()  # nothing is known
