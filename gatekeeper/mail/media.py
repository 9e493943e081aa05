"""Read what Content-Type, -Disposition and -Transfer-Encoding say of a part, leniently."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote_to_bytes

from gatekeeper.mail.charset import decode_in
from gatekeeper.mail.headers import decode_raw, decode_text

_PARAMS_MAX: Final = 100
_SEGMENTS_MAX: Final = 100
_TYPE: Final = re.compile(r"\s*+([\w!#$&^.+-]{1,127})\s*+/\s*+([\w!#$&^.+-]{1,127})", re.ASCII)
_TOKEN: Final = re.compile(r"\s*+([^\s;=()<>\"]{1,127})")
_PARAM: Final = re.compile(
    r';\s*+([^\s;="]{1,127}+)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^\s;]*+))', re.DOTALL
)
_COMMENT_OR_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|(?<![^\s;/"])\(', re.DOTALL)
_COMMENT_STEP: Final = re.compile(r"\\.|[()]", re.DOTALL)
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])|[\r\n]+\Z")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_SEGMENT: Final = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_BLANKS: Final = rb"(?:[ \t]|\r?\n(?=[ \t]))*+"
_PLAIN_PARAM: Final = (
    rb"([\w!#$&^.+*-]{1,127}+)="
    rb"(?:\"([ !#-\[\]-~]{0,998}+)\"|([!#-'*+./0-9:=?A-Z^-~-]{1,998}+))"
)
_EACH_PARAM: Final = re.compile(_BLANKS + b";" + _BLANKS + _PLAIN_PARAM)
_ONE_WAY: Final = re.compile(
    _BLANKS
    + rb"multipart/[\w!#$&^.+-]{1,127}+((?:"
    + _EACH_PARAM.pattern
    + b")*+)"
    + _BLANKS
    + b";?+"
    + _BLANKS
    + rb"[\r\n]*+",
    re.IGNORECASE,
)
_ONE_BOUNDARY: Final = re.compile(rb"(?!.*=\?)[!#$&-~](?:[ !#$&-~]{0,198}+(?<! ))?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What a part says it is; `boundary` as the bytes that stand in the body."""

    content_type: str = "text/plain"
    params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    boundary: bytes = b""
    disposition: str = ""
    filename: str | None = None
    encoding: str = "7bit"


def media_of(about: Mapping[str, bytes], *, default: str, limit: int) -> Media:
    """Return what the `content-*` fields in `about` (lower-case names) say.

    A missing or unreadable type is `default` (RFC 2045 §5.2); of a repeated parameter the first
    counts; at most `limit` bytes of each field are read.
    """
    kind = _text(about.get("content-type", b""), limit)
    shown = _text(about.get("content-disposition", b""), limit)
    params = _parameters(kind)
    disposition = _TOKEN.match(shown)
    encoding = _TOKEN.match(_text(about.get("content-transfer-encoding", b""), limit))
    found = _TYPE.match(kind)
    shown_params = _parameters(shown)
    return Media(
        content_type=f"{found[1]}/{found[2]}".lower() if found else default,
        params=MappingProxyType(
            {name: decode_text(value, limit) for name, value in params.items()}
        ),
        boundary=params.get("boundary", b""),
        disposition=disposition[1].lower() if disposition else "",
        filename=_filename(shown_params.get("filename") or params.get("name"), limit),
        encoding=encoding[1].lower() if encoding else "7bit",
    )


def names_of(kind: bytes, shown: bytes, limit: int) -> tuple[str, ...]:
    """Return the names that a part has in Content-Disposition (`shown`) and in Content-Type.

    They are as written, with path and any character, and must not be shown like that.
    """
    found = (
        _parameters(_text(shown, limit)).get("filename"),
        _parameters(_text(kind, limit)).get("name"),
    )
    return tuple(decode_raw(raw, limit).strip() for raw in found if raw)


def boundary_in(fields: Sequence[bytes]) -> bytes | None:
    """Return the boundary of a multipart with these Content-Type fields, if it is beyond doubt.

    Programs agree on one field with one parameter of that name, and on none that is said twice,
    in pieces or encoded (RFC 2231), beside a comment, or with an escape: then None comes back.
    """
    found = _ONE_WAY.fullmatch(fields[0]) if len(fields) == 1 else None
    if found is None:
        return None
    each = [match.groups(b"") for match in _EACH_PARAM.finditer(found[1])]
    named = [(name.lower(), quoted or bare) for name, quoted, bare in each]
    match [pair for pair in named if pair[0].partition(b"*")[0] == b"boundary"]:
        case [(b"boundary", value)] if _ONE_BOUNDARY.fullmatch(value):
            return value
        case _:
            return None


def _text(raw: bytes, limit: int) -> str:
    """Return the bytes one to one as characters, unfolded and without comments."""
    return _without_comments(_FOLD.sub("", raw[:limit].decode("latin-1")))


def _without_comments(value: str) -> str:
    """Return a value without its comments (RFC 2045 §5.1); in a word "(" begins none.

    Programs write names such as `a(1).txt` without the quotes that they need.
    """
    kept: list[str] = []
    at = search = 0
    while found := _COMMENT_OR_QUOTED.search(value, search):
        search = found.end()
        if found[0] != "(":
            continue
        end = _comment_end(value, search)
        if not end:
            break
        kept.append(value[at : found.start()])
        at = search = end
    return "".join((*kept, value[at:]))


def _comment_end(value: str, at: int) -> int:
    """Return where the comment ends that opened before `at`, 0 if nowhere."""
    depth = 1
    for match in _COMMENT_STEP.finditer(value, at):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return 0


def _parameters(value: str) -> dict[str, bytes]:
    """Return the parameters by lower-case name, RFC 2231 pieces joined."""
    plain: dict[str, bytes] = {}
    pieces: dict[str, dict[int, bytes]] = {}
    charsets: dict[str, str] = {}
    for count, match in enumerate(_PARAM.finditer(value)):
        if count >= _PARAMS_MAX:
            break
        quoted, bare = match[2], match[3]
        text = _ESCAPED.sub(r"\1", quoted) if quoted is not None else bare
        raw = text.encode("latin-1")
        segment = _SEGMENT.fullmatch(match[1].lower())
        if segment is None or (segment[2] is None and segment[3] is None):
            plain.setdefault(match[1].lower(), raw)
            continue
        name, number = segment[1], int(segment[2] or 0)
        if segment[3]:
            raw = _extended(raw, name, number, charsets)
        pieces.setdefault(name, {}).setdefault(number, raw)
    for name, found in pieces.items():
        joined = b"".join(found[number] for number in sorted(found))
        if name in charsets:
            joined = decode_in(joined, charsets[name]).text.encode("utf-8", "replace")
        plain[name] = joined
    return plain


def _extended(raw: bytes, name: str, number: int, charsets: dict[str, str]) -> bytes:
    """Undo the percent encoding of RFC 2231 §4 and keep the charset that the first piece names."""
    if number == 0 and raw.count(b"'") >= 2:
        charset, _language, raw = raw.split(b"'", 2)
        charsets[name] = charset.decode("latin-1")
    return unquote_to_bytes(raw)


def _filename(raw: bytes | None, limit: int) -> str | None:
    """Return the last component of a file name, printable and short, or None."""
    if raw is None:
        return None
    name = decode_text(raw, limit).replace("\\", "/").rpartition("/")[2].strip()
    return name[:255] or None
