"""The newest windows that nothing can revise any more: what quality turned out to be."""

import msgspec

from tidegauge.core.records import MetricRecord, WindowState


class FinalWindow(msgspec.Struct, frozen=True, array_like=True):
    """Figures of one final window of a whole version."""

    version: str
    size_ms: int
    end_ms: int
    label_coverage: float | None = None
    accuracy: float | None = None
    mean_absolute_error: float | None = None


class FinalWindows:
    """The newest of each version and size of one model.

    Attributes:
        changed: those that are to be written.
    """

    def __init__(self) -> None:
        self._newest: dict[tuple[str, int], FinalWindow] = {}
        self.changed: set[tuple[str, int]] = set()

    def take(self, record: MetricRecord) -> None:
        """Remember a window that was published, if it is final and of a whole version."""
        if record.state is not WindowState.FINAL or record.segment_field is not None:
            return
        key = record.version, record.end_ms - record.start_ms
        known = self._newest.get(key)
        if known is None or record.end_ms >= known.end_ms:
            self.changed.add(key)
            self._newest[key] = FinalWindow(
                *key,
                record.end_ms,
                record.label_coverage,
                record.quality.accuracy,
                record.regression.mean_absolute_error,
            )

    def of(self, key: tuple[str, int]) -> FinalWindow:
        """The newest of a version and size."""
        return self._newest[key]

    def all(self) -> list[FinalWindow]:
        """The newest of each, by version and size."""
        return [window for _, window in sorted(self._newest.items())]

    def restore(self, window: FinalWindow) -> None:
        """Take back one."""
        self._newest[window.version, window.size_ms] = window
