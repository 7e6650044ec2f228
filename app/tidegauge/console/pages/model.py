"""One model, or one version or segment of it: its trouble, its quality over time, its sides."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from tidegauge.console.address import Address, of_alert
from tidegauge.console.charts import COLOURS, Line, quality_over_time, traffic_over_time
from tidegauge.console.nodes import Element, Node, element
from tidegauge.console.pages.classes import classes_side
from tidegauge.console.pages.features import features_side
from tidegauge.console.parts import alert_lines
from tidegauge.console.shell import Block, crumbs, facts, section, size_of, waiting
from tidegauge.console.table import table
from tidegauge.core.alertrecords import AlertRecord, Severity
from tidegauge.core.records import MetricRecord
from tidegauge.live import telling, trouble, words
from tidegauge.live.alerts import alerts_listing
from tidegauge.live.board import Board, Scope
from tidegauge.live.compare import Comparison, compare, trouble_since
from tidegauge.live.figures import Figure, figures_of
from tidegauge.live.models import ModelView, model_view
from tidegauge.live.paired import difference_of
from tidegauge.live.scope import scope_of, segments_listing, versions_listing, windows_listing
from tidegauge.live.state import State
from tidegauge.wire.plain import plain

_SIDES: Final = ("versions", "segments", "features", "right and wrong", "windows", "alerts")
_SHOWN_ALERTS: Final = 6


class _Subject(NamedTuple):
    """What the page is about."""

    view: ModelView
    scope: Scope
    size_ms: int
    windows: list[MetricRecord]
    comparison: Comparison
    alerts: list[AlertRecord]


def model(state: State, address: Address) -> list[Block]:
    """The blocks of the page."""
    size_ms = size_of(state, address)
    view = model_view(state.board, address.name, size_ms)
    up = Address().having(window=address.option("window"))
    if view is None:
        said = waiting(state) or "Nothing is known of a model of this name."
        way = crumbs(("Models", up), (address.name, None))
        return [Block("crumbs", way), Block("title", element("p", said, cls="empty"))]
    scope = _scope(view, address)
    windows = view.board.windows(scope, size_ms)
    comparison = compare(windows, trouble_since(view.firing))
    alerts = state.board.alerts(address.name)
    subject = _Subject(view, scope, size_ms, windows, comparison, alerts)
    found = [
        Block("crumbs", _way(subject, address, up)),
        Block("title", _title(subject, address)),
    ]
    if view.firing:
        found.append(Block("trouble", _trouble(view)))
    found += [
        Block("quality", _quality(subject, address)),
        Block("traffic", _traffic(subject)),
        Block("side", _side(state.board, subject, address)),
    ]
    return found


def _scope(view: ModelView, address: Address) -> Scope:
    version = address.option("version") or view.scope.version
    wanted = Scope(version, address.option("field"), address.option("value"))
    return wanted if wanted in view.board.histories else view.scope


def _way(subject: _Subject, address: Address, up: Address) -> Element:
    name, scope = subject.view.board.name, subject.scope
    if scope.whole:
        return crumbs(("Models", up), (name, None))
    whole = address.having(field=None, value=None)
    return crumbs(("Models", up), (name, whole), (f"{scope.field}={scope.value}", None))


def _title(subject: _Subject, address: Address) -> Element:
    view, scope, comparison = subject.view, subject.scope, subject.comparison
    name = view.board.name if scope.whole else f"{view.board.name} {scope.field}={scope.value}"
    newest = comparison.newest
    versions = view.board.versions()
    chips: Node = plain(scope.version)
    if len(versions) > 1:
        chips = element(
            "span",
            *(
                element(
                    "a",
                    plain(one.version),
                    href=str(address.having(version=one.version, field=None, value=None)),
                    aria_current="true" if one.version == scope.version else None,
                    data_soft="1",
                    key=one.version,
                )
                for one in versions
            ),
            cls="chips",
        )
    deployments = view.board.deployments()
    mark = deployments[-1] if deployments else None
    new = f"{plain(trouble.deployed(mark))}, {words.moment(mark.time_ms)}" if mark else None
    ledger = view.board.ledger
    return element(
        "div",
        element("h1", plain(name)),
        facts(
            [
                ("version", chips),
                ("kind", newest.kind if newest is not None else None),
                ("known up to", words.moment(view.board.watermark_ms)),
                ("drift", telling.drift(newest) if newest is not None else None),
                ("last deployed", new),
                ("events", telling.events(ledger) if ledger is not None else None),
            ]
        ),
        cls="title",
    )


def _trouble(view: ModelView) -> Element:
    shown = view.firing[:_SHOWN_ALERTS]
    rest = len(view.firing) - len(shown)
    severe = trouble.worst(view.firing)
    return element(
        "section",
        element("h2", "In trouble", cls="unseen"),
        element(
            "div",
            element(
                "ol",
                *(alert_lines(alert, view.board.watermark_ms) for alert in shown),
                element("li", f"and {rest} more, below", cls="dim", key="more") if rest else None,
                cls="what",
            ),
            cls=f"card one {'crit' if severe is Severity.CRITICAL else 'warn'}",
        ),
    )


def _quality(subject: _Subject, address: Address) -> Element:
    view, scope, size_ms, windows, comparison, alerts = subject
    judged = comparison.judged
    if judged is None:
        said = "No labels yet: publish feedback with the request ids of these predictions."
        return section("Quality", element("p", said, cls="empty"), key="quality")
    figures, begin_ms = figures_of(judged), windows[0].start_ms
    chosen = next((f for f in figures if f.title == address.option("figure")), figures[0])
    told = [f for f in figures if f is chosen or f.read(judged) is not None]
    chart = quality_over_time(
        _lines(view, scope, size_ms, windows),
        chosen,
        [a for a in alerts if a.ends_at_ms is None or a.ends_at_ms > begin_ms],
        # those of the first window are what there was to begin with
        [mark for mark in view.board.deployments() if mark.time_ms >= begin_ms + size_ms],
    )
    note = f"{words.size(size_ms)} windows; {telling.compared(judged, comparison)}"
    return section(
        f"{chosen.title} over time",
        element("div", *(_stat(f, chosen, comparison, address) for f in told), cls="stats"),
        _paired(judged),
        element("div", chart, cls="panel"),
        element(
            "p",
            "Hollow points may still change, when late predictions or labels come. "
            "Shaded: alerts. Dashed: deployments.",
            cls="dim small",
        ),
        key="quality",
        note=note,
    )


def _lines(
    view: ModelView, scope: Scope, size_ms: int, windows: Sequence[MetricRecord]
) -> list[Line]:
    if not scope.whole:
        whole = view.board.windows(Scope(scope.version), size_ms)
        return [Line(f"{scope.field}={scope.value}", windows), Line("all", whole)]
    others = [one for one in view.board.versions() if one != scope]
    found = [Line(scope.version, windows)]
    found += [Line(one.version, view.board.windows(one, size_ms)) for one in others]
    return [line for line in found if line.windows][: len(COLOURS)]


def _stat(figure: Figure, chosen: Figure, comparison: Comparison, address: Address) -> Element:
    judged = comparison.judged
    value = figure.read(judged) if judged is not None else None
    change = figure.difference(judged, comparison.usual)
    worse = figure.worse(change)
    return element(
        "a",
        element("span", figure.title),
        element("strong", figure.told(value)),
        element("small", figure.change(change), cls="worse" if worse else ""),
        href=str(address.having(figure=figure.title)),
        aria_current="true" if figure is chosen else None,
        data_soft="1",
        key=figure.title,
    )


def _paired(judged: MetricRecord) -> Element | None:
    """How it does against the version that shares most requests with it."""
    shared = sorted(judged.paired.items(), key=lambda item: (-item[1].pairs, item[0]))
    if not shared:
        return None
    other, stats = shared[0]
    found = difference_of(stats)
    verdict = "worse" if found.worse else "better" if found.better else "not told apart"
    return element(
        "p",
        f"Against version {plain(other)}, on {words.plural(stats.pairs, 'request')} that both "
        f"answered: {found.title} {found.told(found.value)} (95 %: {found.interval}), ",
        element("strong", verdict),
        ".",
    )


def _traffic(subject: _Subject) -> Element:
    newest = subject.comparison.newest
    if newest is None:
        said = "No window of this size was read yet."
        return section("Traffic", element("p", said, cls="empty"), key="traffic")
    parts = [f"{words.count(newest.predictions)} predictions in the newest window"]
    if newest.latency.count:
        parts.append(f"p99 {words.seconds(newest.latency.p99)}")
    parts.append(telling.label_delay(subject.comparison.judged))
    chart = traffic_over_time(subject.windows)
    body = element("div", chart, cls="panel")
    return section("Traffic and labels", body, key="traffic", note=" · ".join(filter(None, parts)))


def _side(known: Board, subject: _Subject, address: Address) -> Element:
    view, scope, size_ms, windows, comparison, alerts = subject
    sides = _SIDES if scope.whole else _SIDES[2:]
    wanted = address.option("side")
    side = wanted if wanted in sides else sides[0]
    tabs = [
        element(
            "a",
            name,
            element("kbd", str(number), aria_hidden="true"),
            href=str(address.having(side=name, sort=None, q=None, page=None)),
            aria_current="page" if name == side else None,
            data_soft="1",
            data_key=str(number),
            key=name,
        )
        for number, name in enumerate(sides, start=1)
    ]
    board, firing = view.board, view.firing
    match side:
        case "versions":
            listing = versions_listing(board, scope.version, size_ms, firing)
            body = table(listing, address, label="Versions", link=lambda k: _to(address, k))
        case "segments":
            listing = segments_listing(board, scope.version, size_ms, firing)
            body = table(listing, address, label="Segments", link=lambda k: _to(address, k))
        case "features":
            body = features_side(known, comparison.newest, windows, address)
        case "right and wrong":
            body = classes_side(comparison.judged, address)
        case "windows":
            listing = windows_listing(windows, alerts, board.deployments())
            body = table(listing, address, label="Windows")
        case _:
            listing = alerts_listing(alerts)
            body = table(listing, address, label="Alerts", link=of_alert)
    return element(
        "section", element("nav", *tabs, cls="tabs", aria_label="Sides"), body, key=f"side-{side}"
    )


def _to(address: Address, key: str) -> Address:
    scope = scope_of(key)
    side = None if scope.whole else "features"
    return address.having(
        version=scope.version, field=scope.field, value=scope.value,
        side=side, sort=None, q=None, page=None,
    )  # fmt: skip
