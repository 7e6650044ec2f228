"""The same job as an experienced Faust user writes it with the framework's own means.

Run by `throughput.py`: ``python idiomatic_faust.py SETTINGS RECORDS``. Two agents take one event at
a time as `faust.Record`, tables in memory with changelog topics hold the join and the windows, and
offsets are committed as Faust does it: at least once, so a crash counts events twice.

It does less than a worker, which favours it: one window (a minute) instead of four, labelled
requests only, in the window of the event that completes them, no segments, means and counts instead
of distributions, no drift, no detectors, no ledgers, no dead letters, nothing published. Each
source partition has figures of its own, which a query would sum, so that nothing has to be sent on
to a partition by model.
"""

import gc
import logging
import os
import signal
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import faust

from outcome import Stopwatch, end_with_parent
from tidegauge.settings import Settings
from tidegauge.settings.load import load

WINDOW = timedelta(minutes=1)
KEPT = timedelta(hours=1)
KEPT_FIELDS = ("model", "version", "prediction", "score", "features")
TABLES = ("answers", "orphans", "windows")
LOOK_SECONDS = 0.1


class Prediction(faust.Record, serializer="json"):  # type: ignore[misc,call-arg]  # it has no types
    """One answer."""

    request_id: str
    timestamp: str
    model: str
    version: str
    prediction: int
    score: float
    features: dict[str, float | str]
    segments: dict[str, str]
    latency_seconds: float


class Feedback(faust.Record, serializer="json"):  # type: ignore[misc,call-arg]
    """The truth about one request."""

    request_id: str
    timestamp: str
    label: int


@dataclass
class Progress:
    """How many events were processed, and since when."""

    events: int = 0
    joined: int = 0
    watch: Stopwatch | None = None

    def count(self) -> None:
        """Count one event."""
        self.watch = self.watch or Stopwatch()
        self.events += 1


def make_app(settings: Settings, folder: Path, progress: Progress) -> faust.App:
    """The application; ``progress`` tells how far it is."""
    names, partitions = settings.kafka.topic_names, settings.topics.partitions
    app = faust.App(
        settings.kafka.group,
        broker=f"kafka://{settings.kafka.bootstrap}",
        store="memory://",
        datadir=str(folder / "faust"),
        topic_partitions=partitions,
        topic_replication_factor=1,
        web_enabled=False,
    )
    predictions = app.topic(names.predictions, key_type=bytes, value_type=Prediction)
    feedback = app.topic(names.feedback, key_type=bytes, value_type=Feedback)
    answers = app.Table("answers", partitions=partitions)
    orphans = app.Table("orphans", partitions=partitions)
    windows = app.Table("windows", default=dict, partitions=partitions)
    by_minute = windows.tumbling(WINDOW, expires=KEPT).relative_to_field(Prediction.timestamp)

    def count(partition: int, answer: dict[str, Any], label: int) -> None:
        key = f"{answer['model']}|{answer['version']}|{partition}"
        figures = by_minute[key].current() or {"n": 0, "right": 0, "squares": 0.0, "features": {}}
        figures["n"] += 1
        figures["right"] += answer["prediction"] == label
        figures["squares"] += (answer["score"] - label) ** 2
        features = figures["features"]
        for name, value in answer["features"].items():
            if isinstance(value, str):
                features[f"{name}={value}"] = features.get(f"{name}={value}", 0) + 1
            else:
                features[name] = features.get(name, 0.0) + value
        by_minute[key] = figures
        progress.joined += 1

    @app.agent(predictions)  # type: ignore[untyped-decorator]
    async def predict(stream: faust.Stream) -> None:
        async for event in stream.events():
            answer = event.value
            kept = {name: getattr(answer, name) for name in KEPT_FIELDS}
            label = orphans.pop(answer.request_id, None)
            if label is None:
                answers[answer.request_id] = kept
            else:
                count(event.message.partition, kept, label)
            progress.count()

    @app.agent(feedback)  # type: ignore[untyped-decorator]
    async def learn(stream: faust.Stream) -> None:
        async for event in stream.events():
            truth = event.value
            answer = answers.pop(truth.request_id, None)
            if answer is None:
                orphans[truth.request_id] = truth.label
            else:
                count(event.message.partition, answer, truth.label)
            progress.count()

    return app


def main() -> None:
    """Process a number of records, report, and stop."""
    end_with_parent()
    path, expected = Path(sys.argv[1]), int(sys.argv[2])
    progress = Progress()
    app = make_app(load(path), path.parent, progress)

    @app.timer(LOOK_SECONDS)  # type: ignore[untyped-decorator]
    async def finish() -> None:
        if progress.events >= expected and progress.watch is not None:
            await app.producer.flush()
            await app.consumer.commit()
            assert progress.joined > 0
            progress.watch.outcome(progress.events).report()
            progress.watch = None
            os.kill(os.getpid(), signal.SIGTERM)

    gc.set_threshold(500_000, 20, 100)  # as the worker does
    logging.disable(logging.INFO)  # else records are made of all debug messages, to be dropped
    faust.Worker(app, loglevel="error", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main()
