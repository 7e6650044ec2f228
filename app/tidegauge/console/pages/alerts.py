"""All alerts, to be filtered; and one alert: what is wrong, since when, and why."""

from tidegauge.console.address import Address, of_alert, of_model, of_request
from tidegauge.console.drawing import share_bar
from tidegauge.console.nodes import Element, Node, element, joined
from tidegauge.console.parts import mark_of
from tidegauge.console.shell import Block, crumbs, facts, section, waiting
from tidegauge.console.table import table
from tidegauge.core.alertrecords import (
    AlertRecord,
    AlertStatus,
    AttributionShift,
    Cause,
    Incident,
    Role,
    Split,
)
from tidegauge.live import telling, trouble, words
from tidegauge.live.alerts import alerts_listing
from tidegauge.live.life import life_listing
from tidegauge.live.state import State
from tidegauge.wire.plain import plain

_CHOICES = ("", *AlertStatus)


def alerts(state: State, address: Address) -> list[Block]:
    """The blocks of the page of all alerts."""
    chosen, model = address.option("status"), address.option("model")
    known = state.board.alerts(model or None)
    counts = {str(status): sum(a.status == status for a in known) for status in AlertStatus}
    every = {"": len(known), **counts}
    chips = [
        element(
            "a",
            f"{status or 'all'} {words.count(every[status])}",
            href=str(address.having(status=status, page=None)),
            aria_current="true" if status == chosen else None,
            data_soft="1",
            key=status or "all",
        )
        for status in _CHOICES
    ]
    if model:
        everything = str(address.having(model=None))
        chips.append(element("a", f"only {plain(model)} ✕", href=everything, key="model"))
    wanted = [a for a in known if not chosen or a.status == chosen]
    listing = alerts_listing(wanted, of_all=True)
    firing = counts[AlertStatus.FIRING]
    return [
        Block("title", element("div", element("h1", _headline(state, firing)), cls="title")),
        Block("chosen", element("nav", *chips, cls="chips", aria_label="Status")),
        Block("alerts", table(listing, address, label="Alerts", link=of_alert)),
    ]


def alert(state: State, address: Address) -> list[Block]:
    """The blocks of the page of one alert."""
    known = state.board.alert(address.name)
    way = crumbs(("Alerts", Address("alerts")), (address.name, None))
    if known is None:
        said = waiting(state) or "There is no such alert, or it ended long ago."
        return [Block("crumbs", way), Block("title", element("p", said, cls="empty"))]
    way = crumbs(
        ("Alerts", Address("alerts")),
        (known.model, of_model(known.model)),
        (trouble.subject(known), None),
    )
    found = [
        Block("crumbs", way),
        Block("title", _title(known)),
        Block("life", _life(state, known)),
        Block("causes", section("Why", _causes(known), key="causes", note=_evidence(known))),
    ]
    if known.splits:
        found.append(Block("splits", _splits(known)))
    if known.attributions is not None:
        found.append(Block("attributions", _attributions(known.attributions)))
    if known.incident is not None:
        found.append(Block("incident", _incident(state, known, known.incident)))
    if known.examples:
        found.append(Block("examples", _examples(known)))
    return [*found, Block("events", _events(state, known, address))]


def _headline(state: State, firing: int) -> Node:
    reading = waiting(state)
    if firing:
        return element("strong", f"{words.plural(firing, 'alert')} firing", cls="crit")
    return reading or "No alert fires"


def _evidence(alert_: AlertRecord) -> str:
    return f"in {telling.evidence(alert_)}"


_SAID = ("summary", "description", "advice", "retracted")


def _title(alert_: AlertRecord) -> Element:
    notes = dict(alert_.annotations)
    for cause in alert_.causes:  # they have a table of their own
        notes["description"] = notes.get("description", "").replace(f" {cause.summary}.", "")
    said = [plain(notes[name]) for name in _SAID if name in notes]
    return element(
        "div",
        element("h1", mark_of(alert_), plain(trouble.subject(alert_))),
        *(element("p", text, cls="" if n == 0 else "dim") for n, text in enumerate(said)),
        cls="title",
    )


def _life(state: State, alert_: AlertRecord) -> Element:
    ended = alert_.ends_at_ms
    known = state.board.models.get(alert_.model)
    now = (known.watermark_ms if known is not None else None) or alert_.time_ms
    lasted = (ended or max(now, alert_.time_ms)) - alert_.starts_at_ms
    steps = [
        ("began", words.moment(alert_.starts_at_ms), True),
        ("last told", f"{words.moment(alert_.time_ms)}, event {alert_.revision + 1}", True),
        (
            "retracted" if alert_.status is AlertStatus.RETRACTED else "ended",
            "still fires" if ended is None else f"{words.moment(ended)}",
            ended is not None,
        ),
    ]
    marks = [
        element(
            "li",
            element("strong", name),
            element("span", said),
            cls="done" if done else "open",
            key=name,
        )
        for name, said, done in steps
    ]
    running = telling.running(alert_)
    return element(
        "section",
        element("h2", "Life", element("small", f"{words.ago(lasted)} so far" if ended is None
                                      else f"lasted {words.ago(lasted)}")),
        element("ol", *marks, cls="life"),
        facts(
            [
                ("model", element("a", plain(alert_.model), href=str(of_model(alert_.model)))),
                ("severity", alert_.severity),
                ("found by", telling.detector(alert_)),
                ("running", running or None),
                ("fingerprint", element("code", alert_.fingerprint)),
            ]
        ),
        cls="panel",
    )  # fmt: skip


def _events(state: State, alert_: AlertRecord, address: Address) -> Element:
    events = state.board.life(alert_.fingerprint)
    rows = table(life_listing(events), address, label="Events", filtered=False)
    note = "from when it opened on, as far as the topic still has them"
    return section("Events", rows, key="events", note=note)


def _causes(alert_: AlertRecord) -> Element:
    if not alert_.causes:
        return element("p", "The alert names no cause.", cls="empty")
    head = ("share", "cause", "how", "before", "after", "samples")
    right = {"before", "after", "samples"}
    return element(
        "div",
        element(
            "table",
            element("caption", "Causes, the likeliest first", cls="unseen"),
            element("thead", element("tr", *(
                element("th", name, scope="col", cls="right" if name in right else "")
                for name in head
            ))),
            element("tbody", *(_cause(n, cause) for n, cause in enumerate(alert_.causes))),
        ),
        cls="scroll",
        tabindex=-1,
    )  # fmt: skip


def _cause(number: int, cause: Cause) -> Element:
    about = plain(f"{cause.kind.replace('_', ' ')} {trouble.name(cause)}")
    return element(
        "tr",
        element("td", share_bar(cause.contribution)),
        element(
            "td",
            element("strong", about),
            element("div", plain(cause.summary), cls="dim") if cause.summary else None,
            cls="wrap",
        ),
        element("td", trouble.EFFECTS.get(cause.effect, cause.effect)),
        element("td", words.number(cause.before), cls="right"),
        element("td", words.number(cause.after), cls="right"),
        element("td", words.count(cause.samples), cls="right"),
        key=str(number),
    )


def _splits(alert_: AlertRecord) -> Element:
    note = "harder cases, more errors for the same cases, and what is not told apart; they add up"
    rows = [_split(number, split) for number, split in enumerate(alert_.splits)]
    body = element("div", element(
        "table",
        element("caption", "How the change splits", cls="unseen"),
        element("thead", element("tr", *(
            element("th", name, scope="col", cls="right" if name != "by" else "")
            for name in ("by", "harder cases", "more errors", "rest")
        ))),
        element("tbody", *rows),
    ), cls="scroll", tabindex=-1)  # fmt: skip
    return section("How the change in errors splits", body, key="splits", note=note)


def _split(number: int, split: Split) -> Element:
    return element(
        "tr",
        element("td", plain(f"{split.kind.replace('_', ' ')} {split.name}")),
        *(
            element("td", share_bar(part), cls="right")
            for part in (split.mix, split.concept, split.remainder)
        ),
        key=str(number),
    )


def _attributions(moved: AttributionShift) -> Element:
    note = f"shares of the attribution of {words.plural(moved.count, 'answer')}"
    if moved.drift is not None:
        note += f"; {words.whole_share(moved.drift)} went to other features"
    heads = ("feature", "usually", "now", "right answers", "wrong answers")
    rows = [
        element(
            "tr",
            element("td", plain(one.name)),
            *(
                element("td", share_bar(part), cls="right")
                for part in (one.before, one.after, one.right, one.wrong)
            ),
            key=one.name,
        )
        for one in moved.features
    ]
    body = element("div", element(
        "table",
        element("caption", "What moved the answers", cls="unseen"),
        element("thead", element("tr", *(
            element("th", name, scope="col", cls="right" if name != "feature" else "")
            for name in heads
        ))),
        element("tbody", *rows),
    ), cls="scroll", tabindex=-1)  # fmt: skip
    return section("What moved the answers", body, key="attributions", note=note)


def _incident(state: State, alert_: AlertRecord, incident: Incident) -> Element:
    together = [
        other
        for other in state.board.alerts(alert_.model)
        if other.incident is not None and other.incident.id == incident.id
    ]
    together.sort(key=lambda a: (a.fingerprint != incident.root, a.starts_at_ms, a.fingerprint))
    lines = [
        element(
            "li",
            mark_of(other),
            " ",
            element("a", plain(trouble.subject(other)), href=str(of_alert(other.fingerprint)))
            if other.fingerprint != alert_.fingerprint
            else element("strong", plain(trouble.subject(other))),
            element(
                "span",
                f" {'root' if other.fingerprint == incident.root else 'symptom'},"
                f" since {words.moment(other.starts_at_ms)}",
                cls="dim",
            ),
            key=other.fingerprint,
        )
        for other in together
    ]
    role = "taken for the root" if incident.role is Role.ROOT else "a symptom"
    return section(
        "Incident",
        element("p", plain(incident.summary)),
        element("ul", *lines, cls="lines"),
        key="incident",
        note=f"this alert is {role}",
    )


def _examples(alert_: AlertRecord) -> Element:
    links: list[Node] = [
        element("a", plain(request_id), href=str(of_request(request_id)))
        for request_id in alert_.examples
    ]
    note = "requests of the window that show it (of errors, wrong answers), chosen fairly"
    return section("Examples", element("p", *joined(links, " · ")), key="examples", note=note)
