"""The publisher of the demo alone: into topics that exist, for workers that others run."""

from collections.abc import Callable
from threading import Event

from tidegauge.demo.configuration import Configuration
from tidegauge.demo.faults import Faults
from tidegauge.demo.flights import load_flights
from tidegauge.demo.interrupt import interruptible
from tidegauge.demo.plan import Plan
from tidegauge.demo.producer import connected, publish
from tidegauge.demo.progress import Progress
from tidegauge.demo.replay import replay
from tidegauge.kafka.client import Connection, client_options


def publish_only(
    plan: Plan, configuration: Configuration, on_progress: Callable[[Progress], None]
) -> bool:
    """Publish the replay until it has ended or is told to stop, by SIGINT or SIGTERM.

    Returns:
        Whether the replay had come to its end.

    Raises:
        DemoError: No broker answers, or it does not take the events.
        SettingsError: The settings can't be used.
    """
    kafka = configuration.settings.kafka
    with interruptible():
        try:
            events = replay(load_flights(plan.start, plan.end), plan.models, Faults(plan.faults))
            with connected(client_options(Connection.of(kafka))) as client:
                publish(
                    events,
                    client,
                    wait=Event().wait,
                    topics=kafka.topic_names,
                    speed=plan.speed,
                    paced_from_ms=plan.paced_from_ms,
                    on_progress=on_progress,
                )
        except KeyboardInterrupt:
            return False
    return True
