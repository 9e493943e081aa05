"""Fill the operator's templates: sandboxed, and a missing value is an error, never a gap."""

from collections.abc import Mapping
from typing import Final

from jinja2 import DictLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gatekeeper.domain.errors import Misconfigured, OurFault

TEAM_COPY: Final = "team-copy.txt"
"""The block of ours that stands before a message in the response team's copies."""

REQUIRED: Final = frozenset({TEAM_COPY})
"""Every text the program fills; a configuration without one of them is refused."""


class Texts:
    """The templates of one configuration, compiled once."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        """Compile all `sources` (file name to text); a broken one raises Misconfigured."""
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

    def fill(self, name: str, values: Mapping[str, object]) -> str:
        """Return the text of template `name` with `values`; what it lacks raises OurFault."""
        try:
            return self._environment.get_template(name).render(values)
        except TemplateError as error:
            public = f"templates/{name} could not be filled"
            reason = type(error).__name__
            raise OurFault(
                public, reason=reason, remedy="compare it with the shipped one"
            ) from None
