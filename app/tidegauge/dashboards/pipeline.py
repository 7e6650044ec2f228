"""The pipeline: whether Tidegauge itself is well."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards import variables, workers
from tidegauge.dashboards.board import PIPELINE, Board, Section
from tidegauge.dashboards.figures import KNOWN
from tidegauge.dashboards.marks import deployments
from tidegauge.dashboards.panels import (
    BLUE,
    GREEN,
    NONE_IS_GOOD,
    RED,
    YELLOW,
    Query,
    Step,
    lines,
    value,
)

REPLAY_SECONDS: Final = 30 * 86_400
"""A watermark so far behind the clock is that of a replay of the past."""
DELAY: Final[tuple[Step, ...]] = (
    (None, GREEN),
    (300, YELLOW),
    (1_800, RED),
    (REPLAY_SECONDS, BLUE),
)
"""How far event time may be behind the clock."""
LAG: Final[tuple[Step, ...]] = ((None, GREEN), (10_000, YELLOW), (1_000_000, RED))
_READ: Final = "tidegauge_{}_read_total"
_REFUSED: Final = "tidegauge_dead_letters_total"
LOST_LATELY: Final = "sum(max by (topic, partition) (increase(tidegauge_lost_records_total[1h])))"
"""Records of the last hour that Kafka's retention removed unread."""
_OVER: Final = (
    'rate(tidegauge_limit_exceeded_total{limit!="classes"}[$__rate_interval])'
    ' or rate(tidegauge_limit_exceeded_total{limit="classes"}[$__rate_interval])'
    ' and on (model) tidegauge_model_info{kind="multiclass"}'
)
"""Names over a limit; whole numbers that a regression model answers are classes by the way only."""


def or_none(expr: str, label: str) -> str:
    """Series that are there only once something went wrong, else a zero that is called none.

    Args:
        expr: PromQL.
        label: What the legend is made of.
    """
    none = f'label_replace(vector(0), "{label}", "none", "", "")'
    return f"{expr} or {none} unless on () ({expr})"


def refused_lately() -> str:
    """Records refused in the last hour.

    A counter that is there for less than that has its first refusals in its first value, which no
    increase shows.
    """
    known = f"{_REFUSED} offset 1h"
    return (
        f"(sum(increase({_REFUSED}[1h]) and {known}) or vector(0))"
        f" + (sum({_REFUSED} unless {known}) or vector(0))"
    )


def per_second(counter: str, by: str = "") -> str:
    """How fast a counter grows, over all workers."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({counter}[$__rate_interval]))"


def _tiles() -> Sequence[Builder[models.Panel]]:
    unbalanced = " + ".join(
        f"sum(abs(sum by (model) (max by (model, state) (tidegauge_{ledger}))"
        f" - max by (model) ({_READ.format(ledger)})))"
        for ledger in ("predictions", "feedback")
    )
    return (
        value(
            "Workers not ready",
            "Workers that Prometheus reaches and that do not process all of their partitions: they "
            "start, restore or rebalance. For longer than a minute or two: the table of workers "
            "says which, and its log says what it waits for.",
            "sum(1 - tidegauge_worker_ready)",
            unit="short",
            steps=NONE_IS_GOOD,
            decimals=0,
        ),
        value(
            "Events read",
            "Predictions and feedback that all workers read per second of clock time. Zero while "
            "services answer: look at the lag, and whether workers are ready.",
            " + ".join(per_second(_READ.format(ledger)) for ledger in ("predictions", "feedback")),
            unit="cps",
        ),
        value(
            "Refused and lost, last hour",
            "Records of the last hour that could not be used, and those that Kafka's retention "
            "removed unread. Not zero: see the section on errors, then `tidegauge dead-letters`.",
            f"{refused_lately()} + {LOST_LATELY}",
            unit="short",
            steps=NONE_IS_GOOD,
            decimals=0,
        ),
        value(
            "Event time behind the clock",
            "How far the figures of the slowest model are behind now. Growing: its traffic "
            "stopped, or a partition holds it back. Blue: a replay of the past.",
            f"max(tidegauge_watermark_delay_seconds{{{KNOWN}}})",
            unit="s",
            steps=DELAY,
            decimals=1,
        ),
        value(
            "Lag",
            "Records in Kafka that are not processed yet, of all topics. Growing: start more "
            "workers, or see below which partition stands still.",
            "sum(max by (topic, partition) (tidegauge_lag_records))",
            unit="short",
            steps=LAG,
        ),
        value(
            "Events unaccounted for",
            "What was read less what the ledgers say became of it, over all models. It is zero, "
            "but for an instant while models move between workers. Otherwise it is a bug: please "
            "report it with the ledgers below.",
            unbalanced,
            unit="short",
            steps=NONE_IS_GOOD,
            decimals=0,
        ),
    )


def _rate() -> Sequence[Builder[models.Panel]]:
    return (
        lines(
            "Events read by model",
            "Predictions and feedback read per second of clock time. It follows the traffic; after "
            "a halt it is higher until the lag is worked off. A model that goes: its publisher "
            "stopped.",
            [
                Query(
                    "sum by (model) (max by (model) "
                    f"(rate({_READ.format('predictions')}{{{KNOWN}}}[$__rate_interval]))"
                    " + max by (model) "
                    f"(rate({_READ.format('feedback')}{{{KNOWN}}}[$__rate_interval])))",
                    "{{model}}",
                )
            ],
            unit="cps",
            low=0,
        ),
        lines(
            "Records processed by topic",
            "Records of each topic that workers process per second, Tidegauge's own among them. "
            "One stands still while the others run: see its lag and its partitions.",
            [Query(per_second("tidegauge_raw_records_total", "topic"), "{{topic}}")],
            unit="cps",
            low=0,
        ),
        lines(
            "Records in a batch",
            "Mean size of the batches in which records are processed. Large ones are cheaper for "
            "each record, and come by themselves as the load grows. Near one under load: fetches "
            "are small; see worker.fetch_records.",
            [
                Query(
                    f"{per_second('tidegauge_batch_records_sum', 'stage')}"
                    f" / {per_second('tidegauge_batch_records_count', 'stage')}",
                    "{{stage}}",
                )
            ],
            unit="short",
            low=0,
        ),
    )


def _errors() -> Sequence[Builder[models.Panel]]:
    return (
        lines(
            "Refused records",
            "Records per second that could not be used, by topic and reason. `tidegauge "
            "dead-letters` shows them with what to do. A reason that begins when a publisher was "
            "deployed is its.",
            [
                Query(
                    or_none(per_second("tidegauge_dead_letters_total", "topic, reason"), "reason"),
                    "{{topic}} {{reason}}",
                )
            ],
            unit="cps",
            low=0,
        ),
        lines(
            "Lost to retention",
            "Records per second that Kafka's retention removed before they were read. Not zero: "
            "workers were behind for longer than the topic is kept; more workers, or keep it "
            "longer.",
            [
                Query(
                    "sum by (topic) (max by (topic, partition) "
                    "(rate(tidegauge_lost_records_total[$__rate_interval])))",
                    "{{topic}}",
                )
            ],
            unit="cps",
            low=0,
        ),
        lines(
            "Fetches put right, limits exceeded",
            "Irregular fetches that a worker put right by reading again (after a broker's failure, "
            "say), and names of models, versions, segments and others over a limit, both per "
            "second. A limit that is exceeded for long: a publisher makes up names; the log says "
            "which.",
            [
                Query(per_second("tidegauge_fetch_repairs_total", "kind"), "fetch: {{kind}}"),
                Query(
                    or_none(f"sum by (limit) ({_OVER})", "limit"),
                    "limit: {{limit}}",
                ),
            ],
            unit="cps",
            low=0,
        ),
    )


def pace(*, width: int) -> Builder[models.Panel]:
    """How fast event time passes.

    Args:
        width: In grid columns.
    """
    return lines(
        "Event time passed in 5 minutes",
        "How far each model's event time came in the last five minutes. 5 minutes: it keeps "
        "pace. More: it catches up, or replays the past. Zero: nothing arrives, or one "
        "partition holds it back (see the lag).",
        [
            Query(
                f"max by (model) (delta(tidegauge_watermark_timestamp_seconds{{{KNOWN}}}[5m]))",
                "{{model}}",
            )
        ],
        unit="s",
        low=0,
        width=width,
    )


def _duration() -> Sequence[Builder[models.Panel]]:
    return (
        pace(width=8),
        lines(
            "Lag by topic",
            "Records that are not processed yet. It should return to near zero. It grows in all "
            "partitions: too few workers. In one: that partition's worker hangs or restores.",
            [
                Query(
                    "sum by (topic) (max by (topic, partition) (tidegauge_lag_records))",
                    "{{topic}}",
                )
            ],
            unit="short",
            low=0,
        ),
        lines(
            "Commit duration",
            "How long commits take, on average, and the longest of the newest ones; each holds up "
            "its partition. Over the commit interval (1 s unless set) for long: fewer partitions a "
            "worker, or a faster broker.",
            [
                Query(
                    f"{per_second('tidegauge_commit_duration_seconds_sum', 'stage')}"
                    f" / {per_second('tidegauge_commit_duration_seconds_count', 'stage')}",
                    "{{stage}}, mean",
                ),
                Query(
                    "max by (stage) (tidegauge_last_commit_duration_seconds)",
                    "{{stage}}, longest",
                    dashed=True,
                ),
            ],
            unit="s",
            low=0,
        ),
    )


def _ledgers() -> Sequence[Builder[models.Panel]]:
    return (
        lines(
            "Predictions by what became of them",
            "All predictions ever read, of all models; the states add up to those read. Growing "
            "unlabelled: labels never came. Growing late, conflict, invalid, forwarded or evicted: "
            "the docs on publishing, and the dead letters, say what to change.",
            [_states("predictions")],
            unit="short",
            low=0,
            stacked=True,
            width=12,
        ),
        lines(
            "Feedback by what became of it",
            "All feedback ever read, of all models. Growing orphan_open: labels come before their "
            "predictions. Growing orphan_expired: their predictions never came, such as with a "
            "wrong request id.",
            [_states("feedback")],
            unit="short",
            low=0,
            stacked=True,
            width=12,
        ),
    )


def _states(ledger: str) -> Query:
    return Query(f"sum by (state) (max by (model, state) (tidegauge_{ledger})) > 0", "{{state}}")


def pipeline() -> Board:
    """The dashboard of the pipeline."""
    return Board(
        uid=PIPELINE,
        title="Tidegauge / Pipeline",
        description="Is Tidegauge itself well? Rate, errors and durations of its workers, what "
        "they use, and what became of every event.",
        variables=(variables.datasource(), variables.hidden(variables.window())),
        sections=(
            Section("Now", _tiles()),
            Section("Rate: how much is processed", _rate()),
            Section("Errors: what could not be", _errors()),
            Section("Duration: how far behind, and what takes long", _duration()),
            Section("Workers and partitions", workers.workers()),
            Section("What became of the events", _ledgers()),
        ),
        marks=deployments(),
    )
