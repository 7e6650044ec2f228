"""One request looked up: what was answered, how unusual it was, and what was open at its time."""

from collections.abc import Sequence
from typing import Final

from tidegauge.console.address import Address, of_alert, of_model
from tidegauge.console.drawing import share_bar
from tidegauge.console.lookups import Lookups, Wanted
from tidegauge.console.nodes import Element, Node, element
from tidegauge.console.parts import mark_of
from tidegauge.console.shell import Block, facts, section
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.explain.request import FeatureOf, Likes
from tidegauge.live import trouble, words
from tidegauge.lookup.request import Answer, Story
from tidegauge.wire.plain import plain
from tidegauge.wire.public import InvalidRecord, milliseconds

RARE: Final = 0.01
"""Share of the reference below which a value is marked."""


def request(address: Address, lookups: Lookups) -> list[Block]:
    """The blocks of the page."""
    request_id, at = address.option("id"), address.option("at")
    form = Block("form", _form(request_id, at))
    if not request_id:
        hint = (
            "Type a request id, such as one of an alert's examples. A request is found as long as "
            "labels may come for it; for an older one say when it was published."
        )
        return [form, Block("hint", element("p", hint, cls="dim"))]
    try:
        at_ms = milliseconds(at) if at else None
    except InvalidRecord:
        said = f"{plain(at)} is no time, such as 2026-02-01T12:00:00Z."
        return [form, Block("hint", element("p", said, cls="empty"))]
    found = lookups.ask(Wanted(request_id, at_ms, address.number("again")))
    if found is None:
        said = "Looking it up in the state and the topics; that takes seconds."
        return [form, Block("hint", element("p", said, cls="empty", role="status"))]
    again = str(address.having(again=address.number("again") + 1))
    link = element("a", "Look again", href=again, data_soft="1")
    if isinstance(found, str):
        older = "" if at else "For an older request say above when it was published. "
        return [form, Block("hint", element("p", f"{plain(found)}. {older}", link, cls="empty"))]
    return [form, *_story(found, link)]


def _form(request_id: str, at: str) -> Element:
    return element(
        "div",
        element("h1", "One request"),
        element(
            "form",
            element("label", "request id ", for_="id"),
            element("input", name="id", id="id", type="text", value=request_id, maxlength=1000,
                    autocomplete="off", data_key="/"),
            element("label", "published about ", for_="at"),
            element("input", name="at", id="at", type="text", value=at, maxlength=40,
                    placeholder="if it is no longer retained", autocomplete="off"),
            element("button", "Look up", type="submit", cls="button primary"),
            cls="filter",
        ),
        cls="title",
    )  # fmt: skip


def _story(story: Story, again: Element) -> list[Block]:
    gone = [
        element("p", f"{plain(one)} is gone: the topic's retention has passed.", cls="dim")
        for one in story.gone
    ]
    found = [Block("gone", element("div", *gone, element("p", again)))]
    found += [
        Block(f"answer-{number}", _answer(answer)) for number, answer in enumerate(story.answers)
    ]
    if not story.answers:
        labels = element("ul", *(element("li", _label(None, one)) for one in story.labels))
        found.append(Block("labels", section("Labels without a prediction", labels, key="labels")))
    return found


def _answer(answer: Answer) -> Element:
    event = answer.event
    labels = [element("div", _label(event, one)) for one in answer.labels]
    normally = [
        element("div", f"{plain(f'{field} {value}' if field else 'all')}: {_likes(likes)}")
        for (field, value), likes in answer.segments.items()
    ]
    alerts: list[Node] = [
        element(
            "li",
            mark_of(alert),
            " ",
            element("a", plain(trouble.subject(alert)), href=str(of_alert(alert.fingerprint))),
            element("span", f" since {words.moment(alert.starts_at_ms)}", cls="dim"),
            key=alert.fingerprint,
        )
        for alert in answer.alerts
    ]
    title = f"{event.model} version {event.version}"
    return element(
        "section",
        element("h2", element("a", plain(title), href=str(of_model(event.model,
                                                                   version=event.version)))),
        facts(
            [
                ("answered", plain(str(event.prediction))),
                ("score", None if event.score is None else words.decimals(event.score)),
                ("at", event.timestamp.isoformat()),
                ("label", element("div", *labels) if labels else "none yet"),
                ("code", plain(event.code_version) if event.code_version else None),
                ("data", plain(event.data_version) if event.data_version else None),
                ("normally wrong", element("div", *normally) if normally else None),
            ]
        ),
        element("h3", "Alerts open at its time" if alerts else "No alert was open at its time"),
        element("ul", *alerts, cls="lines") if alerts else None,
        element("h3", "Features, the most unusual first"),
        _features(answer.features),
        cls="panel",
    )  # fmt: skip


def _features(features: Sequence[FeatureOf]) -> Element:
    if not features:
        return element("p", "The event carries no features.", cls="empty")
    head = ("feature", "value", "bin", "share of the reference", "percentile",
            "others like it, normally wrong", "attribution")  # fmt: skip
    return element(
        "div",
        element(
            "table",
            element("caption", "Features, the most unusual first", cls="unseen"),
            element("thead", element("tr", *(element("th", name, scope="col") for name in head))),
            element("tbody", *(_feature(feature) for feature in features)),
        ),
        cls="scroll",
        tabindex=-1,
    )


def _feature(feature: FeatureOf) -> Element:
    rare = feature.share is not None and feature.share < RARE
    where = feature.percentile
    attribution = feature.attribution
    return element(
        "tr",
        element("td", plain(feature.name), cls="name"),
        element("td", plain(str(feature.value)), cls="much" if rare else ""),
        element("td", "not in it" if feature.bin is None else plain(feature.bin)),
        element("td", share_bar(feature.share)),
        element("td", words.NONE if where is None else f"{where[0]:.0%} to {where[1]:.0%}"),
        element("td", words.NONE if feature.likes is None else _likes(feature.likes)),
        element("td", words.NONE if attribution is None else f"{attribution:+.4g}"),
        key=feature.name,
    )


def _label(event: Prediction | None, label: Feedback) -> str:
    revision = f", revision {label.revision}" if label.revision else ""
    if event is None:
        return plain(f"{label.label} at {label.timestamp.isoformat()}{revision}")
    delay_ms = round((label.timestamp - event.timestamp).total_seconds() * 1000)
    return plain(f"{label.label}, {words.ago(delay_ms)} later{revision}")


def _likes(likes: Likes) -> str:
    if likes.error is None:
        return "unknown"
    return f"{likes.error:.4g} of {words.plural(likes.labels, 'label')}"
