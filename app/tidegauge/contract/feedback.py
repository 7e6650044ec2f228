"""The event a serving system publishes when the truth about a request is known."""

from typing import Annotated

from pydantic import Field

from tidegauge.contract.base import Name, Outcome, Record, Text, Time


class Feedback(Record):
    """The true answer to one request, or a correction of it.

    Identity: request id and revision. It labels every prediction of its request (of its model, if
    it names one) and may come before them.
    """

    request_id: Name
    """The request of the predictions it labels: the key of the Kafka record (as UTF-8)."""
    timestamp: Time
    """When the truth became known: event time. RFC 3339 with an offset from UTC."""
    label: Outcome
    """The true answer, of the same kind as the prediction: a class or a number."""
    model: Name | None = None
    """The model it is about; absent: every model that answered the request."""
    revision: Annotated[int, Field(ge=0, le=2**31)] = 0
    """0 for the first label of a request; a higher one corrects it, a lower one is ignored."""
    source: Text | None = None
    """Where the truth comes from, such as ``chargeback`` or ``manual review``."""
