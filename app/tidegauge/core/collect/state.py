"""What collect keeps of each model: stream time, catalog, ledger and adopted references."""

import msgspec

from tidegauge.core.adoption import Adopted, References
from tidegauge.core.catalog import ModelCatalog, ModelNames
from tidegauge.core.collect.deployments import Sightings
from tidegauge.core.config import CoreConfig, ModelConfig
from tidegauge.core.events import Prediction
from tidegauge.core.ledger import UNKNOWN_MODEL, Ledgers, ModelLedger
from tidegauge.core.panes import pane_start
from tidegauge.core.stats.classes import OTHER
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.streamtime import NEVER, StreamClock

CLOCKS, CATALOG, REFERENCES = b"m", b"c", b"p"
"""First byte of the changelog keys of the three tables; the names follow as a msgpack list."""

_RESERVED = frozenset({OTHER, UNKNOWN_MODEL})


class _Clocks(msgspec.Struct, array_like=True):
    prediction_time: int
    prediction_append: int
    feedback_time: int
    feedback_append: int
    begun: int
    ledger: ModelLedger
    terms: tuple[int, int, int, int]


_decode_clocks = msgspec.msgpack.Decoder(_Clocks).decode
_decode_catalog = msgspec.msgpack.Decoder(ModelCatalog).decode
_decode_adopted = msgspec.msgpack.Decoder(list[Adopted]).decode
_decode_names = msgspec.msgpack.Decoder(list[str]).decode
_encode = msgspec.msgpack.Encoder().encode


class ModelState:
    """One model in one source partition."""

    def __init__(self, name: str, config: CoreConfig, catalog: ModelCatalog) -> None:
        self.name = name
        self.rules = config.model(name)
        self.accounted = self.rules
        """The rules under which the restored ledger was kept."""
        self.names = ModelNames(catalog, config.limits, config.segment_fields)
        grain = config.panes[0].width_ms // 2
        self.predictions = StreamClock(grain_ms=grain)
        self.feedback = StreamClock(grain_ms=grain)
        self.newest_prediction = NEVER
        self.newest_feedback = NEVER
        self.begun = NEVER
        """The largest event time that was counted here, wherever it was read, ms."""
        self.references = References()
        self.sightings = Sightings(config.limits.deployments)

    def version_of(self, event: Prediction) -> str:
        """The version of a prediction counted here; that of a model over the limit has its name."""
        own = self.name == event.model
        return event.version if own else f"{event.model}/{event.version}"

    def reference_at(self, version: str, start: int) -> str:
        """The id of the reference for a pane of ``version`` that starts at ``start``, or empty."""
        profile = self.references.at(version, start)
        return "" if profile is None else profile.id


class CollectState:
    """All models of one source partition."""

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        self.ledgers = Ledgers()
        self.models: dict[str, ModelState] = {}
        self.profiles: dict[str, ReferenceProfile] = {}
        self.touched: set[str] = set()
        self._adopted: set[tuple[str, str]] = set()

    def model(self, name: str, events: int = 1) -> ModelState:
        """The model called ``name``, or ``__other__`` for so many events over the limit."""
        state = self.models.get(name)
        if state is None and name not in _RESERVED and self._full():
            state = self.model(OTHER)
            state.names.count("models", events)
        if state is None:
            state = self.models[name] = ModelState(name, self._config, ModelCatalog())
        return state

    def _full(self) -> bool:
        return len(self.models.keys() - _RESERVED) >= self._config.limits.models

    def adopt(self, profile: ReferenceProfile) -> bool:
        """Use ``profile`` from its stated pane on, or from the first one not begun, if later.

        Returns whether it is used.
        """
        model = self.model(profile.model)
        width = self._config.panes[0].width_ms
        begun = max(model.newest_prediction, model.begun)
        earliest = pane_start(begun, width) + width if begun > NEVER else NEVER
        before = model.references.get(profile.version, [])
        if not model.references.adopt(profile, earliest):
            return False
        for old in before:
            del self.profiles[old.profile.id]
        for kept in model.references[profile.version]:
            self.profiles[kept.profile.id] = kept.profile
        self._adopted.add((model.name, profile.version))
        return True

    def restore(self, key: bytes, value: bytes) -> None:
        """Take one changelog record of these tables, which come in any order."""
        name, *rest = _decode_names(key[1:])
        model = self.models.get(name)
        if model is None:
            # whatever the limit: it was kept when this was written
            model = self.models[name] = ModelState(name, self._config, ModelCatalog())
        if key[:1] == CATALOG:
            catalog = _decode_catalog(value)
            model.names = ModelNames(catalog, self._config.limits, self._config.segment_fields)
            model.names.changed = False
        elif key[:1] == CLOCKS:
            clocks = _decode_clocks(value)
            model.newest_prediction, model.newest_feedback = (
                clocks.prediction_time,
                clocks.feedback_time,
            )
            grain = self._config.panes[0].width_ms // 2
            model.predictions = StreamClock(
                clocks.prediction_time, clocks.prediction_append, grain_ms=grain
            )
            model.feedback = StreamClock(
                clocks.feedback_time, clocks.feedback_append, grain_ms=grain
            )
            model.begun = clocks.begun
            self.ledgers.by_model[name] = clocks.ledger
            model.accounted = model.rules.under(clocks.terms)
        else:
            model.references[rest[0]] = _decode_adopted(value)
            for adopted in model.references[rest[0]]:
                self.profiles[adopted.profile.id] = adopted.profile

    def changed_terms(self) -> dict[str, ModelConfig]:
        """The rules before, of the models whose horizons differ from those of the stored state."""
        return {
            name: model.accounted
            for name, model in self.models.items()
            if model.accounted.terms != model.rules.terms
        }

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """The changelog records of what changed since the last call."""
        records: list[tuple[bytes, bytes | None]] = []
        for name in sorted(self.touched | self.ledgers.changed):
            model = self.model(name)
            ledger = self.ledgers.by_model.setdefault(name, ModelLedger())
            clocks = _Clocks(
                model.newest_prediction,
                model.predictions.last_append,
                model.newest_feedback,
                model.feedback.last_append,
                model.begun,
                ledger,
                model.rules.terms,
            )
            records.append((CLOCKS + _encode([name]), _encode(clocks)))
            if model.names.changed:
                records.append((CATALOG + _encode([name]), _encode(model.names.catalog)))
                model.names.changed = False
        for name, version in sorted(self._adopted):
            key = REFERENCES + _encode([name, version])
            records.append((key, _encode(self.models[name].references[version])))
        self.touched, self.ledgers.changed, self._adopted = set(), set(), set()
        return records
