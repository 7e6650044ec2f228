"""The console on records that are made up, told by its standard input what happens next.

``python consoleserver.py PORT MODELS`` serves so many models, of which every tenth is in trouble.
Lines that it understands: ``lost`` and ``found`` (Kafka), ``alert NAME``, ``clear`` (no records).
"""

import sys
import threading
import time
from datetime import UTC, datetime

from tidegauge.console.app import serve
from tidegauge.console.lookups import Lookups
from tidegauge.console.pictures import Pictures
from tidegauge.core.alertrecords import (
    AlertRecord,
    AlertStatus,
    Cause,
    CauseKind,
    Effect,
    Incident,
    Role,
    Severity,
)
from tidegauge.core.deadletters import DeadLetterRecord
from tidegauge.core.events import Prediction
from tidegauge.core.explain.request import FeatureOf
from tidegauge.core.reasons import Reason
from tidegauge.core.records import (
    CalibrationPoint,
    FeatureStats,
    LedgerRecord,
    MetricRecord,
    PredictionLedger,
    Quality,
    Traffic,
    WindowState,
)
from tidegauge.export.http import listening
from tidegauge.live.board import Arrival, LiveRecord
from tidegauge.live.source import Connected, HistoryRead, Lag, Message, Read, Trouble
from tidegauge.live.state import State
from tidegauge.lookup.request import Answer, Story
from tidegauge.settings import Settings
from tidegauge.settings.console import LOOPBACK

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
"""Name of a model, a feature, a segment and a request, words of an alert and of the cluster."""
HOUR = 3_600_000
T = 1_360_332_000_000
WINDOWS = 30


def window(model: str, hour: int) -> MetricRecord:
    """A window of an hour."""
    accuracy = 0.8 + (hash((len(model), hour)) % 50) / 1000
    return MetricRecord(
        model=model,
        version="3",
        start_ms=T + hour * HOUR,
        end_ms=T + (hour + 1) * HOUR,
        state=WindowState.FINAL if hour < WINDOWS - 3 else WindowState.PROVISIONAL,
        revision=1,
        predictions=100,
        labelled=90,
        label_coverage=0.9,
        reference="r",
        quality=Quality(
            accuracy=accuracy,
            auc=0.9,
            true_positives=20,
            false_negatives=5,
            false_positives=10,
            true_negatives=55,
            calibration_curve=(CalibrationPoint(0.2, 0.3, 40), CalibrationPoint(0.7, 0.6, 50)),
        ),
        traffic=Traffic(predictions=100, per_second=100 / 3600),
        features={HOSTILE: FeatureStats(count=97, missing=3, psi=0.31)},
    )


def alert(model: str, fingerprint: str) -> AlertRecord:
    """One that fires."""
    return AlertRecord(
        id=fingerprint,
        fingerprint=fingerprint,
        status=AlertStatus.FIRING,
        severity=Severity.CRITICAL,
        model=model,
        time_ms=T + 3 * HOUR,
        starts_at_ms=T + 2 * HOUR,
        labels={"alertname": "FeatureDrift", "model": model, "feature": HOSTILE},
        annotations={"summary": f"{HOSTILE} moved"},
        detector="page_hinkley",
        window_start_ms=T + 2 * HOUR,
        window_end_ms=T + 3 * HOUR,
        predictions=1200,
        labelled=600,
        examples=(HOSTILE,),
        incident=Incident(id="f" * 16, role=Role.ROOT, root=fingerprint, summary=HOSTILE),
        causes=(
            Cause(
                kind=CauseKind.SEGMENT,
                effect=Effect.CONCEPT_SHIFT,
                name="origin",
                value=HOSTILE,
                contribution=0.62,
                summary="errors rose",
            ),
        ),
    )


def records(models: int) -> list[LiveRecord]:
    """What is known to begin with; the first model has a hostile name."""
    found: list[LiveRecord] = []
    for number in range(models):
        name = HOSTILE if number == 0 else f"model-{number:03}"
        found += [window(name, hour) for hour in range(WINDOWS)]
        balance = PredictionLedger(read=500, labelled=480, open=20)
        found.append(LedgerRecord(model=name, time_ms=T + WINDOWS * HOUR, predictions=balance))
        if number % 10 == 0:
            found.append(alert(name, f"{number:016x}"))
    found.append(
        DeadLetterRecord.of(
            reason=Reason.INVALID_JSON,
            message=HOSTILE,
            topic="predictions",
            partition=0,
            offset=7,
            timestamp_ms=T,
            key=HOSTILE.encode(),
            value=HOSTILE.encode(),
        )
    )
    return found


class Told:
    """A source that says what standard input wants."""

    def __init__(self, models: int) -> None:
        self._offset = 0
        self._models = models
        self._messages: list[Message] = [*self._everything(), Lag(12)]

    def start(self) -> None:
        """See `Source.start`."""
        threading.Thread(target=self._listen, daemon=True).start()

    def stop(self) -> None:
        """See `Source.stop`."""

    def take(self) -> list[Message]:
        """See `Source.take`."""
        taken, self._messages = self._messages, []
        return taken

    def _everything(self) -> list[Message]:
        return [Connected(), self._read(records(self._models)), HistoryRead()]

    def _read(self, found: list[LiveRecord]) -> Read:
        self._offset += len(found)
        first = self._offset - len(found)
        return Read([Arrival(first + n, T, record) for n, record in enumerate(found)])

    def _listen(self) -> None:
        for line in sys.stdin:
            match line.split():
                case ["lost"]:
                    self._messages.append(Trouble(f"no broker answers {HOSTILE}"))
                case ["found"]:
                    self._messages += self._everything()
                case ["clear"]:
                    self._messages += [Connected(), self._read([]), HistoryRead()]
                case ["alert", name]:
                    self._messages.append(self._read([alert(name, "a" * 16)]))


def found(request_id: str, _at: int | None) -> Story:
    """An answer to any question."""
    event = Prediction(
        request_id=request_id,
        model=HOSTILE,
        version="3",
        timestamp=datetime(2026, 2, 1, tzinfo=UTC),
        prediction=HOSTILE,
    )
    feature = FeatureOf(HOSTILE, HOSTILE, HOSTILE, 0.001, None, None, None)
    return Story([Answer(event, [], [feature], {}, [])], [], [])


def main() -> None:
    """Serve until a signal ends it."""
    address = listening("127.0.0.1", int(sys.argv[1]), "console")
    models = int(sys.argv[2])
    state = State("kafka:9092", lambda: time.time_ns() // 1_000_000, HOUR)
    serve(Pictures(state, Settings(), Lookups(found)), Told(models), LOOPBACK, address)


if __name__ == "__main__":
    main()
