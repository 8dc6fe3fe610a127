"""Foreign text is harmless where it is shown, and still says what it said."""

from __future__ import annotations

import html
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from counterseal.render import escape

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\\`*_{}[]<>()#+!|~@&:;=-.\"'/ \t\r\n\x1b\u202e\u2066\u200b\u2028\ufeff\xadwhtps"),
    ),
    max_size=60,
)  # fmt: skip
TRICKS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[text](javascript:alert(1))", "![i](http://evil.example/x)",
    "**bold** _it_ `code` ~~gone~~", "a | b | c", "&lt;b&gt; &#64;all", "\\`x\\`", "\\", "\\\\|", "[ref]: http://evil.example",
    "<http://evil.example>", "<!-- hidden -->", "``` js", "$\\href{x}{y}$", "a\\", "*", "_", "[[x]]", "![", "](",
)  # fmt: skip


def rendered(line: str) -> str:
    document: str = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(line)
    return document


@given(HOSTILE, st.integers(min_value=1, max_value=80))
def test_plain_is_one_visible_line_of_bounded_length(text: str, limit: int) -> None:
    shown = escape.plain(text, limit)
    hidden = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert all(unicodedata.category(char) not in hidden for char in shown)
    assert len(shown.splitlines()) <= 1
    assert len(shown) <= limit * len("\\U0010ffff")


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=50))
def test_plain_leaves_what_is_visible(text: str) -> None:
    assert escape.plain(text) == text


@pytest.mark.parametrize(
    "char", "\u202a\u202e\u2066\u2069\u200b\u200d\u2060\ufeff\u061c\xad\u2028\x1b\r\x00\x85\U000e0041"
)
def test_what_misleads_is_shown_by_its_number(char: str) -> None:
    assert escape.plain(f"a{char}b") == f"a\\u{ord(char):04x}b"


def test_what_is_too_long_is_cut_visibly() -> None:
    assert escape.plain("x" * 301) == "x" * 299 + "…"
    assert escape.plain("x" * 300) == "x" * 300


def command_text(shown: str) -> str:
    """Return what GitHub's runner makes of the message of a command (actions/toolkit, command.ts, backwards)."""
    return shown.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def property_text(shown: str) -> str:
    return command_text(shown.replace("%3A", ":").replace("%2C", ","))


@given(HOSTILE)
def test_a_workflow_command_says_what_was_meant_on_one_line(text: str) -> None:
    shown = escape.workflow_command(text)
    assert not re.search(r"[\r\n]", shown)
    assert command_text(shown) == text


@given(HOSTILE)
def test_a_property_of_a_command_cannot_end_early(text: str) -> None:
    shown = escape.workflow_property(text)
    assert not re.search(r"[\r\n:,]", shown)
    assert property_text(shown) == text


@given(HOSTILE)
def test_a_job_log_of_gitlab_has_lines_of_visible_text(text: str) -> None:
    shown = escape.job_log(text)
    assert shown.count("\n") == text.count("\n")
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Zl", "Zp"} for char in shown.replace("\n", ""))


def test_no_section_and_no_colour_is_made_in_a_job_log() -> None:
    """The marker is what docs.gitlab.com "Custom collapsible sections" says, and what its log parser looks for."""
    marker = re.compile(r"section_(start|end):\d+:[\w.-]+(\[.*\])?\r\x1b\[0K")
    text = "a\x1b[0Ksection_start:1:x[collapsed=true]\r\x1b[0Khidden \x1b[31mred"
    assert marker.search(text)
    assert not marker.search(escape.job_log(text))
    assert escape.job_log(text).startswith("a\\u001b[0Ksection_start:1:x[collapsed=true]\\u000d")


def words(document: str) -> str:
    """Return the text of rendered HTML; what breaks mentions has no width."""
    return html.unescape(re.sub(r"</?(p|table|thead|tbody|tr|th|td|h3)>", "", document)).replace("\u200b", "")


@given(HOSTILE)
def test_markdown_yields_the_text_and_no_markup(text: str) -> None:
    document = rendered(f"says: {escape.markdown(text)}")
    assert re.fullmatch(r"<p>[^<]*</p>\n", document), document
    assert " ".join(words(document).split()) == " ".join(f"says: {escape.plain(text)}".split())


@pytest.mark.parametrize("text", TRICKS)
def test_no_trick_leaves_its_cell(text: str) -> None:
    document = rendered(f"| a | b |\n|---|---|\n| {escape.markdown(text)} | end |\n")
    assert not re.search(r"<(?!/?(table|thead|tbody|tr|th|td)>)", document)
    cells = re.findall(r"<td>(.*?)</td>", document, re.DOTALL)
    assert len(cells) == 2
    assert words(cells[0]) == escape.plain(text).strip()


@pytest.mark.parametrize("text", ["@alice", "ask @acme/all", "#12", "acme/app#12", "bob@app.example"])
def test_nobody_is_mentioned_and_nothing_referred_to(text: str) -> None:
    """GitHub looks for `@name` and `#1` in the text that the markup gives."""
    shown = html.unescape(rendered(escape.markdown(f"x {text}")))
    assert not re.search(r"[@#]\w", shown)


@pytest.mark.parametrize(
    "text",
    ["https://evil.example", "http://evil.example", "www.evil.example", "WWW.evil.example", "mailto:a@b.example"],
)
def test_no_bare_link_is_made(text: str) -> None:
    """GitHub's autolinks (GFM 6.9) look at the source, where a backslash is in the way."""
    assert not re.search(r"(https?|ftp|mailto|xmpp):|www\.|\w@\w", escape.markdown(text), re.IGNORECASE)


@given(
    st.recursive(
        st.none() | HOSTILE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3)
    )
)
def test_json_means_the_same_and_acts_nowhere(value: object) -> None:
    shown = escape.json_text(json.dumps(value, indent=2, ensure_ascii=False))
    assert json.loads(shown) == value
    assert "##[" not in shown
    assert all(char == "\n" or unicodedata.category(char) not in {"Cc", "Cf", "Zl", "Zp"} for char in shown)


@given(st.text(alphabet="`~ ab\n", max_size=40))
def test_nothing_ends_a_block_of_text(body: str) -> None:
    (block,) = MarkdownIt().parse(escape.verbatim(body))
    assert (block.type, block.content) == ("fence", f"{body}\n")


@given(st.lists(st.one_of(HOSTILE, st.just("\n"), st.sampled_from(TRICKS)), max_size=6).map("".join))
def test_inert_text_is_a_quotation_and_nothing_else(text: str) -> None:
    shown = escape.inert(text)
    assert "\n" not in shown
    assert not re.search(r"[@#!~%/$\[\]()*_`-]\w", shown.replace("&#x", "").replace("</code>", ""))
    inside = re.fullmatch(r"<blockquote>\n<p><code>(.*)</code></p>\n</blockquote>\n", rendered(shown), re.DOTALL)
    assert inside
    assert not re.search("<(?!br>)", inside[1])
    wanted = " ".join(" ".join(escape.plain(line, 2000) for line in text.strip().split("\n")).split())
    assert " ".join(html.unescape(inside[1].replace("<br>", " ")).split()) == wanted
