"""Publishes the replay beside the rest of the demo."""

import threading
from collections.abc import Iterable
from typing import Self

from tidegauge.demo.producer import UNPACED, Progress, connected, publish
from tidegauge.demo.replay import Replayed
from tidegauge.kafka.client import Connection, client_options
from tidegauge.settings.kafka import KafkaSettings


class Publisher:
    """A thread that publishes; as a context manager it has ended at the end."""

    def __init__(self, events: Iterable[Replayed], kafka: KafkaSettings, speed: float) -> None:
        """Describe what is published.

        Args:
            events: In the order of their times.
            kafka: Where they go.
            speed: See `tidegauge.demo.producer.publish`.
        """
        self._events = events
        self._kafka = kafka
        self._speed = speed
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="publisher")
        self.progress = Progress()
        self.held = False
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

    def check(self) -> None:
        """Raise what ended it, if it failed.

        Raises:
            DemoError: The broker did not take the events.
        """
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            with connected(client_options(Connection.of(self._kafka))) as client:
                publish(
                    self._events,
                    client,
                    wait=self._stop.wait,
                    topics=self._kafka.topic_names,
                    speed=self._speed,
                    held=lambda: self.held,
                    on_progress=self._note,
                )
        except Exception as failure:  # noqa: BLE001 - `check` raises it in the main thread
            self._failure = failure

    def _note(self, progress: Progress) -> None:
        self.progress = progress
