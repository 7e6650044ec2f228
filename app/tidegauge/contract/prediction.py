"""The event a serving system publishes for each answer of a model."""

from typing import Annotated

from pydantic import Field

from tidegauge.contract.base import FeatureValue, Name, Number, Outcome, Record, Share, Text, Time


class Prediction(Record):
    """One answer of one model version to one request.

    Identity: request id, model and version. The first prediction of an identity counts; the same
    again is a duplicate, another content under the same identity a conflict.
    """

    request_id: Name
    """What was asked: the key of the Kafka record (as UTF-8), and what feedback refers to. Two
    models, or a champion and its shadow, may answer the same request."""
    model: Name
    """The model's name. A model is known from its first event on."""
    version: Name
    """The version of the model that answered."""
    timestamp: Time
    """When the model answered: event time, from the serving system's clock. RFC 3339 with an
    offset from UTC."""
    prediction: Outcome
    """The answer: a class (string, integer or boolean) or a number (regression). The value counts,
    not its spelling: 3.0 is the integer 3. Integers up to 2^53 in magnitude."""
    score: Share | None = None
    """Binary classification: the probability of the positive class, 0 to 1. Multiclass: that of
    the answer, where ``probabilities`` does not have it."""
    probabilities: Annotated[dict[Name, Share], Field(max_length=1000)] | None = None
    """The probability of each class, by the class as text. Of two classes, that of the positive one
    stands for ``score`` where there is none."""
    features: Annotated[dict[Name, FeatureValue], Field(default_factory=dict, max_length=1000)]
    """The inputs of the model by name: number, string, boolean, or null for a missing value."""
    segments: Annotated[dict[Name, Text], Field(default_factory=dict, max_length=20)]
    """Groups of the request that metrics are kept for, such as region or customer tier: a few
    fields with few values each."""
    attributions: Annotated[dict[Name, Number], Field(max_length=1000)] | None = None
    """How much each feature moved the answer (for instance SHAP values), by feature."""
    latency_seconds: Annotated[float, Field(ge=0, le=1e6)] | None = None
    """How long the model took to answer, in seconds."""
    code_version: Text | None = None
    """Version of the serving code, such as a commit."""
    data_version: Text | None = None
    """Version of the data or feature pipeline behind the inputs."""
    traceparent: Text | None = None
    """W3C trace context of the request, to find it in a tracing system."""
