"""The windows of one model: tumbling ones for the record, sliding ones for the present.

A *frame* is one fixed slice of event time of one series (a version, or a segment of it): the panes
of each level and the tumbling windows are frames of different sizes, aligned to the epoch. A delta
goes to every frame that holds its pane; a level whose panes do not divide a frame's size does not
reach it, so a small window stops changing once labels and corrections are so late that only
coarser panes take them. A frame is *final* when the watermark says that nothing can reach it any
more, and then it is let go.

A *sliding* window is the sum of the frames of one pane size that it holds, kept up to date by
adding what comes and taking away what leaves; counts are exact, so nothing is left over.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tidegauge.core.config import CoreConfig, ModelConfig
from tidegauge.core.panes import SlotKey, pane_start
from tidegauge.core.sums import SlotSums

MIN_HOPS = 6
"""A sliding window moves by the coarsest pane that it holds at least this many of."""


class Series(NamedTuple):
    """A version, or one segment of it (`panes.WHOLE`: the version itself)."""

    version: str
    field: str
    value: str


class FrameKey(NamedTuple):
    """One slice of event time of one series, sizes and times in ms."""

    series: Series
    size: int
    start: int

    @property
    def end(self) -> int:
        """Exclusive, ms."""
        return self.start + self.size


class Frame:
    """The sums of one frame, and how often it was published."""

    __slots__ = ("revision", "sums")

    def __init__(self, sums: SlotSums | None = None, revision: int = 0) -> None:
        self.sums = sums or SlotSums()
        self.revision = revision


class Windows:
    """All frames and sliding windows of one model.

    Args:
        config: pane levels and window sizes.
        rules: the model's horizons.
    """

    def __init__(self, config: CoreConfig, rules: ModelConfig) -> None:
        self._levels = config.panes
        self.sizes = config.windows_ms
        widths = tuple(level.width_ms for level in config.panes)
        self.frame_sizes = tuple(sorted({*widths, *config.windows_ms}))
        self._final_after = {size: _final_after(size, config, rules) for size in self.frame_sizes}
        self._hops = {size: _hop(size, widths) for size in config.windows_ms}
        self.frames: dict[FrameKey, Frame] = {}
        self._by_start: dict[int, dict[int, set[FrameKey]]] = {s: {} for s in self.frame_sizes}
        self.sliding: dict[Series, dict[int, SlotSums]] = {}
        self.end = 0
        self.settled = 0
        self.changed: set[FrameKey] = set()
        self.unpublished: set[FrameKey] = set()
        self.after_final = 0
        self._final = dict.fromkeys(self._hops, 0)
        self._gone = dict.fromkeys(self.frame_sizes, 0)

    def final_after(self, size: int) -> int:
        """How long after its end a frame of ``size`` can still change, in ms."""
        return self._final_after[size]

    @property
    def settling(self) -> int:
        """The smallest size of frames that any label within the horizon reaches, in ms."""
        longest = max(self._final_after.values())
        return next(size for size in self.frame_sizes if self._final_after[size] == longest)

    def add(self, key: SlotKey, delta: SlotSums) -> None:
        """Add the delta of one slot to every frame and sliding window that holds it."""
        series = Series(key.version, key.field, key.value)
        width = self._levels[key.level].width_ms
        for size in self.frame_sizes:
            if size % width:
                continue
            frame_key = FrameKey(series, size, pane_start(key.start, size))
            if self.is_final(frame_key):
                self.after_final += 1
                continue
            self._frame(frame_key).sums.add(delta)
            self.changed.add(frame_key)
            if size in self._hops:
                self.unpublished.add(frame_key)
            self._slide_in(frame_key, delta)

    def _frame(self, key: FrameKey) -> Frame:
        frame = self.frames.get(key)
        if frame is None:
            frame = self.frames[key] = Frame()
            self._by_start[key.size].setdefault(key.start, set()).add(key)
        return frame

    def _slide_in(self, key: FrameKey, delta: SlotSums) -> None:
        for window, hop in self._hops.items():
            if hop == key.size and key.end > self._sliding_end(hop) - window:
                windows = self.sliding.setdefault(key.series, {})
                if window not in windows:
                    windows[window] = SlotSums()
                windows[window].add(delta)

    def _sliding_end(self, hop: int) -> int:
        """The end of the sliding windows that move by ``hop``: the frame now filling included."""
        return pane_start(self.end + hop - 1, hop)

    def sliding_end(self, window: int) -> int:
        """The end of the sliding window of this size, ms."""
        return self._sliding_end(self._hops[window])

    def advance(self, newest: int) -> None:
        """Event time has reached ``newest``: sliding windows let go of what they have passed."""
        if newest < self.end:
            return
        before = {window: self._sliding_end(hop) - window for window, hop in self._hops.items()}
        self.end = newest + 1
        for window, hop in self._hops.items():
            for key in self._between(hop, before[window], self._sliding_end(hop) - window):
                sums = self.sliding.get(key.series, {}).get(window)
                if sums is not None:
                    sums.add(self.frames[key].sums, -1)
        for series in [s for s, windows in self.sliding.items() if _empty(windows)]:
            del self.sliding[series]

    def _between(self, size: int, after: int, until: int) -> Iterator[FrameKey]:
        """The frames of ``size`` whose end is above ``after`` and at most ``until``."""
        ends = self._by_start[size]
        first = pane_start(after, size)
        if (until - after) // size > len(ends):
            starts = [start for start in ends if after < start + size <= until]
        else:
            starts = [
                s for s in range(first, until, size) if s in ends and after < s + size <= until
            ]
        for start in starts:
            yield from ends[start]

    def starts(self, size: int, after: int, until: int) -> list[int]:
        """The starts of the frames of ``size`` whose end is above ``after`` up to ``until``."""
        return sorted({key.start for key in self._between(size, after, until)})

    def keys(self, size: int, start: int) -> list[FrameKey]:
        """The frames of one slice of time, in order."""
        return sorted(self._by_start[size].get(start, ()))

    def close(self, after: int, until: int) -> None:
        """The windows that end above ``after`` up to ``until`` are not open any more: say so."""
        for size in self._hops:
            ended = set(self._between(size, after, until))
            self.unpublished |= ended
            self.changed |= ended

    def settle(self, settled: int) -> list[FrameKey]:
        """Nothing before ``settled`` comes any more but by horizons; the windows now final.

        They come in order; the caller publishes them, then calls `let_go`.
        """
        self.settled = max(self.settled, settled)
        final: list[FrameKey] = []
        for size in self._hops:
            limit = self.settled - self.final_after(size)
            final += self._between(size, self._final[size], limit)
            self._final[size] = max(self._final[size], limit)
        return sorted(final)

    def is_final(self, key: FrameKey) -> bool:
        """Whether a frame can no longer change."""
        return key.end + self._final_after[key.size] <= self.settled

    def let_go(self) -> None:
        """Forget the frames that are final and that no sliding window needs."""
        for size in self.frame_sizes:
            needed = max((w + size for w, hop in self._hops.items() if hop == size), default=0)
            limit = min(self.settled - self.final_after(size), self.end - needed)
            for key in list(self._between(size, self._gone[size], limit)):
                self._forget(key)
            self._gone[size] = max(self._gone[size], limit)

    def _forget(self, key: FrameKey) -> None:
        del self.frames[key]
        keys = self._by_start[key.size][key.start]
        keys.discard(key)
        if not keys:
            del self._by_start[key.size][key.start]
        self.changed.add(key)
        self.unpublished.discard(key)

    def restore(self, key: FrameKey, frame: Frame) -> None:
        """Take back one frame; `restored` follows when all are back."""
        self.frames[key] = frame
        self._by_start[key.size].setdefault(key.start, set()).add(key)

    def restored(self, newest: int, settled: int) -> None:
        """All frames are back: sum up the sliding windows."""
        self.end, self.settled = newest + 1, settled
        for size in self._hops:
            self._final[size] = settled - self.final_after(size)
        for key, frame in self.frames.items():
            self._slide_in(key, frame.sums)


def _final_after(size: int, config: CoreConfig, rules: ModelConfig) -> int:
    spans = [level.span_ms for level in config.panes if size % level.width_ms == 0]
    horizon = max(rules.label_horizon_ms, rules.correction_horizon_ms)
    return min(max(spans), horizon) + rules.lateness_ms


def _hop(window: int, widths: tuple[int, ...]) -> int:
    fitting = [w for w in widths if window % w == 0]
    coarse = [w for w in fitting if window // w >= MIN_HOPS]
    return max(coarse) if coarse else min(fitting)


def _empty(windows: dict[int, SlotSums]) -> bool:
    return all(sums.is_zero() for sums in windows.values())
