"""`.counterseal/build.yml`: how the artifacts of a revision are made, as its own source declares it.

A second build (`rebuild`) does what stands here and nothing else. The file lies in the source, so it is reviewed like
code, and the revision says which one counts. It is read strictly: what is not understood is not guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal.formats import names, yaml
from counterseal.identifiers import BUILD_PATH, page
from counterseal.model import BuildFile

if TYPE_CHECKING:
    from counterseal.formats.names import Grammar

API_VERSION: Final = "counterseal/v1"
MAX_BYTES: Final = 64 << 10
#: Of commands, each.
MAX_COMMAND: Final = 16 << 10
MAX_OUTPUTS: Final = 32
MAX_VALUE: Final = 4096
#: What the second build itself sets, so that it is known, and `--vary` can change it.
RESERVED: Final = frozenset(
    {"HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "PWD", "SHELL", "SOURCE_DATE_EPOCH", "TMPDIR", "TZ", "USER"}
)
_MANUAL: Final = f"see {page('rebuild.md')}"


def parse(data: bytes, name: str = BUILD_PATH) -> BuildFile:
    """Return what a build file says.

    Args:
        data: The file as it lies in git.
        name: Its name, for messages.

    Raises:
        PolicyError: It is not as docs/formats.md#build-file has it; the message begins with `NAME:LINE:COLUMN: `.
    """
    root = yaml.load(data, name)
    entries = yaml.fields(root, "a build file", ("apiVersion", "build", "outputs"), ("fetch", "environment", "tools"))
    version = entries["apiVersion"]
    if yaml.text(version, "apiVersion") != API_VERSION:
        raise version.place.error(f"apiVersion has to be {API_VERSION}", fix=_MANUAL)
    return BuildFile(
        build=_command(entries["build"], "build"),
        outputs=_outputs(entries["outputs"]),
        fetch=_command(entries["fetch"], "fetch") if "fetch" in entries else None,
        environment=_environment(entries.get("environment")),
        tools=_words(entries.get("tools"), "tools", names.TOOL, names.TOOL_VERSION),
    )


def _command(node: yaml.Node, what: str) -> str:
    command = yaml.text(node, what)
    if not command.strip() or "\0" in command or len(command.encode()) > MAX_COMMAND:
        raise node.place.error(
            f"{what} is no command", why=f"it has to be text for sh, at most {MAX_COMMAND} bytes", fix=_MANUAL
        )
    return command


def _outputs(node: yaml.Node) -> tuple[str, ...]:
    patterns = yaml.texts(node, "outputs")
    if len(patterns) > MAX_OUTPUTS:
        raise node.place.error(f"{len(patterns)} outputs", why=f"at most {MAX_OUTPUTS} patterns are read", fix=_MANUAL)
    for pattern, place in patterns:
        if not names.OUTPUT.fits(pattern):
            raise place.error(f"{yaml.shown(pattern)} is no output", why=f"it has to be {names.OUTPUT.words}")
    return tuple(pattern for pattern, _ in patterns)


def _environment(node: yaml.Node | None) -> dict[str, str]:
    variables = _words(node, "environment", names.VARIABLE, None)
    if node is not None and (taken := sorted(RESERVED & variables.keys())):
        raise (
            yaml.mapping(node, "environment")
            .keys[taken[0]]
            .error(
                f"{taken[0]} cannot be declared",
                why="a second build sets it itself, so that it is known and can be varied",
                fix="leave it out, or set it inside of the command",
            )
        )
    return variables


def _words(node: yaml.Node | None, what: str, key: Grammar, value: Grammar | None) -> dict[str, str]:
    """Return the texts of a mapping, its keys and values held against their grammars."""
    if node is None:
        return {}
    entries = yaml.mapping(node, what)
    words = {name: yaml.text(item, name) for name, item in entries.items.items()}
    for name, text in words.items():
        if not key.fits(name):
            raise entries.keys[name].error(
                f"{yaml.shown(name)} in {what}", why=f"it has to be {key.words}", fix=_MANUAL
            )
        if value is not None and not value.fits(text):
            raise entries.items[name].place.error(f"{name}: {yaml.shown(text)}", why=f"it has to be {value.words}")
        if len(text) > MAX_VALUE or "\0" in text:
            raise entries.items[name].place.error(f"{name} is too long", why=f"at most {MAX_VALUE} characters are read")
    return words
