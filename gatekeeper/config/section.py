"""What every group of settings is: nothing unknown in it, nothing changed later."""

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A group of settings: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def misplaced(field: str, text: str) -> PydanticCustomError:
    """Return an error of a whole section that is shown at one of its fields."""
    return PydanticCustomError("misplaced", "{text}", {"field": field, "text": text})
