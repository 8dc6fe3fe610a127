"""The sentences of `digest-matches`."""

from __future__ import annotations

from typing import Final

from counterseal.render.findings.shown import Sentences, Shown, plural, said


def _other_candidate(it: Shown) -> str:
    asked = it["requested"]
    return (
        f"the request is about release {asked['release']} ({asked['tag']}), not release {it['release']} ({it['tag']})"
    )


def _too_large(it: Shown) -> str:
    limit = f"at most {it['largest']} are read of it, {it['together']} of all together"
    return f"{it['name']} has {it['size']} bytes, and {limit}"


def _other_repository(it: Shown) -> str:
    there, here = it["repository"], it["expected"]
    return f"the manifest is of {there['host']} repository {there['id']}, not of {here['id']} ({here['name']})"


def _other_subject(it: Shown) -> str:
    told = f"sha256:{it['digests'][0]}" if it["digests"] else "not in the candidate"
    return f"the manifest lists {it['name']} as sha256:{it['listed']}, and it is {told}"


def _fix(it: Shown) -> str:
    return f'build a new candidate, then counterseal request --stage {it.about.stage} --reason "…"'


REASONS: Final[Sentences] = {
    "satisfied": lambda it: (
        f"{plural(it['files'], 'file')} of the candidate read ({it['bytes']} bytes), every digest equal"
    ),
    "candidate-missing": lambda it: f"the candidate (id {it['release']} at the forge) was not read",
    "candidate-differs": _other_candidate,
    "released-already": lambda it: (
        f"{it['tag']} is released already (id {it['release']} at the forge), and a release is published once"
    ),
    "asset-missing": lambda it: f"{it['name']} (asset {it['asset']}) is not in the candidate any more",
    "asset-differs": lambda it: f"{it['name']} has sha256:{it['digest']}, and sha256:{it['requested']} was requested",
    "asset-not-the-forges": lambda it: f"{it['name']} has sha256:{it['digest']}, and the forge says {it['forge']}",
    "asset-too-large": _too_large,
    "asset-not-pinned": lambda it: (
        f"{it['name']!r} (asset {it['asset']}) lies in the candidate, and nobody asked for it"
    ),
    "asset-not-in-manifest": lambda it: (
        f"{it['name']!r} (asset {it['asset']}) was requested, and the manifest does not list it"
    ),
    "manifest-missing": lambda it: f"the candidate has no readable {it['file']}",
    "manifest-differs": lambda it: (
        f"manifest.json has sha256:{it['digest']}, and sha256:{it['requested']} was requested"
    ),
    "manifest-of-another-repository": _other_repository,
    "manifest-of-another-tag": lambda it: f"the manifest is of the tag {it['tag']}, not of {it['requested']}",
    "manifest-empty": said("the manifest names no artifact"),
    "subject-differs": _other_subject,
    "signature-missing": lambda it: f"{it['name']} has no signature {it['signature']} in what was requested",
}
FIXES: Final[Sentences] = {code: _fix for code in REASONS if code != "satisfied"}
