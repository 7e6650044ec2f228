"""Alerts as tables: those of a model, and the causes of one."""

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Cause
from tidegauge.live import trouble, words
from tidegauge.live.listing import Cell, Column, Listing, Row, text_cell

_COLUMNS = (
    Column("state"),
    Column("since"),
    Column("until", rank=3),
    Column("what", limit=48),
    Column("because", rank=1, limit=90, least=18),
    Column("evidence", right=True, rank=2, descending=True),
)
_CAUSE_COLUMNS = (
    Column("cause", limit=36),
    Column("how"),
    Column("share", right=True, rank=1, descending=True),
    Column("before", right=True, descending=True),
    Column("after", right=True, descending=True),
    Column("samples", right=True, rank=2, descending=True),
)
_BAR = 5


def alerts_listing(alerts: list[AlertRecord], *, of_all: bool = False) -> Listing:
    """The firing alerts by weight, then the ended ones, the latest first.

    Args:
        alerts: The newest event of each.
        of_all: They are of several models, so each tells its own, and its part in its incident.
    """
    firing = [a for a in alerts if a.status is AlertStatus.FIRING]
    ended = [a for a in alerts if a.status is not AlertStatus.FIRING]
    ended.sort(key=lambda a: (-a.time_ms, a.fingerprint))
    ordered = (*trouble.by_weight(firing), *ended)
    if not of_all:
        rows = tuple(Row(a.fingerprint, _cells(a)) for a in ordered)
        return Listing(_COLUMNS, rows, empty="no alert has fired")
    columns = (_COLUMNS[0], Column("model", limit=28), *_COLUMNS[1:], Column("incident", rank=4))
    rows = tuple(Row(a.fingerprint, _cells_of_all(a)) for a in ordered)
    return Listing(columns, rows, empty="no alert has fired")


def _cells_of_all(alert: AlertRecord) -> tuple[Cell, ...]:
    state, *others = _cells(alert)
    incident = alert.incident
    part = words.NONE if incident is None else f"{incident.role} {incident.id[:6]}"
    return (state, text_cell(alert.model, "bold"), *others, text_cell(part))


def _cells(alert: AlertRecord) -> tuple[Cell, ...]:
    mark, style = trouble.mark(alert)
    return (
        Cell(mark, float(trouble.rank(alert)) + 10 * (alert.ends_at_ms is not None), style),
        Cell(words.short_moment(alert.starts_at_ms), alert.starts_at_ms),
        Cell(words.short_moment(alert.ends_at_ms), alert.ends_at_ms),
        text_cell(trouble.subject(alert), "bold"),
        text_cell(trouble.because(alert)),
        Cell(words.count(alert.predictions), alert.predictions),
    )


def causes_listing(alert: AlertRecord) -> Listing:
    """One row for each cause, the largest first."""
    rows = tuple(Row(str(number), _cause_cells(cause)) for number, cause in enumerate(alert.causes))
    return Listing(_CAUSE_COLUMNS, rows, empty="the alert names no cause")


def _cause_cells(cause: Cause) -> tuple[Cell, ...]:
    share = cause.contribution
    filled = round(max(0.0, min(1.0, share or 0.0)) * _BAR)
    bar = "" if share is None else f"{'█' * filled:<{_BAR}} {share:>5.0%}"
    return (
        text_cell(f"{cause.kind} {trouble.name(cause)}", "bold"),
        Cell(trouble.EFFECTS[cause.effect], trouble.EFFECTS[cause.effect]),
        Cell(bar or words.NONE, share),
        Cell(words.number(cause.before), cause.before),
        Cell(words.number(cause.after), cause.after),
        Cell(words.count(cause.samples), cause.samples),
    )
