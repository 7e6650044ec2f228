"""What the pages of the console show of which records."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tidegauge.console.address import Address
from tidegauge.console.charts import COLOURS
from tidegauge.console.lookups import Lookups
from tidegauge.console.nodes import Chart, Element, Node, texts
from tidegauge.console.pages.alerts import alert, alerts
from tidegauge.console.pages.ledgers import ledgers
from tidegauge.console.pages.model import model
from tidegauge.console.pages.overview import SHOWN_MODELS, overview
from tidegauge.console.pages.refused import dead_letters
from tidegauge.console.pages.request import request
from tidegauge.console.pictures import Pictures
from tidegauge.console.shell import Block, shell
from tidegauge.core.alertrecords import (
    AlertRecord,
    AlertStatus,
    AttributionChange,
    AttributionShift,
    Incident,
    Role,
    Severity,
)
from tidegauge.core.config import ModelKind
from tidegauge.core.deadletters import DeadLetterRecord, DeadLetterSummaryRecord, OffsetRange
from tidegauge.core.events import Prediction
from tidegauge.core.explain.request import FeatureOf, Likes
from tidegauge.core.reasons import Reason
from tidegauge.core.records import (
    AttributionStats,
    CalibrationPoint,
    ConfusionCell,
    FeatureAttribution,
    FeatureStats,
    LedgerRecord,
    MetricRecord,
    PredictionLedger,
    Quality,
    WindowState,
)
from tidegauge.core.stats.reference import CategoricalReference, ReferenceProfile
from tidegauge.kafka.admin import ClusterError
from tidegauge.live.board import Arrival, LiveRecord
from tidegauge.live.source import Connected, HistoryRead, Lag, Read, Trouble
from tidegauge.live.state import State
from tidegauge.lookup.request import Answer, Story, UnknownRequest
from tidegauge.settings import Settings

HOUR = 3_600_000
T = 1_360_332_000_000
HOSTILE = "<img src=x onerror=alert(1)>"
TOPICS = Settings().kafka.topic_names

Make = Callable[..., MetricRecord]
MakeAlert = Callable[..., AlertRecord]
MakeLedger = Callable[..., LedgerRecord]


def state_of(*records: LiveRecord, loading: bool = False) -> State:
    state = State("kafka:9092", lambda: T + 90_000, HOUR)
    arrivals = [Arrival(offset, T, record) for offset, record in enumerate(records)]
    state.take([Connected(), Read(arrivals), *([] if loading else [HistoryRead()]), Lag(7)])
    return state


def said(blocks: list[Block]) -> str:
    return "\n".join(text for block in blocks for text in texts(block.node))


def charts(node: Node) -> list[Chart]:
    if isinstance(node, Element):
        return [chart for part in node.n for chart in charts(part)]
    return [node] if isinstance(node, Chart) else []


def block(blocks: list[Block], key: str) -> Node:
    return next(b.node for b in blocks if b.key == key)


# -------------------------------------------------------------------- the first page


def test_the_model_in_trouble_comes_first_with_since_when_and_why(window: Make, alert: MakeAlert):
    state = state_of(window(0, model="calm"), window(0), window(1), alert())
    blocks = overview(state, Address(), TOPICS)
    assert [b.key for b in blocks] == ["title", "trouble", "models"]
    assert said(blocks[:1]) == "1 alert firing\n in 1 of 2 models"
    trouble = said(blocks[1:2])
    for part in ("delay", "CRIT", "FeatureDrift wind", " since 2013-02-08 16:00", "62%"):
        assert part in trouble
    assert "errors of LGA rose" in trouble
    assert "calm" not in trouble
    table = said(blocks[2:])
    assert table.index("CRIT 1") < table.index("calm")


def test_only_some_models_in_trouble_have_a_card_and_the_rest_is_counted(
    window: Make, alert: MakeAlert
):
    names = [f"m{n}" for n in range(SHOWN_MODELS + 2)]
    records = [r for n in names for r in (window(0, model=n), alert(model=n, fingerprint=n))]
    blocks = overview(state_of(*records), Address(), TOPICS)
    assert "and 2 more models in trouble" in said(blocks)


def test_the_first_alert_with_causes_of_its_own_tells_why(window: Make, alert: MakeAlert):
    own = alert(causes=(replace(alert().causes[0], summary="wind moved"),))
    other = alert(fingerprint="b", starts_at_ms=T + 3 * HOUR)
    text = said(overview(state_of(window(0), own, other), Address(), TOPICS))
    assert text.index("wind moved") < text.index("62%") < text.index("errors of LGA rose")


def test_without_any_event_it_says_what_to_publish():
    text = said(overview(state_of(), Address(), TOPICS))
    assert "No event yet" in text
    assert TOPICS.predictions in text
    assert "tidegauge publish predictions FILE" in text
    assert "Reading what is known" in said(overview(state_of(loading=True), Address(), TOPICS))
    unconnected = State("kafka:9092", lambda: T, HOUR)
    assert "Waiting for Kafka at kafka:9092" in said(overview(unconnected, Address(), TOPICS))


def test_calm_is_said_and_nothing_is_red(window: Make):
    blocks = overview(state_of(window(0)), Address(), TOPICS)
    assert "No alert fires in 1 model" in said(blocks)
    assert (
        '"crit'
        not in Pictures(
            state_of(window(0)), Settings(), Lookups(lambda *_: Story([], [], []))
        ).blocks(Address())["models"]
    )


def test_the_line_on_top_says_what_is_wrong_with_the_connection(window: Make):
    state = state_of(window(0))
    assert "lag 7" in said(shell(state, Address()))
    state.take([Trouble("no broker answers")])
    text = said(shell(state, Address()))
    assert "Not connected. " in text
    assert "no broker answers" in text
    assert "What is shown is what was read before." in text
    state.take([Connected(), Read([])])
    assert "Not connected" not in said(shell(state, Address()))


# -------------------------------------------------------------------- one model


def test_a_model_shows_quality_over_time_with_what_may_still_change(window: Make):
    records = [window(n, state=WindowState.FINAL) for n in range(3)]
    records += [window(3), window(4, state=WindowState.OPEN)]
    blocks = model(state_of(*records), Address.parse("/model/delay"))
    (chart,) = charts(block(blocks, "quality"))
    points = chart.chart["series"][0]["data"]
    assert [p["value"] for p in points] == [[T + n * HOUR, 80.0] for n in range(4)]
    assert ["itemStyle" in p for p in points] == [False, False, False, True]


def test_versions_are_compared_and_one_can_be_chosen(window: Make):
    state = state_of(
        *(window(n) for n in range(3)),
        *(window(n, version="4", quality=Quality(accuracy=0.9, auc=0.8)) for n in range(3)),
    )
    blocks = model(state, Address.parse("/model/delay?version=4&figure=AUC"))
    (chart,) = charts(block(blocks, "quality"))
    assert [line["name"] for line in chart.chart["series"]] == ["4", "3"]
    assert chart.chart["series"][0]["data"][0]["value"][1] == 0.8
    assert chart.chart["series"][0]["itemStyle"]["color"] == COLOURS[0]
    assert "AUC over time" in said(blocks)
    assert "p99 9 ms · labels after 2.2 h, 90 % within 4.4 h" in said(blocks)


def test_what_the_address_names_but_nobody_knows_is_said_or_passed_over(window: Make):
    state = state_of(window(0))
    assert "Nothing is known of a model" in said(model(state, Address("model", "other")))
    known = said(model(state, Address.parse("/model/delay?version=9&side=no&figure=no&window=9d")))
    assert "accuracy over time" in known


def test_a_model_without_labels_says_what_to_publish(window: Make):
    bare = window(0, labelled=0, label_coverage=0.0, quality=Quality())
    assert "publish feedback" in said(model(state_of(bare), Address("model", "delay")))


def test_features_are_shown_beside_their_reference(window: Make):
    carrier = CategoricalReference(
        name="carrier", categories=("AA", "DL"), counts=(6, 4, 0, 0), rare=(), missing_share=0.0
    )
    profile = ReferenceProfile(
        id="r", model="delay", version="3", effective_from=0, learned_from=None,
        learned_until=None, sample_count=10, features=(carrier,), score_counts={},
        positive_rate=None,
    )  # fmt: skip
    stats = FeatureStats(count=10, psi=0.4, bins=(2, 2, 0, 6))
    state = state_of(window(0, features={"carrier": stats}), profile)
    blocks = model(state, Address.parse("/model/delay?side=features"))
    (chart,) = charts(block(blocks, "side"))
    assert chart.chart["xAxis"]["data"] == ["AA", "DL", "unseen"]
    by_name = {s["name"]: s["data"] for s in chart.chart["series"]}
    assert by_name == {"reference": [60.0, 40.0, 0.0], "now": [20.0, 20.0, 60.0]}
    other = state_of(window(0, features={"carrier": stats}, reference="older"), profile)
    assert not charts(block(model(other, Address.parse("/model/delay?side=features")), "side"))


def test_what_moved_and_since_when_is_a_matrix_of_features_and_windows(window: Make):
    def drifts(*psi: float) -> dict[str, FeatureStats]:
        return {name: FeatureStats(psi=d) for name, d in zip(("a", HOSTILE, "c"), psi, strict=True)}

    calm = [window(n, features=drifts(0.01, 0.02, 0.05)) for n in range(3)]
    moved = [window(n + 3, features=drifts(0.12, 2.0, 0.09)) for n in range(2)]
    side = Address.parse("/model/delay?side=features")
    (chart,) = charts(block(model(state_of(*calm, *moved), side), "side"))
    assert chart.chart["yAxis"]["data"] == ["a", HOSTILE]
    assert len(chart.chart["xAxis"]["data"]) == 5
    (series,) = chart.chart["series"]
    shades = [cell["value"][2] for cell in series["data"]]
    assert shades == [0, 0, 0, 0.12, 0.12, 0, 0, 0, 2.0, 2.0]
    assert series["data"][0]["name"].endswith(": PSI below 0.1")
    assert series["data"][-1]["name"] == f"{HOSTILE} from 02-08 18:00: PSI 2"
    assert not charts(block(model(state_of(*calm), side), "side"))


def test_attributions_are_shown_where_answers_carry_them(window: Make):
    side = Address.parse("/model/delay?side=features")
    assert "Attributions" not in said(model(state_of(window(0)), side))
    moved = FeatureAttribution(mean_absolute=0.5, share=0.75, learned_share=0.25, wrong_share=0.9)
    stats = AttributionStats(count=90, drift=0.5, features={"wind": moved})
    text = said(model(state_of(window(0, attributions=stats)), side))
    assert "of 90 predictions" in text
    assert "50% went to other features than usual" in text
    assert "wind\n75%\n25%\n-\n90%\n0.5" in text


def test_right_and_wrong_depends_on_the_kind_of_model(window: Make):
    side = Address.parse("/model/delay?side=right+and+wrong")
    binary = Quality(
        accuracy=0.8, true_positives=20, false_negatives=5, false_positives=10, true_negatives=55,
        calibration_curve=(CalibrationPoint(0.3, 0.4, 20),),
    )  # fmt: skip
    text = said(model(state_of(window(0, quality=binary)), side)[-1:])
    assert text.split("\n")[text.split("\n").index("20") :][:2] == ["20", "80%"]
    assert "Calibration" in text
    cells = (ConfusionCell("a", "a", 30), ConfusionCell("b", "a", 10), ConfusionCell("b", "b", 5))
    multi = window(0, kind=ModelKind.MULTICLASS, confusion=cells)
    assert "75%" in said(model(state_of(multi), side)[-1:])
    sparse = tuple(ConfusionCell(a, b, 1) for a, b in (("10", "a"), ("9", "9"), ("a", "10")))
    text = said(model(state_of(replace(multi, confusion=sparse)), side)[-1:])
    assert "true / predicted\n9\n10\na\n9\n1" in text


def test_a_segment_has_its_own_page(window: Make):
    part = [window(n, segment_field="origin", segment_value="LGA") for n in range(2)]
    state = state_of(window(0), window(1), *part)
    blocks = model(state, Address.parse("/model/delay?field=origin&value=LGA&version=3"))
    (chart,) = charts(block(blocks, "quality"))
    assert [line["name"] for line in chart.chart["series"]] == ["origin=LGA", "all"]
    assert "segments" not in texts(block(blocks, "side"))


# -------------------------------------------------------------------- alerts and why


def test_alerts_are_told_with_their_life_and_can_be_chosen_by_status(alert: MakeAlert):
    ended = alert(fingerprint="b", status=AlertStatus.RESOLVED, ends_at_ms=T, labels={})
    state = state_of(alert(), ended)
    all_ = said(alerts(state, Address("alerts")))
    assert "1 alert firing" in all_
    assert "over" in all_
    firing = said(alerts(state, Address.parse("/alerts?status=firing")))
    assert "over" not in firing
    assert "resolved 1" in firing
    only = said(alerts(state, Address.parse("/alerts?model=other")))
    assert "no alert has fired" in only


def test_an_alert_tells_causes_incident_and_examples(alert: MakeAlert):
    incident = Incident(id="f" * 16, role=Role.SYMPTOM, root="b", summary="a new version")
    first = alert(incident=incident, examples=("q-1", "q/2"))
    root = alert(fingerprint="b", incident=incident, severity=Severity.WARNING)
    blocks = page_of_alert(state_of(first, root), first.fingerprint)
    text = said(blocks)
    for part in ("began", "still fires", "page_hinkley: 31.5 over 25", "segment origin=LGA", "62%"):
        assert part in text
    assert "a new version" in text
    assert "this alert is a symptom" in text
    assert " root, since" in "".join(texts(block(blocks, "incident")))
    assert texts(block(blocks, "examples"))[-3:] == ["q-1", " · ", "q/2"]
    assert "opened\ncritical" in text
    assert "There is no such alert" in said(page_of_alert(state_of(first), "nothing"))


def test_an_alert_tells_what_moved_the_answers(alert: MakeAlert):
    wind = AttributionChange(name="wind", before=0.1, after=0.4, right=0.3, wrong=0.6)
    moved = alert(attributions=AttributionShift(count=9, drift=0.3, features=(wind,)))
    blocks = page_of_alert(state_of(moved), moved.fingerprint)
    told = "\n".join(texts(block(blocks, "attributions")))
    for part in ("9 answers", "30% went to other features", "wind", "10%", "40%", "60%"):
        assert part in told


def page_of_alert(state: State, fingerprint: str) -> list[Block]:
    return alert(state, Address("alert", fingerprint))


# -------------------------------------------------------------------- dead letters, ledgers


def letter(offset: int, reason: Reason = Reason.BAD_TIMESTAMP) -> DeadLetterRecord:
    return DeadLetterRecord.of(
        reason=reason, message=f"{HOSTILE} is no time", topic="predictions", partition=1,
        offset=offset, timestamp_ms=T + offset, key=b"k", value=HOSTILE.encode() * 100,
    )  # fmt: skip


def test_dead_letters_are_counted_by_reason_with_a_sample():
    flood = DeadLetterSummaryRecord(
        reason=Reason.EMPTY,
        topic="feedback",
        partition=0,
        count=40,
        ranges=(OffsetRange(1, 40, 40),),
    )
    state = state_of(*(letter(n) for n in range(30)), flood)
    blocks = dead_letters(state, Address("dead-letters"), timedelta(days=7))
    text = said(blocks)
    assert "70 events refused" in text
    assert text.index("empty") < text.index("bad_timestamp")
    chosen = Address.parse("/dead-letters?reason=bad_timestamp")
    samples = texts(block(dead_letters(state, chosen, timedelta(days=7)), "samples"))
    assert "predictions[1]@29" in samples
    assert any(s.startswith(HOSTILE) and "… and 2,200 bytes" in s for s in samples)
    none = said(dead_letters(state_of(), Address(), timedelta(days=7)))
    assert "No event was refused" in none


def test_ledgers_are_added_up_and_an_imbalance_is_said(ledger: MakeLedger):
    text = said(ledgers(state_of(ledger(), ledger("other")), Address("ledgers")))
    assert "2 ledgers, all in balance" in text
    assert "1,000" in text  # read by both models
    bad = LedgerRecord(model="bad", time_ms=T, predictions=PredictionLedger(read=5, labelled=3))
    text = said(ledgers(state_of(bad), Address("ledgers")))
    assert "1 ledger out of balance" in text
    assert "+2 ✕" in text
    assert "No ledger yet" in said(ledgers(state_of(), Address("ledgers")))


# -------------------------------------------------------------------- one request


class Known(Lookups):
    """Answers at once, or never."""

    def __init__(self, answer: Story | Exception | None) -> None:
        future: Future[Story] = Future()
        if isinstance(answer, Exception):
            future.set_exception(answer)
        elif answer is not None:
            future.set_result(answer)
        super().__init__(lambda *_: Story([], [], []))
        self._threads.submit = lambda *_: future  # type: ignore[method-assign,assignment]


def test_a_request_is_told_with_its_most_unusual_features():
    event = Prediction(
        request_id="q", model=HOSTILE, version="7", timestamp=datetime(2026, 2, 1, tzinfo=UTC),
        prediction="late", score=0.9,
    )  # fmt: skip
    feature = FeatureOf("wind", 99, "above 50", 0.001, (0.99, 1.0), 0.25, Likes(20, 0.5))
    answer = Answer(event, [], [feature], {("", ""): Likes(100, 0.1)}, [])
    text = said(request(Address.parse("/request?id=q"), Known(Story([answer], [], ["a feedback"]))))
    for part in (HOSTILE, "late", "0.900", "wind", "above 50", "0.5 of 20 labels", "+0.25"):
        assert part in text
    assert "a feedback is gone" in text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, "Looking it up"),
        (UnknownRequest("request 'q' is not retained"), "say above when it was published"),
        (ClusterError("no broker answers"), "no broker answers"),
    ],
)
def test_what_is_not_found_is_explained(answer: Exception | None, expected: str):
    assert expected in said(request(Address.parse("/request?id=q"), Known(answer)))


def test_a_request_needs_an_id_and_a_time_that_is_one():
    assert "Type a request id" in said(request(Address("request"), Known(None)))
    wrong = Address.parse("/request?id=q&at=yesterday")
    assert "yesterday is no time" in said(request(wrong, Known(None)))


# -------------------------------------------------------------------- pictures


def test_pages_are_drawn_once_until_something_changes(window: Make, alert: MakeAlert):
    now = [T]
    state = State("k:1", lambda: now[0], HOUR)
    pictures = Pictures(state, Settings(), Known(None))
    pictures.take([Connected(), Read([Arrival(0, T, window(0))]), HistoryRead()])
    first = pictures.blocks(Address())
    assert pictures.blocks(Address.parse("/")) is first
    pictures.take([])
    assert pictures.blocks(Address()) is first
    pictures.take([Read([Arrival(1, T, alert())])])
    second = pictures.blocks(Address())
    assert {key for key in second if first.get(key) != second[key]} == {
        "head", "title", "trouble", "models",
    }  # fmt: skip
    assert second["help"] == first["help"]
    now[0] += 10_000
    pictures.take([])
    assert pictures.blocks(Address())["trouble"] == second["trouble"]


def test_any_address_can_be_drawn_of_hostile_records(window: Make, alert: MakeAlert):
    hostile = {"model": HOSTILE, "version": HOSTILE}
    state = state_of(
        window(0, features={HOSTILE: FeatureStats(count=3, psi=1.0)}, **hostile),
        window(1, **hostile),
        alert(model=HOSTILE, labels={"alertname": HOSTILE}, annotations={"summary": HOSTILE}),
        letter(1),
    )
    pictures = Pictures(state, Settings(), Known(None))
    for text in ("/", "/alerts", "/alert/0123456789abcdef", "/dead-letters", "/ledgers", "/x/y/z"):
        assert pictures.blocks(Address.parse(text))
    for side in ("versions", "segments", "features", "right and wrong", "windows", "alerts"):
        assert pictures.blocks(Address("model", HOSTILE, {"side": side}))
