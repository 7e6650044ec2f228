"""The monitor stage: what it keeps comes back, what it says has a state, and silence is seen."""

import random
from dataclasses import replace

import msgspec
import pytest
from world import CONFIG, START, Plan, World, at, published, with_rules

from tidegauge.core import partial as partials
from tidegauge.core.config import SECOND, DetectionConfig, ModelKind, ReferenceConfig
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.monitor.figures import figures
from tidegauge.core.monitor.inputs import Watched, prediction_inputs
from tidegauge.core.monitor.monitor import Monitor
from tidegauge.core.monitor.sources import MAX_HELD
from tidegauge.core.monitor.streams import StreamKey, Subject
from tidegauge.core.panes import OutcomeKey
from tidegauge.core.partial import Partial, Progress
from tidegauge.core.records import WindowState
from tidegauge.core.streamtime import NEVER
from tidegauge.core.sums import SCORE_UNIT, SlotSums, TrafficCounts

RULES = with_rules(
    CONFIG,
    reference=ReferenceConfig(learn_ms=120 * SECOND, min_predictions=50, sample_size=20),
    detection=DetectionConfig(learn_ms=120 * SECOND, learn_samples=50, min_loss=1.0),
)


def made(length: int) -> World:
    rng = random.Random(5)  # noqa: S311 - repeatable, no secret
    events: list[tuple[Prediction | Feedback, int]] = []
    for second in range(length):
        time, request = START + second * SECOND, f"r{second}"
        version = "1" if second < length * 2 // 3 else "2"
        answer = Prediction(
            request,
            "a",
            version,
            at(time),
            rng.random() < 0.5,
            score=rng.random(),
            features={"x": rng.random(), "word": "w"},
            segments={"origin": rng.choice("ns")},
            latency_seconds=0.01,
            code_version="c1",
            data_version="d1",
        )
        events += [(answer, 0), (Feedback(request, at(time + 5 * SECOND), True), 0)]
    return World(published(events), RULES)


def everything(monitor: Monitor) -> dict[bytes, bytes]:
    """All tables, written anew."""
    for model in monitor.models.values():
        windows, book = model.windows, model.errors
        windows.changed = set(windows.frames)
        book.changed = {
            OutcomeKey(*series, start) for start, pane in book.panes.items() for series in pane
        }
        book.changed_baseline = set(book.baseline)
        model.deployments.changed = True
        model.told.names.changed = True
        model.final.changed = {(w.version, w.size_ms) for w in model.final.all()}
        model.streams.changed = set(model.streams.streams)
        model.alerts.changed = set(model.alerts.lives)
        for learning in model.learning.values():
            learning.changed = set(learning.rows)
        for source in model.ledgers:
            monitor._tables.touch(model.name, source)
    monitor.sources.changed = set(monitor.sources.complete)
    monitor._tables._sampled.clear()
    monitor._tables._written_references.clear()
    return {key: value for key, value in monitor.changes() if value is not None}


def restored(log: dict[bytes, bytes], sources: int) -> Monitor:
    monitor = Monitor(RULES, sources)
    for key, value in log.items():
        monitor.restore(key, value)
    monitor.restored()
    return monitor


@pytest.mark.parametrize("length", [60, 400])
def test_every_table_comes_back(length: int) -> None:
    world = made(length)
    monitor = world.run(Plan(1, 3, max_batch=40)).monitor
    log = everything(monitor)
    tables = {msgspec.msgpack.decode(key)[0] for key in log}
    kept = {
        "source",
        "model",
        "progress",
        "ledger",
        "frame",
        "stream",
        "baseline",
        "deployments",
        "names",
        "final",
    }
    assert tables >= kept | ({"outcome", "reference"} if length > 200 else {"learning", "sample"})
    again = restored(log, 3)
    assert everything(again) == log
    before, after = monitor.models["a"], again.models["a"]
    assert list(after.present()) == list(before.present())
    assert after.ledger() == before.ledger()
    assert after.final.all() == before.final.all()
    assert after.watermarks.marks == before.watermarks.marks
    assert after.references == before.references
    assert after.learning == before.learning
    standing = {k: v._replace(opened=False) for k, v in before.streams.verdicts.items()}
    assert after.streams.verdicts == standing


def test_sample_rows_leave_the_changelog_when_the_reference_is_there() -> None:
    world = made(400)
    rest = [key for key in _changelog(world, Plan(1, 1, max_batch=40)) if b"sample" in key]
    learning = world.run(Plan(1, 1, max_batch=40)).monitor.models["a"].learning
    assert len(rest) == sum(len(x.rows) for x in learning.values())


def _changelog(world: World, plan: Plan) -> dict[bytes, bytes]:
    from world import _Run  # noqa: PLC0415 - the run's own log

    run = _Run(world, plan)
    run.result()
    return run.changelog


def test_a_score_sum_may_pass_64_bits() -> None:
    rows = 2**30
    units = round(1 / SCORE_UNIT)
    counts = TrafficCounts(rows, rows, rows, rows, rows * units, rows * units * units, 0, 0, {}, {})
    sums = SlotSums(counts)
    slot = (["1", "", "", 0, 0], sums.to_wire())
    packed = partials.encode(Partial(0, "a", Progress(), slots=[slot]))
    ((_, wire),) = partials.decode(packed).slots
    again = SlotSums.from_wire(wire)
    assert again.traffic == counts
    assert figures(again, 1_000, None, ModelKind.BINARY, 20).score.mean == 1.0


# -------------------------------------------------------------------- what is said


def test_windows_are_open_then_provisional_then_final() -> None:
    monitor = Monitor(CONFIG, 1)
    answer = SlotSums(TrafficCounts(predictions=1)).to_wire()
    seen: list[WindowState] = []

    def reach(second: int) -> None:
        time = START + second * SECOND
        progress = Progress(
            predictions_time=time, predictions_append=time, feedback_time=time, feedback_append=time
        )
        slot = (["1", "", "", 0, time - time % 10_000], answer)
        monitor.take(Partial(0, "a", progress, slots=[slot]))
        monitor.take(Partial(0, "", Progress(time, time)))
        monitor.advance()
        metrics = monitor.publish(set(monitor.stirred)).metrics
        first = START - START % 60_000
        seen.extend(m.state for m in metrics if (m.start_ms, m.end_ms) == (first, first + 60_000))

    for second in (0, 10, 100, 2_000):
        reach(second)
    assert seen == [
        WindowState.OPEN,
        WindowState.OPEN,
        WindowState.PROVISIONAL,
        WindowState.FINAL,
    ]
    # of each size the newest that is final; labels never came
    final = [(w.size_ms, w.end_ms % w.size_ms, w.accuracy) for w in monitor.models["a"].final.all()]
    assert (60_000, 0, None) in final


def test_completeness_holds_only_once_all_partials_of_a_commit_are_taken() -> None:
    monitor = Monitor(CONFIG, 2)
    later = START + 600 * SECOND
    monitor.take(Partial(1, "a", Progress(predictions_time=later, predictions_append=START)))
    monitor.take(Partial(1, "", Progress(later, later)))
    monitor.take(Partial(0, "b", Progress(predictions_time=later, predictions_append=START)))
    monitor.advance()
    assert monitor.models["a"].closed_predictions < START
    monitor.take(Partial(0, "a", Progress(predictions_time=START, predictions_append=START)))
    monitor.take(Partial(0, "", Progress(later, later)))
    monitor.advance()
    assert monitor.models["a"].closed_predictions == later - CONFIG.default.out_of_orderness_ms


def test_a_model_that_falls_silent_shows_empty_windows() -> None:
    config = replace(CONFIG, idle_ms=30 * SECOND)
    monitor = Monitor(config, 1)
    answer = SlotSums(TrafficCounts(predictions=1)).to_wire()
    progress = Progress(predictions_time=START, predictions_append=START)
    monitor.take(Partial(0, "a", progress, slots=[(["1", "", "", 0, START], answer)]))
    monitor.take(Partial(0, "", Progress(START, START)))
    monitor.advance()
    assert [m.predictions for m in monitor.models["a"].present()] == [1, 1, 1]
    later = START + 3_600 * SECOND
    monitor.take(Partial(0, "", Progress(later, later)))
    monitor.advance()
    assert list(monitor.models["a"].present()) == []


# -------------------------------------------------------------------- streams


def test_a_feature_that_vanishes_is_missing_everywhere() -> None:
    pane = SlotSums(TrafficCounts(predictions=8, classes=8, positives=2))
    found = dict(prediction_inputs(pane, 0, 10, ModelKind.BINARY, Watched(["x"])))
    missing = found[StreamKey(Subject.MISSING, "x")]
    assert (missing.count, missing.total) == (8, 8)
    assert StreamKey(Subject.FEATURE, "x") not in found
    assert found[StreamKey(Subject.POSITIVE_RATE)].total == 2


def test_a_pane_without_predictions_feeds_nothing() -> None:
    found = dict(prediction_inputs(SlotSums(), 0, 10, ModelKind.BINARY, Watched(["x"])))
    assert {pane.count for pane in found.values()} == {0}


def held(monitor: Monitor, source: int, time: int, **vectors: dict[int, int]) -> None:
    """One commit of a source that has come as far as ``time``."""
    told = Progress(predictions_time=time, predictions_append=time)
    monitor.take(Partial(source, "a", told))
    monitor.take(Partial(source, "", Progress(time, time), **vectors))
    monitor.advance()


def test_progress_waits_until_what_was_sent_before_it_is_received() -> None:
    monitor = Monitor(CONFIG, 2)
    order = CONFIG.default.out_of_orderness_ms
    model = monitor.models["a"]
    held(monitor, 0, START, sent={1: 1})
    held(monitor, 0, START + 60 * SECOND, sent={1: 3})
    held(monitor, 1, START + 60 * SECOND, received={})
    assert (model.closed_predictions, monitor.sources.complete.keys()) == (NEVER, {1})
    held(monitor, 1, START + 70 * SECOND, received={0: 2})
    assert model.closed_predictions == START - order
    log = dict(monitor.changes())
    again = restored({k: v for k, v in log.items() if v is not None}, 2)
    for each in (monitor, again):
        held(each, 1, START + 80 * SECOND, received={0: 3})
        assert each.models["a"].closed_predictions == START + 60 * SECOND - order


def test_so_much_progress_that_waits_is_thinned_out() -> None:
    monitor = Monitor(CONFIG, 2)
    for number in range(1, 200):
        held(monitor, 0, START + number * SECOND, sent={1: number})
    assert len(monitor.sources.of(0).held) <= MAX_HELD
    held(monitor, 1, START + 300 * SECOND, received={0: 199})
    marks = monitor.models["a"].watermarks.marks
    assert marks.predictions == START + 199 * SECOND - CONFIG.default.out_of_orderness_ms
