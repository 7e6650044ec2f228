"""A POST of each event, as a CloudEvent in JSON format."""

from collections.abc import Sequence

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.notify.channel import Delivered, Event, Outcome
from tidegauge.notify.post import post
from tidegauge.notify.secrets import Address


class Webhook:
    """Posts CloudEvents in structured mode (CloudEvents "HTTP Protocol Binding" 1.0.2, 3.2).

    The header Idempotency-Key has the event's id, by which a receiver tells a repetition.

    Args:
        address: where to.
        timeout: seconds to wait for the answer.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self._address = address
        self._timeout = timeout

    @property
    def shown(self) -> str:
        """See `Channel.shown`."""
        return self._address.shown

    def send(self, event: Event) -> Outcome:
        """See `Channel.send`."""
        headers = {
            "Content-Type": "application/cloudevents+json",
            "Idempotency-Key": event.alert.id,
        }
        return post(self._address, self._address.url, event.cloud_event, headers, self._timeout)

    def repeat(self, firing: Sequence[AlertRecord]) -> Outcome:  # noqa: ARG002 - nothing to repeat
        """See `Channel.repeat`."""
        return Delivered()

    def preview(self, event: Event) -> str:
        """See `Channel.preview`."""
        return event.cloud_event.decode()
