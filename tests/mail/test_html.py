"""A page reads as it is shown: in lines, with its links, and without what it hides."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.mail.html import LEFT_OUT, Rendered, rendered
from gatekeeper.mail.html_style import hides
from gatekeeper.mail.text import HTML_MAX
from tests.sampling import tries


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>three", "one\ntwo\nthree"),
        ("  one\n  two <b>three</b>\tfour ", "one two three four"),
        ("a<br>b<br><br>c<br><br><br><br>d", "a\nb\n\nc\n\nd"),
        ("<ul><li>one<li>two</ul>after", "- one\n- two\n\nafter"),
        ("<ol><li>a<ul><li>b</ul><li>c</ol>", "1. a\n  - b\n2. c"),
        ("<li><p>one</p><p>two</p></li>", "- one\n\ntwo"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a | b\n1 | 2"),
        ("<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>c", "a | b\n\nc"),
        ("<table><tr><td></td><td>only</td></tr></table>", "only"),
        ("<blockquote>a<blockquote>b</blockquote>c</blockquote>d", "> a\n> > b\n\n> c\n\nd"),
        ("x<pre>  a\n\n    b</pre>y", "x\n\n  a\n\n    b\n\ny"),
        ("<h1>Title</h1>text<hr>more", "Title\n\ntext\n\n* * *\n\nmore"),
        ("a&nbsp;&lt;b&gt; &amp; &copy;&#8212;&#x41;", "a <b> & ©—A"),
        ("<img src=x alt='a plot'>", "[image: a plot]"),
        ("<img src=x><img alt=''>", ""),
        ("<input type=submit value=Send><input type=text value=no>", "[Send]"),
        ("a<!-- b --!>c<!-->d<!--->e<!--[if mso]>f<![endif]-->g", "acdeg"),
        ("<title>t</title><script>s</script><style>p{}</style>x", "x"),
        ("a < b, 1<2, <3", "a < b, 1<2, <3"),
        ("<p title='a > b'>c</p><p title=\"'>\">d</p>", "c\n\nd"),
        ("<p \">visible</p>", "visible"),
        ("<option>a<option>b", "ab"),
        ("</p>a</br>b</div></b>", "a\nb"),
    ],
)  # fmt: skip
def test_a_page_reads_in_lines(source: str, text: str) -> None:
    assert Rendered(text=text) == rendered(source)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('<a href="https://a.example/x">here</a>', "here <https://a.example/x>"),
        ("<a href=https://a.example>a.example</a>", "a.example"),
        ("<a href='https://www.a.example/'>A.example</a>", "A.example"),
        ("<a href='mailto:x@y.example'>x@y.example</a>", "x@y.example"),
        ("<a href='https://evil.example'>good.example</a>", "good.example <https://evil.example>"),
        ("<a href='#top'>up</a><a>none</a>", "upnone"),
        ("<a href='https://a.example'><img src=x></a>", " <https://a.example>"),
        ("<a href=' https://a.ex\nample '>x</a>", "x <https://a.example>"),
        ("<a href=a>one<a href=b>two", "one <a>two"),
        (f"<a href='{'y' * 400}'>x</a>", f"x <{'y' * 300}…>"),
    ],
)
def test_a_link_shows_where_it_leads(source: str, text: str) -> None:
    assert text.strip() == rendered(source).text


HIDING = [
    "<p hidden>{}</p>",
    "<p style='display:none'>{}</p>",
    "<p STYLE='DISPLAY : NONE !important'>{}</p>",
    "<p style='dis/**/play:no\\6e e'>{}</p>",
    "<p style='dis&#112;lay:none'>{}</p>",
    "<div style='visibility:hidden'><b>{}</b></div>",
    "<span style='color:red;font-size:0px'>{}</span>",
    "<span style='font-size:1px'>{}</span>",
    "<span style='opacity:0'>{}</span>",
    "<span style='max-height:0'>{}</span>",
    "<span style='height:0;overflow:hidden'>{}</span>",
    "<span style='text-indent:-9999px'>{}</span>",
    "<span style='position:absolute;left:-5000px'>{}</span>",
    "<span style='color:#fff;background-color:#FFF'>{}</span>",
    "<span style='color:transparent'>{}</span>",
    "<span style='mso-hide:all'>{}</span>",
    "<style>.x{{display:none}}</style><p class='a X'>{}</p>",
    "<style>#x{{display:none}}</style><p id=x>{}</p>",
    "<style>p{{display:none}}</style><p>{}</p>",
    "<style>p.x, b.y{{color:red;visibility:hidden}}</style><p class=x>{}</p>",
    "<script>{}</script>",
    "<script>{}",
    "<template>{}</template>",
    "<div hidden><p>a</p><table><tr><td>{}</table></div>",
    "<i><div hidden></i>{}",
    "<div hidden></span>{}",
]


@pytest.mark.parametrize("page", HIDING)
def test_hidden_text_does_not_read_as_visible(page: str) -> None:
    source = f"<div>before</div>{page.format('secret')}"
    found = rendered(source)
    assert "secret" not in found.text
    assert found.text.startswith("before")


@pytest.mark.parametrize("page", HIDING[:19])
def test_what_is_left_out_is_said_once(page: str) -> None:
    found = rendered(f"before {page.format('secret <b>words</b> and <i>more</i>')} after")
    assert found.concealed
    assert 1 == found.text.count(LEFT_OUT)
    assert "after" in found.text


@pytest.mark.parametrize(
    "page",
    [
        "<p style='color:red'>{}</p>",
        "<p style='font-size:10px;opacity:0.9'>{}</p>",
        "<p style='color:#fff;background-color:#000'>{}</p>",
        "<p style='display:block' title='display:none'>{}</p>",
        "<p hidden>x</p>{}",
        "<p hidden>x<p>{}",
        "<ul><li hidden>x<li>{}</ul>",
        "<div hidden>x</div></div>{}",
        "<style>.x{{display:none}}</style><p class=xx>{}</p>",
        "<style>/* .y{{display:none}} */</style><p class=y>{}</p>",
        "<img hidden>{}",
        "<br style='display:none'>{}",
    ],
)
def test_visible_text_is_read(page: str) -> None:
    assert "words" in rendered(page.format("words")).text


@pytest.mark.parametrize(
    "sheet",
    [
        "@media (max-width:600px){.x{display:none}}",
        "div .x{display:none}",
        "@media all{b{c:d} .x{display:none}}",
    ],
)
def test_what_only_some_programs_hide_is_marked(sheet: str) -> None:
    found = rendered(f"<style>{sheet}</style>a <p class=x>words</p> b")
    assert "a\n\n[hidden by some programs: words]\n\nb" == found.text
    assert found.concealed


def test_the_copy_of_protected_fields_is_taken_out_where_it_is_one() -> None:
    copy = '<div class="header-protection-legacy-display"><pre>Subject: x</pre></div>'
    page = f"<html><body>{copy}<p>words</p></body></html>"
    assert Rendered(text="words") == rendered(page, without_copy=True)
    assert "Subject: x\n\nwords" == rendered(page).text


def test_no_style_is_read_for_what_it_is_not() -> None:
    assert not hides("")
    assert not hides("display:inline; content:'display:none'")
    assert not hides("x-display:none")


PARTS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *("<p>", "</p>", "<div hidden>", "</div>", "<b>", "</b>", "<ul>", "<li>", "</ul>"),
                *("<table>", "<tr>", "<td>", "</table>", "<pre>", "</pre>", "<blockquote>"),
                *("</blockquote>", "<a href=x>", "</a>", "<br>", "<!--", "-->", "<style>"),
                *("</style>", ".x{display:none}", "<p class=x>", "<script>", "</script>", "<"),
                *(">", '"', "'", "\n", " ", "&#x202e;", "\x1f", "@media{", "}"),
                *("<i style='display:none'>", "</i>"),
            ]
        ),
        st.text(max_size=5),
    ),
    max_size=60,
).map("".join)  # fmt: skip


@tries(500)
@given(PARTS)
def test_any_page_has_a_text(source: str) -> None:
    found = rendered(source)
    assert "\x1f" not in found.text
    assert not re.search(r"\n\n\n", found.text)
    assert found == rendered(source)


@tries(300)
@given(PARTS)
def test_nothing_in_a_hidden_element_is_read(inside: str) -> None:
    """Whatever is opened and closed in it, as long as it is not the element itself."""
    inside = re.sub(r"(?i)</?(section|script|style)|<!--", "", inside)
    inside = inside.replace("'", "").replace('"', "")
    source = f"<section hidden>{inside}canary"
    assert "canary" not in rendered(source).text
    assert "canary" not in rendered(f"{source}</section>").text


@pytest.mark.timeout(60)  # each takes a second or two at most; an attack would take hours
@pytest.mark.parametrize(
    "piece",
    [
        *("<style>/*", "<style>a,", "<style>a{", "@media{", "<a href='", "<div hidden>", "<td>"),
        *("<i><div><b hidden></i>", "<style>.a{display:none}</style><p class=a>", "<p style='"),
        *("<blockquote>", "<ul>", "<pre>\n", "x\x1f", "<a href=x>", "</p>", "<p a=b "),
    ],
)
def test_a_hostile_page_costs_no_more_than_its_bytes(piece: str) -> None:
    rendered(piece * (HTML_MAX // 4 // len(piece)))


@pytest.mark.timeout(60)
def test_many_rules_for_many_elements_cost_little() -> None:
    rules = "".join(f".a.b{number}{{display:none}}" for number in range(5000))
    assert "x" in rendered(f"<style>{rules}</style>" + "<p class=a>x" * 20_000).text
