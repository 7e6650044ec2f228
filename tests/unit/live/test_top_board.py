"""What is kept of the records read, whatever the order of reading."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Severity
from tidegauge.core.records import (
    DeploymentKind,
    DeploymentRecord,
    FeatureStats,
    LedgerRecord,
    MetricRecord,
    Traffic,
    WindowState,
)
from tidegauge.live import board as board_module
from tidegauge.live.board import DETAILED_WINDOWS, KEPT_WINDOWS, Arrival, Board, Scope
from tidegauge.live.life import KEPT_EVENTS, life_listing

HOUR = 3_600_000
WHOLE = Scope("1")


def make_window(start: int, **changes: object) -> MetricRecord:
    record = MetricRecord(
        model="m",
        version="1",
        start_ms=start * HOUR,
        end_ms=(start + 1) * HOUR,
        state=WindowState.FINAL,
        revision=0,
        predictions=1,
        labelled=1,
        traffic=Traffic(predictions=1),
        features={"f": FeatureStats(count=1)},
    )
    return replace(record, **changes)


def make_alert(number: int, status: AlertStatus, time_ms: int = 0) -> AlertRecord:
    return AlertRecord(
        id=f"{number} {status} {time_ms}",
        fingerprint=f"{number:016x}",
        status=status,
        severity=Severity.WARNING,
        model="m",
        time_ms=time_ms,
        starts_at_ms=number,
        labels={},
        annotations={},
        detector="adwin",
        window_start_ms=0,
        window_end_ms=1,
        predictions=0,
        labelled=0,
    )


def content(board: Board) -> object:
    model = board.models["m"]
    windows = {s: {z: h.windows() for z, h in x.items()} for s, x in model.histories.items()}
    lives = [board.life(alert.fingerprint) for alert in board.alerts()]
    return windows, model.ledger, model.deployments(), model.updated_ms, board.alerts(), lives


RECORDS = st.one_of(
    st.builds(
        make_window,
        st.integers(0, KEPT_WINDOWS + 6),
        predictions=st.integers(0, 5),
        state=st.sampled_from(WindowState),
        segment_field=st.just("origin"),
        segment_value=st.sampled_from(["LGA", "JFK"]),
    ),
    st.builds(LedgerRecord, model=st.just("m"), time_ms=st.integers(0, 5)),
    st.builds(
        DeploymentRecord,
        model=st.just("m"),
        kind=st.sampled_from(DeploymentKind),
        value=st.sampled_from(["a", "b"]),
        version=st.just("1"),
        time_ms=st.integers(0, 5),
    ),
    st.builds(make_alert, st.integers(0, 3), st.sampled_from(AlertStatus)),
)


@given(st.lists(RECORDS, min_size=1, max_size=80), st.randoms(use_true_random=False))
def test_the_order_of_reading_and_repetition_do_not_matter(records, random):
    """Newest records of a key win; features are kept by what is newest, so they are left out."""
    records = [
        replace(r, features={}) if isinstance(r, MetricRecord) else r
        for r in [make_window(0), *records]
    ]
    arrivals = [Arrival(offset, offset, record) for offset, record in enumerate(records)]
    forwards, anyhow = Board(), Board()
    forwards.take(arrivals)
    twice = [*arrivals, *random.sample(arrivals, len(arrivals) // 2)]
    random.shuffle(twice)
    anyhow.take(twice)
    assert content(forwards) == content(anyhow)


def test_the_newest_windows_are_kept_and_of_these_the_newest_closed_in_detail():
    board = Board()
    board.take(Arrival(n, 0, make_window(n)) for n in range(KEPT_WINDOWS + 10))
    board.take([Arrival(99, 0, make_window(KEPT_WINDOWS + 10, state=WindowState.OPEN))])
    windows = board.models["m"].windows(WHOLE, HOUR)
    assert [w.start_ms // HOUR for w in windows] == list(range(11, KEPT_WINDOWS + 11))
    assert [bool(w.features) for w in windows[-DETAILED_WINDOWS - 2 :]] == [False, True, True, True]


def test_the_window_that_quality_is_of_keeps_its_detail_too():
    board = Board()
    late = [make_window(n, label_coverage=1.0 if n <= 2 else 0.0, labelled=0) for n in range(9)]
    judged = make_window(2, label_coverage=1.0, labelled=1)
    board.take(Arrival(n, 0, window) for n, window in enumerate([*late, judged]))
    windows = board.models["m"].windows(WHOLE, HOUR)
    assert [w.start_ms // HOUR for w in windows if w.features] == [2, 7, 8]


def test_series_over_the_limit_are_counted_and_those_known_go_on(monkeypatch):
    monkeypatch.setattr(board_module, "MAX_HISTORIES", 1)
    board = Board()
    segment = {"segment_field": "origin", "segment_value": "LGA"}
    board.take([Arrival(0, 0, make_window(0)), Arrival(1, 0, make_window(0, **segment))])
    assert board.left_out == 0, "whole versions and segments have a limit each"
    board.take([Arrival(2, 0, make_window(0, version="2")), Arrival(3, 0, make_window(1))])
    assert board.left_out == 1
    assert len(board.models["m"].windows(WHOLE, HOUR)) == 2
    assert board.models["m"].versions() == [WHOLE]
    assert board.models["m"].segments("1") == [Scope("1", "origin", "LGA")]


def test_of_too_many_ended_alerts_the_oldest_goes_and_none_that_fires(monkeypatch):
    monkeypatch.setattr(board_module, "MAX_ENDED_ALERTS", 2)
    board = Board()
    board.take([Arrival(0, 0, make_alert(9, AlertStatus.FIRING))])
    ended = [make_alert(n, AlertStatus.RESOLVED, time_ms=n) for n in range(4)]
    board.take(Arrival(n, 0, alert) for n, alert in enumerate(ended))
    assert [a.starts_at_ms for a in board.alerts()] == [9, 3, 2]
    assert [a.starts_at_ms for a in board.firing("m")] == [9]
    assert board.firing("other") == []
    # what is older of one that went, as read back from the end of the topic, does not raise it
    board.take([Arrival(0, 0, make_alert(1, AlertStatus.FIRING))])
    assert [a.starts_at_ms for a in board.firing()] == [9]
    assert board.life(ended[1].fingerprint) == []
    board.take([Arrival(9, 0, make_alert(1, AlertStatus.FIRING))])
    assert [a.starts_at_ms for a in board.firing()] == [9, 1]


def test_the_life_of_an_alert_has_all_events_once_and_of_too_many_the_newest():
    fired = make_alert(1, AlertStatus.FIRING)
    events = [replace(fired, id=str(n), revision=n, time_ms=n) for n in range(KEPT_EVENTS + 2)]
    ended = replace(fired, id="e", status=AlertStatus.RESOLVED, revision=2 * KEPT_EVENTS)
    again = replace(fired, id="a", revision=2 * KEPT_EVENTS + 1)
    wrong = replace(again, id="w", status=AlertStatus.RETRACTED, revision=again.revision + 1)
    wrong = replace(wrong, annotations={"retracted": "the labels were corrected"})
    board = Board()
    told = [wrong, again, ended, *reversed(events), events[0], wrong]
    board.take(Arrival(99 - n, 0, record) for n, record in enumerate(told))
    life = board.life(fired.fingerprint)
    assert len(life) == KEPT_EVENTS
    assert life[-1].because == "the labels were corrected"
    rows = life_listing(life).rows
    assert [row.cells[1].text for row in rows[-4:]] == [
        "updated", "resolved", "reopened", "retracted",
    ]  # fmt: skip
    assert life_listing([*Board().life("b")]).empty == "no event of it was read"
    first = Board()
    first.take([Arrival(0, 0, fired)])
    assert [row.cells[1].text for row in life_listing(first.life(fired.fingerprint)).rows] == [
        "opened"
    ]


def test_what_moved_is_known_of_older_windows_as_well():
    drifts = {f"f{n:02}": FeatureStats(psi=0.09 + n / 100) for n in range(20)}
    part = {"segment_field": "origin", "segment_value": "LGA"}
    board = Board()
    board.take(Arrival(n, 0, make_window(n, features=drifts)) for n in range(9))
    board.take(Arrival(n, 0, make_window(n, features=drifts, **part)) for n in range(9))
    (oldest, *_, newest) = board.models["m"].windows(WHOLE, HOUR)
    assert [*oldest.features] == [f"f{n:02}" for n in range(8, 20)]
    assert len(newest.features) == 20
    assert not board.models["m"].windows(Scope("1", "origin", "LGA"), HOUR)[0].features


def test_of_too_many_deployments_the_oldest_goes(monkeypatch):
    monkeypatch.setattr(board_module, "MAX_DEPLOYMENTS", 2)
    marks = [
        DeploymentRecord(
            model="m", kind=DeploymentKind.VERSION, value=str(n), version=str(n), time_ms=-n
        )
        for n in range(4)
    ]
    board = Board()
    board.take(Arrival(n, 0, mark) for n, mark in enumerate(marks))
    assert [mark.value for mark in board.models["m"].deployments()] == ["1", "0"]


def test_the_sizes_of_windows_are_those_seen():
    board = Board()
    assert board.sizes() == []
    board.take([Arrival(0, 0, make_window(0)), Arrival(1, 0, make_window(0, end_ms=6 * HOUR))])
    assert board.sizes() == [HOUR, 6 * HOUR]
