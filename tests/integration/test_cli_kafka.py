"""The commands that use a cluster, on a real broker."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from msgspec.structs import replace
from samplerecords import T, alert_at, window_from
from typer.testing import CliRunner, Result

import tidegauge
from tidegauge.cli.main import app
from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Cause, CauseKind, Effect, Severity
from tidegauge.core.config import DAY
from tidegauge.core.deadletters import DeadLetterRecord, DeadLetterSummaryRecord, OffsetRange
from tidegauge.core.improvement import Gain, ImprovementStats, SegmentGain
from tidegauge.core.partitioner import partition_for
from tidegauge.core.reasons import Reason
from tidegauge.core.records import LedgerRecord
from tidegauge.wire.alerts import encode_alert
from tidegauge.wire.dead_letters import encode_dead_letter, encode_summary
from tidegauge.wire.metrics import encode_ledger, encode_metric

pytestmark = pytest.mark.broker

OPENED = alert_at(
    T,
    id="opened",
    labels={"alertname": "FeatureDrift", "model": "delay", "feature": "wind\x1b[2J"},
    detector="page_hinkley",
    statistic=31.5,
    threshold=25.0,
    labelled=600,
    label_coverage=0.5,
    causes=(
        Cause(kind=CauseKind.FEATURE, effect=Effect.DATA_DRIFT, name="wind", contribution=0.62),
    ),
)
RESOLVED = replace(
    OPENED, id="resolved", status=AlertStatus.RESOLVED, time_ms=T + 1, ends_at_ms=T, causes=()
)
OTHER = replace(OPENED, id="other", fingerprint="fedcba9876543210", model="fraud", time_ms=T + 2)


class Cluster:
    """The broker with topics of one test."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.options = ["-b", bootstrap, "-s", f"kafka.topic_prefix={prefix}"]
        self.options += ["-s", "topics.partitions=3", "-s", "topics.partials_partitions=2"]

    def run(self, *arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, [*self.options, *arguments], input=stdin)

    def send(self, topic: str, records: list[dict[str, Any]], *, commit: bool = True) -> None:
        producer = KafkaProducer(
            bootstrap_servers=self.bootstrap, transactional_id=f"{self.prefix}{topic}"
        )
        producer.init_transactions()
        producer.begin_transaction()
        for record in records:
            producer.send(self.prefix + topic, **record)
        producer.flush()
        if commit:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
        producer.close()

    def contents(self, topic: str, partitions: int) -> list[tuple[int, bytes, bytes]]:
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, group_id=None)
        places = [TopicPartition(self.prefix + topic, p) for p in range(partitions)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        found = []
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=500).values():
                found += [(record.partition, record.key, record.value) for record in records]
        consumer.close()
        return found


@pytest.fixture
def cluster(broker: Any, topic_prefix: str) -> Cluster:
    return Cluster(broker.bootstrap, topic_prefix)


@pytest.fixture
def topics(cluster: Cluster) -> Cluster:
    assert cluster.run("topics", "create").exit_code == 0
    return cluster


def alert_record(alert: AlertRecord) -> dict[str, Any]:
    return encode_alert(alert)._asdict()


def test_topics_are_described_created_and_described_again(cluster: Cluster):
    before = cluster.run("topics", "describe")
    assert before.exit_code == 1
    assert before.stdout.count("missing") == 10
    assert "tidegauge topics create" in before.stderr

    created = cluster.run("topics", "create")
    assert (created.exit_code, created.stderr) == (0, "")
    assert f"created {cluster.prefix}predictions (3 partitions)\n" in created.stdout
    assert f"created {cluster.prefix}monitor-state (2 partitions)\n" in created.stdout
    assert cluster.run("topics", "create").stdout == "all 10 topics exist already\n"

    after = cluster.run("topics", "describe")
    assert (after.exit_code, after.stderr) == (0, "")
    row = next(line for line in after.stdout.splitlines() if f"{cluster.prefix}alerts " in line)
    assert row.split()[1:6] == ["2", "1", "compact,delete", "30d", "logappend"]


def test_topics_that_are_kept_too_short_are_refused(topics: Cluster):
    topics.options += ["-s", "topics.retention=30d"]
    assert topics.run("topics", "describe").exit_code == 0, "longer than any horizon is enough"
    topics.options += ["-s", "join.label_horizon=20d"]
    result = topics.run("topics", "describe")
    assert result.exit_code == 1
    assert "retention.ms is 604800000" in result.stderr


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32"])
def test_published_events_are_at_home(topics: Cluster, partitioner: str, tmp_path: Path):
    event = {"model": "m", "version": "1", "timestamp": "2013-01-01T10:00:00Z", "prediction": 1}
    lines = [json.dumps({"request_id": f"r{i} é", **event}, ensure_ascii=False) for i in range(50)]
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    topics.options += ["-s", f"join.partitioner={partitioner}"]
    result = topics.run("publish", "predictions", str(file))
    assert (result.exit_code, result.stdout) == (0, "predictions: 50 published, 0 refused\n")
    found = topics.contents("predictions", 3)
    assert sorted(value.decode() for _, _, value in found) == sorted(lines)
    for partition, key, value in found:
        assert key.decode() == json.loads(value)["request_id"]
        assert partition == partition_for(key, 3, partitioner)


def test_what_is_invalid_is_not_published(topics: Cluster):
    good = '{"request_id":"a","timestamp":"2013-01-01T10:00:00Z","label":1}'
    result = topics.run("publish", "feedback", "-k", stdin=f"{good}\n{{}}\n{good}\n")
    assert (result.exit_code, result.stdout) == (1, "feedback: 2 published, 1 refused\n")
    assert "line 2: missing_field" in result.stderr
    assert len(topics.contents("feedback", 3)) == 2


def test_a_topic_that_is_missing_is_named(cluster: Cluster):
    for command in (["advise", "m"], ["alerts"], ["dead-letters"], ["publish", "feedback"]):
        result = cluster.run(*command, stdin="")
        assert result.exit_code == 1
        assert f"there is no topic {cluster.prefix}" in result.stderr
        assert "`tidegauge topics create`" in result.stderr


def test_alerts_are_told_once_with_their_causes(topics: Cluster):
    topics.send("alerts", [alert_record(alert) for alert in (OPENED, RESOLVED, OTHER)])
    topics.send("alerts", [alert_record(replace(OPENED, id="aborted"))], commit=False)
    result = topics.run("alerts")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(
        "2013-01-01 10:00:00  FIRING     warning   delay FeatureDrift feature=wind\\x1b[2J\n"
        "    wind moved\n"
        "    because feature wind: data drift (62% of the change)\n"
        "    since 2013-01-01 09:59:00 · page_hinkley 31.5 over 25 · window 2013-01-01 09:00:00"
        " to 2013-01-01 10:00:00 · 1,200 predictions, 50% labelled"
        " · fingerprint 0123456789abcdef\n"
        "2013-01-01 10:00:00  RESOLVED   warning   delay FeatureDrift feature=wind\\x1b[2J\n"
        "    wind moved\n"
        "    since 2013-01-01 09:59:00 until 2013-01-01 10:00:00 · page_hinkley 31.5 over 25"
        " · window 2013-01-01 09:00:00 to 2013-01-01 10:00:00 · 1,200 predictions, 50% labelled"
        " · fingerprint 0123456789abcdef\n"
        "2013-01-01 10:00:00  FIRING     warning   fraud FeatureDrift"
    )

    firing = topics.run("alerts", "--firing").stdout
    assert "fraud" in firing
    assert "delay" not in firing
    only = topics.run("alerts", "--model", "delay", "--json").stdout.splitlines()
    events = [json.loads(line) for line in only]
    assert [event["id"] for event in events] == ["opened", "resolved"]
    assert events[0]["specversion"] == "1.0"
    assert events[0]["data"]["labels"]["alertname"] == "FeatureDrift"


def test_alerts_are_chosen_by_what_they_are(topics: Cluster):
    worse = replace(OPENED, id="worse", severity=Severity.CRITICAL, revision=1, time_ms=T + 1)
    sent = [OPENED, worse, OPENED, replace(OTHER, labels={"alertname": "ScoreDrift"})]
    topics.send("alerts", [alert_record(alert) for alert in sent])

    def ids(*options: str) -> list[str]:
        lines = topics.run("alerts", "--json", *options).stdout.splitlines()
        return [json.loads(line)["id"] for line in lines]

    assert ids() == ["opened", "opened", "worse", "other"]
    assert ids("--severity", "critical") == ["worse"]
    assert ids("--model", "fr*", "--model", "nobody") == ["other"]
    assert ids("--status", "resolved") == []
    assert ids("-l", "alertname=ScoreDrift") == ["other"]
    assert ids("-l", "alertname!=ScoreDrift", "-l", "feature=~wind.*") == ["opened"] * 2 + ["worse"]
    assert ids("-l", "feature!~wind.*") == ["other"]  # a label that is missing is empty


def test_one_alert_is_shown_with_its_evidence(topics: Cluster):
    worse = replace(OPENED, id="worse", severity=Severity.CRITICAL, revision=1)
    taken_back = replace(
        worse,
        id="taken back",
        status=AlertStatus.RETRACTED,
        annotations={"summary": "wind moved", "retracted": "labels were corrected"},
        ends_at_ms=T,
        revision=2,
    )
    sent = [OPENED, worse, worse, taken_back, OTHER]
    topics.send("alerts", [alert_record(alert) for alert in sent])
    shown = topics.run("alerts", "show", "0123")
    assert (shown.exit_code, shown.stderr) == (0, "")
    lines = [line.rstrip() for line in shown.stdout.splitlines()]
    assert lines[:3] == [
        "2013-01-01 10:00:00  RETRACTED  critical  delay FeatureDrift feature=wind\\x1b[2J",
        "    wind moved",
        "    taken back: labels were corrected",
    ]
    assert "samples     1,200 predictions, 50% labelled" in lines
    assert "detector    page_hinkley 31.5 over 25" in lines
    assert any(line.split()[:5] == ["feature", "wind", "data", "drift", "62%"] for line in lines)
    assert [line.split()[2] for line in lines[-3:]] == ["FIRING", "FIRING", "RETRACTED"]

    events = topics.run("alerts", "show", "0123456789ABCDEF", "--json").stdout.splitlines()
    assert [json.loads(event)["id"] for event in events] == ["opened", "worse", "taken back"]
    none, several = topics.run("alerts", "show", "77"), topics.run("alerts", "show", "")
    assert (none.exit_code, several.exit_code) == (1, 1)
    assert "keeps no alert whose fingerprint begins with 77" in none.stderr
    assert "0123456789abcdef, fedcba9876543210" in several.stderr


def test_no_alerts_are_said_to_be_none(topics: Cluster):
    topics.send("alerts", [alert_record(OPENED)])
    result = topics.run("alerts", "--since", "0s")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no alerts\n")


def window_record(**changes: Any) -> dict[str, Any]:
    """A day of a version in which one of its segments had most of the errors."""
    segment = SegmentGain(
        field="origin",
        value="EWR\x1b[2J",
        labelled=400,
        mean=0.4,
        average=0.2,
        excess=80.0,
        gain=Gain(70.0, 50.0, 90.0),
        share=0.35,
    )
    record = window_from(
        T - T % DAY, DAY, predictions=1_000, improvement=ImprovementStats(segments=(segment,))
    )
    key, value = encode_metric(replace(record, **changes))
    return {"key": key, "value": value, "partition": 0}


def test_advice_is_on_the_newest_records_of_one_model(topics: Cluster):
    key, value = encode_ledger(LedgerRecord(model="delay", time_ms=T + DAY))
    topics.send(
        "metrics",
        [
            window_record(improvement=None),
            window_record(),
            window_record(model="other", improvement=None),
            {"key": key, "value": value, "partition": 0},
            {"key": b"delay|junk", "value": b"junk", "partition": 0},
        ],
    )
    result = topics.run("advise", "delay")
    assert result.exit_code == 0
    assert "delay: 1 thing to do" in result.stdout
    assert "version 1: bring origin=EWR\\x1b[2J to the average" in result.stdout
    assert "35 % fewer errors (25 to 45 %): 70 (50 to 90) a day" in result.stdout
    assert "@4 is skipped" in result.stderr
    (line,) = topics.run("advise", "delay", "--json").stdout.splitlines()
    told = json.loads(line)
    assert (told["model"], told["change"], told["sure"]) == ("delay", "segment", True)
    assert told["gain"] == {"value": 70.0, "low": 50.0, "high": 90.0}
    unknown = topics.run("advise", "nobody")
    assert unknown.exit_code == 1
    assert "has nothing on a model nobody" in unknown.stderr


def test_dead_letters_are_told_and_counted(topics: Cluster):
    letter = DeadLetterRecord.of(
        reason=Reason.INVALID_JSON,
        message="not JSON",
        topic="predictions",
        partition=2,
        offset=17,
        timestamp_ms=T,
        key=b"k",
        value=b'{"a": \x00\xff\x1b[2J' + b"x" * 300,
    )
    flood = DeadLetterSummaryRecord(
        reason=Reason.BAD_TIMESTAMP,
        topic="feedback",
        partition=0,
        count=1240,
        ranges=(OffsetRange(5, 900, 840), OffsetRange(950, 1400, 400)),
    )
    pairs = [encode_dead_letter(letter), encode_summary(flood)]
    records = [{"key": key, "value": value, "partition": 0} for key, value in pairs]
    topics.send("dead-letters", [*records, {"value": b"junk", "partition": 0}])

    result = topics.run("dead-letters")
    assert result.exit_code == 0
    assert result.stdout == (
        "2013-01-01 10:00:00  invalid_json  predictions[2]@17  not JSON\n"
        '    {"a": \\x00\\xff\\x1b[2J' + "x" * 88 + " … and 212 bytes\n"
        "bad_timestamp  feedback[0]@5-900, 950-1400  1,240 more, not copied\n"
    )
    assert result.stderr.splitlines()[0].startswith(
        f"tidegauge: {topics.prefix}dead-letters[0]@2 is skipped: the value is not a JSON object"
    )
    assert result.stderr.splitlines()[1] == "1,241 refused: 1,240 bad_timestamp, 1 invalid_json"

    one = topics.run("dead-letters", "--reason", "invalid_json", "--json").stdout
    assert json.loads(one)["offset"] == 17


@pytest.fixture
def follower(topics: Cluster) -> Iterator[subprocess.Popen[str]]:
    code = "from tidegauge.cli.main import run; run()"
    source = str(Path(tidegauge.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", code, *topics.options, "alerts", "--follow", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
    ) as process:
        yield process
        process.kill()


def test_following_prints_what_comes_until_ctrl_c(topics: Cluster, follower: subprocess.Popen[str]):
    assert follower.stdout is not None
    assert follower.stderr is not None
    for alert in (OPENED, RESOLVED):
        topics.send("alerts", [alert_record(alert)])
        assert json.loads(follower.stdout.readline())["id"] == alert.id
    follower.send_signal(signal.SIGINT)
    assert follower.wait(timeout=30) == 0
    assert follower.stderr.read() == "waiting for alerts; Ctrl-C ends it\n"
