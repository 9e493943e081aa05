"""HTML as text that people can read, with nothing in it that a program would not show."""

import html
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gatekeeper.mail.html_lines import Lines
from gatekeeper.mail.html_style import Shown, Styles

LEFT_OUT: Final = "[hidden text left out]"
_SOMETIMES: Final = "[hidden by some programs: "

_ATTRIBUTES_MAX: Final = 8192
_DEPTH_MAX: Final = 500
_STEPS_MAX: Final = 200
_LINK_MAX: Final = 300
_VALUE_MAX: Final = 300
_NAMES: Final = """
address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section
summary table tbody tfoot thead tr ul
"""
_BLOCKS: Final = frozenset(_NAMES.split())
_APART: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "dl", "pre", "hr"})
_SPECIAL: Final = _BLOCKS | {"td", "th", "caption", "button", "object", "marquee", "select"}
_EMPTY: Final = """
area base br col embed frame hr img input link meta param source track wbr
"""
_VOID: Final = frozenset(_EMPTY.split())
_RAW: Final = frozenset({"script", "style", "title", "iframe", "noembed", "noframes", "template"})
_ENDS: Final = MappingProxyType(
    {
        "li": (frozenset({"li"}), frozenset({"ul", "ol", "menu", "dir"})),
        "dt": (frozenset({"dt", "dd"}), frozenset({"dl"})),
        "dd": (frozenset({"dt", "dd"}), frozenset({"dl"})),
        "td": (frozenset({"td", "th"}), frozenset({"table", "tr"})),
        "th": (frozenset({"td", "th"}), frozenset({"table", "tr"})),
        "tr": (frozenset({"tr"}), frozenset({"table"})),
        "option": (frozenset({"option"}), frozenset({"select"})),
        "a": (frozenset({"a"}), frozenset({"table", "td"})),
    }
)
"""What an element ends that is open, and up to which one that is looked for."""

_TAG_START: Final = re.compile(r"<(?=[a-zA-Z/!?])")
_TAG_NAME: Final = re.compile(r"</?([a-zA-Z][^\s/>]{0,30})")
_TAG_STOP: Final = re.compile(r"[>\"']")
_COMMENT_END: Final = re.compile(r"--!?>")
_ATTRIBUTE: Final = re.compile(
    r"([^\s=/>\"']{1,60}+)[^\s=/>]*+(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>]*+)))?"
)
_LONG_NUMBER: Final = re.compile(r"&#[0-9]{8,}")
_SCHEME: Final = re.compile(r"^(?:https?://(?:www\.)?|mailto:)|/$")
_COPY: Final = "header-protection-legacy-display"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The text of a page; `concealed` when something in it was not to be seen, and left out."""

    text: str
    concealed: bool = False


def rendered(source: str, *, without_copy: bool = False) -> Rendered:
    """Return a page as lines of text, in time linear in its length; any text is a page.

    Links are shown as `text <url>`, lists and tables line by line, and LEFT_OUT stands for what
    is hidden. `without_copy` takes out the copy of protected header fields (RFC 9788 §4.5.3.3).
    The text may hold any character.
    """
    page = _Page(source, without_copy=without_copy)
    page.read()
    return Rendered(text=page.lines.text(), concealed=page.concealed)


def unescaped(text: str) -> str:
    """Return `text` with its character references read; absurdly long numbers stay as they are."""
    return html.unescape(_LONG_NUMBER.sub("\ufffd", text))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Element:
    """One open element: whether it is shown, and where its link leads."""

    tag: str
    shown: Shown
    silent: bool = False
    link: str = ""
    link_from: int = 0


class _Page:
    """One pass over the markup, with a stack of the open elements."""

    def __init__(self, source: str, *, without_copy: bool) -> None:
        self.lines = Lines()
        self.concealed = False
        self._source = source
        self._lower = source.lower()
        self._styles = Styles.of(source)
        self._without_copy = without_copy
        self._open: list[_Element] = []
        self._count: Counter[str] = Counter()
        self._hidden = 0
        self._silent = 0
        self._marked = False
        self._unpaired: set[str] = set()

    def read(self) -> None:
        """Go through the page."""
        at = 0
        while tag := _TAG_START.search(self._source, at):
            self._text(self._source[at : tag.start()])
            at = self._markup(tag.start())
        self._text(self._source[at:])

    def _markup(self, start: int) -> int:
        """Take in the markup at `start` and return where it ends; what has no end is text."""
        source = self._source
        named = _TAG_NAME.match(source, start)
        if named is not None:
            end = self._tag_end(start)
        elif source.startswith(("<!-->", "<!--->"), start):
            end = source.index(">", start) + 1
        elif source.startswith("<!--", start):
            found = _COMMENT_END.search(source, start + 4)
            end = found.end() if found else 0
        else:
            end = source.find(">", start) + 1
        if not end:
            self._text(source[start:])
            return len(source)
        if named is None:
            return end
        tag = named[1].lower()
        if source[start + 1] == "/":
            self._close(tag)
            return end
        self._begin(tag, _attributes(source[named.end() : end - 1][:_ATTRIBUTES_MAX]))
        return self._after_raw(tag, end) if tag in _RAW else end

    def _tag_end(self, start: int) -> int:
        """Return where a tag ends, 0 if nowhere; a quoted value may hold its mark."""
        at = start + 1
        while stop := _TAG_STOP.search(self._source, at):
            at = stop.end()
            quote = stop[0]
            if quote == ">":
                return at
            if (
                not self._source[max(start, stop.start() - 20) : stop.start()]
                .rstrip()
                .endswith("=")
            ):
                continue
            close = -1 if quote in self._unpaired else self._source.find(quote, at)
            if close < 0:
                self._unpaired.add(quote)
            else:
                at = close + 1
        return 0

    def _after_raw(self, tag: str, at: int) -> int:
        """Return where the content of a script or the like ends; without an end it is the rest."""
        end = self._lower.find(f"</{tag}", at)
        if end < 0 and self._source[at:].strip() and not self._silent:
            self._leave_out()
        return end if end >= 0 else len(self._source)

    def _begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._end_others(tag)
        if tag in _BLOCKS:
            self.lines.end(apart=tag in _APART)
        is_copy = self._is_copy(tag, attributes)
        shown = Shown.ALWAYS if is_copy else self._styles.shown(tag, attributes)
        is_open = tag not in _VOID and tag not in _RAW
        if is_open and len(self._open) >= _DEPTH_MAX and shown is not Shown.NEVER:
            return
        if not (self._hidden or self._silent or is_copy or shown is Shown.NEVER):
            if shown is Shown.SOMETIMES and is_open:
                self.concealed = True
                self.lines.say(_SOMETIMES)
            self._show(tag, attributes)
        if not is_open:
            return
        link = _url(attributes.get("href", "")) if tag == "a" else ""
        self._open.append(
            _Element(
                tag=tag, shown=shown, silent=is_copy, link=link, link_from=self.lines.words_said
            )
        )
        self._count[tag] += 1
        self._hidden += shown is Shown.NEVER
        self._silent += is_copy

    def _is_copy(self, tag: str, attributes: Mapping[str, str]) -> bool:
        is_div = self._without_copy and tag == "div"
        return is_div and _COPY in attributes.get("class", "").split()

    def _show(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Say what an element shows by itself, and begin what its words stand in."""
        match tag:
            case "br":
                self.lines.end(empty=True)
            case "hr":
                self.lines.say("* * *")
                self.lines.end(apart=True)
            case "img":
                self._say_value("image: ", attributes.get("alt", ""))
            case "input" if attributes.get("type", "").lower() in {"submit", "button", "reset"}:
                self._say_value("", attributes.get("value", ""))
            case _:
                self.lines.begin(tag)

    def _say_value(self, what: str, value: str) -> None:
        if value.strip():
            self.lines.say(f"[{what}{' '.join(value.split())[:_VALUE_MAX]}]")

    def _end_others(self, tag: str) -> None:
        """Close what an opening tag closes without saying so (HTML, "optional tags")."""
        if tag in _BLOCKS and self._open and self._open[-1].tag == "p":
            self._pop()
        ended, stops = _ENDS.get(tag, (frozenset(), frozenset()))
        if not any(self._count[each] for each in ended):
            return
        for element in self._open[: -_STEPS_MAX - 1 : -1]:
            if element.tag in ended:
                self._close(element.tag)
                return
            if element.tag in stops:
                return

    def _close(self, tag: str) -> None:
        if tag in {"br", "p"} and not self._count[tag]:
            self.lines.end(empty=tag == "br", apart=tag == "p")
        if not self._count[tag]:
            return
        depth = 0
        for element in self._open[: -_STEPS_MAX - 1 : -1]:
            depth += 1
            if element.tag == tag:
                break
            if element.tag in _SPECIAL and tag not in _SPECIAL:
                return
        else:
            return
        for _ in range(depth):
            self._pop()

    def _pop(self) -> None:
        element = self._open.pop()
        self._count[element.tag] -= 1
        self._hidden -= element.shown is Shown.NEVER
        self._silent -= element.silent
        if self._hidden or self._silent or element.shown is Shown.NEVER or element.silent:
            return
        if element.link and not _same(self.lines.said_since(element.link_from), element.link):
            self.lines.say(f" <{element.link}>")
        if element.shown is Shown.SOMETIMES:
            self.lines.say("]")
        self.lines.finish(element.tag)
        if element.tag in _BLOCKS:
            self.lines.end(apart=element.tag in _APART)

    def _text(self, raw: str) -> None:
        if not raw or self._silent:
            return
        if not self._hidden:
            self._marked = self._marked and not raw.strip()
            self.lines.say(unescaped(raw))
        elif raw.strip():
            self._leave_out()

    def _leave_out(self) -> None:
        """Say once where a hidden text was."""
        self.concealed = True
        if not self._marked:
            self.lines.say(f" {LEFT_OUT} ")
        self._marked = True


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), unescaped(double or single or bare))
    return found


def _url(text: str) -> str:
    """Return where a link leads, in one bounded word; "" for a place in the page itself."""
    url = "".join(text.split())
    if url.startswith("#"):
        return ""
    return url if len(url) <= _LINK_MAX else url[:_LINK_MAX] + "…"


def _same(text: str, link: str) -> bool:
    def bare(value: str) -> str:
        return _SCHEME.sub("", "".join(value.split()).lower()).rstrip("/")

    return bare(text) == bare(link)
