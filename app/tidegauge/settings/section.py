"""What all sections of the settings have in common."""

from typing import Annotated, Any, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode

T = TypeVar("T")


class Section(BaseModel):
    """A part of the settings: unknown keys are refused and nothing changes after the start.

    The docstring under each field is its documentation: `tidegauge.settings.document` prints it.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_yes_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        # YAML reads yes, on and true as a boolean, which Python takes for 1
        if isinstance(value, bool) and _is_number(cls.model_fields[info.field_name or ""]):
            raise PydanticCustomError("number", "must be a number; YAML reads yes and on as true")
        return value


def _is_number(field: FieldInfo) -> bool:
    def holds(kind: Any) -> bool:
        return kind in {int, float} or any(holds(held) for held in get_args(kind))

    return holds(field.annotation)


CONTRADICTION = "contradiction"
"""Type of the errors whose text already names every setting that is concerned."""


def contradiction(text: str) -> PydanticCustomError:
    """An error about settings that don't fit each other.

    ``text`` names them, and begins with the dotted name of one: its source is said too.
    """
    return PydanticCustomError(CONTRADICTION, "{text}", {"text": text})


def _split(value: object) -> object:
    """Let the environment and flags write a list as ``a,b,c``."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


CommaList: TypeAlias = Annotated[tuple[T, ...], NoDecode, BeforeValidator(_split)]
"""A list in YAML; in the environment and in flags a text with commas."""
