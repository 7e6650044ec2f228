"""The life of alerts under any sequence of verdicts, corrections, silences and restores."""

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tidegauge.core.alertrecords import (
    AlertRecord,
    AlertStatus,
    Cause,
    CauseKind,
    Effect,
    Severity,
    Versions,
)
from tidegauge.core.config import HOUR, MINUTE, DetectionConfig
from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.monitor.budget import Axis
from tidegauge.core.monitor.lifecycle import AlertBook, Life, LifeState, Told
from tidegauge.core.monitor.streams import StreamKey, Subject
from tidegauge.core.stats.corrections import ErrorCounts

RULES = DetectionConfig(update_ms=10 * MINUTE, reopen_ms=HOUR)
CORRECTION_MS = 2 * HOUR
KEYS = (StreamKey(Subject.ERROR_RATE), StreamKey(Subject.FEATURE, "x"), StreamKey(Subject.SCORE))
SEVERITIES = list(Severity)
keys = st.sampled_from(KEYS)
parts = st.lists(
    st.tuples(st.sampled_from("ns"), st.floats(0, 1)), max_size=2, unique_by=lambda p: p[0]
)


def restored(log: dict[str, bytes]) -> AlertBook:
    """The book that comes back from the changelog."""
    again = AlertBook("m", RULES, CORRECTION_MS)
    for fingerprint, packed in log.items():
        again.lives[fingerprint] = Life.from_state(msgspec.msgpack.decode(packed, type=LifeState))
    return again


class Lives(RuleBasedStateMachine):
    """A book that is never restored, and a twin that is at any moment."""

    @initialize()
    def begin(self) -> None:
        self.book = AlertBook("m", RULES, CORRECTION_MS)
        self.twin = AlertBook("m", RULES, CORRECTION_MS)
        self.now = 1_000 * HOUR
        self.open: dict[StreamKey, int] = {}
        """When the stream of a verdict began to fire."""
        self.told: dict[str, list[AlertRecord]] = {}
        """All events but those sent again, by fingerprint."""
        self.log: dict[str, bytes] = {}
        """What the twin has committed."""

    def verdict(self, key: StreamKey, effect: float, **parts: bool) -> Verdict:
        return Verdict(
            Phase.WATCHING if parts.get("resolved") else Phase.FIRING,
            firing_since_ms=self.open[key],
            detectors=("adwin",),
            baseline=0.1,
            current=0.1 + effect,
            effect=effect,
            min_effect=0.2,
            samples=100,
            window_start_ms=self.now - 5 * MINUTE,
            window_end_ms=self.now,
            **parts,
        )

    def feed(self, key: StreamKey, verdict: Verdict, shares: list[tuple[str, float]]) -> None:
        found = [self._fed(book, key, verdict, shares) for book in (self.book, self.twin)]
        assert found[0] == found[1]
        self.hear(found[0])

    def _fed(
        self, book: AlertBook, key: StreamKey, verdict: Verdict, shares: list[tuple[str, float]]
    ) -> AlertRecord | None:
        if not book.asks(key, verdict):
            return None
        ordered = sorted(shares, key=lambda part: -part[1])
        causes = tuple(
            Cause(kind=CauseKind.SEGMENT, effect=Effect.CONCEPT_SHIFT, name=n, contribution=c)
            for n, c in ordered
        )
        errors = ErrorCounts(100, 60) if key.subject is Subject.ERROR_RATE else None
        return book.decide(key, verdict, Told(causes, Versions(), errors))

    def hear(self, record: AlertRecord | None) -> None:
        """Check an event against what was told before."""
        if record is None:
            return
        past = self.told.setdefault(record.fingerprint, [])
        last = past[-1] if past else None
        firing = last is not None and last.status is AlertStatus.FIRING
        if record.revision == 0:
            assert not firing
            assert record.status is AlertStatus.FIRING
            past.clear()
        else:
            assert last is not None
            assert record.revision == last.revision + 1
            assert record.starts_at_ms == last.starts_at_ms
        if record.status is AlertStatus.RESOLVED:
            assert firing
        if record.status is AlertStatus.RETRACTED:
            assert last is not None
            assert last.status is not AlertStatus.RETRACTED
        if record.status is AlertStatus.FIRING and last is not None and record.revision:
            if firing:
                assert record.time_ms - last.time_ms >= RULES.update_ms
                assert SEVERITIES.index(record.severity) >= SEVERITIES.index(last.severity)
            else:
                assert last.status is AlertStatus.RESOLVED
                assert last.ends_at_ms is not None
                assert record.time_ms - last.ends_at_ms <= RULES.reopen_ms
        assert (record.ends_at_ms is None) is (record.status is AlertStatus.FIRING)
        past.append(record)

    @rule(minutes=st.integers(1, 90))
    def passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        for book in (self.book, self.twin):
            for axis in Axis:
                book.forget(self.now, axis)

    @rule(key=keys, effect=st.sampled_from([0.25, 0.7, -0.3]), shares=parts)
    def opens(self, key: StreamKey, effect: float, shares: list[tuple[str, float]]) -> None:
        if key not in self.open:
            self.open[key] = self.now - 5 * MINUTE
            self.feed(key, self.verdict(key, effect, opened=True), shares)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), effect=st.sampled_from([0.1, 0.25, 0.7]), shares=parts)
    def goes_on(self, data: st.DataObject, effect: float, shares: list[tuple[str, float]]) -> None:
        key = data.draw(st.sampled_from(sorted(self.open)))
        self.feed(key, self.verdict(key, effect), shares)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def fades(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.open)))
        self.feed(key, self.verdict(key, 0.05, resolved=True), [])
        del self.open[key]

    @rule(key=keys)
    def loses_its_ground(self, key: StreamKey) -> None:
        found = [book.retract(key, self.now, "why") for book in (self.book, self.twin)]
        assert found[0] == found[1]
        if found[0] is not None:
            assert self.told[found[0].fingerprint][-1].status is not AlertStatus.RETRACTED
        self.hear(found[0])
        self.open.pop(key, None)

    @rule(back=st.integers(0, 3 * 60), errors=st.integers(-60, 20))
    def is_corrected(self, back: int, errors: int) -> None:
        changes = {self.now - back * MINUTE: ErrorCounts(0, errors)}
        found = [book.corrected(KEYS[0], changes, self.now) for book in (self.book, self.twin)]
        assert found[0] == found[1]
        if found[0] is not None and not found[0].firing:
            ended = found[0].record.ends_at_ms
            assert ended is not None
            assert self.now - ended <= CORRECTION_MS

    @rule(interval=st.sampled_from([HOUR, 24 * HOUR]))
    def is_sent_again(self, interval: int) -> None:
        found = [list(book.again(self.now, interval)) for book in (self.book, self.twin)]
        assert found[0] == found[1]
        for record in found[0]:
            assert record == self.told[record.fingerprint][-1]
            assert record.status is AlertStatus.FIRING

    @rule()
    def is_restored(self) -> None:
        for fingerprint in self.twin.changed:
            life = self.twin.lives.get(fingerprint)
            self.log.pop(fingerprint, None)
            if life is not None:
                self.log[fingerprint] = msgspec.msgpack.encode(life.to_state())
        self.twin = restored(self.log)

    @invariant()
    def one_alert_fires_for_each_stream_that_does(self) -> None:
        firing = {
            past[-1].fingerprint for past in self.told.values() if past[-1].status == "firing"
        }
        assert self.book.firing.keys() == firing
        assert firing == {self.book.fingerprint(key) for key in self.open}

    @invariant()
    def ids_tell_events_apart(self) -> None:
        told = [record for past in self.told.values() for record in past]
        assert len({record.id for record in told}) == len(told)


Lives.TestCase.settings = settings(deadline=None, stateful_step_count=40, max_examples=100)
TestLives = Lives.TestCase
