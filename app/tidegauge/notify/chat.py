"""Chat, mail and whatever else apprise reaches."""

import logging
from collections.abc import Sequence
from typing import Any

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Severity
from tidegauge.notify.channel import Delivered, Event, Failed, Outcome
from tidegauge.notify.errors import NotifyError
from tidegauge.notify.message import Message, message_of
from tidegauge.notify.secrets import Address


class Chat:
    """Sends messages by apprise.

    Args:
        name: of the target.
        address: an address as apprise writes it.
        link: where messages point to.

    Raises:
        NotifyError: apprise is not installed, or does not know such an address.
    """

    def __init__(self, name: str, address: Address, link: str | None) -> None:
        self._address = address
        self._link = link
        self._apprise, self._types = _apprise(name)
        # what it logs may hold an address; its answer says whether it worked
        logging.getLogger("apprise").disabled = True
        if not self._apprise.add(address.url):
            raise NotifyError(
                f"notify.targets.{name}: apprise does not know such an address; "
                "https://appriseit.com/services lists how they are written"
            )

    @property
    def shown(self) -> str:
        """See `Channel.shown`."""
        return self._address.url.partition("://")[0] + "://***"

    def send(self, event: Event) -> Outcome:
        """See `Channel.send`."""
        message = message_of(event.alert, self._link)
        return self._notify(message, self._type(event.alert))

    def _notify(self, message: Message, kind: Any) -> Outcome:
        sent = self._apprise.notify(title=message.subject, body=message.body, notify_type=kind)
        return Delivered() if sent else Failed(f"{self.shown} did not take it")

    def _type(self, alert: AlertRecord) -> Any:
        if alert.status is not AlertStatus.FIRING:
            return self._types.SUCCESS
        critical = alert.severity is Severity.CRITICAL
        return self._types.FAILURE if critical else self._types.WARNING

    def repeat(self, firing: Sequence[AlertRecord]) -> Outcome:  # noqa: ARG002 - nothing to repeat
        """See `Channel.repeat`."""
        return Delivered()

    def preview(self, event: Event) -> str:
        """See `Channel.preview`."""
        return "\n".join(message_of(event.alert, self._link))


def _apprise(name: str) -> tuple[Any, Any]:
    try:
        # it takes a moment to import, and only such targets need it
        import apprise  # noqa: PLC0415
    except ModuleNotFoundError:
        raise NotifyError(
            f"notify.targets.{name} is of type apprise, which is not installed: "
            "pip install 'tidegauge[notify]'"
        ) from None
    return apprise.Apprise(), apprise.NotifyType
