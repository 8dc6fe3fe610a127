"""The shape of the build file, which `formats/rebuilding/build_file.py` reads by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from counterseal.formats import names
from counterseal.formats.rebuilding import build_file

Command = Annotated[str, {"minLength": 1, "maxLength": build_file.MAX_COMMAND}]


@dataclass(frozen=True)
class BuildFileShape:
    """The file .counterseal/build.yml.

    `counterseal rebuild` says more: which variables it sets itself.
    """

    api_version: Annotated[str, {"const": build_file.API_VERSION}] = field(metadata={"key": "apiVersion"})
    build: Annotated[Command, "For sh -eu, in the top folder of the source, without network."]
    outputs: Annotated[
        tuple[Annotated[str, names.OUTPUT], ...],
        {"maxItems": build_file.MAX_OUTPUTS},
        "The artifacts, as paths below the source; * and ? stand for characters of one part.",
    ]
    fetch: Annotated[Command, "For sh -eu, before, with network: brings what is locked by digest."] = ""
    environment: Annotated[
        Mapping[Annotated[str, names.VARIABLE], Annotated[str, {"maxLength": build_file.MAX_VALUE}]],
        "Variables of both commands.",
    ] = field(default_factory=dict)
    tools: Annotated[
        Mapping[Annotated[str, names.TOOL], Annotated[str, names.TOOL_VERSION]],
        "Versions of what builds.",
    ] = field(default_factory=dict)
