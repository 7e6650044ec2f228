"""The notifier as a whole: a subscriber for each target, and its HTTP server."""

import logging
import time
from collections.abc import Callable
from threading import Event

from tidegauge.core.alertrecords import Severity
from tidegauge.export.http import PageServer
from tidegauge.kafka.client import Connection
from tidegauge.notify.alertmanager import Alertmanager
from tidegauge.notify.channel import Channel
from tidegauge.notify.chat import Chat
from tidegauge.notify.courier import Courier, Pauses, Wants
from tidegauge.notify.secrets import address_of
from tidegauge.notify.status import TargetStatus, pages
from tidegauge.notify.subscriber import Subscriber
from tidegauge.notify.webhook import Webhook
from tidegauge.settings import Settings
from tidegauge.settings.notify import NotifySettings, TargetSettings

log = logging.getLogger(__name__)

_SECONDS_TO_STOP = 2.0


def channel_of(name: str, target: TargetSettings, settings: NotifySettings) -> Channel:
    """The way of telling that a target's settings describe.

    Raises:
        NotifyError: Its address or login is missing, or what it needs is not installed.
    """
    address = address_of(name, target)
    timeout = settings.timeout.total_seconds()
    if target.type == "alertmanager":
        repeat = settings.repeat.total_seconds()
        return Alertmanager(address, timeout, repeat, settings.link, time.time)
    if target.type == "webhook":
        return Webhook(address, timeout)
    return Chat(name, address, settings.link)


def wants_of(target: TargetSettings) -> Wants:
    """Which alerts a target is told."""
    return Wants(Severity(target.min_severity), target.models)


class Notifier:
    """Tells all targets until it is stopped.

    Args:
        settings: all settings.

    Raises:
        NotifyError: A target can't be used.
        AddressError: The address of the HTTP server is taken.
    """

    def __init__(self, settings: Settings) -> None:
        rules = settings.notify
        self._over = Event()
        self._bug: BaseException | None = None
        pauses = Pauses(
            rules.retry_min.total_seconds(),
            rules.retry_max.total_seconds(),
            rules.repeat.total_seconds(),
        )
        self.targets: list[TargetStatus] = []
        self._subscribers: list[Subscriber] = []
        for name, target in rules.targets.items():
            channel = channel_of(name, target, rules)
            status = TargetStatus(name, channel.shown)
            courier = Courier(
                channel, wants_of(target), pauses, clock=time.monotonic, status=status, log=_write
            )
            self.targets.append(status)
            self._subscribers.append(
                Subscriber(
                    Connection.of(settings.kafka),
                    settings.kafka.topic_names.alerts,
                    f"{rules.group}.{name}",
                    start=rules.start,
                    courier=courier,
                    ended=self._ended,
                )
            )
        shown = pages(self.targets, self._alive, settings.limits.series)
        self._server = PageServer(shown, rules.host, rules.port, "notify")
        self.url = self._server.url

    def run(self, stopped: Callable[[], bool] = lambda: False) -> BaseException | None:
        """Tell until `stop` is called or a thread ends; the exception that ended it, if any."""
        for target in self.targets:
            log.info("event=telling target=%s address=%s", target.name, target.shown)
        log.info("event=serving url=%s", self.url)
        for subscriber in self._subscribers:
            subscriber.start()
        while not self._over.wait(0.2) and not stopped():
            pass
        for subscriber in self._subscribers:
            subscriber.stop()
        late = [s for s in self._subscribers if not s.join(_SECONDS_TO_STOP)]
        if late:
            log.info("event=attempts_broken_off targets=%d", len(late))
        self._server.close()
        return self._bug

    def stop(self) -> None:
        """End; may be called from a signal handler."""
        self._over.set()

    def _alive(self) -> bool:
        return all(subscriber.alive for subscriber in self._subscribers)

    def _ended(self, error: BaseException | None) -> None:
        if error is not None:
            self._bug = error
            log.error("event=defect error=%r", error, exc_info=error)
        self._over.set()


def _write(event: str, **fields: object) -> None:
    line = " ".join(f"{name}={_field(value)}" for name, value in fields.items())
    log.log(logging.INFO if event == "told" else logging.WARNING, "event=%s %s", event, line)


def _field(value: object) -> str:
    text = str(value)
    return repr(text) if " " in text or not text.isprintable() else text
