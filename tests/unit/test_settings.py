"""Settings: where values come from, what is refused and in which words, what the core is told."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tidegauge.core.config import DAY, HOUR, MINUTE, SECOND, CoreConfig, ModelKind, PaneLevel
from tidegauge.settings import Settings, SettingsError, document, load
from tidegauge.settings.duration import Duration, text

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture
def yaml_file(tmp_path: Path):
    def write(content: str) -> Path:
        path = tmp_path / "settings.yaml"
        path.write_text(content, encoding="utf-8")
        return path

    return write


def refusal(**sources: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load(**{"environment": {}, **sources})
    return str(caught.value)


def flag_refusal(**flags: str) -> str:
    return refusal(flags={name.replace("__", "."): value for name, value in flags.items()})


def test_defaults_are_those_of_the_core():
    assert Settings().core() == CoreConfig()


def test_flags_win_over_environment_over_file(yaml_file):
    file = yaml_file("kafka: {group: file, topic_prefix: file., bootstrap: 'file:1'}")
    settings = load(
        file,
        flags={"kafka.group": "flag"},
        environment={"TIDEGAUGE_KAFKA__GROUP": "env", "TIDEGAUGE_KAFKA__TOPIC_PREFIX": "env."},
    )
    assert (settings.kafka.group, settings.kafka.topic_prefix, settings.kafka.bootstrap) == (
        "flag",
        "env.",
        "file:1",
    )
    assert settings.kafka.topic_names.dead_letters == "env.dead-letters"


def test_the_file_is_the_one_named_by_the_environment_else_the_default(yaml_file, monkeypatch):
    named = yaml_file("kafka: {group: named}")
    assert load(environment={"TIDEGAUGE_CONFIG": str(named)}).kafka.group == "named"
    monkeypatch.chdir(named.parent)
    assert load(environment={}).kafka.group == "tidegauge"
    named.rename(named.with_name("tidegauge.yaml"))
    assert load(environment={}).kafka.group == "named"


def test_an_empty_file_changes_nothing(yaml_file):
    assert load(yaml_file("# nothing yet\n"), environment={}) == Settings()


def test_lists_are_written_with_commas_or_as_json_outside_the_file():
    settings = load(
        environment={
            "TIDEGAUGE_WINDOWS__SIZES": "1m, 1h",
            "TIDEGAUGE_WINDOWS__PANES": '[{"width": "1s", "span": "30d"}]',
        },
        flags={"segments.fields": "origin,carrier"},
    )
    core = settings.core()
    assert core.windows_ms == (MINUTE, HOUR)
    assert core.panes == (PaneLevel(SECOND, 30 * DAY),)
    assert core.segment_fields == ("origin", "carrier")


def test_a_model_differs_only_in_what_it_overrides(yaml_file):
    file = yaml_file(
        """
        time: {lateness: 20m}
        detection: {resolve_panes: 3}
        positive_class: bad
        models:
          fraud:
            time: {out_of_orderness: 1m}
            join: {label_horizon: 2d}
            detection: {min_effect: 1}
            reference: {bins: 5}
            positive_class: 1
        """
    )
    core = load(file, environment={}).core()
    fraud, other = core.model("fraud"), core.model("other")
    assert (fraud.out_of_orderness_ms, other.out_of_orderness_ms) == (MINUTE, 10 * SECOND)
    assert fraud.lateness_ms == other.lateness_ms == 20 * MINUTE
    assert (fraud.label_horizon_ms, other.label_horizon_ms) == (2 * DAY, DAY)
    assert (fraud.detection.min_effect, fraud.detection.resolve_panes) == (1.0, 3)
    assert (fraud.reference.bins, other.reference.bins) == (5, 10)
    assert (fraud.positive_class, other.positive_class) == ("1", "bad")


def test_the_kind_of_a_model_overrides_that_of_all(yaml_file):
    file = yaml_file(
        """
        kind: binary
        positive_class: bad
        models:
          eta: {kind: regression}
          intent: {kind: multiclass}
        """
    )
    core = load(file, environment={}).core()
    kinds = [core.model(name).kind for name in ("eta", "intent", "other")]
    assert kinds == [ModelKind.REGRESSION, ModelKind.MULTICLASS, ModelKind.BINARY]
    assert core.model("intent").positive_class is None, "every class is one of its own"
    assert core.model("other").positive_class == "bad"
    assert load(environment={}).core().model("any").kind is None


def test_a_flag_reaches_one_model():
    core = load(environment={}, flags={"models.Fraud.time.lateness": "1h"}).core()
    assert core.model("Fraud").lateness_ms == HOUR


def test_every_problem_is_named_with_value_place_and_what_is_allowed(yaml_file):
    file = yaml_file(
        """
        kafka: {bootstrap: 'k1', grp: a, security_protocol: TLS}
        time: {lateness: 5 min, idle: 10}
        windows: {panes: [{width: 10s}], sizes: [1m, 5x]}
        topics: {partitions: 0}
        limits: 5
        models: {fraud: {time: {idle: 5s}, reference: {bins: yes}}}
        """
    )
    duration = "must be numbers with units (d, h, m, s, ms), such as 10s, 1h30m or 7d"
    assert refusal(file=file).splitlines() == [
        f"{file}: kafka.bootstrap is 'k1': must be host:port, or several with commas between them",
        (
            f"{file}: kafka.security_protocol is 'TLS': must be 'PLAINTEXT', 'SSL', "
            "'SASL_PLAINTEXT' or 'SASL_SSL'"
        ),
        f"{file}: kafka.grp: unknown setting; did you mean 'group'?",
        f"{file}: topics.partitions is 0: must be greater than or equal to 1",
        f"{file}: time.lateness is '5 min': {duration}",
        f"{file}: time.idle is 10: {duration}",
        f"{file}: windows.panes.0.span: is missing",
        f"{file}: windows.sizes.1 is '5x': {duration}",
        f"{file}: limits is 5: must be a section with settings of its own",
        (
            f"{file}: models.fraud.time.idle: unknown setting; "
            "allowed: out_of_orderness, lateness, max_future"
        ),
        (
            f"{file}: models.fraud.reference.bins is True: must be a number; YAML reads yes and on "
            "as true"
        ),
    ]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TIDEGAUGE_TOPIC__X", "1", "TIDEGAUGE_TOPIC__X: unknown setting; did you mean 'topics'?"),
        ("TIDEGAUGE_KAFKA__GRP", "1", "kafka.grp: unknown setting; did you mean 'group'?"),
        ("TIDEGAUGE_MODELS", "{", 'field "models"; a list or mapping is written as JSON'),
        ("TIDEGAUGE_KAFKA", "[1]", "kafka: must be a section"),
        ("TIDEGAUGE_HTTP__PORT", "70000", "http.port is '70000': must be less than or equal to"),
        ("TIDEGAUGE_CONFIG", "/no/such", "/no/such: can't be read: No such file"),
    ],
)
def test_a_wrong_environment_is_named(variable: str, value: str, said: str):
    assert said in refusal(environment={variable: value})


def test_a_wrong_flag_is_named():
    assert flag_refusal(kafak__group="x").startswith("flag: kafak.group: unknown setting; did you")
    assert flag_refusal(kafka__group="").startswith("flag: kafka.group is ''")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("- a\n", "must hold sections"),
        ("a: [", "is not YAML"),
        ("\x00", "is not YAML"),
        ("kafka: {}\ntime: {}\nkafka: {}", "line 3: 'kafka' is given already in line 1; keep one"),
        ("models: {m: {join: {}, join: {}}}", "line 1: 'join' is given already in line 1"),
    ],
)
def test_a_file_that_is_no_settings_file_is_named(yaml_file, content: str, said: str):
    assert said in refusal(file=yaml_file(content))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            {"console.host": "0.0.0.0"},  # noqa: S104 - which is refused
            "console.host is 0.0.0.0, which other machines can reach, and the console has no login",
        ),
        (
            {"console.hosts": "a,b:80"},
            "console.hosts has 'b:80'; allowed: names and",
        ),
        ({"time.lateness": "5s"}, "time.lateness is 5s; allowed: at least 10s, time.out_of"),
        ({"windows.sizes": "15s"}, "windows.sizes: 15s is not a multiple of the first pane's"),
        ({"windows.sizes": "1m,60s"}, "windows.sizes: 1m is listed twice"),
        ({"windows.panes": '[{"width":"1h","span":"1m"}]'}, "spans only 1m, less than one pane"),
        (
            {"windows.panes": '[{"width":"4s","span":"1h"},{"width":"6s","span":"2h"}]'},
            "windows.panes: a pane of 6s is not a multiple of the finer one of 4s",
        ),
        (
            {"windows.panes": '[{"width":"1s","span":"1h"},{"width":"2s","span":"1h"}]'},
            "the level of 2s spans 1h, which must be longer than the 1h of the level before",
        ),
        ({"join.orphan_horizon": "400d"}, "join.orphan_horizon is 400d; allowed: at most 365d"),
        ({"models.m.join.label_horizon": "400d"}, "models.m.join.label_horizon is 400d; allowed"),
        ({"join.label_horizon": "10d"}, "topics.retention is 7d; allowed: at least 10d10m"),
        (
            {"costs.false_positive": "-1"},
            "costs.false_positive is -1; allowed: more than 0, costs.true_negative",
        ),
        (
            {"costs.true_positive": "2"},
            "costs.false_negative is 1; allowed: more than 2, costs.true_positive",
        ),
        ({"segments.fields": "a,b,c,d,e"}, "segments.fields names 5 fields; allowed: at most 4"),
        ({"worker.heartbeat_interval": "5s"}, "worker.heartbeat_interval is 5s; allowed: at most"),
        ({"worker.transaction_timeout": "1h"}, "worker.transaction_timeout is 1h; allowed: at"),
        ({"kafka.topics.alerts": "metrics"}, "kafka.topics: two topics are called 'metrics'"),
        ({"kafka.sasl_username": "u"}, "kafka.sasl_username is set, but kafka.security_protocol"),
        ({"kafka.security_protocol": "SASL_SSL"}, "SASL_SSL, which needs kafka.sasl_mechanism"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_by_name(flags, said: str):
    assert said in refusal(flags=flags)


def test_of_a_login_only_what_is_missing_is_named_and_where_it_was_asked_for(yaml_file):
    file = yaml_file("kafka: {security_protocol: SASL_SSL, sasl_mechanism: PLAIN}")
    assert refusal(file=file, environment={"TIDEGAUGE_KAFKA__SASL_PASSWORD": "hunter2"}) == (
        f"{file}: kafka.security_protocol is SASL_SSL, which needs kafka.sasl_username too"
    )


def test_a_contradiction_with_a_default_has_no_source():
    said = flag_refusal(time__out_of_orderness="1h")
    assert said == "time.lateness is 10m; allowed: at least 1h, time.out_of_orderness"


@pytest.mark.parametrize(
    "kafka",
    [
        "sasl_pasword: hunter2",
        "sasl_password: hunter2",
        "sasl_password: [hunter2]",
        "{sasl_password: hunter2, security_protocol: SASL_SSL}",
        "{sasl_password: hunter2, topics: {alerts: metrics}}",
    ],
)
def test_a_refusal_never_shows_a_secret(yaml_file, kafka: str):
    body = kafka if kafka.startswith("{") else f"{{{kafka}}}"
    assert "hunter2" not in refusal(file=yaml_file(f"kafka: {body}"))


def test_a_secret_is_not_printed():
    settings = load(
        environment={"TIDEGAUGE_KAFKA__SASL_PASSWORD": "hunter2"},
        flags={
            "kafka.security_protocol": "SASL_SSL",
            "kafka.sasl_mechanism": "PLAIN",
            "kafka.sasl_username": "u",
        },
    )
    assert "hunter2" not in repr(settings) + settings.model_dump_json()
    password = settings.kafka.sasl_password
    assert password is not None
    assert password.get_secret_value() == "hunter2"


@given(st.integers(0, 3650 * DAY))
def test_a_duration_reads_back_as_it_was_written(milliseconds: int):
    duration = timedelta(milliseconds=milliseconds)
    assert TypeAdapter(Duration).validate_python(text(duration)) == duration


@pytest.mark.parametrize("value", ["", "s", "1", 1, 1.5, "1.5s", "-1s", "1s1m", "4000d", None])
def test_what_is_no_duration_is_refused(value: object):
    with pytest.raises(ValueError, match="must be"):
        TypeAdapter(Duration).validate_python(value)


def test_every_setting_is_documented():
    assert document.undocumented() == []


def test_the_page_is_in_step_with_the_settings():
    written = PAGE.read_text(encoding="utf-8")
    assert written == document.page(), (
        "out of step: run python -m tidegauge.settings.document docs/settings.md"
    )
