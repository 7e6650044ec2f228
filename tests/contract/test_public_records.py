"""What the wire package writes is what the contract says, and is read back as it was."""

import base64
import hashlib
import json
from typing import Any

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tidegauge.contract.json_schema import MODELS, json_schema
from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Cause, Severity, Versions
from tidegauge.core.config import ModelKind, ReferenceConfig
from tidegauge.core.deadletters import DeadLetterRecord, DeadLetterSummaryRecord, OffsetRange
from tidegauge.core.improvement import (
    CalibrationStep,
    CostPoint,
    Gain,
    ImprovementStats,
    RecalibrationStats,
    SegmentGain,
    ThresholdStats,
)
from tidegauge.core.reasons import Reason
from tidegauge.core.records import (
    CalibrationPoint,
    ClassStats,
    ConfusionCell,
    DeploymentKind,
    DeploymentRecord,
    FeatureStats,
    FeedbackLedger,
    HistogramBar,
    LabelDelay,
    Latency,
    LedgerRecord,
    MetricRecord,
    PairedStats,
    PredictionLedger,
    PredictionStats,
    Quality,
    RegressionStats,
    RocPoint,
    ScoreStats,
    Traffic,
    WindowState,
)
from tidegauge.core.stats.calibration import CALIBRATION_BINS
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.ranking import ROC_POINTS
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.wire.alerts import AlertMessage, decode_alert, encode_alert
from tidegauge.wire.dead_letters import decode_dead_letter, encode_dead_letter, encode_summary
from tidegauge.wire.metrics import (
    decode_metrics,
    encode_deployment,
    encode_ledger,
    encode_metric,
    window_size_ms,
)
from tidegauge.wire.references import decode_reference, encode_reference, reference_key

# years 1970 to 9998, as the contract's times
TIMES = st.integers(0, 253_370_764_799_999)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
COUNTS = st.integers(0, 2**53)
SHARES = st.floats(0, 1)
SIGNED_SHARES = st.floats(-1, 1)
POSITIVE = st.floats(0, 1e100)
NUMBERS = st.floats(-1e100, 1e100)
FINGERPRINTS = st.from_regex("[0-9a-f]{16}", fullmatch=True)
SORTED_NAMES = st.lists(NAMES, max_size=3).map(lambda names: tuple(sorted(names)))


def figures(struct: type[msgspec.Struct], **numbers: st.SearchStrategy[Any]) -> Any:
    """Figures that are null or a share, or what ``numbers`` says; counts are counts."""
    kinds = {int: COUNTS, int | None: st.none() | COUNTS}
    given = ("histogram", "pairs", "bins")
    fields = {
        field.name: kinds.get(field.type, st.none() | numbers.get(field.name, SHARES))
        for field in msgspec.structs.fields(struct)
    } | {name: numbers[name] for name in numbers if name.endswith(given)}
    return st.builds(struct, **fields)


BINS = st.lists(COUNTS, max_size=3).map(tuple)
FEATURE_STATS = figures(FeatureStats, mean=NUMBERS, deviation=POSITIVE, psi=POSITIVE, bins=BINS)
ROC = st.lists(st.builds(RocPoint, st.none() | SHARES, SHARES, SHARES), max_size=ROC_POINTS)
TENTHS = st.lists(st.builds(CalibrationPoint, SHARES, SHARES, COUNTS), max_size=CALIBRATION_BINS)
HISTOGRAMS = st.lists(st.builds(HistogramBar, NUMBERS, NUMBERS, COUNTS), max_size=3).map(tuple)
QUALITY = figures(
    Quality,
    log_loss=POSITIVE,
    matthews_correlation=SIGNED_SHARES,
    lift_top_decile=st.floats(0, 10),
    lift_top_decile_error=st.floats(0, 10),
    roc_curve=ROC.map(tuple),
    calibration_curve=TENTHS.map(tuple),
)
SAMPLES = st.integers(1, 2**31)
GAINS = st.builds(Gain, NUMBERS, NUMBERS, NUMBERS)
IMPROVEMENTS = st.builds(
    ImprovementStats,
    threshold=st.none()
    | st.builds(
        ThresholdStats,
        labelled=SAMPLES,
        in_use=st.none() | SHARES,
        agreement=SHARES,
        best=st.none() | SHARES,
        cost=NUMBERS,
        best_cost=NUMBERS,
        gain=GAINS,
        costs=st.lists(st.builds(CostPoint, SHARES, NUMBERS), max_size=2).map(tuple),
    ),
    recalibration=st.none()
    | st.builds(
        RecalibrationStats,
        labelled=SAMPLES,
        brier_gain=GAINS,
        log_loss_gain=GAINS,
        steps=st.lists(
            st.builds(CalibrationStep, SHARES, SHARES, SAMPLES), min_size=1, max_size=2
        ).map(tuple),
    ),
    segments=st.lists(
        st.builds(
            SegmentGain,
            field=NAMES,
            value=NAMES,
            labelled=SAMPLES,
            mean=POSITIVE,
            average=POSITIVE,
            excess=NUMBERS,
            gain=GAINS,
            share=st.none() | SHARES,
        ),
        max_size=2,
    ).map(tuple),
)
ALERTS = st.builds(
    AlertRecord,
    id=NAMES,
    fingerprint=FINGERPRINTS,
    model=NAMES,
    time_ms=TIMES,
    starts_at_ms=TIMES,
    ends_at_ms=st.none() | TIMES,
    revision=COUNTS,
    labels=st.dictionaries(NAMES, NAMES, max_size=3),
    annotations=st.dictionaries(NAMES, NAMES, max_size=3),
    statistic=st.none() | NUMBERS,
    threshold=st.none() | NUMBERS,
    window_start_ms=TIMES,
    window_end_ms=TIMES,
    predictions=COUNTS,
    labelled=COUNTS,
    label_coverage=st.none() | SHARES,
    versions=st.builds(Versions, model=SORTED_NAMES, code=SORTED_NAMES, data=SORTED_NAMES),
    causes=st.lists(
        st.builds(
            Cause,
            name=NAMES,
            contribution=st.none() | NUMBERS,
            before=st.none() | NUMBERS,
            after=st.none() | NUMBERS,
            samples=COUNTS,
        ),
        max_size=2,
    ).map(tuple),
    detector=NAMES,
    generator_url=NAMES,
    status=st.sampled_from(AlertStatus),
    severity=st.sampled_from(Severity),
)
DIFFERENCE = ("difference", "difference_low", "difference_high")
PAIRED_SHARES = [f"accuracy_{end}" for end in DIFFERENCE]
PAIRED_ERRORS = [f"error_{end}" for end in DIFFERENCE]
PAIRED_MEANS = ["mean_absolute_error", "other_mean_absolute_error"]
METRICS = st.builds(
    MetricRecord,
    model=NAMES,
    version=NAMES,
    segment_field=st.none() | NAMES,
    segment_value=st.none() | NAMES,
    start_ms=TIMES,
    end_ms=TIMES,
    state=st.sampled_from(WindowState),
    revision=COUNTS,
    predictions=COUNTS,
    labelled=COUNTS,
    label_coverage=st.none() | SHARES,
    reference=st.none() | NAMES,
    quality=QUALITY,
    traffic=figures(Traffic, per_second=POSITIVE, predicted_positive_rate_change=SIGNED_SHARES),
    label_delay=figures(LabelDelay, **dict.fromkeys(["p50", "p90", "p99"], POSITIVE)),
    latency=figures(Latency, **dict.fromkeys(["mean", "p50", "p90", "p99"], POSITIVE)),
    score=figures(ScoreStats, deviation=POSITIVE, psi=POSITIVE),
    features=st.dictionaries(NAMES, FEATURE_STATS, max_size=2),
    kind=st.sampled_from(ModelKind),
    classes=st.dictionaries(NAMES, figures(ClassStats), max_size=2),
    confusion=st.lists(
        st.builds(ConfusionCell, NAMES, NAMES, st.integers(1, 2**31)), max_size=2
    ).map(tuple),
    regression=figures(
        RegressionStats,
        bias=NUMBERS,
        median_error=NUMBERS,
        r2=st.floats(-1e100, 1),
        error_histogram=HISTOGRAMS,
    ),
    paired=st.dictionaries(
        NAMES,
        figures(
            PairedStats,
            pairs=st.integers(1, 2**31),
            **dict.fromkeys(PAIRED_SHARES, SIGNED_SHARES),
            **dict.fromkeys(PAIRED_MEANS, POSITIVE),
            **dict.fromkeys(PAIRED_ERRORS, NUMBERS),
        ),
        max_size=2,
    ),
    prediction=figures(
        PredictionStats,
        **dict.fromkeys(["mean", "p10", "p50", "p90"], NUMBERS),
        deviation=POSITIVE,
        psi=POSITIVE,
        histogram=HISTOGRAMS,
    ),
    improvement=st.none() | IMPROVEMENTS,
).map(
    lambda record: msgspec.structs.replace(
        record,
        start_ms=min(record.start_ms, record.end_ms),
        end_ms=max(record.start_ms, record.end_ms),
    )
)
LEDGERS = st.builds(
    LedgerRecord,
    model=NAMES,
    time_ms=TIMES,
    predictions=figures(PredictionLedger),
    feedback=figures(FeedbackLedger),
    labels=COUNTS,
)
DEAD_LETTERS = st.builds(
    DeadLetterRecord.of,
    reason=st.sampled_from(Reason),
    message=NAMES,
    topic=NAMES,
    partition=COUNTS,
    offset=COUNTS,
    timestamp_ms=TIMES,
    key=st.none() | st.binary(max_size=20),
    value=st.none() | st.binary(max_size=40),
    model=st.none() | NAMES,
    max_value_bytes=st.integers(0, 50),
    max_key_bytes=st.integers(0, 25),
)
SUMMARIES = st.builds(
    DeadLetterSummaryRecord,
    reason=st.sampled_from(Reason),
    topic=NAMES,
    partition=COUNTS,
    count=COUNTS,
    ranges=st.lists(st.builds(OffsetRange, COUNTS, COUNTS, COUNTS), max_size=3).map(tuple),
)


@st.composite
def profiles(draw: st.DrawFn) -> ReferenceProfile:
    """A profile learned from a few predictions."""
    values = st.none() | st.floats(-1e9, 1e9) | st.booleans() | NAMES
    rows = draw(st.lists(st.fixed_dictionaries({}, optional={"a": values, "b": values})))
    score = st.floats(0, 1) | st.just(float("nan"))
    return build_reference(
        rows,
        np.array(draw(st.lists(score, min_size=len(rows), max_size=len(rows)))),
        np.ones(len(rows), dtype=np.int64),
        names=["a", "b"],
        config=ReferenceConfig(),
        model=draw(NAMES),
        version=draw(NAMES),
        effective_from=draw(TIMES),
        learned_from=draw(TIMES),
        learned_until=draw(TIMES),
    )


VALIDATORS = {name: Draft202012Validator(json_schema(name)) for name in MODELS}


def assert_in_contract(name: str, value: bytes) -> None:
    MODELS[name].model_validate_json(value)
    VALIDATORS[name].validate(json.loads(value))


def headers_of(message: AlertMessage) -> bytes:
    return json.dumps({name: value.decode() for name, value in message.headers}).encode()


@given(ALERTS)
@settings(max_examples=50, deadline=None)
def test_alerts(record: AlertRecord) -> None:
    message = encode_alert(record)
    assert_in_contract("alert", message.value)
    assert_in_contract("alert-headers", headers_of(message))
    assert message.key == record.fingerprint.encode()
    assert decode_alert(message.value, [*message.headers, ("traceparent", b"\xff")]) == record


@given(METRICS)
@settings(max_examples=50, deadline=None)
def test_metrics(record: MetricRecord) -> None:
    key, value = encode_metric(record)
    assert_in_contract("metric", value)
    assert window_size_ms(key) == record.end_ms - record.start_ms
    assert decode_metrics(value) == record


@given(LEDGERS)
@settings(max_examples=20, deadline=None)
def test_ledgers(record: LedgerRecord) -> None:
    key, value = encode_ledger(record)
    assert window_size_ms(key) is None
    assert_in_contract("ledger", value)
    assert decode_metrics(value) == record


@given(DEAD_LETTERS)
@settings(max_examples=50, deadline=None)
def test_dead_letters(record: DeadLetterRecord) -> None:
    key, value = encode_dead_letter(record)
    assert key == record.key
    assert_in_contract("dead-letter", value)
    assert decode_dead_letter(value) == record


@given(SUMMARIES)
@settings(max_examples=20, deadline=None)
def test_dead_letter_summaries(record: DeadLetterSummaryRecord) -> None:
    _, value = encode_summary(record)
    assert_in_contract("dead-letter-summary", value)
    assert decode_dead_letter(value) == record


@given(
    st.builds(
        DeploymentRecord,
        model=NAMES,
        kind=st.sampled_from(DeploymentKind),
        value=NAMES,
        version=NAMES,
        time_ms=TIMES,
    )
)
def test_deployments(record: DeploymentRecord) -> None:
    _, value = encode_deployment(record)
    assert_in_contract("deployment", value)
    assert decode_metrics(value) == record


@given(profiles())
@settings(max_examples=50, deadline=None)
def test_references(profile: ReferenceProfile) -> None:
    key, value = encode_reference(profile)
    assert key == reference_key(profile.model, profile.version)
    assert_in_contract("reference", value)
    assert decode_reference(value) == profile


@given(st.lists(METRICS, min_size=2, max_size=2))
@settings(max_examples=50, deadline=None)
def test_two_windows_share_a_key_only_when_they_are_the_same_window(
    records: list[MetricRecord],
) -> None:
    windows = [
        (r.model, r.version, r.segment_field, r.segment_value, r.start_ms, r.end_ms)
        for r in records
    ]
    keys = [encode_metric(record)[0] for record in records]
    assert (windows[0] == windows[1]) == (keys[0] == keys[1])


WINDOW = MetricRecord(
    model="a|b",
    version="1",
    segment_field="origin",
    segment_value="EWR 50%",
    start_ms=1_360_332_000_000,
    end_ms=1_360_332_060_000,
    state=WindowState.OPEN,
    revision=0,
    predictions=0,
    labelled=0,
    traffic=Traffic(predictions=0),
)


def test_keys_are_readable_and_cannot_be_confused() -> None:
    assert encode_metric(WINDOW)[0] == b"a%7Cb|1|origin|EWR 50%25|60s|2013-02-08T14:00:00.000Z"
    assert encode_ledger(LedgerRecord(model="a|b", time_ms=0))[0] == b"a%7Cb|ledger"
    assert reference_key("a|b", "1") == b"a%7Cb|1"
    flood = DeadLetterSummaryRecord(
        reason=Reason.BAD_TIMESTAMP, topic="predictions", partition=2, count=0, ranges=()
    )
    assert encode_summary(flood)[0] == b"predictions|2|bad_timestamp"


def test_an_empty_window_has_null_figures() -> None:
    public = json.loads(encode_metric(WINDOW)[1])
    assert set(public["quality"].values()) == {None}
    assert public["label_coverage"] is None
    assert public["size_seconds"] == 60


def test_a_figure_that_is_not_finite_is_null() -> None:
    record = msgspec.structs.replace(WINDOW, quality=Quality(log_loss=float("inf")))
    assert json.loads(encode_metric(record)[1])["quality"]["log_loss"] is None


def dead_letter(value: bytes | None) -> DeadLetterRecord:
    return DeadLetterRecord.of(
        reason=Reason.INVALID_JSON,
        message="no JSON",
        topic="predictions",
        partition=2,
        offset=7,
        timestamp_ms=1,
        key=b"r-1",
        value=value,
        max_value_bytes=4,
    )


def test_a_long_dead_letter_is_a_prefix_with_length_and_hash_of_the_whole() -> None:
    original = b"0123456789"
    public = json.loads(encode_dead_letter(dead_letter(original))[1])
    assert base64.b64decode(public["value"]) == b"0123"
    assert public["value_length"] == 10
    assert public["value_sha256"] == hashlib.sha256(original).hexdigest()


def test_a_dead_letter_tells_no_value_from_an_empty_one() -> None:
    assert json.loads(encode_dead_letter(dead_letter(None))[1])["value"] is None
    assert json.loads(encode_dead_letter(dead_letter(b""))[1])["value"] == ""


def test_the_source_of_an_alert_is_a_uri_reference_whatever_the_model_is_called() -> None:
    record = msgspec.convert(
        {
            "id": "i",
            "fingerprint": "0" * 16,
            "status": "firing",
            "severity": "info",
            "model": "späť/ model",
            "time_ms": 0,
            "starts_at_ms": 0,
            "labels": {},
            "annotations": {},
            "detector": "adwin",
            "window_start_ms": 0,
            "window_end_ms": 1,
            "predictions": 0,
            "labelled": 0,
        },
        AlertRecord,
    )
    headers = dict(encode_alert(record).headers)
    assert headers["ce_source"] == b"/tidegauge/models/sp%C3%A4%C5%A5%2F%20model"
    assert headers["ce_type"] == b"tidegauge.alert.firing"
