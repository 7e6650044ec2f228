"""The features of a version: how far each is from its reference, and how one is spread."""

from collections.abc import Sequence

from tidegauge.console.address import Address
from tidegauge.console.charts import beside, features_over_time
from tidegauge.console.nodes import Element, element
from tidegauge.console.shell import section
from tidegauge.console.table import table
from tidegauge.core.records import MetricRecord
from tidegauge.core.stats.compare import bin_labels, shares
from tidegauge.live import words
from tidegauge.live.board import Board
from tidegauge.live.scope import attributions_listing, features_listing
from tidegauge.wire.plain import plain


def features_side(
    board: Board,
    window: MetricRecord | None,
    windows: Sequence[MetricRecord],
    address: Address,
) -> Element:
    """The features of a window, and the distribution of the chosen one beside its reference.

    Args:
        board: All that was read.
        window: The newest closed one.
        windows: All of its size, in order of time.
        address: Of the page.
    """
    listing = features_listing(window)
    rows = table(listing, address, label="Features", link=lambda name: address.having(feature=name))
    if window is None or not listing.rows:
        return rows
    names = [row.key for row in listing.rows]
    wanted = address.option("feature")
    chosen = wanted if wanted in names else names[0]
    return element(
        "div",
        _over_time(windows) if window.segment_field is None else None,
        _spread(board, window, chosen),
        rows,
        _attributions(window, address),
        cls="stack",
    )


def _over_time(windows: Sequence[MetricRecord]) -> Element | None:
    """What has moved, and since when."""
    chart = features_over_time(windows)
    if chart is None:
        return None
    heading = element(
        "h3",
        "What has moved, and since when",
        element("small", " distance from the reference (PSI), by window"),
    )
    return element("div", heading, chart, cls="panel", key="over time")


def _attributions(window: MetricRecord, address: Address) -> Element | None:
    """How much each feature moved the answers, as far as publishers say it."""
    known = window.attributions
    if known is None:
        return None
    note = f"of {words.plural(known.count, 'prediction')}; share of what moves an answer"
    if known.drift is not None:
        note += f", of which {words.whole_share(known.drift)} went to other features than usual"
    moved = attributions_listing(window)
    rows = table(moved, address, label="Attributions", prefix="a", filtered=False)
    return section("Attributions", rows, key="attributions", note=note)


def _spread(board: Board, window: MetricRecord, name: str) -> Element:
    profile = board.reference(window)
    reference = None if profile is None else profile.feature(name)
    counts = window.features[name].bins
    heading = element(
        "h3", plain(name), element("small", f" {words.span(window.start_ms, window.end_ms)}")
    )
    if reference is None or len(counts) != len(reference.counts):
        if window.segment_field is not None:
            why = "Distributions are of whole versions; above, choose one."
        elif window.reference is None:
            why = "There is no reference yet: one is learned, built from a file, or pinned."
        else:
            why = "The window has no counts by the bins of the reference that is known now."
        return element("div", heading, element("p", why, cls="empty"), cls="panel", key=name)
    before, now = shares(reference.counts), shares(counts)
    known = [n for n, (b, a) in enumerate(zip(before, now, strict=True)) if b or a]
    labels = [bin_labels(reference)[n] for n in known]
    spread = {
        "reference": [before[n] or 0.0 for n in known],
        "now": [now[n] or 0.0 for n in known],
    }
    label = f"Distribution of {plain(name)} now and in the reference"
    return element("div", heading, beside(labels, spread, label, name), cls="panel", key=name)
