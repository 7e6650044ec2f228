"""The first page: which model is in trouble, since when and why, then all models."""

from typing import Final

from tidegauge.console.address import Address, of_model
from tidegauge.console.drawing import sparkline
from tidegauge.console.nodes import Element, Node, element
from tidegauge.console.parts import alert_lines, unsaid
from tidegauge.console.shell import Block, size_of, waiting
from tidegauge.console.table import table
from tidegauge.core.alertrecords import Severity
from tidegauge.live import trouble, words
from tidegauge.live.figures import figures_of
from tidegauge.live.models import ModelView, listing_of, model_views
from tidegauge.live.state import State
from tidegauge.settings.kafka import TopicNames
from tidegauge.wire.plain import plain

SHOWN_MODELS: Final = 4
"""In trouble; of more, only the table tells."""
_SHOWN_ALERTS: Final = 4
_SPARK_WINDOWS: Final = 48
_CLOCK_MS: Final = 5_000
"""How long ago something was is told this exactly, lest all rows change all the time."""


def overview(state: State, address: Address, topics: TopicNames) -> list[Block]:
    """The blocks of the page."""
    size_ms = size_of(state, address)
    now_ms = state.clock() // _CLOCK_MS * _CLOCK_MS
    views = model_views(state.board, size_ms)
    if not views:
        return [Block("welcome", _welcome(state, topics))]
    troubled = [view for view in views if view.firing]
    window = address.option("window")
    listing = listing_of(views, size_ms, now_ms)
    models = table(
        listing, address, label="Models", link=lambda name: of_model(name, window=window)
    )
    found = [Block("title", _title(state, views, troubled))]
    if troubled:
        found.append(Block("trouble", _troubled(troubled, size_ms, window)))
    found.append(Block("models", element("section", element("h2", "All models"), models)))
    return found


def _title(state: State, views: list[ModelView], troubled: list[ModelView]) -> Element:
    of = words.plural(len(views), "model")
    if troubled:
        alerts = words.plural(sum(len(view.firing) for view in troubled), "alert")
        said: Node = element("h1", element("strong", f"{alerts} firing", cls="crit"),
                             f" in {len(troubled)} of {of}")  # fmt: skip
    else:
        said = element("h1", f"No alert fires in {of}")
    reading = waiting(state)
    return element("div", said, element("p", reading, cls="dim") if reading else None, cls="title")


def _troubled(troubled: list[ModelView], size_ms: int, window: str) -> Element:
    cards = [_card(view, size_ms, window) for view in troubled[:SHOWN_MODELS]]
    rest = len(troubled) - len(cards)
    more = f"and {words.plural(rest, 'more model')} in trouble, first in the table below"
    return element(
        "section",
        element("h2", "In trouble", cls="unseen"),
        *cards,
        element("p", more, cls="dim") if rest else None,
        cls="troubles",
    )


def _card(view: ModelView, size_ms: int, window: str) -> Element:
    name = view.board.name
    alerts = view.firing[:_SHOWN_ALERTS]
    # one alert tells why; of the others, their names are enough
    telling = next(filter(unsaid, alerts), alerts[0])
    rest = len(view.firing) - len(alerts)
    href = str(of_model(name, window=window))
    return element(
        "article",
        element(
            "div",
            element("h3", element("a", plain(name), href=href)),
            _quality(view, size_ms),
            cls="who",
        ),
        element(
            "ol",
            *(
                alert_lines(alert, view.board.watermark_ms, causes=3 if alert is telling else 0)
                for alert in alerts
            ),
            element("li", element("a", f"{rest} more", href=href), key="more") if rest else None,
            cls="what",
        ),
        cls="card" + (" crit" if trouble.worst(view.firing) is Severity.CRITICAL else " warn"),
        key=name,
    )


def _quality(view: ModelView, size_ms: int) -> Element:
    comparison = view.comparison
    judged = comparison.judged
    figure = figures_of(judged)[0]
    if judged is None:
        return element("p", "no labels yet", cls="dim")
    change = figure.difference(judged, comparison.usual)
    windows = view.board.windows(view.scope, size_ms)[-_SPARK_WINDOWS:]
    since = min(alert.starts_at_ms for alert in view.firing)
    label = f"{figure.title} over {words.plural(len(windows), 'window')} of {words.size(size_ms)}"
    return element(
        "div",
        element(
            "p",
            element("span", f"{figure.title} "),
            element("strong", figure.told(figure.read(judged)), cls="figure"),
            element("span", f" {figure.change(change)}", cls="change")
            if change is not None
            else None,
        ),
        sparkline([(w.start_ms, figure.read(w)) for w in windows], label, since_ms=since),
        element("p", f"version {plain(view.scope.version)}", cls="dim"),
        cls="quality",
    )


def _welcome(state: State, topics: TopicNames) -> Element:
    reading = waiting(state)
    if reading is not None:
        return element("div", element("h1", reading), cls="title")
    return element(
        "div",
        element("h1", "No event yet"),
        element(
            "p",
            "Publish predictions as JSON to the topic ",
            element("code", plain(topics.predictions)),
            " and later the truth to ",
            element("code", plain(topics.feedback)),
            ". Nothing is registered first: a model appears here with its first event.",
        ),
        element(
            "dl",
            *(
                part
                for command, meaning in (
                    ("tidegauge schema prediction", "what an event looks like"),
                    ("tidegauge publish predictions FILE", "send JSON lines from a file"),
                    ("tidegauge worker", "reads the events; then figures appear here"),
                    ("tidegauge demo", "a whole example, with real flights"),
                )
                for part in (element("dt", element("code", command)), element("dd", meaning))
            ),
            cls="keys",
        ),
        cls="title welcome",
    )
