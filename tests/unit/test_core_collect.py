"""What one source partition does with single events: checks, limits, references, restore."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from world import (
    CONFIG,
    START,
    Event,
    Published,
    Sent,
    at,
    batch,
    compact,
    digest,
    forwarded,
    home_at,
    ms,
    retained,
    with_rules,
)

from tidegauge.core.catalog import OTHER, ModelCatalog, ModelNames
from tidegauge.core.collect.batch import Batch, Refusal
from tidegauge.core.collect.collect import Collect
from tidegauge.core.collect.forwarding import Away, SourceMark
from tidegauge.core.config import HOUR, MINUTE, SECOND, CoreConfig, Limits, ReferenceConfig
from tidegauge.core.events import Feedback, Outcome, Prediction
from tidegauge.core.ledger import UNKNOWN_MODEL, ModelLedger, merged, total
from tidegauge.core.partial import Partial
from tidegauge.core.partitioner import partition_for
from tidegauge.core.reasons import Reason
from tidegauge.core.requestkey import request_key
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.streamtime import NEVER
from tidegauge.core.sums import SlotSums

NOTHING: Batch[Any] = Batch([], [], [], [], [])


def prediction(request: str = "r", time: int = START, **fields: object) -> Prediction:
    made = {"model": "a", "version": "1", "prediction": True} | fields
    return Prediction(request, timestamp=at(time), **made)  # type: ignore[arg-type]


def feedback(request: str = "r", time: int = START, **fields: object) -> Feedback:
    made = {"label": True} | fields
    return Feedback(request, timestamp=at(time), **made)  # type: ignore[arg-type]


def tell(collect: Collect, *events: Event, append: int | None = None) -> list[Refusal]:
    """Let collect read events of one topic, appended at their own times; what it refuses."""
    log = [Published(event, append or ms(event.timestamp)) for event in events]
    method = collect.predictions if isinstance(events[0], Prediction) else collect.feedback
    taken = method(batch(log, 0, len(log)), log[-1].append)  # type: ignore[arg-type]
    balance(collect)
    return [refusal for _, refusal in taken.refused]


def balance(collect: Collect) -> None:
    for ledger in collect.state.ledgers.by_model.values():
        assert set(ledger.imbalance().values()) == {0}, ledger


def restarted(
    collect: Collect, config: CoreConfig, *, backwards: bool = False, partitions: int = 1
) -> Collect:
    """A fresh machine with what the other one writes to its changelog."""
    collect.partials()
    log: dict[bytes, bytes] = {}
    compact(log, collect.changes())
    fresh = Collect(config, 0, partitions)
    records = list(log.items())
    for key, value in reversed(records) if backwards else records:
        fresh.restore(key, value)
    fresh.restored()
    return fresh


def profile(number: int = 0, effective_from: int = 0, model: str = "a") -> ReferenceProfile:
    return ReferenceProfile(
        id=str(number),
        model=model,
        version="1",
        effective_from=effective_from,
        learned_from=0,
        learned_until=1,
        sample_count=1,
        features=(),
        score_counts={},
        positive_rate=None,
    )


# -------------------------------------------------------------------- checks


@pytest.mark.parametrize("topic", ["predictions", "feedback"])
def test_an_event_away_from_home_is_counted_and_sent_there(topic: str) -> None:
    home = partition_for(b"r", 8)
    collect = Collect(CONFIG, (home + 1) % 8, 8)
    event = prediction() if topic == "predictions" else feedback(model="a")
    batch_ = Batch([event], [7], [START], [digest(event)])
    taken = getattr(collect, topic)(batch_, START)
    assert (taken.refused, taken.away) == ([], [Away(0, home, b"r")])
    assert getattr(collect.state.ledgers.by_model["a"], topic) == {"forwarded": 1}
    assert getattr(collect.state.models["a"], topic).time == START
    assert collect.progress().sent == collect.forwarding.sent == {home: 1}
    balance(collect)
    assert len(collect.requests) == 0


def test_what_is_refused_is_not_sent_on() -> None:
    elsewhere = (partition_for(b"r", 8) + 1) % 8
    collect = Collect(CONFIG, elsewhere, 8)
    ahead = prediction(time=START + CONFIG.default.max_future_ms + 1)
    taken = collect.predictions(Batch([ahead], [0], [START], [0]), START)
    assert [r.reason for _, r in taken.refused] == [Reason.FUTURE_TIMESTAMP]
    assert taken.away == []


def received(collect: Collect, source: int, *events: Event) -> list[Refusal]:
    """Let collect take forwarded events; what it refuses."""
    sent = [Sent(source, n, Published(e, ms(e.timestamp))) for n, e in enumerate(events)]
    parts = forwarded(sent, "predictions"), forwarded(sent, "feedback")
    refused = collect.forwarded(*parts, [])  # type: ignore[arg-type]
    balance(collect)
    return [refusal for part in refused for _, refusal in part]


def test_forwarded_events_are_joined_and_say_nothing_about_the_logs_here() -> None:
    collect = Collect(CONFIG, 0, 2)
    late = START - 10 * HOUR
    tell(collect, prediction(home_at("own", 0, 2)))
    moved = collect.state.models["a"].predictions.time
    assert received(collect, 1, prediction("r", late), feedback("r", late)) == []
    assert received(collect, 1, prediction("r", START), feedback("r", START)) != []
    model = collect.state.models["a"]
    assert (model.predictions.time, model.feedback.time) == (moved, NEVER)
    ledger = collect.state.ledgers.by_model["a"]
    assert (ledger.predictions, ledger.labels) == ({"open": 1, "labelled": 1, "conflict": 1}, 1)


def test_a_forwarded_label_that_waited_is_no_evidence_either() -> None:
    collect = Collect(CONFIG, 0, 2)
    one, other = home_at("one", 0, 2), home_at("other", 0, 2)
    received(collect, 1, feedback(one), feedback(other, model="a"))
    tell(collect, prediction(one), prediction(other))
    assert collect.state.ledgers.by_model["a"].labels == 2
    assert collect.state.models["a"].feedback.time == NEVER


def test_nothing_expires_before_every_source_has_said_how_far_it_is() -> None:
    later = START + 100 * HOUR
    collect = Collect(CONFIG, 0, 3)
    received(collect, 1, prediction("r"))
    late = home_at("late", 0, 3)
    tell(collect, prediction(late, later))
    tell(collect, feedback(late, later))
    collect.tick(later, later)
    one = SourceMark(1, 1, later, later, {"a": later})
    other = SourceMark(2, 0, START, START, {"a": START})
    for marks in ([], [one], [other]):
        collect.forwarded(NOTHING, NOTHING, marks)
        assert len(collect.requests) == 2
    again = restarted(collect, CONFIG, partitions=3)
    again.tick(later, later)
    assert (len(again.requests), again.forwarding.received) == (2, {1: 1})
    arrived = SourceMark(2, 0, later, later, {"a": later})
    for each in (collect, again):
        each.forwarded(NOTHING, NOTHING, [arrived])
        assert len(each.requests) == 1


def test_a_source_that_was_restored_takes_nothing_back() -> None:
    collect = Collect(CONFIG, 0, 2)
    marks = [SourceMark(1, 3, START, START + 1, {"a": START}), SourceMark(1, 4)]
    collect.forwarded(NOTHING, NOTHING, marks)
    assert collect.forwarding.marks[1] == SourceMark(1, 4, START, START + 1, {"a": START})


def test_a_model_that_is_only_read_elsewhere_expires_by_what_is_told_of_it() -> None:
    later = START + 100 * HOUR
    collect = Collect(CONFIG, 0, 2)
    received(collect, 1, prediction("r"))
    collect.tick(later, later)
    collect.forwarded(NOTHING, NOTHING, [SourceMark(1, 1, START, START, {"a": START})])
    assert len(collect.requests) == 1
    told = SourceMark(1, 1, later - HOUR, later - HOUR, {"a": later - HOUR})
    collect.forwarded(NOTHING, NOTHING, [told])
    collect.tick(later + HOUR, later + HOUR)
    assert len(collect.requests) == 0


def test_feedback_without_a_model_waits_for_a_source_that_has_read_nothing_yet() -> None:
    later = START + 100 * HOUR
    collect = Collect(CONFIG, 0, 2)
    orphan = home_at("orphan", 0, 2)
    tell(collect, feedback(orphan))
    tell(collect, prediction(home_at("late", 0, 2), later))
    collect.tick(later, later)
    before, then = START - HOUR, later + CONFIG.publication_skew_ms
    for until, left in ((before, 2), (then, 1)):
        collect.tick(then, then)
        collect.forwarded(NOTHING, NOTHING, [SourceMark(1, 0, until, until)])
        assert len(collect.requests) == left  # its prediction may be what the source reads next
    assert collect.state.ledgers.by_model[UNKNOWN_MODEL].feedback["orphan_expired"] == 1


def test_an_event_at_home_by_the_other_partitioner_is_accepted_when_that_is_configured() -> None:
    home = partition_for(b"r", 8, "crc32")
    collect = Collect(CONFIG, home, 8, "crc32")
    assert tell(collect, prediction()) == []


def test_what_could_not_be_decoded_is_counted_where_its_model_can_be_told() -> None:
    collect = Collect(CONFIG, 0, 1)
    refusals = [Refusal(Reason.INVALID_JSON, "no"), Refusal(Reason.WRONG_TYPE, "no", "a")]
    made = Batch[Prediction](refusals, [0, 1], [START] * 2, [0, 0])
    assert [r for _, r in collect.predictions(made, START).refused] == refusals
    ledgers = collect.state.ledgers.by_model
    assert ledgers[UNKNOWN_MODEL].predictions == ledgers["a"].predictions == {"invalid": 1}
    balance(collect)


def test_a_batch_of_nothing_only_tells_how_far_the_log_is_read() -> None:
    collect = Collect(CONFIG, 0, 1)
    collect.predictions(Batch([], [], [], []), START)
    collect.feedback(Batch([], [], [], []), START - 5)
    assert collect.complete_until() == START - 5


@pytest.mark.parametrize("topic", ["predictions", "feedback"])
def test_a_time_far_ahead_of_the_append_time_is_refused_and_moves_nothing(topic: str) -> None:
    collect = Collect(CONFIG, 0, 1)
    ahead = CONFIG.default.max_future_ms
    made = prediction if topic == "predictions" else feedback
    for extra, expected in ((0, []), (1, [Reason.FUTURE_TIMESTAMP])):
        event = made(f"r{extra}", START + ahead + extra)
        batch_ = Batch([event], [0], [START], [digest(event)])
        refused = getattr(collect, topic)(batch_, START).refused
        assert [r.reason for _, r in refused] == expected
    model = collect.state.models["a" if topic == "predictions" else UNKNOWN_MODEL]
    assert max(model.newest_prediction, model.newest_feedback) == START + ahead
    balance(collect)


def test_a_prediction_older_than_the_lateness_is_late_and_labels_of_it_wait_in_vain() -> None:
    collect = Collect(CONFIG, 0, 1)
    oldest = START - CONFIG.default.lateness_ms
    tell(collect, prediction("new"), prediction("edge", oldest), prediction("late", oldest - 1))
    assert collect.state.ledgers.by_model["a"].predictions == {"open": 2, "late": 1}


def test_conflicts_are_refused_with_the_way_out() -> None:
    collect = Collect(CONFIG, 0, 1)
    (first,) = tell(collect, prediction(), prediction(), prediction(score=0.5))
    (second,) = tell(collect, feedback(), feedback(), feedback(label=False))
    assert first.reason is Reason.CONFLICT_PREDICTION
    assert second.reason is Reason.CONFLICT_FEEDBACK
    assert "higher revision" in second.message


def test_a_source_that_was_just_restored_says_when_it_read_what_it_knows() -> None:
    source = Collect(CONFIG, 1, 2)
    later = START + 10 * HOUR
    tell(source, prediction("any", later))
    tell(source, feedback("any", later, model="a"))
    home, records = Collect(CONFIG, 0, 2), source.changes()
    source = Collect(CONFIG, 1, 2)
    for key, value in records:
        source.restore(key, value)
    source.restored()
    here = next(name for name in "abcdef" if partition_for(name.encode(), 2) == 0)
    tell(home, feedback(here, START, model="a"))
    home.forwarded(NOTHING, NOTHING, [source.mark(0)])
    home.tick(START + MINUTE, START + MINUTE)
    assert home.state.ledgers.by_model["a"].feedback == {"orphan_open": 1}


def test_a_lagging_model_keeps_its_requests_while_unnamed_feedback_of_others_goes_on() -> None:
    collect = Collect(CONFIG, 0, 1)
    tell(collect, prediction("old", START - 10_000 * MINUTE, model="backfilled"))
    for minute in range(0, 200, 10):
        time = START + minute * MINUTE
        tell(collect, prediction(f"r{minute}", time))
        tell(collect, feedback(f"r{minute}", time))
        tell(collect, feedback(f"unheard-of{minute}", time))
        collect.tick(time, time)
    assert collect.requests.get(request_key(b"old")) is not None
    assert len(collect.requests) < 10


def test_a_replay_keeps_unnamed_feedback_while_that_of_a_live_model_is_years_ahead() -> None:
    collect = Collect(CONFIG, 0, 1)
    years = 10**11
    tell(collect, prediction("past", START - years, model="replayed"), append=START)
    tell(collect, prediction("now", START, model="live"))
    tell(collect, feedback("now", START + SECOND))
    tell(collect, feedback("early", START - years + SECOND), append=START + SECOND)
    collect.tick(START + MINUTE, START + MINUTE)
    early = prediction("early", START - years + 2 * SECOND, model="replayed")
    tell(collect, early, append=START + MINUTE)
    ledgers = collect.state.ledgers.by_model
    assert ledgers["replayed"].predictions["labelled"] == 1
    assert ledgers["live"].predictions["labelled"] == 1


def test_unnamed_feedback_does_not_wait_for_a_model_that_has_ended() -> None:
    collect = Collect(CONFIG, 0, 1)
    later = START + 10 * CONFIG.default.orphan_horizon_ms
    tell(collect, prediction("past", START, model="ended"))
    tell(collect, feedback("nobody", START))
    tell(collect, prediction("now", later, model="live"))
    tell(collect, feedback("now", later))
    collect.tick(later + HOUR, later + HOUR)
    assert collect.state.ledgers.by_model[UNKNOWN_MODEL].feedback["orphan_expired"] == 1


@pytest.mark.parametrize(("before", "after", "labelled"), [(1, 2, 1), (2, 1, 0)])
def test_a_changed_horizon_applies_to_what_is_retained(
    before: int, after: int, labelled: int
) -> None:
    def config(hours: int) -> CoreConfig:
        horizon = hours * HOUR
        return with_rules(CONFIG, label_horizon_ms=horizon, correction_horizon_ms=2 * HOUR)

    first = Collect(config(before), 0, 1)
    tell(first, prediction("r", START))
    tell(first, feedback("r", START + HOUR + MINUTE))
    again = restarted(first, config(after))
    balance(again)
    ledger = again.state.ledgers.by_model["a"]
    assert ledger.predictions.get("labelled", 0) == ledger.labels == labelled
    tell(again, feedback("r", START + HOUR + MINUTE))
    assert ledger.feedback["duplicate"] == 1
    once_more = restarted(again, config(after))
    assert once_more.state.changed_terms() == {}


def test_a_joined_label_is_no_evidence_before_it_was_appended() -> None:
    collect = Collect(CONFIG, 0, 1)
    late = START + 100 * SECOND
    tell(collect, feedback("r", late))
    event = prediction("r", START)
    collect.predictions(Batch([event], [0], [START], [0]), START)
    clock = collect.state.models["a"].feedback
    assert (clock.time, clock.as_of(late - 1), clock.as_of(late)) == (late, NEVER, late)


def test_feedback_on_a_prediction_to_come_is_no_evidence_of_later_feedback() -> None:
    collect = Collect(CONFIG, 0, 1)
    tell(collect, feedback("r", START))
    tell(collect, prediction("r", START + 60 * SECOND))
    assert collect.state.models["a"].feedback.time == START


# -------------------------------------------------------------------- limits


def limited(**limits: int) -> CoreConfig:
    return replace(CONFIG, limits=replace(Limits(), **limits))


def test_models_over_the_limit_share_one_place_and_are_counted() -> None:
    config = limited(models=2)
    collect = Collect(config, 0, 1)
    for model in "abcd":
        tell(collect, prediction(f"r{model}", model=model))
        tell(collect, feedback(f"r{model}", model=model))
    assert collect.state.models.keys() == {"a", "b", OTHER, UNKNOWN_MODEL}
    ledger = collect.state.ledgers.by_model[OTHER]
    assert (ledger.predictions, ledger.feedback) == ({"open": 0, "labelled": 2}, {"joined": 2})
    other = collect.state.models[OTHER].names.catalog
    assert other.folded == {"models": 4}
    assert other.versions == ["c/1", "d/1"]


@pytest.mark.parametrize("backwards", [False, True])
def test_models_at_the_limit_come_back_as_they_were(backwards: bool) -> None:
    config = limited(models=2)
    collect = Collect(config, 0, 1)
    for at_s, model in enumerate(["b", "c\0x", "c", "a"]):
        tell(collect, prediction(f"r{model}", START + at_s * SECOND, model=model))
    fresh = restarted(collect, config, backwards=backwards)
    kept = collect.state.models.keys() - {UNKNOWN_MODEL}
    assert fresh.state.models.keys() == kept == {"b", "c\0x", OTHER}
    for name in kept:
        model, again = collect.state.models[name], fresh.state.models[name]
        assert again.names.catalog == model.names.catalog
        assert again.predictions.time == model.predictions.time
    assert fresh.state.ledgers.by_model == collect.state.ledgers.by_model
    assert retained(fresh.requests) == retained(collect.requests)


def test_versions_segments_and_features_over_the_limit_are_folded_and_counted() -> None:
    collect = Collect(limited(versions=2, segment_fields=1, segment_values=2, features=2), 0, 1)
    for number in range(4):
        made = prediction(
            f"r{number}",
            version=f"v{number}",
            segments={"city": f"c{number}", "zone": "z"},
            features={f"f{number}": 1.0},
        )
        tell(collect, made)
        tell(collect, feedback(f"r{number}"))
    catalog = collect.state.models["a"].names.catalog
    assert catalog.versions == ["v0", "v1"]
    assert catalog.fields == ["city"]
    assert catalog.values == {"city": ["c0", "c1"]}
    assert catalog.features == ["f0", "f1"]
    assert catalog.folded == {
        "versions": 2,
        "segment_fields": 4,
        "segment_values": 2,
        "features": 2,
    }
    (partial, *_) = [p for p in collect.partials() if p.model == "a"]
    counted: dict[tuple[str, str, str], int] = {}
    for (version, field, value, level, _), (traffic, *_rest) in partial.slots:
        if level == 0 and traffic is not None:
            counted[version, field, value] = counted.get((version, field, value), 0) + traffic[0]
    assert counted[OTHER, "", ""] == counted[OTHER, "city", OTHER] == 2
    assert counted["v0", "city", "c0"] == 1


def test_fields_that_are_configured_are_kept_whatever_comes_first() -> None:
    names = ModelNames(ModelCatalog(), Limits(), ("zone",))
    assert names.segments({"city": "c", "zone": "z"}) == ("zone", "z")
    assert names.catalog.folded == {}


def test_deployments_over_the_limit_are_counted() -> None:
    collect = Collect(limited(deployments=2), 0, 1)
    codes = ("c1", None, "c2", "c1", "c2")
    made = (prediction(f"r{n}", code_version=code) for n, code in enumerate(codes))
    tell(collect, *made)
    assert collect.state.models["a"].names.catalog.folded == {"deployments": 2}
    told = [v for partial in collect.partials() for v in partial.versions]
    assert [(version, code) for version, code, _, _ in told] == [("1", "c1"), ("1", "")]


def test_requests_over_the_limit_are_evicted_in_the_ledger_as_well() -> None:
    collect = Collect(limited(open_requests=3), 0, 1)
    tell(collect, *(prediction(f"r{n}", START + n * MINUTE) for n in range(5)))
    assert len(collect.requests) == 3
    assert collect.state.ledgers.by_model["a"].predictions == {"open": 3, "evicted": 2}


# -------------------------------------------------------------------- references


def slots_by_reference(partials: Iterable[Partial]) -> dict[str, int]:
    """Starts of panes counted under each reference id."""
    found = {}
    for partial in partials:
        for (*_, start), (*_, features) in partial.slots:
            for reference in features:
                found[reference] = start
    return found


def test_classes_over_the_limit_are_one_class_and_counted() -> None:
    config = replace(CONFIG, limits=Limits(classes=2))
    collect = Collect(config, 0, 1)
    names = ["x", "y", "z", "w", "x", 1, 7]
    tell(collect, *(prediction(f"r{n}", prediction=name) for n, name in enumerate(names)))
    tell(collect, *(feedback(f"r{n}", label=name) for n, name in enumerate(["x", "z", "z", "v"])))
    sums = whole(collect)
    assert sums.answers is not None
    assert sums.answers.classes == {"x": 2, "y": 1, OTHER: 3, "1": 1}
    assert sums.answers.with_small().numbers == 2
    assert sums.classes is not None
    assert sums.classes.confusion == {("x", "x"): 1, ("y", OTHER): 1, (OTHER, OTHER): 2}
    assert sums.classes.other_errors == 1, "w is not v, but z is z"
    assert collect.state.models["a"].names.catalog.folded == {"classes": 6}
    fresh = restarted(collect, config)
    tell(fresh, feedback("r0", label="z", revision=1))
    changed = whole(fresh).classes
    assert changed is not None
    assert changed.confusion == {("x", "x"): -1, ("x", OTHER): 1}


def whole(collect: Collect) -> SlotSums:
    """What changed of the whole version, over all slots."""
    total = SlotSums()
    for part in collect.partials():
        for (_, field, *_), wire in part.slots:
            if not field:
                total.add(SlotSums.from_wire(wire))
    return total


@pytest.mark.parametrize(
    ("answer", "label", "readings"),
    [
        (True, False, {"labels", "classes"}),
        (1, 0, {"labels", "classes"}),
        ("x", "y", {"classes"}),
        (2, 1.0, {"classes", "numbers"}),
        (2.5, 1, {"numbers"}),
        (2.5, "x", set()),
        ("x", 2.5, set()),
    ],
)
def test_a_pair_is_counted_in_every_reading_that_it_fits(
    answer: Outcome, label: Outcome, readings: set[str]
) -> None:
    collect = Collect(CONFIG, 0, 1)
    tell(collect, prediction(prediction=answer))
    tell(collect, feedback(label=label))
    sums = whole(collect)
    assert {name for name in ("labels", "classes", "numbers") if getattr(sums, name)} == readings
    assert collect.state.ledgers.by_model["a"].labels == 1
    tell(collect, feedback(label="taken back", revision=1), feedback(label=label, revision=2))
    assert whole(collect).is_zero()


def test_a_reference_holds_from_its_pane_on() -> None:
    collect = Collect(CONFIG, 0, 1)
    collect.adopt(profile(7, effective_from=START + 10 * SECOND))
    made = (prediction(f"r{s}", START + s * SECOND, features={"x": 1.0}) for s in (9, 10))
    tell(collect, *made)
    assert slots_by_reference(collect.partials()) == {"": START, "7": START + 10 * SECOND}


def test_a_reference_does_not_touch_a_pane_that_has_begun() -> None:
    collect = Collect(CONFIG, 0, 1)
    tell(collect, prediction("r0", START + 3 * SECOND, features={"x": 1.0}))
    collect.adopt(profile(7, effective_from=0))
    tell(collect, prediction("r1", START + 9 * SECOND, features={"x": 1.0}))
    tell(collect, prediction("r2", START + 10 * SECOND, features={"x": 1.0}))
    assert slots_by_reference(collect.partials()) == {"": START, "7": START + 10 * SECOND}


def test_references_come_back_and_old_ones_are_let_go() -> None:
    collect = Collect(CONFIG, 0, 1)
    for number in range(5):
        collect.adopt(profile(number, effective_from=START + number * SECOND))
        collect.adopt(profile(number, effective_from=START + number * SECOND))
    fresh = restarted(collect, CONFIG)
    for one in (collect, fresh):
        assert [a.profile.id for a in one.state.models["a"].references["1"]] == ["2", "3", "4"]
        assert one.state.profiles.keys() == {"2", "3", "4"}


def test_samples_are_offered_until_there_is_a_reference() -> None:
    config = with_rules(CONFIG, reference=ReferenceConfig(sample_size=3))
    collect = Collect(config, 0, 1)
    tell(collect, *(prediction(f"r{n}") for n in range(50)))
    samples = [row for p in collect.partials() for row in p.samples]
    assert 3 <= len(samples) < 50
    assert len({row.hash for row in samples}) == len(samples)
    collect.adopt(profile())
    tell(collect, *(prediction(f"s{n}") for n in range(50)))
    assert [row for p in collect.partials() for row in p.samples] == []


def test_many_samples_are_told_once() -> None:
    collect = Collect(CONFIG, 0, 1)
    tell(collect, *(prediction(f"r{n}") for n in range(1_200)))
    told = [len({row.hash for row in p.samples}) for p in collect.partials() if p.model == "a"]
    assert told == [1_200]
    collect.changes()
    assert collect.partials() == []


# -------------------------------------------------------------------- ledgers


def test_ledgers_add_up() -> None:
    one = ModelLedger(3, {"open": 1, "labelled": 2}, 2, {"joined": 2}, 2)
    two = ModelLedger(1, {"late": 1}, 0, {}, 0)
    both = merged({0: one, 5: two})
    assert both == total([two, one])
    assert (both.predictions_read, both.labels) == (4, 2)
    assert set(both.imbalance().values()) == {0}
    assert ModelLedger(2, {"open": 1}).imbalance()["predictions"] == 1
