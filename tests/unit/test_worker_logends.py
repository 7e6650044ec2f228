import asyncio

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from tidegauge.worker import backoff
from tidegauge.worker.logends import LOOKS_KEPT, LogEnds
from tidegauge.worker.outside import Outside

TP = TopicPartition("predictions", 0)


def log_ends(*looks):
    made = LogEnds(Outside({}), 1.0, lambda: [TP])
    for asked, end in looks:
        made.remember(asked, {TP: end})
    return made


def test_nothing_is_complete_before_the_first_look():
    assert log_ends().complete_until(TP, 100) == 0
    assert log_ends().last(TP) == 0


def test_time_is_complete_up_to_the_last_look_whose_end_is_reached():
    seen = log_ends((1_000, 10), (2_000, 20), (3_000, 20), (4_000, 35))
    assert seen.complete_until(TP, 9) == 0
    assert seen.complete_until(TP, 10) == 1_000
    assert seen.complete_until(TP, 34) == 3_000
    assert seen.complete_until(TP, 35) == 4_000
    assert seen.last(TP) == 35


def test_old_looks_are_forgotten():
    seen = log_ends(*((at, at) for at in range(LOOKS_KEPT + 5)))
    assert seen.complete_until(TP, 4) == 0
    assert seen.complete_until(TP, 5) == 5


def test_a_broker_that_does_not_answer_is_told_with_the_setting_that_names_it(monkeypatch, caplog):
    class Missing:
        tries = 0

        async def start(self):
            Missing.tries += 1
            if Missing.tries == 1:
                raise KafkaConnectionError("Unable to bootstrap from k1:9092")

        async def stop(self):
            pass

    monkeypatch.setattr(Outside, "consumer", lambda *_, **__: Missing())
    monkeypatch.setattr(backoff, "FIRST_SECONDS", 0.0)
    asyncio.run(log_ends().start())
    (told,) = [r.getMessage() for r in caplog.records]
    assert "event=broker_missing doing='connecting to kafka.bootstrap' attempt=1" in told
    assert "k1:9092" in told
