"""Colours of values, from thresholds, mappings and names."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

Json = dict[str, Any]
_NAMED: Final = {
    "green": "#73BF69",
    "yellow": "#F2CC0C",
    "orange": "#FF9830",
    "red": "#F2495C",
    "blue": "#5794F2",
    "purple": "#B877D9",
    "text": "var(--text)",
    "transparent": "transparent",
}
_PALETTE: Final = [
    "#73BF69",
    "#F2CC0C",
    "#8AB8FF",
    "#FF780A",
    "#F2495C",
    "#5794F2",
    "#B877D9",
    "#705DA0",
    "#508642",
    "#CCA300",
    "#447EBC",
    "#C15C17",
    "#890F02",
    "#0A437C",
    "#6D1F62",
    "#584477",
    "#B7DBAB",
    "#F4D598",
    "#70DBED",
    "#F9BA8F",
    "#F29191",
    "#82B5D8",
    "#E5A8E2",
    "#AEA2E0",
    "#629E51",
    "#E5AC0E",
    "#64B0C8",
    "#E0752D",
    "#BF1B00",
    "#0A50A1",
    "#962D82",
    "#614D93",
    "#9AC48A",
    "#F2C96D",
    "#65C5DB",
    "#F9934E",
    "#EA6460",
    "#5195CE",
    "#D683CE",
    "#806EB7",
    "#3F6833",
    "#967302",
    "#2F575E",
    "#99440A",
    "#58140C",
    "#052B51",
    "#511749",
    "#3F2B5B",
    "#E0F9D7",
    "#FCEACA",
    "#CFFAFF",
    "#F9E2D2",
    "#FCE2DE",
    "#BADFF4",
    "#F9D9F9",
    "#DEDAF7",
]
"""Grafana's classic palette."""


def color(name: str) -> str:
    """A colour as a style sheet has it."""
    return _NAMED.get(name, name)


def by_place(place: int) -> str:
    """The colour of a series in Grafana's palette by its place."""
    return _PALETTE[place % len(_PALETTE)]


def by_threshold(value: float, field: Mapping[str, Any]) -> str:
    """The colour of a value by the thresholds of its field."""
    steps: Sequence[Json] = field.get("thresholds", {}).get("steps", ())
    reached = [s["color"] for s in steps if s["value"] is None or value >= s["value"]]
    return color(reached[-1] if reached else "text")


def mapped(value: float | str, field: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Text and colour that a value is shown with instead of its own; None: it has none."""
    key = f"{value:g}" if isinstance(value, float) else value
    for mapping in field.get("mappings", ()):
        found = mapping["options"].get(key)
        if found is not None:
            shade = found.get("color")
            return found.get("text"), None if shade is None else color(shade)
    return None, None
