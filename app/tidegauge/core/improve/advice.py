"""What to do for a model, what it brings and on what evidence, in order.

First what to do about errors that became more frequent, for the rest rests on it. Then what is sure
to bring something, that is, the lower end of its interval is above 0: the larger the part of the
errors or costs that it surely takes away, the sooner. Last what is not sure. A challenger that is
worse than its champion gets no advice of its own.
"""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from tidegauge.core.config import DAY, ModelKind
from tidegauge.core.improve import words
from tidegauge.core.improve.known import Known, change_since, judged
from tidegauge.core.improve.retrain import Retraining, error_alert, retraining
from tidegauge.core.improve.versions import Choice, compared
from tidegauge.core.improvement import Gain, ImprovementStats, Retrain
from tidegauge.core.records import MetricRecord

MAX_SEGMENTS = 3
"""Segments of a version that advice is given on."""
MAX_SLICES = 3
"""Slices of a concept shift that are named."""
PAIRED_WINDOWS = 28
"""At most so many of the newest windows say which of two versions is better."""


class Change(StrEnum):
    """What is to be changed, or left."""

    DATA = "data"
    RETRAINING = "retraining"
    THRESHOLD = "threshold"
    CALIBRATION = "calibration"
    SEGMENT = "segment"
    VERSION = "version"


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do."""

    change: Change
    version: str | None
    """None: all versions of the model."""
    sure: bool
    """Whether it is to be acted on."""
    action: str
    brings: str
    """What it brings, with its interval."""
    evidence: str
    unit: str = ""
    gain: Gain | None = None
    """In ``unit``; None where nothing can be said."""
    share: Gain | None = None
    """The gain as a share of the errors, cost or score that there is now."""


def advise(known: Known) -> list[Advice]:
    """All advice on one model, the first thing to do first."""
    found = [*_versions(known)]
    held = {a.version for a in found if a.gain is not None and a.gain.high < 0}
    for version, windows in known.whole().items():
        window = judged(windows)
        if version not in held and window is not None and window.improvement is not None:
            found += _of_version(version, window, window.improvement)
    found.sort(key=_rank)
    return [*_retraining(known), *found]


def _rank(advice: Advice) -> tuple[bool, float, str, str]:
    share = advice.share or advice.gain or Gain(0.0, 0.0, 0.0)
    return (not advice.sure, -share.low, advice.change, advice.action)


def _scaled(gain: Gain, factor: float) -> Gain:
    return Gain(gain.value * factor, gain.low * factor, gain.high * factor)


def _share(gain: Gain, whole: float) -> Gain | None:
    return _scaled(gain, 1 / whole) if whole > 0 else None


def _per_day(window: MetricRecord) -> float:
    return DAY / (window.end_ms - window.start_ms)


# ---------------------------------------------------------------- one version


def _of_version(version: str, window: MetricRecord, found: ImprovementStats) -> Iterator[Advice]:
    yield from _threshold(version, window, found)
    yield from _calibration(version, window, found)
    yield from _segments(version, window, found)


def _threshold(version: str, window: MetricRecord, found: ImprovementStats) -> Iterator[Advice]:
    best = found.threshold
    if best is None or best.best_cost == best.cost:
        return
    gain = _scaled(best.gain, best.labelled * _per_day(window))
    share = _share(best.gain, best.cost)
    yield Advice(
        change=Change.THRESHOLD,
        version=version,
        sure=gain.low > 0,
        action=f"version {version}: {words.move(best.in_use, best.best)}",
        brings=f"{words.share(share, 'less cost')}{words.amount(gain, 'a day')}",
        evidence=f"{words.labels(best.labelled)} of {words.span(window)}; the threshold in use "
        f"repeats {100 * best.agreement:.3g} % of the decisions; judged on other predictions than "
        "those it was chosen on",
        unit="cost a day",
        gain=gain,
        share=share,
    )


def _calibration(version: str, window: MetricRecord, found: ImprovementStats) -> Iterator[Advice]:
    fit, brier = found.recalibration, window.quality.brier
    if fit is None or brier is None:
        return
    share = _share(fit.brier_gain, brier)
    yield Advice(
        change=Change.CALIBRATION,
        version=version,
        sure=fit.brier_gain.low > 0,
        action=f"version {version}: recalibrate scores by the map of {len(fit.steps)} steps in "
        "topic metrics",
        brings=f"{words.share(share, 'lower Brier score')}{words.amount(fit.brier_gain, '')}; "
        f"log loss {words.interval(fit.log_loss_gain)} lower",
        evidence=f"{words.labels(fit.labelled)} of {words.span(window)}; Brier score {brier:.4f}; "
        "matters where scores are read as probabilities",
        unit="Brier score",
        gain=fit.brier_gain,
        share=share,
    )


def _segments(version: str, window: MetricRecord, found: ImprovementStats) -> Iterator[Advice]:
    regression = window.kind is ModelKind.REGRESSION
    unit = "absolute error a day" if regression else "errors a day"
    figure = "mean absolute error" if regression else "error rate"
    for segment in found.segments[:MAX_SEGMENTS]:
        gain = _scaled(segment.gain, _per_day(window))
        total = window.labelled * segment.average
        share = _share(segment.gain, total)
        yield Advice(
            change=Change.SEGMENT,
            version=version,
            sure=gain.low > 0,
            action=f"version {version}: bring {segment.field}={segment.value} to the average",
            brings=f"{words.share(share, 'fewer errors' if not regression else 'less error')}"
            f"{words.amount(gain, unit.removeprefix('errors '))}",
            evidence=f"{words.labels(segment.labelled)} of {words.span(window)}; its {figure} is "
            f"{words.number(segment.mean)}, that of all {words.number(segment.average)}; what "
            "chance explains is taken off",
            unit=unit,
            gain=gain,
            share=share,
        )


# ---------------------------------------------------------------- versions


def _versions(known: Known) -> Iterator[Advice]:
    running = known.whole()
    order = sorted(running, key=lambda v: (known.first_seen(v), -running[v][-1].predictions, v))
    for place, challenger in enumerate(order):
        for champion in order[:place]:
            windows = [w for w in running[challenger] if champion in w.paired][-PAIRED_WINDOWS:]
            found = compared([window.paired[champion] for window in windows])
            if found is None:
                continue
            regression = windows[-1].kind is ModelKind.REGRESSION
            share = _share(found.gain, found.champion)
            noun = "less error" if regression else "fewer errors"
            action = {
                Choice.PROMOTE: f"promote version {challenger} over {champion}",
                Choice.HOLD: f"keep version {champion}; do not promote {challenger}",
                Choice.UNDECIDED: f"keep version {champion} until {challenger} is told apart "
                "from it",
            }[found.choice]
            yield Advice(
                change=Change.VERSION,
                version=challenger,
                sure=found.choice is Choice.PROMOTE,
                action=action,
                brings=f"{words.share(share, noun)}"
                + words.amount(found.gain, "of absolute error" if regression else "of error rate"),
                evidence=f"{found.pairs:,} requests that both answered, since "
                f"{words.moment(windows[0].start_ms)}; 95 % interval of the paired difference",
                unit="mean absolute error" if regression else "error rate",
                gain=found.gain,
                share=share,
            )


# ---------------------------------------------------------------- retraining


def _retraining(known: Known) -> Iterator[Advice]:
    alert = error_alert(known.alerts)
    change = None if alert is None else change_since(known.daily(), alert.starts_at_ms)
    found = retraining(known.alerts, change, known.now_ms)
    if found is not None:
        yield _verdict(found)


def _verdict(found: Retraining) -> Advice:
    action = {
        Retrain.FIX_DATA: "mend the data first, and do not retrain before: the model would learn "
        f"the fault ({', '.join(sorted({words.subject(a) for a in found.faults}))})",
        Retrain.RETRAIN: f"retrain, with labels from {words.since(found.alert)} on",
        Retrain.WAIT: "do not retrain yet: errors became more frequent, but "
        + words.unproven(found.lasting_ms, found.shift),
        Retrain.HARDER_CASES: "do not retrain: more errors since there are more of the cases that "
        "were hard before; more data or features of these may help",
    }[found.verdict]
    gain = None if found.shift is None else found.shift.concept
    share = None if gain is None or found.shift is None else _share(gain, found.shift.after.mean)
    brings = "an end of what the fault costs"
    if found.shift is not None and found.verdict is not Retrain.FIX_DATA:
        brings = f"at most {words.share(share, 'fewer errors')}".rstrip()
    return Advice(
        change=Change.DATA if found.verdict is Retrain.FIX_DATA else Change.RETRAINING,
        version=None,
        sure=found.verdict in {Retrain.FIX_DATA, Retrain.RETRAIN},
        action=action,
        brings=brings if found.verdict is not Retrain.WAIT else "not known yet",
        evidence=words.change(found, MAX_SLICES),
        unit="error of a prediction",
        gain=gain,
        share=share,
    )
