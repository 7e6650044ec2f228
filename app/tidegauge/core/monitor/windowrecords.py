"""The windows of one model as records: those that are published, and those that end now."""

from collections.abc import Iterable, Iterator

import msgspec

from tidegauge.core.adoption import References
from tidegauge.core.config import CoreConfig
from tidegauge.core.monitor.attributed import UsualAttributions, attribution_stats
from tidegauge.core.monitor.distributions import Distribution, distributions
from tidegauge.core.monitor.improving import Improving
from tidegauge.core.monitor.kinds import Kinds
from tidegauge.core.monitor.known import KnownFigures
from tidegauge.core.monitor.windows import FrameKey, Series, Windows
from tidegauge.core.records import MetricRecord, WindowState
from tidegauge.core.stats.counts import dense
from tidegauge.core.sums import SlotSums


class WindowRecords:
    """Reads windows.

    Args:
        name: the model.
        config: the rules.
        windows: of the model.
        kinds: the kinds that it was of.
        references: what its versions are compared with.
        usual: the attributions that are normal for its versions.
    """

    def __init__(
        self,
        name: str,
        config: CoreConfig,
        windows: Windows,
        kinds: Kinds,
        references: References,
        *,
        usual: UsualAttributions,
    ) -> None:
        self._name = name
        self._width = config.panes[0].width_ms
        self._longest = max(config.windows_ms)
        self._windows = windows
        self._kinds = kinds
        self._references = references
        self._usual = usual
        self._figures = KnownFigures(config.limits.classes)
        self._improving = Improving(config.model(name).costs)

    def publish(self, settled: int, closed: int, *, everything: bool) -> Iterator[MetricRecord]:
        """The windows that became final, and with ``everything`` all that changed as well.

        Args:
            settled: windows that end by then are final, ms.
            closed: panes that end by then are closed, ms.
            everything: whether to go beyond those that became final.
        """
        final = self._windows.settle(settled)
        changed: Iterable[FrameKey] = sorted(self._windows.unpublished) if everything else ()
        for key in (*final, *(key for key in changed if not self._windows.is_final(key))):
            frame = self._windows.frames[key]
            self._windows.unpublished.discard(key)
            if not frame.sums.predictions:
                continue  # pairs with a later answer; the window of the other version has them
            frame.revision += 1
            self._windows.changed.add(key)
            record = self._record(key, frame.sums, frame.revision, closed)
            record = self._improved(record, frame.sums, self._beside(key))
            yield self._spread(record, frame.sums)
        self._windows.let_go()

    def present(self, closed: int) -> Iterator[MetricRecord]:
        """The sliding windows that end now; panes that end by ``closed`` are closed."""
        for series, windows in sorted(self._windows.sliding.items()):
            for size, sums in windows.items():
                if sums.predictions:
                    end = self._windows.sliding_end(size)
                    record = self._record(FrameKey(series, size, end - size), sums, 0, closed)
                    beside = ((s, w[size]) for s, w in self._windows.sliding.items() if size in w)
                    yield self._improved(record, sums, beside)

    def distributions(self) -> Iterator[Distribution]:
        """How the longest of the sliding windows of each version are spread."""
        for series, windows in sorted(self._windows.sliding.items()):
            sums = windows.get(self._longest)
            if series.field or sums is None or not sums.predictions:
                continue
            end = self._windows.sliding_end(self._longest)
            reference = self._references.at(series.version, end - self._width)
            if reference is not None:
                kind = self._kinds.at(end, sums)
                yield from distributions(self._name, series.version, sums, reference, kind)

    def _beside(self, key: FrameKey) -> Iterator[tuple[Series, SlotSums]]:
        """All series of the same window."""
        for other in self._windows.keys(key.size, key.start):
            yield other.series, self._windows.frames[other].sums

    def _improved(
        self, record: MetricRecord, sums: SlotSums, beside: Iterable[tuple[Series, SlotSums]]
    ) -> MetricRecord:
        """Say what would make a version do better, in the longest windows alone."""
        if record.segment_field is not None or record.end_ms - record.start_ms != self._longest:
            return record
        segments = ((s, part) for s, part in beside if s.version == record.version and s.field)
        improvement = self._improving.of(sums, segments, record.kind)
        return msgspec.structs.replace(record, improvement=improvement)

    def _spread(self, record: MetricRecord, sums: SlotSums) -> MetricRecord:
        """Say how the features of a whole version are spread over the bins of the reference."""
        reference = self._references.at(record.version, record.end_ms - self._width)
        if record.segment_field is not None or reference is None:
            return record
        binned = sums.features.get(reference.id, {})
        features = dict(record.features)
        for known in reference.features:
            if known.name in binned:
                counts = dense(binned[known.name].bins, range(len(known.counts)))
                stats = features[known.name]
                features[known.name] = msgspec.structs.replace(stats, bins=tuple(counts))
        return msgspec.structs.replace(record, features=features)

    def _record(self, key: FrameKey, sums: SlotSums, revision: int, closed: int) -> MetricRecord:
        series, size, start = key
        kind = self._kinds.at(start + size, sums)
        reference = self._references.at(series.version, start + size - self._width)
        shown = self._figures.of(sums, size, reference, kind)
        usual = self._usual.shares(series.version) if sums.attributions else {}
        return MetricRecord(
            model=self._name,
            version=series.version,
            segment_field=series.field or None,
            segment_value=series.value if series.field else None,
            start_ms=start,
            end_ms=start + size,
            state=self._state(key, closed),
            revision=revision,
            predictions=shown.traffic.predictions,
            labelled=shown.labelled.labelled,
            label_coverage=shown.label_coverage,
            label_delay=shown.labelled.delay,
            reference=shown.reference,
            kind=kind,
            quality=shown.labelled.quality,
            classes=shown.labelled.classes,
            confusion=shown.labelled.confusion,
            regression=shown.labelled.regression,
            paired=shown.labelled.paired,
            prediction=shown.prediction,
            traffic=shown.traffic,
            latency=shown.latency,
            score=shown.score,
            features=shown.features,
            attributions=attribution_stats(sums, kind, usual),
        )

    def _state(self, key: FrameKey, closed: int) -> WindowState:
        if key.end > closed:
            return WindowState.OPEN
        return WindowState.FINAL if self._windows.is_final(key) else WindowState.PROVISIONAL
