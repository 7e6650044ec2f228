"""What several pages say of an alert."""

from tidegauge.console.address import of_alert
from tidegauge.console.drawing import share_bar
from tidegauge.console.nodes import Element, element
from tidegauge.core.alertrecords import AlertRecord, Cause, Severity
from tidegauge.live import trouble, words
from tidegauge.wire.plain import plain


def mark_of(alert: AlertRecord) -> Element:
    """A word for severity or end of an alert; only one that fires is coloured."""
    text, _ = trouble.mark(alert)
    cls = "mark"
    if alert.ends_at_ms is None:
        cls += {Severity.CRITICAL: " crit", Severity.WARNING: " warn"}.get(alert.severity, "")
    return element("span", text, cls=cls)


def cause_line(cause: Cause) -> Element:
    """One cause: how much of the change, and what."""
    return element(
        "li",
        share_bar(cause.contribution),
        element("span", plain(trouble.reason(cause)), cls="reason"),
    )


def unsaid(alert: AlertRecord) -> list[Cause]:
    """The causes that say more than the summary of the alert does."""
    summary = alert.annotations.get("summary", "")
    return [cause for cause in alert.causes if not cause.summary or cause.summary not in summary]


def alert_lines(alert: AlertRecord, now_ms: int | None, causes: int = 3) -> Element:
    """One alert: what, since when, and why.

    Args:
        alert: The alert.
        now_ms: The event time up to which its model is known.
        causes: Told at most; 0: the alert is told in one line.
    """
    lasting = None if now_ms is None else words.ago(now_ms - alert.starts_at_ms)
    summary = plain(alert.annotations.get("summary", "")).removeprefix(f"Model {alert.model}: ")
    shown = unsaid(alert)[:causes]
    return element(
        "li",
        element(
            "p",
            mark_of(alert),
            " ",
            element("a", plain(trouble.subject(alert)), href=str(of_alert(alert.fingerprint))),
            element(
                "span",
                f" since {words.moment(alert.starts_at_ms)}",
                f", for {lasting}" if lasting else None,
                cls="since",
            ),
            element("span", f" {summary}") if summary and not causes else None,
        ),
        element("p", summary, cls="summary") if summary and causes else None,
        element("ul", *(cause_line(cause) for cause in shown), cls="causes") if shown else None,
        key=alert.fingerprint,
    )
