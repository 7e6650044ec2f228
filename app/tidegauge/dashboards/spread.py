"""How features, scores and answers are spread now, beside the reference."""

from collections.abc import Callable
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.charts import columns
from tidegauge.dashboards.variables import VERSIONS

FEATURE: Final = 'stream="feature", feature="$feature"'
SCORES: Final = 'stream="score"'
ANSWERS: Final = 'stream=~"class|prediction"'


BUSIEST: Final = (
    "and on (version) topk(1, max by (version) "
    f'(tidegauge_window_predictions{{{VERSIONS}, segment_field="", window="$window"}}))'
)
"""Versions have bins of their own, so of several the one with most traffic is shown."""


def spread(
    title: str, description: str, *selectors: str, width: int = 12, height: int = 9
) -> Builder[models.Panel]:
    """Shares of values by bin, over the longest window and in the reference.

    Args:
        title: The panel's title.
        description: How to read it and what to do.
        selectors: What is shown; the next one of versions that have nothing of the one before.
        width: In grid columns.
        height: In grid rows.
    """
    named = " or ".join(
        f"label_join(label_replace({_first(shares, selectors)} {BUSIEST}, "
        f'"what", "{what}", "", ""), '
        '"which", " ", "what", "version")'
        for what, shares in (("now", _now), ("reference", _then))
    )
    expr = f"max by (which, place, bin) ({named})"
    return columns(
        title,
        description,
        expr,
        x="bin",
        name="which",
        order="place",
        unit="percentunit",
        width=width,
        height=height,
    )


def _now(selector: str) -> str:
    return f"max by (version, place, bin) (tidegauge_distribution_ratio{{{VERSIONS}, {selector}}})"


def _then(selector: str) -> str:
    metric = "tidegauge_distribution_reference_ratio"
    return f"max by (version, place, bin) ({metric}{{{VERSIONS}, {selector}}})"


def _first(shares: Callable[[str], str], selectors: tuple[str, ...]) -> str:
    first, *others = map(shares, selectors)
    return f"({' or '.join([first, *(f'({o} unless on (version) {first})' for o in others)])})"
