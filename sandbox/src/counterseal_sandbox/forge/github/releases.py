"""GitHub's calls about releases and assets, and the object store that downloads are redirected to."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from counterseal_sandbox.forge.github.routes import Routes
from counterseal_sandbox.forge.refusal import Refused
from counterseal_sandbox.http import Response, json_response

if TYPE_CHECKING:
    from counterseal_sandbox.forge.github.call import Call
    from counterseal_sandbox.forge.model import Forge
    from counterseal_sandbox.forge.releases import Release
    from counterseal_sandbox.http import Request

ROUTES = Routes()
UPLOADS = Routes()
_RELEASES = "/repos/{owner}/{repo}/releases"
_RELEASE = _RELEASES + "/{release_id}"
_ASSET = _RELEASES + "/assets/{asset_id}"


def _release(call: Call) -> Release:
    return call.hosted.releases.get(call.number("release_id"), drafts=call.sees_drafts)


def _shown(call: Call, release: Release, status: int = 200) -> Response:
    return json_response(call.shapes.release(call.hosted, release), status)


@ROUTES(f"GET {_RELEASES}", "repos/list-releases", "contents:read")
def _list(call: Call) -> Response:
    releases = call.hosted.releases.list(drafts=call.sees_drafts)
    return call.page(releases, lambda release: call.shapes.release(call.hosted, release))


@ROUTES(f"POST {_RELEASES}", "repos/create-release", "contents:write")
def _create(call: Call) -> Response:
    body = call.body()
    tag, name, text, target = (str(body.get(key) or "") for key in ("tag_name", "name", "body", "target_commitish"))
    release = call.hosted.releases.create(
        call.actor, tag, name=name, body=text, draft=bool(body.get("draft")), target=target
    )
    return _shown(call, release, 201)


@ROUTES(f"GET {_RELEASES}/tags/{{ref}}", "repos/get-release-by-tag", "contents:read")
def _by_tag(call: Call) -> Response:
    for release in call.hosted.releases.list(drafts=False):
        if release.tag == call.path["ref"]:
            return _shown(call, release)
    raise Refused("Not Found", 404)


@ROUTES(f"GET {_RELEASE}", "repos/get-release", "contents:read")
def _get(call: Call) -> Response:
    return _shown(call, _release(call))


@ROUTES(f"PATCH {_RELEASE}", "repos/update-release", "contents:write")
def _update(call: Call) -> Response:
    release = _release(call)
    call.hosted.releases.update(release, call.actor, call.body())
    return _shown(call, release)


@ROUTES(f"DELETE {_RELEASE}", "repos/delete-release", "contents:write")
def _delete(call: Call) -> Response:
    call.hosted.releases.delete(_release(call))
    return Response(204)


# --- assets --------------------------------------------------------------------------------------


@ROUTES(f"GET {_RELEASE}/assets", "repos/list-release-assets", "contents:read")
def _assets(call: Call) -> Response:
    release = _release(call)
    return call.page(release.assets, lambda asset: call.shapes.asset(call.hosted, release, asset))


@ROUTES(f"GET {_ASSET}", "repos/get-release-asset", "contents:read")
def _asset(call: Call) -> Response:
    release, asset = call.hosted.releases.asset(call.number("asset_id"), drafts=call.sees_drafts)
    if "application/octet-stream" not in call.request.headers.get("accept", ""):
        return json_response(call.shapes.asset(call.hosted, release, asset))
    asset.downloads += 1
    ticket = secrets.token_urlsafe(24)
    call.forge.tickets[ticket] = asset.path
    return Response(302, headers={"Location": f"{call.shapes.objects}/{ticket}"})


@ROUTES(f"DELETE {_ASSET}", "repos/delete-release-asset", "contents:write")
def _delete_asset(call: Call) -> Response:
    release, asset = call.hosted.releases.asset(call.number("asset_id"), drafts=call.sees_drafts)
    call.hosted.releases.delete_asset(release, asset)
    return Response(204)


@UPLOADS(f"POST {_RELEASE}/assets", "repos/upload-release-asset", "contents:write")
def _upload(call: Call) -> Response:
    query, kind = call.request.query, call.request.headers.get("content-type", "")
    if not query.get("name"):
        raise Refused("Validation Failed: missing_field name")
    release = _release(call)
    asset = call.hosted.releases.upload(
        release, call.actor, query["name"], call.request.body, content_type=kind, label=query.get("label", "")
    )
    return json_response(call.shapes.asset(call.hosted, release, asset), 201)


def serve_object(forge: Forge, request: Request) -> Response:
    """Return the bytes that a download was redirected to; a token sent along is refused, as object stores do."""
    if "authorization" in request.headers:
        return Response(400, b"Only one auth mechanism allowed")
    with forge.lock:
        path = forge.tickets.pop(request.path.lstrip("/"), None)
        if path is None or not path.is_file():
            return Response(404, b"no such object")
        return Response(200, path.read_bytes(), {"Content-Type": "application/octet-stream"})
