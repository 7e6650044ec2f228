"""From a stream's learned panes to scores, and from its share of the budget to thresholds.

Residuals (pane means less their expected level, in standard errors) have their tails drawn in; what
the pane before explains is taken out by a first-order autoregression, so that what is left is as
good as independent (A. Alwan and H. Roberts, "Time-series modeling for statistical process
control", Journal of Business and Economic Statistics 6, 1988). Should the buckets show more wander
over long times than the autoregression explains, the scores are scaled down by as much. The
thresholds then follow from the distribution of these scores (`tidegauge.core.detect.arl`).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegauge.core.detect.adwinrate import adwin_delta
from tidegauge.core.detect.arl import Scores, calibrated
from tidegauge.core.detect.baseline import Scoring, Thresholds
from tidegauge.core.detect.longrun import LongRun, batch_variance
from tidegauge.core.detect.season import Season
from tidegauge.core.detect.tape import Panes
from tidegauge.core.detect.verdict import StreamKind

CUT = 4.0
"""Residuals count by their logarithm from so many robust standard deviations on."""
RATE_CUT = 6.0
"""Those of a rate from so many standard deviations on: they are bounded already."""
MAD = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""
WILD = 20.0
"""What is so many robust standard deviations off is no part of what is normal."""
MAX_WILD = 0.01
"""But if more than this part of the panes is so far off, that is normal here."""
MAX_PERSISTENCE = 0.98
SMALLEST_SPREAD = 0.05
"""Of scores: keeps a stream that never moved from taking the first rounding for a change."""
ALLOWANCES = (0.2, 1.0)
"""Page-Hinkley's allowance for the smallest change worth an alert is between these; that for large
ones is the upper one, which keeps single scores from deciding."""
APART = 2.0
"""Allowances farther apart than this have their geometric mean between them. A test is the soonest
one for changes of about twice its allowance, so with .2 and 1 alone one of 0.9 would take a third
longer; the third test raises each threshold by ln(1.5) / (2 a)."""
ERRORS_ALLOWED = 2.5
"""An allowance is at least so many standard errors of the baseline."""
PAGE_HINKLEY_SHARE = 0.8
"""Part of a stream's false alarms that Page-Hinkley may raise; ADWIN has the rest."""
WANDER = 1.5
"""Standard errors by which the variance of long sums must exceed what is explained."""
ADWIN_KURTOSIS = 10.0
"""ADWIN's rate is known for independent scores that are about normal: those with heavier tails, and
those that wander, it does not read, and Page-Hinkley has all."""
RESOLUTION = 0.04
"""To which scores are rounded, see `tidegauge.core.detect.feed`."""

Floats = NDArray[np.float64]


class Learned(NamedTuple):
    """What the buckets of a stream say."""

    mean: float
    season: Season
    deviation: float
    long_run: LongRun
    """In units of ``deviation`` squared."""
    panes: int
    samples: int


def calibrate(
    kind: StreamKind, learned: Learned, tape: Panes, *, smallest: float, rate: float
) -> tuple[Scoring, Thresholds]:
    """Make scoring and thresholds of a stream.

    Args:
        kind: a rate's residuals are bounded.
        learned: level and spread of the stream.
        tape: single panes of it.
        smallest: the smallest change worth an alert, in the unit of the figure.
        rate: false alarms per pane that this stream may raise.
    """
    typical = learned.samples / learned.panes
    scale = learned.deviation / math.sqrt(typical)
    residuals, follows = _residuals(kind, learned, tape, typical)
    middle, width = _tails(kind, residuals)
    cut = _tempered(residuals, middle, width)
    centre = _centre(residuals, cut)
    first = cut - cut.mean()
    persistence, pairs = _persistence(first, follows)
    innovations = (first[1:] - persistence * first[:-1])[follows[1:]]
    if kind.is_rate:
        # what was never seen may still come: one pane more, with one error more
        another = _tempered(np.array([1.0 / learned.deviation / math.sqrt(typical)]), middle, width)
        innovations = np.append(innovations, another)
    scale_error = _scale_error(innovations, persistence, pairs)
    over_time = _over_time(residuals, persistence, learned, scale_error)
    spread = max(math.sqrt(float(np.mean(innovations**2)) * over_time.part), SMALLEST_SPREAD)
    scoring = Scoring(typical, middle, width, centre, persistence, spread)
    level_error = _level_error(residuals, cut, learned) / math.sqrt(over_time.part)
    wanted = smallest / scale * (1.0 - persistence) / spread / 2.0
    least = max(ALLOWANCES[0], ERRORS_ALLOWED * level_error)
    small = max(least, min(ALLOWANCES[1], wanted))
    large = max(least, ALLOWANCES[1])
    allowances = sorted(
        {small, math.sqrt(small * large), large} if large > APART * small else {small, large}
    )
    # what wanders has the variance of 1 over long times only: to take single scores for independent
    # would be to take them for calmer than their sums are
    scores = Scores.of(innovations * (math.sqrt(over_time.part) / spread), RESOLUTION)
    heavy = float(np.mean(innovations**4)) > ADWIN_KURTOSIS * float(np.mean(innovations**2)) ** 2
    page_hinkley = 1.0 if heavy or over_time.wanders else PAGE_HINKLEY_SHARE
    tests = []
    for allowance in allowances:
        curve = calibrated(
            scores,
            allowance,
            level_error=level_error,
            scale_error=over_time.error,
        )
        tests.append((allowance, curve.threshold(rate * page_hinkley / len(allowances))))
    delta = None if page_hinkley == 1.0 else adwin_delta(rate * (1.0 - page_hinkley))
    limit = max(tests[-1][1] / 2.0, float(np.abs(scores.values).max()))
    return scoring, Thresholds(tuple(tests), delta, limit)


def _residuals(
    kind: StreamKind, learned: Learned, tape: Panes, typical: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """Standardised residuals without wild ones, and whether each follows the one before it."""
    season = learned.season
    expected = learned.mean + np.array([season.at(int(middle)) for middle in tape.middles])
    samples = np.minimum(tape.counts, typical)
    residuals = (tape.means - expected) * np.sqrt(samples) / learned.deviation
    if kind.is_rate:
        return residuals, tape.follows
    middle = float(np.median(residuals))
    spread = max(1.0, MAD * float(np.median(np.abs(residuals - middle))))
    kept = np.abs(residuals - middle) <= WILD * spread
    if np.mean(kept) < 1.0 - MAX_WILD:
        return residuals, tape.follows
    follows = tape.follows & np.append(False, kept[:-1])
    return residuals[kept], follows[kept]


def _tails(kind: StreamKind, residuals: Floats) -> tuple[float, float]:
    """Middle of the residuals, and how far from it the tails begin."""
    middle = float(np.median(residuals))
    spread = MAD * float(np.median(np.abs(residuals - middle)))
    if kind.is_rate or spread == 0.0:
        middle = 0.0
        spread = RATE_CUT / CUT * max(1.0, float(np.std(residuals)))
    return middle, CUT * spread


def _tempered(residuals: Floats, middle: float, width: float) -> Floats:
    """As `Scoring.tempered`, for many."""
    off = residuals - middle
    beyond = np.maximum(np.abs(off) / width, 1.0)
    drawn = middle + np.copysign(width * (1.0 + np.log(beyond)), off)
    return np.where(beyond > 1.0, drawn, residuals)


def _centre(residuals: Floats, cut: Floats) -> float:
    """Mean of cut residuals; that of the uncut ones is 0 over all that was learned."""
    variance = float(np.var(residuals))
    if variance == 0.0:
        return float(cut.mean())
    slope = float(np.mean((residuals - residuals.mean()) * (cut - cut.mean()))) / variance
    return float(cut.mean()) - slope * float(residuals.mean())


def _persistence(first: Floats, follows: NDArray[np.bool_]) -> tuple[float, int]:
    """First-order autocorrelation, corrected for its bias (M. Kendall, 1954), and its pairs."""
    pairs = int(follows[1:].sum())
    squares = float(np.mean(first**2))
    if squares == 0.0 or pairs == 0:
        return 0.0, max(1, pairs)
    found = float(np.mean((first[1:] * first[:-1])[follows[1:]])) / squares
    found += (1.0 + 3.0 * found) / pairs
    if abs(found) < 2.0 / math.sqrt(pairs):
        return 0.0, pairs
    return max(-MAX_PERSISTENCE, min(MAX_PERSISTENCE, found)), pairs


class _OverTime(NamedTuple):
    """The variance of long sums of residuals."""

    part: float
    """Of what the autoregression explains; more than 1: over long times they vary more."""
    error: float
    """Its relative standard error."""
    wanders: bool = False
    """Whether it is significantly more."""


def _over_time(
    residuals: Floats, persistence: float, learned: Learned, scale_error: float
) -> _OverTime:
    """Compare what buckets and autoregression say of long times.

    Where the buckets say significantly more than the autoregression, they are right. Else both
    estimate one figure, and are averaged by their precision. The panes on the tape are part of what
    the buckets are made of, so buckets add no more than the panes that are not on it would.
    """
    buckets = learned.long_run
    panes = max(1, round(learned.panes / max(1, buckets.batches)))
    explained = float(np.var(residuals)) * batch_variance(persistence, panes, buckets.batches)
    if explained <= 0.0:
        return _OverTime(1.0, scale_error)
    found = buckets.variance / explained
    # both are estimates, and chance makes one larger than the other half of the time
    if found > 1.0 + WANDER * math.hypot(buckets.error, scale_error):
        return _OverTime(found, buckets.error, wanders=True)
    beyond = max(0.0, learned.panes / len(residuals) - 1.0)
    if scale_error == 0.0 or beyond == 0.0:
        return _OverTime(1.0, scale_error)
    known = 1.0 / scale_error**2
    added = min(1.0 / buckets.error**2, beyond * known)
    part = (known + found * added) / (known + added)
    return _OverTime(part, 1.0 / math.sqrt(known + added))


def _level_error(residuals: Floats, cut: Floats, learned: Learned) -> float:
    """Standard error of the mean of the scores, if their variance is 1."""
    if float(np.std(residuals)) > 0.0 and float(np.std(cut)) > 0.0:
        known = float(np.corrcoef(residuals, cut)[0, 1]) ** 2
    else:
        known = 1.0
    return math.sqrt((1.0 - known) / len(residuals) + learned.season.cells / learned.panes)


def _scale_error(innovations: Floats, persistence: float, pairs: int) -> float:
    """Relative standard error of the long-run variance of the scores."""
    square = innovations**2
    mean = float(np.mean(square))
    if mean == 0.0:
        return 0.0
    own = float(np.var(square)) / mean**2 / pairs
    # what an error in the autocorrelation leaves in the scores; none was fitted to 0
    left = 4.0 * (1.0 + persistence) / (1.0 - persistence) / pairs if persistence else 0.0
    return math.sqrt(own + left)
