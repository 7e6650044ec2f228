"""The monitor stage's changelog: one record per frame, stream, alert, clock and label pane.

A key is the msgpack of a list that begins with the table's name; a value is msgpack too, and None
where the thing is gone.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from tidegauge.core.adoption import Adopted
from tidegauge.core.catalog import ModelCatalog
from tidegauge.core.ledger import ModelLedger
from tidegauge.core.monitor.finals import FinalWindow
from tidegauge.core.monitor.learning import Learning
from tidegauge.core.monitor.lifecycle import Life, LifeState
from tidegauge.core.monitor.model import ModelMonitor, Models
from tidegauge.core.monitor.sources import Source, Sources
from tidegauge.core.monitor.streams import StreamKey, Subject
from tidegauge.core.monitor.watermark import Marks
from tidegauge.core.monitor.windows import Frame, FrameKey, Series
from tidegauge.core.panes import OutcomeKey
from tidegauge.core.partial import Progress, SampleRow
from tidegauge.core.stats.corrections import ErrorCounts
from tidegauge.core.stats.errorsample import ErrorSample
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.predictionsample import SampledPrediction
from tidegauge.core.sums import SlotSums

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode

Record = tuple[bytes, bytes | None]


class _Model(msgspec.Struct, array_like=True):
    marks: Marks
    closed_predictions: int
    closed_labels: int
    labelled_until: int
    closed_settled: int
    newest: int
    moved: int
    after_final: int
    active: dict[str, list[int]]
    kinds: list[Any]


class _Learned(msgspec.Struct, array_like=True):
    start: int
    predictions: int


class MonitorTables:
    """Writes and reads the state of one partition of partials.

    Args:
        models: its models; one that is restored appears in it.
        sources: what is known of each source partition.
    """

    def __init__(self, models: Models, sources: Sources) -> None:
        self._models = models
        self._sources = sources
        self._touched: dict[str, set[int]] = {}
        self._sampled: dict[tuple[str, str], set[int]] = {}
        self._written_references: dict[tuple[str, str], str] = {}
        self._newest: dict[str, int] = {}
        self._pending: dict[bytes, bytes] = {}

    def touch(self, model: str, source: int | None = None) -> None:
        """Something of ``model`` changed, and of its progress in ``source``."""
        sources = self._touched.setdefault(model, set())
        if source is not None:
            sources.add(source)

    # ---------------------------------------------------------------- writing

    def changes(self) -> Iterator[Record]:
        """All records that differ from those written before."""
        for source in sorted(self._sources.changed):
            yield _pack(["source", source]), _pack(self._sources.of(source))
        self._sources.changed = set()
        for name, model in sorted(self._models.items()):
            if name in self._touched or model.windows.changed:
                yield from self._model(model, sorted(self._touched.get(name, ())))
        self._touched = {}

    def _model(self, model: ModelMonitor, sources: list[int]) -> Iterator[Record]:
        name = model.name
        state = _Model(
            model.watermarks.marks,
            model.closed_predictions,
            model.closed_labels,
            model.labelled_until,
            model.closed_settled,
            model.windows.end - 1,
            model.errors.moved,
            model.windows.after_final,
            model.active,
            model.kinds.to_state(),
        )
        yield _pack(["model", name]), _pack(state)
        for source in sources:
            if source in model.watermarks.predictions:
                yield _pack(["progress", name, source]), _pack(model.watermarks.progress(source))
            if source in model.ledgers:
                yield _pack(["ledger", name, source]), _pack(model.ledgers[source])
        yield from self._frames(model)
        yield from self._errors(model)
        yield from self._examples(model)
        for key in sorted(model.streams.changed):
            stream = model.streams.to_state(key)
            packed = None if stream is None else _pack(stream)
            yield _pack(["stream", name, *key.to_state()]), packed
        model.streams.changed = set()
        for fingerprint in sorted(model.alerts.changed):
            life = model.alerts.lives.get(fingerprint)
            yield (
                _pack(["alert", name, fingerprint]),
                None if life is None else _pack(life.to_state()),
            )
        model.alerts.changed = set()
        if model.incidents.changed:
            yield _pack(["incidents", name]), _pack(model.incidents.to_state())
        yield from self._references(model)
        if model.told.names.changed:
            model.told.names.changed = False
            yield _pack(["names", name]), _pack(model.told.names.catalog)
        for version in sorted(model.usual.changed):
            yield _pack(["attributions", name, version]), _pack(model.usual.to_state(version))
        model.usual.changed = set()
        if model.unexplained.changed:
            yield _pack(["unexplained", name]), _pack(model.unexplained.to_state())
        for version, size in sorted(model.final.changed):
            yield _pack(["final", name, version, size]), _pack(model.final.of((version, size)))
        model.final.changed = set()
        if model.deployments.changed:
            yield _pack(["deployments", name]), _pack(model.deployments.to_state())

    def _frames(self, model: ModelMonitor) -> Iterator[Record]:
        for key in sorted(model.windows.changed):
            packed = _pack(["frame", model.name, *key.series, key.size, key.start])
            frame = model.windows.frames.get(key)
            if frame is None:
                yield packed, None
            else:
                pending = key in model.windows.unpublished
                yield packed, _pack([frame.revision, pending, frame.sums.to_wire()])
        model.windows.changed = set()

    def _errors(self, model: ModelMonitor) -> Iterator[Record]:
        book = model.errors
        for key in sorted(book.changed):
            series = Series(key.version, key.field, key.value)
            first = book.panes.get(key.start, {}).get(series)
            packed = None if first is None else _pack(first.to_wire())
            yield _pack(["outcome", model.name, *key]), packed
        for series in sorted(book.changed_baseline):
            packed = _pack(book.baseline[series].to_wire())
            yield _pack(["baseline", model.name, *series]), packed
        book.changed, book.changed_baseline = set(), set()
        for correction in sorted(book.changed_corrections):
            change = book.corrections.get(correction)
            packed = None if change is None else _pack(change.to_wire())
            yield _pack(["correction", model.name, *correction]), packed
        for start in sorted(book.changed_revised):
            change = book.revised.get(start)
            packed = None if change is None else _pack(change.to_wire())
            yield _pack(["revised", model.name, start]), packed
        book.changed_corrections, book.changed_revised = set(), set()

    def _examples(self, model: ModelMonitor) -> Iterator[Record]:
        examples = model.examples
        for start in sorted(examples.changed_predictions):
            sample = examples.predictions.get(start)
            packed = None if sample is None else _pack(sample)
            yield _pack(["predictions", model.name, start]), packed
        for start in sorted(examples.changed_errors):
            errors = examples.errors.get(start)
            yield _pack(["errors", model.name, start]), None if errors is None else _pack(errors)
        examples.changed_predictions, examples.changed_errors = set(), set()

    def _references(self, model: ModelMonitor) -> Iterator[Record]:
        for version, adopted in sorted(model.references.items()):
            newest = adopted[-1].profile.id
            if self._written_references.get((model.name, version)) != newest:
                self._written_references[model.name, version] = newest
                yield _pack(["reference", model.name, version]), _pack(adopted)
                yield _pack(["learning", model.name, version]), None
                for hashed in sorted(self._sampled.pop((model.name, version), ())):
                    yield _pack(["sample", model.name, version, hashed]), None
        for version, learning in sorted(model.learning.items()):
            learned = _Learned(learning.start, learning.predictions)
            yield _pack(["learning", model.name, version]), _pack(learned)
            written = self._sampled.setdefault((model.name, version), set())
            # the sample is large beside what changed of it, so only that is looked at
            for hashed in sorted(learning.changed):
                row = learning.rows.get(hashed)
                if row is not None:
                    written.add(hashed)
                    yield _pack(["sample", model.name, version, hashed]), _pack(row)
                elif hashed in written:
                    written.remove(hashed)
                    yield _pack(["sample", model.name, version, hashed]), None
            learning.changed = set()

    # ---------------------------------------------------------------- reading

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one record, in the order of the log."""
        if value is None:
            self._pending.pop(key, None)
        else:
            self._pending[key] = value

    def restored(self) -> None:
        """All records are read: build the state from the newest of each key."""
        readers: dict[str, Callable[[list[Any], bytes], None]] = {
            "source": self._read_source,
            "model": self._read_model,
            "progress": self._read_progress,
            "ledger": self._read_ledger,
            "frame": self._read_frame,
            "outcome": self._read_outcome,
            "baseline": self._read_baseline,
            "correction": self._read_correction,
            "revised": self._read_revised,
            "predictions": self._read_predictions,
            "errors": self._read_errors,
            "stream": self._read_stream,
            "alert": self._read_alert,
            "incidents": self._read_incidents,
            "reference": self._read_reference,
            "learning": self._read_learning,
            "sample": self._read_sample,
            "deployments": self._read_deployments,
            "names": self._read_names,
            "attributions": self._read_attributions,
            "unexplained": self._read_unexplained,
            "final": self._read_final,
        }
        for key, value in self._pending.items():
            table, *rest = _unpack(key)
            readers[table](rest, value)
        self._pending = {}
        for name, newest in self._newest.items():
            model = self._models[name]
            model.windows.restored(newest, model.watermarks.marks.settled)

    def _read_source(self, key: list[Any], value: bytes) -> None:
        self._sources.restore(key[0], msgspec.msgpack.decode(value, type=Source))

    def _read_model(self, key: list[Any], value: bytes) -> None:
        state = msgspec.msgpack.decode(value, type=_Model)
        model = self._models[key[0]]
        model.watermarks.marks = state.marks
        model.closed_predictions = state.closed_predictions
        model.closed_labels = state.closed_labels
        model.labelled_until = state.labelled_until
        model.closed_settled = state.closed_settled
        model.errors.moved = state.moved
        model.windows.after_final = state.after_final
        model.active.update(state.active)
        model.kinds.restore(state.kinds)
        self._newest[key[0]] = state.newest

    def _read_progress(self, key: list[Any], value: bytes) -> None:
        progress = msgspec.msgpack.decode(value, type=Progress)
        self._models[key[0]].watermarks.restore(key[1], progress)

    def _read_ledger(self, key: list[Any], value: bytes) -> None:
        ledger = msgspec.msgpack.decode(value, type=ModelLedger)
        self._models[key[0]].ledgers[key[1]] = ledger

    def _read_frame(self, key: list[Any], value: bytes) -> None:
        name, version, field, segment, size, start = key
        revision, pending, wire = _unpack(value)
        windows = self._models[name].windows
        frame_key = FrameKey(Series(version, field, segment), size, start)
        windows.restore(frame_key, Frame(SlotSums.from_wire(wire), revision))
        if pending:
            windows.unpublished.add(frame_key)

    def _read_outcome(self, key: list[Any], value: bytes) -> None:
        outcome = OutcomeKey(*key[1:])
        book = self._models[key[0]].errors
        series = Series(outcome.version, outcome.field, outcome.value)
        first = FirstLabels.from_wire(_unpack(value))
        book.panes.setdefault(outcome.start, {})[series] = first

    def _read_baseline(self, key: list[Any], value: bytes) -> None:
        first = FirstLabels.from_wire(_unpack(value))
        self._models[key[0]].errors.baseline[Series(*key[1:])] = first

    def _read_correction(self, key: list[Any], value: bytes) -> None:
        change = ErrorCounts.from_wire(_unpack(value))
        self._models[key[0]].errors.corrections[key[1], key[2]] = change

    def _read_revised(self, key: list[Any], value: bytes) -> None:
        self._models[key[0]].errors.revised[key[1]] = ErrorCounts.from_wire(_unpack(value))

    def _read_predictions(self, key: list[Any], value: bytes) -> None:
        sample = msgspec.msgpack.decode(value, type=list[SampledPrediction])
        self._models[key[0]].examples.predictions[key[1]] = sample

    def _read_errors(self, key: list[Any], value: bytes) -> None:
        sample = msgspec.msgpack.decode(value, type=list[ErrorSample])
        self._models[key[0]].examples.errors[key[1]] = sample

    def _read_stream(self, key: list[Any], value: bytes) -> None:
        name, subject, *about = key
        stream = StreamKey(Subject(subject), *about)
        self._models[name].streams.restore(stream, _unpack(value))

    def _read_alert(self, key: list[Any], value: bytes) -> None:
        life = Life.from_state(msgspec.msgpack.decode(value, type=LifeState))
        self._models[key[0]].alerts.lives[key[1]] = life

    def _read_incidents(self, key: list[Any], value: bytes) -> None:
        self._models[key[0]].incidents.restore(value)

    def _read_reference(self, key: list[Any], value: bytes) -> None:
        adopted = msgspec.msgpack.decode(value, type=list[Adopted])
        self._models[key[0]].references[key[1]] = adopted
        self._written_references[key[0], key[1]] = adopted[-1].profile.id

    def _read_deployments(self, key: list[Any], value: bytes) -> None:
        self._models[key[0]].deployments.restore(_unpack(value))

    def _read_names(self, key: list[Any], value: bytes) -> None:
        self._models[key[0]].told.restore(msgspec.msgpack.decode(value, type=ModelCatalog))

    def _read_attributions(self, key: list[Any], value: bytes) -> None:
        self._models[key[0]].usual.restore(key[1], _unpack(value))

    def _read_unexplained(self, key: list[Any], value: bytes) -> None:
        self._models[key[0]].unexplained.restore(_unpack(value))

    def _read_final(self, key: list[Any], value: bytes) -> None:
        self._models[key[0]].final.restore(msgspec.msgpack.decode(value, type=FinalWindow))

    def _read_learning(self, key: list[Any], value: bytes) -> None:
        learned = msgspec.msgpack.decode(value, type=_Learned)
        learning = self._models[key[0]].learning.setdefault(key[1], Learning())
        learning.start, learning.predictions = learned.start, learned.predictions

    def _read_sample(self, key: list[Any], value: bytes) -> None:
        row = msgspec.msgpack.decode(value, type=SampleRow)
        learning = self._models[key[0]].learning.setdefault(key[1], Learning())
        learning.rows[row.hash] = row
        self._sampled.setdefault((key[0], key[1]), set()).add(row.hash)
