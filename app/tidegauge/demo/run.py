"""One run of the demo, from its folder to the end of all its processes.

Everything is a context manager on one stack: whatever ends the run, an error or a signal, what was
started is stopped in the reverse order: the publisher, console and workers, the broker. Should this
process be killed, or be told twice to stop, its children notice and end
(`tidegauge.broker.supervisor`).
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Final

from tidegauge.broker.errors import BrokerError
from tidegauge.demo.alerts import AlertLog, AlertReader, alert_reader
from tidegauge.demo.behind import Behind
from tidegauge.demo.bookmark import Course, course_of
from tidegauge.demo.cluster import Cluster, create_topics, embedded, existing
from tidegauge.demo.configuration import Configuration
from tidegauge.demo.consolepage import ConsolePage
from tidegauge.demo.errors import DemoError
from tidegauge.demo.faults import Faults
from tidegauge.demo.flights import Flight, load_flights
from tidegauge.demo.folder import DemoFolder, claimed, claimed_or_beside
from tidegauge.demo.gauges import Figures
from tidegauge.demo.interrupt import interruptible
from tidegauge.demo.plan import Plan
from tidegauge.demo.progress import Progress
from tidegauge.demo.publisher import Publisher
from tidegauge.demo.replay import Replayed, replay
from tidegauge.demo.screen import Phase, Places, Screen, Status
from tidegauge.demo.workers import Workers
from tidegauge.settings import Settings
from tidegauge.settings.duration import milliseconds, text

DAY_MS: Final = 24 * 3_600_000

_FIRST_SECONDS: Final = 90.0
"""After so long the workers must have read something."""
_LOOK_SECONDS: Final = 2.0
"""Writing their gauges keeps the workers from their work."""
_POLL_MS: Final = 250
_QUIET_SECONDS: Final = 4.0
"""The workers have caught up when all was read and nothing has changed for so long."""
_STUCK_SECONDS: Final = 120.0


def run(plan: Plan, configuration: Configuration, screen: Screen) -> bool:
    """Run the demo until it has ended or is told to stop, by SIGINT or SIGTERM.

    Returns:
        Whether the replay had come to its end.

    Raises:
        BrokerError: The embedded broker failed.
        ClusterError: The cluster can't be reached or refuses.
        DemoError: Something else that was needed is missing or failed.
        SettingsError: The settings can't be used.
    """
    finished, course = False, None
    services = ExitStack()
    with interruptible():
        try:
            folder = services.enter_context(_folder(plan, screen))
            plan = replace(plan, folder=folder.path)
            course = _course(folder, plan, configuration, screen)
            watch = _set_up(services, course, plan, configuration, screen)
            with screen.live():
                watch.until_caught_up()
                finished = True
                course.keep(watch.status().published, finished=True)
                screen.summary(watch.status())
                watch.until_stopped(forever=plan.stay)
        except KeyboardInterrupt:
            pass
        except (BrokerError, DemoError) as error:
            if course is None or not course.goes_on:
                raise
            raise DemoError(
                f"{error}\n\nThis run went on with the data of an earlier one; tidegauge demo "
                "--fresh begins anew."
            ) from error
        finally:
            with screen.working("stopping"):
                services.close()
    return finished


def nearest_to_a_day(settings: Settings) -> str:
    """The window that the demo shows, as the gauges' label has it."""
    return text(min(settings.windows.sizes, key=lambda size: abs(milliseconds(size) - DAY_MS)))


def _folder(plan: Plan, screen: Screen) -> AbstractContextManager[DemoFolder]:
    if not plan.beside:
        return claimed(plan.folder)
    return claimed_or_beside(plan.folder, screen.note)


def _course(folder: DemoFolder, plan: Plan, configuration: Configuration, screen: Screen) -> Course:
    """Where the run begins: anew, or where an earlier one has stopped."""
    if configuration.names_cluster:
        return Course(folder)
    course, obstacle = course_of(folder, plan, configuration.settings)
    if obstacle:
        screen.note(f"beginning anew: {obstacle}")
    if course.goes_on:
        screen.going_on(course.progress.time_ms or 0, course.age_ms)
    return course


def _set_up(
    stack: ExitStack, course: Course, plan: Plan, configuration: Configuration, screen: Screen
) -> "_Watch":
    """Start everything, and tell what is known already."""
    folder = course.folder
    load: Callable[[], list[Flight]] = partial(load_flights, plan.start, plan.end)
    if not course.goes_on:
        # where a run goes on, its workers need the processor first
        load = stack.enter_context(ThreadPoolExecutor(1)).submit(load).result
    window = nearest_to_a_day(configuration.settings)
    with screen.working("starting Kafka"):
        cluster = stack.enter_context(_cluster(configuration, folder, screen, course))
        configuration = cluster.configuration
        workers = stack.enter_context(Workers(configuration, folder, plan.workers))
        page = None
        if plan.console:
            page = stack.enter_context(ConsolePage(configuration, folder, window))
        cluster.wait_ready()
    if not course.goes_on:
        with screen.working("creating the topics"):
            create_topics(configuration.settings)
    folder.topics_exist.touch()
    progress = course.progress

    def events() -> Iterator[Replayed]:
        rest = replay(load(), plan.models, Faults(plan.faults), progress.time_ms or 0)
        return islice(rest, progress.at_time, None)

    kafka = configuration.settings.kafka
    publisher = Publisher(
        events,
        kafka,
        plan.speed,
        plan.paced_from_ms,
        progress=progress,
        on_progress=course.keep,
    )
    stack.enter_context(publisher)
    alerts = stack.enter_context(alert_reader(kafka))
    logs = [worker.log for worker in workers.all]
    if cluster.log is not None:
        logs.append(cluster.log)
    if page is not None:
        logs.append(page.log)
    metrics = [worker.url for worker in workers.all]
    url = page.url if page is not None else None
    screen.places(Places(plan, configuration, metrics, logs, url, progress.time_ms))

    def look() -> Figures | None:
        return workers.figures(plan.models, window)

    watch = _Watch(cluster, workers, publisher, alerts, page=page, look=look, screen=screen)
    if course.goes_on:
        watch.recall()
    return watch


def _cluster(
    configuration: Configuration, folder: DemoFolder, screen: Screen, course: Course
) -> AbstractContextManager[Cluster]:
    if configuration.names_cluster:
        return existing(configuration)
    return embedded(configuration, folder.broker, screen.console, fresh=not course.goes_on)


class _Watch:
    """Looks at everything while the replay runs."""

    def __init__(
        self,
        cluster: Cluster,
        workers: Workers,
        publisher: Publisher,
        alerts: AlertReader,
        *,
        page: ConsolePage | None,
        look: Callable[[], Figures | None],
        screen: Screen,
    ) -> None:
        self._cluster = cluster
        self._workers = workers
        self._page = page
        self._publisher = publisher
        self._behind = Behind()
        self._due: int | None = None
        """How many events are passed over; None before all of them are published."""
        self._reader = alerts
        self._look = look
        self._screen = screen
        self._log = AlertLog()
        self._figures: Figures | None = None
        self._phase = Phase.REPLAYING
        self._began = time.monotonic()
        self._ended: float | None = None
        self._looked = 0.0
        self._changed = self._began

    def recall(self) -> None:
        """Take the alerts of an earlier run, and show those that still fire."""
        for event in self._reader.past():
            self._log.add(event)
        self._screen.recalled(self._log)

    def until_caught_up(self) -> None:
        """Return when everything is published and the workers have nothing more to say about it."""
        while self._publisher.running:
            self._step()
        self._phase = Phase.CATCHING_UP
        self._changed = time.monotonic()
        while not self._caught_up():
            self._step()
        self._phase = Phase.DONE
        self._ended = time.monotonic()

    def until_stopped(self, *, forever: bool) -> None:
        """Go on until a signal ends it, or return at once."""
        while forever:
            self._step()

    def status(self) -> Status:
        """The present."""
        seconds = (self._ended or time.monotonic()) - self._began
        progress = self._publisher.progress
        holding = self._phase is Phase.REPLAYING and self._publisher.held
        phase = Phase.HOLDING if holding else self._phase
        return Status(phase, progress, self._figures, self._log, seconds)

    def _step(self) -> None:
        self._publisher.check()
        self._workers.check()
        self._cluster.check()
        if self._page is not None:
            self._page.check()
        self._check_begun()
        for event in self._reader.poll(_POLL_MS):
            self._log.add(event)
            self._screen.alert(event)
            self._changed = time.monotonic()
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._take(self._look())
            self._looked = time.monotonic()
            self._keep_pace()
        self._screen.status(self.status())

    def _take(self, figures: Figures | None) -> None:
        if figures is not None and figures != self._figures:
            self._figures = figures
            self._changed = time.monotonic()

    def _keep_pace(self) -> None:
        """Hold the replay while the workers are behind, unless it is to be as fast as possible."""
        progress, figures = self._publisher.progress, self._figures
        if figures is not None and self._publisher.paced:
            published = progress.predictions + progress.feedback
            read = figures.predictions_read + figures.feedback_read
            if self._publisher.watched and self._due is None:
                self._due = published
            # nobody could watch what the workers have not passed over yet
            early = self._due is not None and read < self._due
            self._publisher.held = self._behind.look(self._looked, published, read) or early

    def _check_begun(self) -> None:
        seconds = time.monotonic() - self._began
        if seconds > _FIRST_SECONDS and not _has_read(self._figures, Progress(predictions=1)):
            raise self._stuck(f"the workers have read nothing in {_FIRST_SECONDS:g} s")

    def _caught_up(self) -> bool:
        self._publisher.check()
        quiet = time.monotonic() - self._changed
        complete = _has_read(self._figures, self._publisher.progress) and self._reader.at_end
        if not complete and quiet > _STUCK_SECONDS:
            raise self._stuck(
                "the workers have not read everything and nothing has changed for "
                f"{_STUCK_SECONDS:g} s"
            )
        return complete and quiet >= _QUIET_SECONDS

    def _stuck(self, what: str) -> DemoError:
        logs = ", ".join(str(worker.log) for worker in self._workers.all)
        return DemoError(f"{what}; their logs: {logs}")


def _has_read(figures: Figures | None, published: Progress) -> bool:
    return (
        figures is not None
        and figures.predictions_read >= published.predictions
        and figures.feedback_read >= published.feedback
    )
