"""What an alert about errors says of retraining, from its own evidence.

It is the signal of `tidegauge.core.improve.retrain`, read from what the alert tells of its causes:
faults of the data that fire in its incident are to be mended first; a change that is mostly mix
shift, by the dimension that explains most so, is not mended by retraining; and what has not lasted
may pass. All of it follows from closed panes, so it is the same for every order of reading. Figures
of gain rest on windows that late labels revise, and are no part of alerts.
"""

from collections.abc import Iterable

import msgspec

from tidegauge.core.alertrecords import AlertRecord, Cause, Effect
from tidegauge.core.improve.retrain import CONCEPT_SHARE, LASTING_MS
from tidegauge.core.improvement import Retrain

_URGENCY = {Retrain.FIX_DATA: 2, Retrain.RETRAIN: 1}


def judged(told: AlertRecord, faults: Iterable[str], time_ms: int) -> Retrain:
    """What to do about more errors.

    Args:
        told: the alert.
        faults: features whose data is broken, by alerts of its incident that fire.
        time_ms: now, as event time.
    """
    if any(True for _ in faults):
        return Retrain.FIX_DATA
    if max((split.mix for split in told.splits), default=0.0) > 1.0 - CONCEPT_SHARE:
        return Retrain.HARDER_CASES
    lasts = time_ms - told.starts_at_ms >= LASTING_MS
    return Retrain.RETRAIN if lasts else Retrain.WAIT


def urgent(before: Retrain | None, now: Retrain | None) -> bool:
    """Whether an alert is to be told anew for what it now advises."""
    was, is_ = (0 if verdict is None else _URGENCY.get(verdict, 0) for verdict in (before, now))
    return is_ > was


def with_advice(record: AlertRecord, verdict: Retrain, faults: Iterable[str]) -> AlertRecord:
    """The alert with what it advises, also in words."""
    words = {
        Retrain.FIX_DATA: f"Mend the data first ({', '.join(sorted(faults))}): a model retrained "
        "now would learn the fault.",
        Retrain.RETRAIN: f"Retrain with labels since it began{_slice(record.causes)}: the same "
        "inputs have had more errors for more than a day.",
        Retrain.WAIT: "Do not retrain yet: it may pass within a day.",
        Retrain.HARDER_CASES: "Retraining gains little: there are more of the cases that were hard "
        "before.",
    }
    annotations = {**record.annotations, "advice": words[verdict]}
    return msgspec.structs.replace(record, retraining=verdict, annotations=annotations)


def _slice(causes: Iterable[Cause]) -> str:
    """Where the errors are, if in one place."""
    shifted = (c for c in causes if c.effect is Effect.CONCEPT_SHIFT and c.value is not None)
    first = next(shifted, None)
    return "" if first is None else f", most of {first.name} {first.value}"
