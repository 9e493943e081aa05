"""Which elements of an HTML page its styles hide: for certain, or in some programs only."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

_RULES_MAX: Final = 2000
_RULES_OF_ONE_MAX: Final = 20
_STYLES_MAX: Final = 256 * 1024
_LONG: Final = 2000
_STYLE: Final = re.compile(r"<style(?=[\s/>])", re.IGNORECASE)
_STYLE_END: Final = re.compile(r"</style(?=[\s/>])", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"\\([0-9a-fA-F]{1,6})[ \t\r\n\f]?|\\([^0-9a-fA-F\r\n\f])")
_RULE: Final = re.compile(r"([^{}]*+)(?:\{([^{}]*+)\}|(\{)|(\})|\Z)")
_COMPOUND: Final = re.compile(r"([a-z][a-z0-9]*|\*)?((?:[.#][\w-]+)*)")
_NAMES: Final = re.compile(r"([.#])([\w-]+)")
_ZERO: Final = r"0*(?:\.0*)?(?:px|pt|em|rem|ex|ch|vh|vw|%)?\s*(?=[;!]|$)"
_HIDES: Final = re.compile(
    r"(?:^|[;{\s])(?:display\s*:\s*none\b|visibility\s*:\s*(?:hidden|collapse)\b|mso-hide\s*:\s*all\b"
    rf"|(?:font-size|opacity|max-height|max-width|line-height)\s*:\s*{_ZERO}"
    r"|font-size\s*:\s*(?:0?\.[0-9]*|1)px\b|opacity\s*:\s*0?\.0[0-9]*"
    r"|text-indent\s*:\s*-[0-9]{3,}|(?:left|top|margin-left|margin-top)\s*:\s*-[0-9]{3,}"
    r"|clip\s*:\s*rect\(\s*[01](?:px)?[\s,]|color\s*:\s*transparent\b)"
)
_NO_ROOM: Final = re.compile(rf"(?:^|[;\s])(?:height|width)\s*:\s*{_ZERO}")
_CUT: Final = re.compile(r"(?:^|[;\s])overflow\s*:\s*hidden\b")
_COLOUR: Final = re.compile(r"(?:^|[;\s])(background-color|background|color)\s*:\s*([^;!]{1,60})")


class Shown(IntEnum):
    """Whether a program that shows HTML shows an element."""

    ALWAYS = 0
    SOMETIMES = 1
    NEVER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compound:
    """The last part of a selector: a kind of element, its classes and its id."""

    tag: str
    classes: frozenset[str]
    name: str

    def fits(self, tag: str, classes: frozenset[str], name: str) -> bool:
        """Say whether an element is one of these; what it stands in is not looked at."""
        is_kind = self.tag in {"", "*", tag}
        return is_kind and self.classes <= classes and self.name in {"", name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Styles:
    """What the style sheets of a page hide, by a class, an id or a kind of element each has."""

    _rules: Mapping[str, Mapping[_Compound, Shown]] = field(default_factory=dict)

    @classmethod
    def of(cls, source: str) -> "Styles":
        """Read the style elements of a page; a rule in doubt hides in some programs only."""
        rules: dict[str, dict[_Compound, Shown]] = {}
        for count, (compound, shown) in enumerate(_hiding(_plain(_sheets(source)))):
            if count == _RULES_MAX:
                break
            key = min(compound.classes, default=f"#{compound.name}" if compound.name else "")
            found = rules.setdefault(key or f"<{compound.tag}", {})
            if compound in found or len(found) < _RULES_OF_ONE_MAX:
                found[compound] = max(shown, found.get(compound, shown))
        return cls(_rules=rules)

    def shown(self, tag: str, attributes: Mapping[str, str]) -> Shown:
        """Return whether an element is shown, by its attributes and by the style sheets."""
        if "hidden" in attributes or hides(attributes.get("style", "")):
            return Shown.NEVER
        if not self._rules:
            return Shown.ALWAYS
        classes = frozenset(attributes.get("class", "").lower().split()[:20])
        name = attributes.get("id", "").lower()
        keys = (*classes, f"#{name}", f"<{tag}", "<*")
        found = (rule for key in keys for rule in self._rules.get(key, {}).items())
        return max(
            (shown for rule, shown in found if rule.fits(tag, classes, name)), default=Shown.ALWAYS
        )


def hides(style: str) -> bool:
    """Say whether the declarations of a style leave nothing to see of an element."""
    if not style:
        return False
    css = _plain(style[:_LONG])
    if _HIDES.search(css) or (_NO_ROOM.search(css) and _CUT.search(css)):
        return True
    colours = {name[:5]: "".join(value.split()) for name, value in _COLOUR.findall(css)}
    return len(colours) > 1 and len(set(colours.values())) == 1


def _plain(css: str) -> str:
    """Return CSS without comments and escapes, in lower case."""
    first, *others = css.split("/*")
    return _ESCAPE.sub(
        _escaped, first + "".join(each.partition("*/")[2] for each in others)
    ).lower()


def _escaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2]
    code = int(match[1], 16)
    return chr(code) if 0x20 <= code <= 0x10FFFF else " "


def _sheets(source: str) -> str:
    found: list[str] = []
    at = room = 0
    while (begin := _STYLE.search(source, at)) and room < _STYLES_MAX:
        opened = source.find(">", begin.end())
        end = _STYLE_END.search(source, opened) if opened >= 0 else None
        at = end.start() if end else len(source)
        found.append(source[opened + 1 : at][: _STYLES_MAX - room] if opened >= 0 else "")
        room += len(found[-1])
    return "\n".join(found)


def _hiding(css: str) -> Iterator[tuple[_Compound, Shown]]:
    """Yield the end of each selector whose rule hides; within @media it depends on the program."""
    depth = at = 0
    while at < len(css) and (found := _RULE.match(css, at)):
        at = max(found.end(), at + 1)
        depth += (found[3] is not None) - (found[4] is not None and depth > 0)
        if found[2] is None or not hides(found[2]):
            continue
        for selector in found[1].rpartition(";")[2].split(","):
            words = selector.replace(">", " ").replace("+", " ").replace("~", " ").split()
            last = _COMPOUND.fullmatch(words[-1]) if words else None
            if last is None:
                continue
            names = _NAMES.findall(last[2])
            compound = _Compound(
                tag=last[1] or "",
                classes=frozenset(name for mark, name in names if mark == "."),
                name=next((name for mark, name in names if mark == "#"), ""),
            )
            certain = depth == 0 and len(words) == 1
            yield compound, Shown.NEVER if certain else Shown.SOMETIMES
