"""The life of an alert: the events that were told of it, in their order."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Severity
from tidegauge.live import trouble, words
from tidegauge.live.listing import Cell, Column, Listing, Row, text_cell

KEPT_EVENTS: Final = 100
"""Of each alert: the newest."""


class Event(NamedTuple):
    """What one record said of an alert, as far as it is kept.

    Attributes:
        starts_at_ms: When what it tells of began, and so which time of the alert it belongs to.
        revision: Its number in that time; 0 opens it.
        time_ms: The event time at which it was so.
        status: What was said.
        severity: How bad it was.
        because: The largest cause then, or why it was taken back.
        predictions: On how many it rested.
    """

    starts_at_ms: int
    revision: int
    time_ms: int
    status: AlertStatus
    severity: Severity
    because: str
    predictions: int


class Life:
    """The events of one alert; one that is told again is one event."""

    def __init__(self) -> None:
        self._events: dict[str, Event] = {}

    def take(self, record: AlertRecord) -> None:
        """Add an event, in any order."""
        if record.id in self._events:
            return
        because = record.annotations.get("retracted") or trouble.because(record)
        self._events[record.id] = Event(
            record.starts_at_ms,
            record.revision,
            record.time_ms,
            record.status,
            record.severity,
            because,
            record.predictions,
        )
        if len(self._events) > KEPT_EVENTS:
            del self._events[min(self._events, key=lambda id_: (self._events[id_], id_))]

    def events(self) -> list[Event]:
        """In their order."""
        return sorted(self._events.values())


_COLUMNS: Final = (
    Column("when (UTC)"),
    Column("state"),
    Column("severity", rank=2),
    Column("because", rank=1, limit=120, least=18),
    Column("evidence", right=True, rank=3, descending=True),
)
_STYLES: Final = {AlertStatus.RESOLVED: "green", AlertStatus.RETRACTED: "blue"}


def life_listing(events: list[Event]) -> Listing:
    """One row for each event.

    Args:
        events: In their order.
    """
    rows = []
    for number, (event, told) in enumerate(zip(events, _told(events), strict=True)):
        style = _STYLES.get(event.status, trouble.STYLES[event.severity])
        cells = (
            Cell(words.moment(event.time_ms), event.time_ms),
            text_cell(told, style),
            text_cell(event.severity, ""),
            text_cell(event.because),
            Cell(words.count(event.predictions), event.predictions),
        )
        rows.append(Row(str(number), cells))
    return Listing(_COLUMNS, tuple(rows), empty="no event of it was read")


def _told(events: Sequence[Event]) -> Iterator[str]:
    """What each event says, after the one before it."""
    for before, event in zip([None, *events], events, strict=False):
        if event.status is not AlertStatus.FIRING:
            yield str(event.status)
        elif event.revision == 0:
            yield "opened"
        elif before is not None and before.status is not AlertStatus.FIRING:
            yield "reopened"
        else:
            yield "updated"
