import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.html_text import html_to_text


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>one</p><p>two</p>", "one two"),
        ("a<br>b<BR/>c", "a b c"),
        ("<b>b</b>old and <a href='x'>li</a>nk", "bold and link"),
        ("<td>a</td><td>b</td>", "a b"),
        ("<style>p { x }</style>a<script>if (a < b) '</p>'</script >b", "a b"),
        ("<title>t</title><SCRIPT src=x>y</Script>a", "a"),
        ("<style>never closed", ""),
        ("a<!-- <b>no</b> --!>b<!-- x -->c", "abc"),
        ("a<!-- never closed", "a"),
        ("a<!-->b", "ab"),
        ("<!DOCTYPE html><?xml x?>a", "a"),
        ("<img alt='a > b' src=\"x>y\">c", "c"),
        ("<a title=\"never closed>b</a> c <i title='x>y'>d</i>", "b c y'>d"),
        ("a < b and c <3 d", "a < b and c <3 d"),
        ("a <", "a <"),
        ("a <b", "a"),
        (
            "&lt;p&gt; &amp;amp; &#20013;&#x6587; &nbsp;x &copy y &bogus;",
            "<p> &amp; 中文 x © y &bogus;",
        ),
        ("&#99999999999; &#0;", "\ufffd \ufffd"),
        ("&#" + "9" * 10_000 + ";x", "\ufffdx"),
        ("<o:p>a</o:p>b", "ab"),
        ("</p>a", "a"),
        ("</style>a", "a"),
    ],
)
def test_words(html: str, words: str) -> None:
    """The words of a page come out, and what is not meant to be read does not."""
    assert " ".join(html_to_text(html).split()) == words


TOKENS = [
    "<",
    ">",
    "<a ",
    '"',
    "'",
    "<!--",
    "-->",
    "<script>",
    "</script",
    "&",
    "&#",
    "9",
    ";",
    "x",
]


@given(st.lists(st.sampled_from(TOKENS) | st.text(max_size=3)).map("".join))
def test_never_raises(html: str) -> None:
    """Any text is a page."""
    html_to_text(html)


@pytest.mark.parametrize("unit", [*TOKENS, "<a '", '<a "', "<!-", "</a ", "<script", "&#9", "<a'>"])
def test_linear(unit: str) -> None:
    """Whatever is repeated, the time grows with the length only."""
    begun = time.process_time()
    html_to_text(unit * 60_000)
    html_to_text("<a '" + unit * 60_000)
    assert time.process_time() - begun < 4
