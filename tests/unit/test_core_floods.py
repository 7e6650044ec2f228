"""Publishers that make up names without end: what is kept stays bounded, and others stay exact."""

import gc
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FunctionType, ModuleType

import pytest
from world import CONFIG, START, Plan, Published, World, at, batch, published, with_rules

from tidegauge.core import partial as partials
from tidegauge.core.collect.batch import Batch
from tidegauge.core.collect.collect import Collect
from tidegauge.core.config import SECOND, DetectionConfig, Limits, ReferenceConfig
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.monitor.monitor import Monitor
from tidegauge.core.partial import SampleRow
from tidegauge.core.partitioner import partition_for
from tidegauge.core.stats.classes import OTHER
from tidegauge.core.sums import SlotSums

LIMITS = Limits(
    models=6, versions=3, segment_fields=2, segment_values=5, features=8, classes=4, deployments=6
)
LIMITED = replace(CONFIG, limits=LIMITS)
LEARNING = with_rules(
    LIMITED,
    reference=ReferenceConfig(learn_ms=60 * SECOND, min_predictions=20, sample_size=20),
    detection=DetectionConfig(learn_ms=600 * SECOND, learn_samples=20, min_samples=30),
)
SOURCES = 3
NOISE = 50
"""Events of a flood; the world ends with one request that all models answer, at most 64."""
Flood = Callable[[int, random.Random], dict[str, object]]

LONG = "x" * 190
"""Makes a name that is kept too many stand out."""
FLOODS: dict[str, Flood] = {
    "models": lambda n, _: {"model": f"{n}{LONG}"},
    "versions": lambda n, _: {"version": f"{n}{LONG}"},
    "segment_fields": lambda n, _: {"segments": {f"{n}{LONG}": "x"}},
    "segment_values": lambda n, _: {"segments": {"user": f"{n}{LONG}"}},
    "features": lambda _, rng: {"features": {f"{rng.randrange(5_000)}{LONG}": 1.0}},
    "classes": lambda n, _: {"prediction": f"{n}{LONG}"},
    "deployments": lambda n, _: {"code_version": f"{n}{LONG}"},
}


def flood(kind: str, first: int, count: int, *, start: int, step: int) -> Iterator[Published]:
    """Predictions that each bring a new name, and their labels."""
    rng = random.Random(first)  # noqa: S311 - repeatable, no secret
    for n in range(first, first + count):
        time = start + (n - first) * step
        made = {"model": "flood", "version": "1", "prediction": "yes"} | FLOODS[kind](n, rng)
        request = f"{kind}-{n}"
        yield Published(Prediction(request, timestamp=at(time), **made), time)  # type: ignore[arg-type]
        label = made["prediction"] if n % 2 else "no"
        yield Published(Feedback(request, at(time + SECOND), label), time + SECOND)  # type: ignore[arg-type]


def well_behaved(count: int) -> list[Published]:
    rng = random.Random(3)  # noqa: S311 - repeatable, no secret
    events: list[tuple[Prediction | Feedback, int]] = []
    for n in range(count):
        time, request = START + n * 5 * SECOND, f"good-{n}"
        answer = Prediction(
            request,
            "good",
            "1",
            at(time),
            rng.random() < 0.5,
            score=rng.random(),
            features={"x": rng.random()},
            segments={"origin": rng.choice("ns")},
        )
        events += [(answer, 0), (Feedback(request, at(time + 5 * SECOND), True), 0)]
    return published(events)


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_names_leaves_other_models_exact_and_its_own_sums_whole(kind: str) -> None:
    good = well_behaved(150)
    # the well-behaved model was there before
    noise = list(flood(kind, 0, NOISE, start=START + 200 * SECOND, step=10 * SECOND))
    mixed = sorted([*good, *noise], key=lambda p: p.append)
    result = World(mixed, LIMITED).run(Plan(1, SOURCES, reading="behind"))
    alone = World(good, LIMITED).run(Plan(2, SOURCES, reading="behind"))
    assert {k: w for k, w in result.windows.items() if k[0] == "good"} == alone.windows
    assert result.ledgers["good"] == alone.ledgers["good"]
    end = mixed[-1].append
    counted = sum(
        window.predictions
        for (model, _, field, _, size, start), window in result.windows.items()
        if model != "good" and not field and size == 600 * SECOND and start <= end
    )
    assert counted == NOISE
    read = sum(ledger.predictions_read for ledger in result.ledgers.values())
    assert read >= len(good) / 2 + NOISE


class Stages:
    """Both stages, told of one flood round by round; each moves time beyond all horizons."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.collects = [Collect(LEARNING, source, SOURCES) for source in range(SOURCES)]
        self.monitor = Monitor(LEARNING, SOURCES)
        self.rounds = 0

    def round(self, size: int = 150) -> None:
        start = START + self.rounds * 3_000 * SECOND
        events = list(flood(self.kind, self.rounds * size, size, start=start, step=20 * SECOND))
        self.rounds += 1
        for collect in self.collects:
            self._read(collect, events)
        for number, collect in enumerate(self.collects):
            others = (other for other in self.collects if other is not collect)
            marks = [other.mark(number) for other in others]
            collect.forwarded(Batch([], [], [], []), Batch([], [], [], []), marks)
        self.monitor.advance()
        self.monitor.publish(set(self.monitor.stirred))
        for _ in self.monitor.changes():
            pass

    def _read(self, collect: Collect, events: list[Published]) -> None:
        source = self.collects.index(collect)
        mine = [e for e in events if partition_for(e.event.request_id.encode(), SOURCES) == source]
        for topic in ("predictions", "feedback"):
            log = [e for e in mine if e.topic == topic]
            assert not getattr(collect, topic)(batch(log, 0, len(log)), log[-1].append).refused
        for part in collect.partials():
            for piece in partials.pieces(part):
                self.monitor.take(partials.decode(piece))
        self.monitor.take(collect.progress())
        collect.changes()


def names_kept(*roots: object) -> int:
    """How many made-up names can be reached from some objects."""
    seen: set[int] = set()
    names: set[str] = set()
    waiting = list(roots)
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, str):
            names.update([thing] if len(thing) > len(LONG) else [])
        elif id(thing) not in seen and not isinstance(thing, type | ModuleType | FunctionType):
            seen.add(id(thing))
            waiting += (
                [*thing.features] if isinstance(thing, SampleRow) else gc.get_referents(thing)
            )
    return len(names)


@pytest.mark.parametrize("kind", FLOODS)
def test_names_made_up_without_end_are_not_kept(kind: str) -> None:
    stages, kept = Stages(kind), []
    for rounds in (2, 4):
        for _ in range(rounds):
            stages.round(200)
        kept.append(names_kept(stages.collects, stages.monitor))
    assert kept[1] < kept[0] + 50, kept
    told = [model.names.catalog for c in stages.collects for model in c.state.models.values()]
    assert sum(catalog.folded.get(kind, 0) for catalog in told) > 0 or kind == "deployments"


@pytest.mark.parametrize("kind", FLOODS)
def test_series_are_bounded_over_all_source_partitions(kind: str) -> None:
    stages = Stages(kind)
    for _ in range(3):
        stages.round()
    models = stages.monitor.models
    most = SOURCES * LIMITS.models if kind == "models" else 1
    assert len([name for name in models if not name.startswith("__")]) <= most
    for model in models.values():
        series = {key.series for key in model.windows.frames}
        assert len({s.version for s in series}) <= LIMITS.versions + 1
        assert len({s.field for s in series if s.field}) <= LIMITS.segment_fields
        segments = {(s.field, s.value) for s in series if s.field}
        assert len(segments) <= LIMITS.segment_fields * (LIMITS.segment_values + 1)
        assert len(model.streams.streams) <= 4 * LIMITS.features + LIMITS.classes + 8
        assert len(model.deployments.marks) <= 3 * LIMITS.deployments
        for frame in model.windows.frames.values():
            check_sums(frame.sums)


def check_sums(sums: SlotSums) -> None:
    assert len(sums.all_features()) <= LIMITS.features
    classes = LIMITS.classes + 1
    assert sums.answers is None or len(sums.answers.classes) <= classes
    assert sums.classes is None or len(sums.classes.confusion) <= classes**2


def test_what_is_over_a_limit_here_or_there_is_counted_as_other() -> None:
    """Each source partition meets its own versions first."""
    collects = [Collect(LIMITED, source, 2) for source in range(2)]
    monitor = Monitor(LIMITED, 2)
    for source, collect in enumerate(collects):
        events = list(flood("versions", source * 100, 40, start=START, step=SECOND))
        mine = [e for e in events if partition_for(e.event.request_id.encode(), 2) == source]
        log = [e for e in mine if e.topic == "predictions"]
        collect.predictions(batch(log, 0, len(log)), log[-1].append)
        for part in collect.partials():
            monitor.take(part)
    monitor.advance()
    versions = {key.series.version for key in monitor.models["flood"].windows.frames}
    assert versions == {*collects[0].state.models["flood"].names.catalog.versions, OTHER}
    assert monitor.models["flood"].told.names.catalog.folded["versions"] > 0
