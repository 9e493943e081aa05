"""What every group of settings is: nothing unknown in it, nothing changed later."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A group of settings: nothing unknown, nothing changed later.

    `moved` are names that earlier versions knew, and what to do about each.
    """

    moved: ClassVar[Mapping[str, str]] = MappingProxyType({})

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def misplaced(field: str, text: str) -> PydanticCustomError:
    """Return an error of a whole section that is shown at one of its fields."""
    return PydanticCustomError("misplaced", "{text}", {"field": field, "text": text})
