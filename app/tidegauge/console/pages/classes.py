"""Where a version is right and wrong: confusion, curves, the distribution of errors."""

from collections.abc import Mapping, Sequence

from tidegauge.console.address import Address
from tidegauge.console.charts import calibration, histogram, roc
from tidegauge.console.nodes import Element, Node, element
from tidegauge.console.table import table
from tidegauge.core.config import ModelKind
from tidegauge.core.records import MetricRecord
from tidegauge.live import words
from tidegauge.live.scope import classes_listing
from tidegauge.wire.plain import plain


def classes_side(window: MetricRecord | None, address: Address) -> Element:
    """What the labels of a window say, by the kind of its model.

    Args:
        window: The one that quality is of.
        address: Of the page.
    """
    if window is None or not window.labelled:
        return element("p", "No labels yet.", cls="empty")
    parts: list[Node] = []
    match window.kind:
        case ModelKind.BINARY:
            parts += _panels(_binary(window), "Predicted and true")
        case ModelKind.MULTICLASS:
            cells = {(cell.label, cell.predicted): cell.count for cell in window.confusion}
            names = sorted({name for place in cells for name in place}, key=_natural)
            parts += _panels(_confusion(cells, names), "Predicted and true")
        case ModelKind.REGRESSION:
            bars = window.regression.error_histogram
            if bars:
                errors = histogram(bars, "Errors, prediction less label", "errors")
                parts += _panels(errors, "Errors, prediction less label")
            if window.prediction.histogram:
                answers = histogram(window.prediction.histogram, "Answers", "answers")
                parts += _panels(answers, "Answers")
    if window.quality.calibration_curve:
        parts += _panels(calibration(window.quality.calibration_curve), "Calibration")
    if window.quality.roc_curve:
        parts += _panels(roc(window.quality.roc_curve), "ROC")
    listing = classes_listing(window)
    rows = table(listing, address, label="Classes", filtered=False) if listing.rows else None
    span = words.span(window.start_ms, window.end_ms)
    said = f"{words.count(window.labelled)} labelled predictions of {span}"
    return element(
        "div",
        element("p", said, cls="dim"),
        element("div", *parts, cls="columns"),
        rows,
        cls="stack",
    )


def _panels(content: Node | None, title: str) -> list[Node]:
    if content is None:
        return []
    return [element("div", element("h3", title), content, cls="panel", key=title)]


def _binary(window: MetricRecord) -> Element | None:
    q = window.quality
    counts = (q.true_positives, q.false_negatives, q.false_positives, q.true_negatives)
    if any(count is None for count in counts):
        return None
    names = ("positive", "negative")
    places = [(a, b) for a in names for b in names]
    return _confusion({place: n or 0 for place, n in zip(places, counts, strict=True)}, names)


def _natural(name: str) -> tuple[bool, int, str]:
    """Sorts classes that are numbers by these."""
    is_number = name.isascii() and name.isdigit() and len(name) < 20
    return not is_number, int(name) if is_number else 0, name


def _confusion(cells: Mapping[tuple[str, str], int], names: Sequence[str]) -> Element | None:
    """A matrix of counts, each shaded by its share of the true class.

    Args:
        cells: By true and predicted class.
        names: The classes, in the order of rows and columns.
    """
    if not cells:
        return None
    totals: dict[str, int] = {}
    for (label, _), count in cells.items():
        totals[label] = totals.get(label, 0) + count
    head = [element("th", plain(name), scope="col", cls="right", key=name) for name in names]
    rows = [
        element(
            "tr",
            element("th", plain(label), scope="row"),
            *(_cell(cells, totals, label, name) for name in names),
            key=label,
        )
        for label in names
    ]
    return element(
        "div",
        element(
            "table",
            element("caption", "Each row is a true class; shaded by its share of the row"),
            element("thead", element("tr", element("th", "true / predicted"), *head)),
            element("tbody", *rows),
            cls="confusion",
        ),
        cls="scroll",
        tabindex=-1,
    )


def _cell(
    cells: Mapping[tuple[str, str], int], totals: Mapping[str, int], label: str, name: str
) -> Element:
    count = cells.get((label, name), 0)
    total = totals.get(label, 0)
    share = count / total if total else 0.0
    return element(
        "td",
        words.count(count),
        element("small", words.whole_share(share)),
        cls="right heat" + (" right-one" if label == name else ""),
        share=share,
        key=name,
    )
