"""Hypothesis strategies for event sets: several models and versions, feedback of every kind."""

from typing import Any

from hypothesis import strategies as st
from world import START, Event, Published, at, published

from tidegauge.core.config import SECOND
from tidegauge.core.events import Feedback, Outcome, Prediction

MAX_DELAY = 9_999
"""Publication so many ms behind event time is within the out-of-orderness allowed."""
MAX_LATENESS = 29_999
"""Publication so many ms behind event time is late, but not too late."""

_outcomes: dict[str, st.SearchStrategy[Outcome]] = {
    "a": st.sampled_from([True, False, True, False, "maybe"]),
    "b": st.sampled_from([True, False]),
    "classes": st.sampled_from(["x", "y", 0, 1, 2]),
    "numbers": st.sampled_from([0, 1, 3, 2.5, -1.25, 0.1, 1e30]),
}
"""What each model answers, and what turns out true."""
_identities = [
    *((model, version) for model in ("a", "classes", "numbers") for version in ("1", "2")),
    ("a", "3"),
    ("b", "1"),
]
_MAX_APART = 300 * SECOND
"""Further answers to a request may be given so many ms later than the first."""
_label_delays = st.one_of(
    st.integers(-115 * SECOND, 0),
    st.integers(0, 60 * SECOND),
    st.integers(60 * SECOND, 600 * SECOND),
    st.integers(600 * SECOND, 1_210 * SECOND),
)
_features = st.fixed_dictionaries(
    {"x": st.sampled_from([0.5, 1.5, -2.25, None])},
    optional={"late_one": st.sampled_from([1.0, 2.0]), "word": st.sampled_from(["p", "q"])},
)
_attributions = st.one_of(
    st.none(),
    st.none(),
    st.dictionaries(
        st.sampled_from(["x", "word", "sum"]), st.sampled_from([0.0, 0.1, -0.3, 2.5, 1e30])
    ),
)


@st.composite
def _prediction(
    draw: Any, request: str, time: int, identity: tuple[str, str], apart: int
) -> Prediction:
    return Prediction(
        request,
        *identity,
        at(time + draw(st.one_of(st.integers(0, 2_000), st.integers(0, apart)))),
        draw(_outcomes[identity[0]]),
        score=draw(st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 1.0]))),
        features=draw(st.one_of(st.just({}), _features)),
        segments=draw(st.sampled_from([{}, {"origin": "n"}, {"origin": "s", "kind": "k"}])),
        attributions=draw(_attributions),
    )


@st.composite
def _feedback(draw: Any, request: str, time: int, models: list[str]) -> Feedback:
    model = draw(st.sampled_from([None, *models]))
    return Feedback(
        request,
        at(time + draw(_label_delays)),
        draw(_outcomes[model or draw(st.sampled_from(models))]),
        model,
        draw(st.integers(0, 2)),
    )


@st.composite
def _again(draw: Any, event: Event) -> Event:
    """An event that comes again, equal or not."""
    if draw(st.booleans()):
        return event
    if isinstance(event, Prediction):
        return Prediction(event.request_id, event.model, event.version, event.timestamp, 7)
    return Feedback(event.request_id, event.timestamp, 7, event.model, event.revision)


@st.composite
def requests(draw: Any, number: int, span: int, max_delay: int) -> list[tuple[Event, int]]:
    """The events of one request, with the delay of each one's publication in ms."""
    request = f"r{number}"
    time = START + draw(st.integers(0, span))
    # the first answer is not so late that feedback which waits for it has expired
    answers = [
        draw(_prediction(request, time, identity, _MAX_APART if number else 0))
        for number, identity in enumerate(
            draw(st.lists(st.sampled_from(_identities), max_size=4, unique=True))
        )
    ]
    # nothing keeps an orphan's request for a second feedback
    feedback = [
        draw(_feedback(request, time, sorted({a.model for a in answers} | {"a", "b"})))
        for _ in range(draw(st.integers(0, 4 if answers else 1)))
    ]
    events: list[Event] = [*answers, *feedback]
    if answers:
        events += [draw(_again(e)) for e in draw(st.lists(st.sampled_from(events), max_size=2))]
    return [(event, draw(st.integers(0, max_delay))) for event in events]


@st.composite
def logs(
    draw: Any,
    *,
    max_requests: int = 12,
    span: int = 2_400 * SECOND,
    max_delay: int = MAX_DELAY,
) -> list[Published]:
    """Published events, each at most ``max_delay`` ms behind its own time."""
    count = draw(st.integers(1, max_requests))
    events = [pair for number in range(count) for pair in draw(requests(number, span, max_delay))]
    return published(events)
