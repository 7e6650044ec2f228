"""How many injected faults are found, and how often their cause is named first.

    python benchmarks/injected.py [--seed 1] [--worlds 12] [--kinds unit ...] [--show] [--save]

A *world* is one model of the demo on seven weeks' flights, through both stages, in the demo's
settings but for `SETTINGS`: its three models share the budget of false alarms, and four weeks are
learned from. Each of the next days may see a fault. Into every world one fault of
each kind is injected, each into a copy of the state as it was on that day (`injection.py` has
kinds, targets and sizes). First the world runs without any, which is the control: what happens
there happens by chance, and by weather.

What counts was laid down before the seed that is reported was run; seed 1 was for development.

- A fault is **found** if an alert of the fault's model that it can be expected to raise opens
  within two days of event time after its onset, or four where only labels can show it; and the same
  alert does not open as early in the control. Up to the onset both runs are the same; an alert
  about the coverage of labels is dated by the predictions that lack them, which may have come
  before it. Alerts about features must be about the feature
  that is broken; what follows from a broken input (drift of answers, errors) counts as found, too.
- Its **cause comes first** if the first cause of the incident's root names what was injected: the
  feature; the segment and its value, as concept shift; the new version, or version of the code,
  which an incident names before its root; the silence of predictions or of labels; slowness; or, of
  labels that are wrong everywhere alike, the model as a whole. The incident is that of the alert
  that opened first, as it is told at the end of the two or four days.
- A draw whose own alert already fires in the control at the onset is drawn again: nobody can be
  told twice. How often that happened is counted.
- **By chance** is how many faults would have been found had nothing been injected: an alert that
  could be the fault's opens in the control in the same time.

Intervals are Wilson's at 95 % (E. B. Wilson, "Probable inference, the law of succession, and
statistical inference", 1927). The delay is from the onset to the event time at which the first
alert is raised; panes are an hour long, and labels come hours after their predictions.
"""

import argparse
import gc
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import median
from typing import NamedTuple

import results
from injection import ERRORS, KINDS, ON_LABELS, Injection, Plan, When
from tidegauge.core.alertrecords import AlertRecord, AlertStatus
from tidegauge.core.config import DAY, HOUR
from tidegauge.demo.configuration import Configuration
from tidegauge.demo.flights import FIRST_DAY, LAST_DAY, load_flights, new_york_midnight_ms
from tidegauge.demo.replay import Replayed, replay
from tidegauge.demo.tasks import ModelName
from twostages import Saved, TwoStages

LEARNED, ONSETS, AFTER = 29, 14, 6
"""Days that are learned from, on which faults begin, and after the last of these. The reference is
learned from fourteen, and what is compared with it learns what is normal in fourteen more."""
SETTINGS = {
    "limits.models": str(len(ModelName)),
    "reference.learn": "14d",
    "detection.learn": "14d",
    # events are appended as time passes, so silence shows, as it cannot in a replay at speed
    "time.idle": "30s",
}
WITHIN = 2 * DAY
WITHIN_LABELS = 4 * DAY
DURATIONS = (1, 2, 4, 7)
LABEL_DURATIONS = (2, 4, 7)
MARGIN = 2 * DAY
"""Flights that left so long before may still land, or tell the delays of late."""
CLOSING = 3 * HOUR
"""Panes are closed so long after they end, at most."""
STEP = DAY
"""What is read and committed together."""
Z95 = 1.959964
DRAWS = 20


class World(NamedTuple):
    """A model and the first day that it is seen."""

    number: int
    model: ModelName
    start: date


class Outcome(NamedTuple):
    """What became of one fault."""

    world: int
    model: str
    kind: str
    what: str
    size: str
    onset: str
    days: int
    found: bool
    first: bool
    delay_hours: float | None
    chance: bool
    raised: str
    """The alert that opened first."""
    named: str
    """The first cause of its incident's root, in words."""


class Control(NamedTuple):
    """One world without faults."""

    alerts: list[AlertRecord]
    weeks: float
    """Watched."""


def wilson(count: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not n:
        return 0.0, 1.0
    share, z = count / n, Z95
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


# ------------------------------------------------------------------ one world


class Running:
    """A world that runs without faults, and of which copies are taken."""

    def __init__(self, world: World) -> None:
        self.world = world
        # windows are published, and no alert depends on them: fewer take less time
        core = Configuration(SETTINGS).settings.core()
        self.config = replace(core, windows_ms=(HOUR,))
        days = LEARNED + ONSETS + AFTER
        self._flights = load_flights(world.start, world.start + timedelta(days=days))
        self._days = [new_york_midnight_ms(world.start + timedelta(days=n)) for n in range(days)]
        self.saved: dict[int, Saved] = {}
        self.control = self._run()

    def day(self, number: int) -> int:
        """When a day begins, ms."""
        return self._days[number]

    def _run(self) -> Control:
        stages = TwoStages(self.config)
        alerts: list[AlertRecord] = []
        replayed = replay(self._flights, [self.world.model])
        for end, events in steps(replayed, self._days):
            alerts += stages.step(events, end)
            if end in self._days[LEARNED : LEARNED + ONSETS]:
                self.saved[end] = stages.saved.copy()
        weeks = (self._days[-1] - self._days[LEARNED]) / (7 * DAY)
        return Control(alerts, weeks)

    def with_fault(self, injection: Injection, day: int, until: int) -> list[AlertRecord]:
        """The alert events from the start of a day on, with a fault."""
        stages = TwoStages(self.config, self.saved[day].copy())
        alerts: list[AlertRecord] = []
        for end, events in steps(self._replayed(injection, day, until), (day, until)):
            alerts += stages.step(events, end)
        return alerts

    def _replayed(self, injection: Injection, day: int, until: int) -> Iterator[Replayed]:
        near = [f for f in self._flights if day - MARGIN <= f.scheduled_ms < until]
        for one in replay(near, [self.world.model], injection):
            changed = injection.event(one.event, one.time_ms) if one.time_ms >= day else None
            if changed is not None:
                yield Replayed(one.time_ms, changed)


def steps(
    replayed: Iterable[Replayed], bounds: Sequence[int]
) -> Iterator[tuple[int, list[Replayed]]]:
    """The events of each step with its end; a step ends at each bound but the first, too."""
    coming = iter(replayed)
    held = next(coming, None)
    ends = [
        min(end, until)
        for start, until in pairwise(bounds)
        for end in range(start + STEP, until + STEP, STEP)
    ]
    for end in ends:
        events = []
        while held is not None and held.time_ms < end:
            events.append(held)
            held = next(coming, None)
        yield end, events


# ------------------------------------------------------------------ judgement


class Openings(NamedTuple):
    """What alerts there are in a run."""

    records: Sequence[AlertRecord]

    def expected(self, plan: Plan, since: int, until: int) -> dict[str, AlertRecord]:
        """The alerts that a fault may raise and that open in a time, by fingerprint."""
        found: dict[str, AlertRecord] = {}
        for record in self.records:
            opens = record.status is AlertStatus.FIRING and since < record.time_ms <= until
            if opens and _may_raise(plan, record) and not self.fires(record.fingerprint, since):
                found.setdefault(record.fingerprint, record)
        return found

    def fires(self, fingerprint: str, at: int) -> bool:
        """Whether an alert fires at a time."""
        past = [r for r in self.records if r.fingerprint == fingerprint and r.time_ms <= at]
        return bool(past) and past[-1].status is AlertStatus.FIRING

    def occupied(self, plan: Plan, at: int) -> bool:
        """Whether an alert about what is broken itself fires already."""
        direct = {
            record.fingerprint
            for record in self.records
            if record.labels["alertname"] in plan.expected.direct and _may_raise(plan, record)
        }
        return any(self.fires(fingerprint, at) for fingerprint in direct)

    def root(self, opened: AlertRecord, until: int) -> AlertRecord:
        """The root of an alert's incident, as far as it is known by a time."""
        newest: dict[str, AlertRecord] = {}
        for record in self.records:
            if record.time_ms <= until:
                newest[record.fingerprint] = record
        incident = newest[opened.fingerprint].incident
        if incident is None:
            return opened
        mine = [r for r in newest.values() if r.incident and r.incident.id == incident.id]
        told = max(mine, key=lambda record: record.time_ms).incident
        assert told is not None
        return newest.get(told.root, opened)


def _may_raise(plan: Plan, record: AlertRecord) -> bool:
    expected = plan.expected
    if record.labels["alertname"] not in expected.alerts:
        return False
    return record.labels.get("feature", expected.feature) == expected.feature


def judge(running: Running, plan: Plan, when: When, day: int) -> Outcome:
    """Inject one fault and look at what was raised."""
    within = WITHIN_LABELS if plan.expected.alerts <= ERRORS else WITHIN
    until = when.start_ms + within
    raised = running.with_fault(plan.injection, day, until + CLOSING)
    before = [record for record in running.control.alerts if record.time_ms <= day]
    faulted, control = Openings([*before, *raised]), Openings(running.control.alerts)
    # both are the same up to the onset; what is lost of labels is told of earlier predictions
    found, anyway = faulted.expected(plan, day, until), control.expected(plan, day, until)
    own = [
        record
        for fingerprint, record in found.items()
        if fingerprint not in anyway or record.time_ms < anyway[fingerprint].time_ms
    ]
    opened = min(own, key=lambda record: (record.time_ms, record.fingerprint), default=None)
    root = None if opened is None else faulted.root(opened, until)
    cause = root.causes[0] if root is not None and root.causes else None
    told = "" if root is None or root.incident is None else root.incident.summary
    delay = None if opened is None else (opened.time_ms - when.start_ms) / HOUR
    named = cause is not None and plan.expected.cause(cause)
    return Outcome(
        running.world.number,
        str(running.world.model),
        plan.kind,
        plan.what,
        plan.size,
        _moment(when.start_ms),
        round((when.end_ms - when.start_ms) / DAY),
        opened is not None,
        named or bool(plan.expected.deployed and told.startswith(plan.expected.deployed)),
        delay if delay is None or delay > 0.0 else None,
        bool(control.expected(plan, when.start_ms, until)),
        "" if opened is None else _name(opened),
        "" if cause is None or root is None else f"{_name(root)}: {cause.summary}",
    )


def _name(record: AlertRecord) -> str:
    about = record.labels.get("feature", record.labels.get("class", ""))
    return f"{record.labels['alertname']} {about}".strip()


def _moment(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


# ------------------------------------------------------------------ the campaign


class Report(NamedTuple):
    """What one world gave."""

    outcomes: list[Outcome]
    control: int
    """Alerts that opened without a fault, while it was watched."""
    weeks: float
    redrawn: int


def inject(world: World, kinds: Sequence[str], seed: int) -> Report:
    """Run a world without a fault, and then with each."""
    gc.set_threshold(500_000, 20, 100)
    running = Running(world)
    control = Openings(running.control.alerts)
    outcomes, redrawn = [], 0
    for kind in kinds:
        rng = Random(f"{seed} {world.number} {kind}")  # noqa: S311 - repeatable, no secret
        for _ in range(DRAWS):
            day = running.day(LEARNED + rng.randrange(ONSETS))
            start = day + rng.randrange(24) * HOUR
            days = rng.choice(LABEL_DURATIONS if kind in ON_LABELS else DURATIONS)
            when = When(world.model, start, start + days * DAY)
            plan = KINDS[kind].draw(rng, when)
            if not control.occupied(plan, start):
                break
            redrawn += 1
        outcomes.append(judge(running, plan, when, day))
    watched = running.day(LEARNED)
    opened = [r for r in running.control.alerts if r.revision == 0 and r.time_ms > watched]
    return Report(outcomes, len(opened), running.control.weeks, redrawn)


def worlds(count: int, seed: int) -> list[World]:
    """So many worlds, spread over the year and the models."""
    rng = Random(seed)  # noqa: S311 - repeatable, no secret
    models = list(ModelName)
    last = (LAST_DAY - FIRST_DAY).days + 1 - (LEARNED + ONSETS + AFTER)
    strata = max(1, math.ceil(count / len(models)))
    found = []
    for number in range(count):
        low = last * (number // len(models)) // strata
        high = last * (number // len(models) + 1) // strata
        start = FIRST_DAY + timedelta(days=rng.randint(low, max(low, high - 1)))
        found.append(World(number, models[number % len(models)], start))
    return found


def share(count: int, n: int) -> dict[str, float]:
    """A count with its interval, as it is saved."""
    low, high = wilson(count, n)
    return {"count": count, "of": n, "low": low, "high": high}


def summary(reports: Sequence[Report], kinds: Sequence[str]) -> dict[str, object]:
    """The figures of all worlds."""
    outcomes = [outcome for report in reports for outcome in report.outcomes]
    rows = [
        {
            "kind": kind,
            "words": KINDS[kind].words,
            **_figures([o for o in outcomes if o.kind == kind]),
        }
        for kind in kinds
    ]
    return {
        "kinds": rows,
        "all": _figures(outcomes),
        "control": {
            "alerts": sum(report.control for report in reports),
            "weeks": sum(report.weeks for report in reports),
        },
        "redrawn": sum(report.redrawn for report in reports),
        "outcomes": [outcome._asdict() for outcome in outcomes],
    }


def _figures(outcomes: Sequence[Outcome]) -> dict[str, object]:
    found = [outcome for outcome in outcomes if outcome.found]
    delays = [outcome.delay_hours for outcome in found if outcome.delay_hours is not None]
    return {
        "found": share(len(found), len(outcomes)),
        "first": share(sum(outcome.first for outcome in found), len(found)),
        "chance": sum(outcome.chance for outcome in outcomes),
        "delay_hours": median(delays) if delays else None,
    }


def main() -> None:
    """Inject, judge, and print or save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worlds", type=int, default=12, help="a fault of each kind into each")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="print each fault")
    parser.add_argument("--save", action="store_true", help=results.SAVE_HELP)
    options = parser.parse_args()
    todo = worlds(options.worlds, options.seed)
    with ProcessPoolExecutor(options.processes) as pool:
        made = [pool.submit(inject, world, options.kinds, options.seed) for world in todo]
        reports = []
        for one in made:
            reports.append(one.result())
            for outcome in reports[-1].outcomes if options.show else ():
                print(*outcome, sep=" | ", flush=True)
    figures = summary(reports, options.kinds)
    print(json.dumps({k: v for k, v in figures.items() if k != "outcomes"}, indent=1))
    parameters = {"seed": options.seed, "worlds": options.worlds}
    results.finish("injected", parameters, figures, save=options.save)


if __name__ == "__main__":
    main()
