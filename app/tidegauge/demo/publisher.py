"""Publishes the replay beside the rest of the demo."""

import threading
from collections.abc import Callable, Iterable
from typing import Self

from tidegauge.demo.producer import TICK_SECONDS, UNPACED, connected, publish
from tidegauge.demo.progress import NOTHING, Progress
from tidegauge.demo.replay import Replayed
from tidegauge.demo.tail import published_since
from tidegauge.kafka.client import Connection, client_options
from tidegauge.settings.kafka import KafkaSettings


class Publisher:
    """A thread that publishes; as a context manager it has ended at the end."""

    def __init__(
        self,
        events: Callable[[], Iterable[Replayed]],
        kafka: KafkaSettings,
        speed: float,
        paced_from_ms: int,
        *,
        progress: Progress = NOTHING,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        """Describe what is published.

        Args:
            events: Gives them in the order of their times, asked for in the thread.
            kafka: Where they go.
            speed: See `tidegauge.demo.producer.publish`.
            paced_from_ms: See there.
            progress: What an earlier run has published; then it begins held.
            on_progress: Told in the thread what is acknowledged.
        """
        self._events = events
        self._kafka = kafka
        self._speed = speed
        self._paced_from_ms = paced_from_ms
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="publisher")
        self._on_progress = on_progress
        self.progress = progress
        self.held = progress != NOTHING
        """Whether flight time is to stand still, so that the workers catch up."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def running(self) -> bool:
        """Whether there is more to publish."""
        return self._thread.is_alive()

    @property
    def paced(self) -> bool:
        """Whether it follows a clock."""
        return self._speed != UNPACED

    @property
    def watched(self) -> bool:
        """Whether it has come to what is to be watched, beyond what is passed over."""
        return (self.progress.time_ms or 0) >= self._paced_from_ms

    def check(self) -> None:
        """Raise what ended it, if it failed.

        Raises:
            DemoError: The broker did not take the events.
        """
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            progress = self.progress
            going_on = progress != NOTHING
            there = published_since(self._kafka, progress.ends) if going_on else ()
            with connected(client_options(Connection.of(self._kafka))) as client:
                while going_on and self.held:
                    if self._stop.wait(TICK_SECONDS):
                        return
                publish(
                    self._events(),
                    client,
                    wait=self._stop.wait,
                    topics=self._kafka.topic_names,
                    speed=self._speed,
                    paced_from_ms=self._paced_from_ms,
                    held=lambda: self.held,
                    progress=progress,
                    there=there,
                    on_progress=self._note,
                )
        except Exception as failure:  # noqa: BLE001 - `check` raises it in the main thread
            self._failure = failure

    def _note(self, progress: Progress) -> None:
        self.progress = progress
        self._on_progress(progress)
