"""Records as the worker publishes them, and the live view without a broker."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from samplerecords import alert_at
from textual._context import active_app

from tidegauge.core.alertrecords import AlertRecord, Cause, CauseKind, Effect, Severity
from tidegauge.core.records import (
    FeatureStats,
    LabelDelay,
    Latency,
    LedgerRecord,
    MetricRecord,
    PredictionLedger,
    Quality,
    ScoreStats,
    Traffic,
    WindowState,
)
from tidegauge.live.board import Arrival, LiveRecord
from tidegauge.live.source import Connected, HistoryRead, Lag, Message, Read
from tidegauge.live.state import State
from tidegauge.settings.kafka import KafkaSettings
from tidegauge.top.app import TopApp

HOUR = 3_600_000
T = 1_360_332_000_000
"""2013-02-08T14:00Z."""


def make_window(hour: int = 0, **changes: Any) -> MetricRecord:
    """A closed window of an hour, so many hours after `T`."""
    record = MetricRecord(
        model="delay",
        version="3",
        start_ms=T + hour * HOUR,
        end_ms=T + (hour + 1) * HOUR,
        state=WindowState.PROVISIONAL,
        revision=1,
        predictions=100,
        labelled=90,
        label_coverage=0.9,
        reference="r",
        quality=Quality(accuracy=0.8, auc=0.9, f1=0.5),
        traffic=Traffic(predictions=100, per_second=100 / 3600),
        label_delay=LabelDelay(count=90, p50=8_100.0, p90=16_000.0, p99=30_000.0),
        latency=Latency(count=100, p50=0.004, p99=0.009),
        score=ScoreStats(count=100, psi=0.02),
        features={"wind": FeatureStats(count=97, missing=3, mean=7.5, psi=0.31)},
    )
    return replace(record, **changes)


def make_alert(**changes: Any) -> AlertRecord:
    """A critical alert that began two hours after `T`."""
    record = alert_at(
        T + 3 * HOUR,
        severity=Severity.CRITICAL,
        starts_at_ms=T + 2 * HOUR,
        annotations={"summary": "wind moved", "description": "Effect +1.3."},
        detector="page_hinkley",
        statistic=31.5,
        threshold=25.0,
        labelled=600,
        label_coverage=0.5,
        causes=(
            Cause(
                kind=CauseKind.SEGMENT,
                effect=Effect.CONCEPT_SHIFT,
                name="origin",
                value="LGA",
                contribution=0.62,
                before=0.1,
                after=0.4,
                samples=300,
                summary="errors of LGA rose",
            ),
        ),
    )
    return replace(record, **changes)


def make_ledger(model: str = "delay") -> LedgerRecord:
    """A balance, five hours after `T`."""
    ledger = PredictionLedger(read=500, labelled=480, open=17, late=3)
    return LedgerRecord(model=model, time_ms=T + 5 * HOUR, predictions=ledger)


def arrivals(*records: LiveRecord) -> list[Arrival]:
    """Records in the order of their offsets, all read at one time."""
    return [Arrival(offset, T, record) for offset, record in enumerate(records)]


class Script:
    """A source that says what a test tells it to."""

    def __init__(self, *messages: Message) -> None:
        self.messages = list(messages)
        self.running = False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def take(self) -> list[Message]:
        taken, self.messages = self.messages, []
        return taken


TURNS = 10
"""Turns of the loop after which a key that was pressed, or a signal, has come to somebody."""


async def settled(*_: float) -> None:
    """Return when everything has been said to everybody, and drawn.

    Textual's own way takes a process for idle that the machine gives no time to.
    """
    app = active_app.get()
    await worked(app)
    while not app._exit:
        app.screen._on_timer_update()
        if not await worked(app):
            break


async def worked(app: TopApp) -> bool:
    """Wait until nobody has anything to do; whether anybody had."""
    idle = turns = 0
    while idle < TURNS and not app._exit:
        await asyncio.sleep(0)
        busy = app._resize_event or not all(map(waits, [app, *app._registry]))
        idle = 0 if busy else idle + 1
        turns += 1
    return turns > TURNS


def waits(pump: Any) -> bool:
    """Whether a part of the program waits for its next message."""
    ready = pump._message_queue.ready_event
    return pump._closing or pump._closed or (bool(ready._waiters) and not ready.is_set())


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("app", "pilot"):
        monkeypatch.setattr(f"textual.{place}.wait_for_idle", settled)


@pytest.fixture
def window() -> Callable[..., MetricRecord]:
    return make_window


@pytest.fixture
def alert() -> Callable[..., AlertRecord]:
    return make_alert


@pytest.fixture
def ledger() -> Callable[..., LedgerRecord]:
    return make_ledger


@pytest.fixture
def arrived() -> Callable[..., list[Arrival]]:
    return arrivals


@pytest.fixture
def live() -> Callable[..., tuple[TopApp, Script]]:
    """The program before it runs, and what feeds it."""

    def build(*records: LiveRecord, said: tuple[Message, ...] = ()) -> tuple[TopApp, Script]:
        known = (Connected(), Read(arrivals(*records))) if records else ()
        script = Script(*known, *said) if said else Script(*known, HistoryRead(), Lag(12))
        state = State("localhost:9092", lambda: T + 90_000, HOUR)
        return TopApp(script, state, KafkaSettings(topic_prefix="x.").topic_names), script

    return build
