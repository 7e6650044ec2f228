"""What all sections of the settings have in common."""

from typing import Annotated, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict
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


CONTRADICTION = "contradiction"
"""Type of the errors whose text already names every setting that is concerned."""


def contradiction(text: str) -> PydanticCustomError:
    """An error about settings that don't fit each other; ``text`` names them."""
    return PydanticCustomError(CONTRADICTION, "{text}", {"text": text})


def _split(value: object) -> object:
    """Let the environment and flags write a list as ``a,b,c``."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


CommaList: TypeAlias = Annotated[tuple[T, ...], NoDecode, BeforeValidator(_split)]
"""A list in YAML; in the environment and in flags a text with commas."""
