"""GitLab's calls about packages and releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal_sandbox.forge.accounts import Role
from counterseal_sandbox.forge.gitlab.call import Routes
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal_sandbox.forge.gitlab.call import Call
    from counterseal_sandbox.forge.project_releases import Link, ProjectRelease

ROUTES = Routes()
_PACKAGES = "/projects/:id/packages"
_GENERIC = f"{_PACKAGES}/generic/:package_name/:package_version/:file_name"
_RELEASES = "/projects/:id/releases"
_RELEASE = f"{_RELEASES}/:tag_name"


@ROUTES(f"PUT {_GENERIC}", least=Role.WRITE, job=True)
def _upload(call: Call) -> Response:
    file = call.project.packages.upload(
        call.actor,
        call.path["package_name"],
        call.path["package_version"],
        call.path["file_name"],
        call.request.body,
    )
    if call.request.query.get("select") == "package_file":
        return json_response(call.shapes.uploaded_file(file))
    return json_response({"message": "201 Created"}, 201)


@ROUTES(f"GET {_GENERIC}", job=True, public=True)
def _download(call: Call) -> Response:
    names = (call.path[name] for name in ("package_name", "package_version", "file_name"))
    file = call.project.packages.newest(*names)
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "X-Checksum-SHA256": file.sha256,
    }
    return Response(200, file.path.read_bytes(), headers)


@ROUTES(f"GET {_PACKAGES}", job=True, public=True)
def _packages(call: Call) -> Response:
    query = call.request.query
    if query.get("package_type", "generic") != "generic":
        return call.page([], lambda package: package)
    packages = call.project.packages.list(name=query.get("package_name", ""), version=query.get("package_version", ""))
    packages = packages[::-1] if query.get("sort") == "desc" else packages
    return call.page(packages, lambda package: call.shapes.package(call.project, package))


@ROUTES(f"GET {_PACKAGES}/:package_id", job=True, public=True)
def _package(call: Call) -> Response:
    return json_response(call.shapes.package(call.project, call.project.packages.get(call.number("package_id"))))


@ROUTES(f"DELETE {_PACKAGES}/:package_id", least=Role.MAINTAIN, job=True)
def _delete_package(call: Call) -> Response:
    call.project.packages.delete(call.project.packages.get(call.number("package_id")))
    return Response(204)


@ROUTES(f"GET {_PACKAGES}/:package_id/package_files", job=True, public=True)
def _package_files(call: Call) -> Response:
    return call.page(call.project.packages.get(call.number("package_id")).files, call.shapes.package_file)


@ROUTES(f"DELETE {_PACKAGES}/:package_id/package_files/:package_file_id", least=Role.MAINTAIN, job=True)
def _delete_file(call: Call) -> Response:
    packages = call.project.packages
    packages.delete_file(packages.get(call.number("package_id")), call.number("package_file_id"))
    return Response(204)


# --- releases ------------------------------------------------------------------------------------


def _release(call: Call) -> ProjectRelease:
    return call.project.project_releases.get(call.path["tag_name"])


@ROUTES(f"GET {_RELEASES}", job=True, public=True)
def _releases(call: Call) -> Response:
    releases = call.project.project_releases.list()
    releases = releases[::-1] if call.request.query.get("sort") == "asc" else releases
    return call.page(releases, lambda release: call.shapes.release(call.project, release))


@ROUTES(f"GET {_RELEASE}", job=True, public=True)
def _get_release(call: Call) -> Response:
    return json_response(call.shapes.release(call.project, _release(call)))


@ROUTES(f"POST {_RELEASES}", least=Role.WRITE, job=True)
def _create_release(call: Call) -> Response:
    (tag,) = call.needed("tag_name")
    given, releases = call.parameters(), call.project.project_releases
    name, text, ref = (str(given.get(key) or "") for key in ("name", "description", "ref"))
    release = releases.create(call.actor, tag, name=name, description=text, ref=ref)
    try:
        for link in (given.get("assets") or {}).get("links") or ():
            _add_link(call, release, link)
    except Refused:
        releases.discard(release)
        raise
    return json_response(call.shapes.release(call.project, release), 201)


@ROUTES(f"DELETE {_RELEASE}", least=Role.WRITE, job=True)
def _delete_release(call: Call) -> Response:
    release = _release(call)
    call.project.project_releases.discard(release)
    return json_response(call.shapes.release(call.project, release))


@ROUTES(f"GET {_RELEASE}/assets/links", job=True, public=True)
def _links(call: Call) -> Response:
    release = _release(call)
    return call.page(release.links[::-1], lambda link: call.shapes.link(call.project, release, link))


@ROUTES(f"POST {_RELEASE}/assets/links", least=Role.WRITE, job=True)
def _create_link(call: Call) -> Response:
    release = _release(call)
    link = _add_link(call, release, call.parameters())
    return json_response(call.shapes.link(call.project, release, link), 201)


def _add_link(call: Call, release: ProjectRelease, given: Mapping[str, Any]) -> Link:
    path = given.get("direct_asset_path") or given.get("filepath")
    return call.project.project_releases.add_link(
        release,
        name=str(given.get("name") or ""),
        url=str(given.get("url") or ""),
        filepath=str(path) if path else None,
        link_type=str(given.get("link_type") or "other"),
    )
