"""The two events a serving system publishes, as the core sees them.

A field that is absent is ``None`` or empty. Limits of size are part of the type, so that a decoder
which builds these structs enforces them. The names of features, segments, probabilities and
attributions are the exception: a decoder must check that each is a `Name`. Of plain keys msgspec
keeps one string for all events; of keys with limits it makes new ones each time, which would
double the time of decoding. Numbers are finite; features are float, str, bool or None.
"""

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

MAX_NUMBER = 1e100
"""Largest magnitude of a number: its square is still finite."""
MIN_YEAR = 1970
MAX_YEAR = 9998
"""Last year of a time: whatever its offset, it can be converted to UTC. A decoder checks both."""

MAX_NAME = 200
"""Most characters of a name."""

Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
RequestId: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]
Number: TypeAlias = Annotated[float, msgspec.Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]
Time: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
Integer: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Outcome: TypeAlias = bool | Integer | Number | Text
"""A class (string, integer, bool) or a number: what a model answers and what turns out true."""
FeatureValue: TypeAlias = Number | bool | Text | None
Features: TypeAlias = Annotated[dict[str, FeatureValue], msgspec.Meta(max_length=1000)]
Probabilities: TypeAlias = Annotated[dict[str, Share], msgspec.Meta(max_length=1000)]
Segments: TypeAlias = Annotated[dict[str, Text], msgspec.Meta(max_length=20)]
Attributions: TypeAlias = Annotated[dict[str, Number], msgspec.Meta(max_length=1000)]


class Prediction(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One answer of one model version to one request."""

    request_id: RequestId
    model: Name
    version: Name
    timestamp: Time
    prediction: Outcome
    score: Share | None = None
    probabilities: Probabilities | None = None
    features: Features = {}
    segments: Segments = {}
    attributions: Attributions | None = None
    latency_seconds: Seconds | None = None
    code_version: Text | None = None
    data_version: Text | None = None
    traceparent: Text | None = None


class Feedback(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The truth about one request, or a correction of it (a higher ``revision``)."""

    request_id: RequestId
    timestamp: Time
    label: Outcome
    model: Name | None = None
    revision: Annotated[int, msgspec.Meta(ge=0, le=2**31)] = 0
    source: Text | None = None
