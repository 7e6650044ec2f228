"""The features of a version: how far each is from its reference."""

from tidegauge.console.address import Address
from tidegauge.console.nodes import Element
from tidegauge.console.table import table
from tidegauge.core.records import MetricRecord
from tidegauge.live.scope import features_listing


def features_side(window: MetricRecord | None, address: Address) -> Element:
    """The features of a window.

    Args:
        window: The newest closed one.
        address: Of the page.
    """
    return table(features_listing(window), address, label="Features")
