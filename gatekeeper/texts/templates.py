"""Fill the operator's templates: sandboxed, and a missing value is an error, never a gap."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from jinja2 import DictLoader, StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gatekeeper.domain.errors import Misconfigured, OurFault

TEAM_COPY: Final = "team-copy.txt"
"""The block of ours that stands before a message in the response team's copies."""

SAMPLES: Final = MappingProxyType(
    {
        TEAM_COPY: MappingProxyType(
            {
                "headline": "SEC-2026-0001: new report to security@example.org",
                "subject": "a subject",
                "sender": "reporter@reporter.example",
                "sender_doubt": "not confirmed by a signature",
                "recipients": "security@example.org",
                "copies": "other@reporter.example",
                "written": "Thu 2026-09-03 12:00:00Z, as the sender says",
                "received": "Thu 2026-09-03 12:00:00Z from 192.0.2.7, with TLS",
                "encryption": "none: the message travelled in clear",
                "signature": "none",
                "pieces": ("1, opened apart from the rest",),
                "attachments": ("1, application/pdf, 20 KiB: 'proof.pdf'",),
                "done": ("own: Andrea Example looks after it now",),
                "notes": ("no Date",),
                "what_follows": "All that follows is the sender's, as it was sent.",
                "log_head": "entry 2, 0123456789abcdef",
            }
        )
    }
)
"""Every value that each text is given, with which it is tried before anything depends on it."""

NEVER_LEFT_OUT: Final = MappingProxyType(
    {TEAM_COPY: frozenset({"sender_doubt", "encryption", "signature", "what_follows", "log_head"})}
)
"""What a text has to say however it is written: the words by which a report is believed."""

MARKS: Final = MappingProxyType(
    {
        name: MappingProxyType(
            {
                key: f"<{key}>" if key in NEVER_LEFT_OUT[name] else value
                for key, value in sample.items()
            }
        )
        for name, sample in SAMPLES.items()
    }
)

REQUIRED: Final = frozenset(SAMPLES)
"""Every text the program fills; a configuration without one of them is refused."""


class Texts:
    """The templates of one configuration, compiled once."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        """Compile and try all `sources` (file name to text); a broken one raises Misconfigured."""
        missing = sorted(REQUIRED - sources.keys())
        if missing:
            public = f"templates/{missing[0]} is missing"
            raise Misconfigured(
                public, remedy="copy it from the templates that came with gatekeeper"
            )
        # Texts are mail, not markup: escaping for HTML would change what people read.
        self._environment = ImmutableSandboxedEnvironment(
            loader=DictLoader(dict(sources)),
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        for name in sorted(sources):
            self._compile(name)

    def _compile(self, name: str) -> None:
        try:
            self._environment.get_template(name)
        except TemplateSyntaxError as error:
            public = f"templates/{name}:{error.lineno}:1: {error.message}"
            raise Misconfigured(public, remedy="mend the template") from None
        if name in SAMPLES:
            self._try(name)

    def _try(self, name: str) -> None:
        """Fill a template once, so that the first report does not find out what is wrong."""
        for sample in (SAMPLES[name], {key: _empty(value) for key, value in SAMPLES[name].items()}):
            try:
                self._environment.get_template(name).render(sample)
            except Exception as error:  # noqa: BLE001 - a template may fail in any way
                public = f"templates/{name} cannot be filled: {_words(error)}"
                raise Misconfigured(public, remedy="compare it with the shipped one") from None
        shown = self.fill(name, MARKS[name])
        for value, mark in MARKS[name].items():
            if value in NEVER_LEFT_OUT[name] and str(mark) not in shown:
                public = f"templates/{name} leaves out {value}"
                raise Misconfigured(public, remedy="put it back, as in the shipped one")

    def fill(self, name: str, values: Mapping[str, object]) -> str:
        """Return the text of template `name` with `values`; whatever fails raises OurFault."""
        try:
            return self._environment.get_template(name).render(values)
        except Exception as error:  # noqa: BLE001 - the text is at fault, never what it is about
            public = f"templates/{name} could not be filled"
            reason = type(error).__name__
            raise OurFault(
                public, reason=reason, remedy="compare it with the shipped one"
            ) from None


def _empty(value: Sequence[str]) -> Sequence[str]:
    return "" if isinstance(value, str) else ()


def _words(error: Exception) -> str:
    """Return what the template engine says, in one line; it quotes the template alone."""
    return " ".join(str(error).split())[:200] or type(error).__name__
