"""All settings as one checked value, and what the core is told by them."""

from dataclasses import fields
from datetime import timedelta
from typing import Annotated, Any, Self, TypeVar

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tidegauge.core.config import (
    CoreConfig,
    Costs,
    DetectionConfig,
    Limits,
    ModelConfig,
    ModelKind,
    PaneLevel,
    ReferenceConfig,
    Targets,
)
from tidegauge.settings.console import ConsoleSettings
from tidegauge.settings.duration import milliseconds
from tidegauge.settings.fit import first_misfit
from tidegauge.settings.kafka import KafkaSettings, TopicsSettings
from tidegauge.settings.notify import NotifySettings
from tidegauge.settings.process import HttpSettings, WorkerSettings
from tidegauge.settings.rules import (
    CostSettings,
    DetectionSettings,
    JoinSettings,
    Kind,
    LimitSettings,
    ModelJoin,
    ModelOverrides,
    ModelTime,
    PositiveClass,
    ReferenceSettings,
    SegmentSettings,
    TargetSettings,
    TimeSettings,
    WindowSettings,
)
from tidegauge.settings.section import Section, contradiction

SectionT = TypeVar("SectionT", bound=Section)


class Settings(BaseSettings):
    """Everything that can be set.

    ``Settings(...)`` itself reads neither environment nor file; `tidegauge.settings.load` does.
    """

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    kafka: KafkaSettings = KafkaSettings()
    """The Kafka cluster and how to reach it."""
    topics: TopicsSettings = TopicsSettings()
    """What the topics look like when they are created."""
    time: TimeSettings = TimeSettings()
    """Event time and its disorder."""
    join: JoinSettings = JoinSettings()
    """How predictions and feedback are joined, and for how long."""
    windows: WindowSettings = WindowSettings()
    """Panes and windows."""
    reference: ReferenceSettings = ReferenceSettings()
    """Reference profiles."""
    detection: DetectionSettings = DetectionSettings()
    """Change detectors and alerts."""
    costs: CostSettings = CostSettings()
    """What wrong and right decisions of binary models cost."""
    targets: TargetSettings = TargetSettings()
    """What the quality of models is held to."""
    segments: SegmentSettings = SegmentSettings()
    """Slices of the traffic."""
    limits: LimitSettings = LimitSettings()
    """Bounds of memory and of exported series."""
    worker: WorkerSettings = WorkerSettings()
    """Commits and group membership of a worker."""
    http: HttpSettings = HttpSettings()
    """Metrics and health over HTTP."""
    console: ConsoleSettings = ConsoleSettings()
    """The page for a browser."""
    notify: NotifySettings = NotifySettings()
    """Who is told of alerts."""
    kind: Kind | None = None
    """What models answer: `binary` (one of two classes), `multiclass` or `regression` (a number);
    unset: told by the answers of each model, for which a whole number is a class and one with a
    fraction is not. It decides which figures are shown and what is watched, never what is counted,
    so it can be changed at any time."""
    positive_class: PositiveClass | None = None
    """The class counted as positive; unset: `1`, `true`, `yes` or `positive`."""
    models: Annotated[dict[str, ModelOverrides], Field(max_length=1000)] = {}
    """Overrides for single models, by the model's name."""

    @classmethod
    def settings_customise_sources(  # type: ignore[override]  # all come by keyword
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        **_others: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what is given, so that two equal calls give equal settings anywhere."""
        return (init_settings,)

    @model_validator(mode="after")
    def _all_fits(self) -> Self:
        misfit = first_misfit(
            self.core(), self.limits.segment_fields, milliseconds(self.topics.retention)
        )
        if misfit is not None:
            raise contradiction(misfit)
        return self

    @property
    def longest_horizon_ms(self) -> int:
        """How long after its event time a record of any model can still matter."""
        core = self.core()
        return max(model.retention_ms for model in (core.default, *core.overrides.values()))

    def core(self) -> CoreConfig:
        """What the collect and monitor stages are told."""
        limits = {bound.name: getattr(self.limits, bound.name) for bound in fields(Limits)}
        return CoreConfig(
            panes=tuple(
                PaneLevel(milliseconds(pane.width), milliseconds(pane.span))
                for pane in self.windows.panes
            ),
            windows_ms=tuple(milliseconds(size) for size in self.windows.sizes),
            segment_fields=self.segments.fields,
            publication_skew_ms=milliseconds(self.time.publication_skew),
            idle_ms=milliseconds(self.time.idle),
            alert_resend_ms=milliseconds(self.topics.output_retention) // 4,
            limits=Limits(**limits),
            default=self._model(ModelOverrides()),
            overrides={name: self._model(model) for name, model in self.models.items()},
        )

    def _model(self, overrides: ModelOverrides) -> ModelConfig:
        kind = overrides.kind or self.kind
        positive = overrides.positive_class or self.positive_class
        if kind == "multiclass":
            positive = None  # else all others were one class, the negative one
        time = _merged(self.time, overrides.time, ModelTime)
        join = _merged(self.join, overrides.join, ModelJoin)
        reference = _merged(self.reference, overrides.reference, ReferenceSettings)
        detection = _merged(self.detection, overrides.detection, DetectionSettings)
        costs = _merged(self.costs, overrides.costs, CostSettings)
        targets = _merged(self.targets, overrides.targets, TargetSettings)
        return ModelConfig(
            **_core_values(time),
            **_core_values(join),
            kind=None if kind is None else ModelKind(kind),
            positive_class=positive,
            reference=ReferenceConfig(**_core_values(reference)),
            detection=DetectionConfig(**_core_values(detection)),
            costs=Costs(**_core_values(costs)),
            targets=Targets(**_core_values(targets)),
        )


def _merged(common: Section, own: Section | None, kind: type[SectionT]) -> SectionT:
    """The fields of ``kind``, from ``own`` where they were given there, else from ``common``."""
    changes = {name: getattr(own, name) for name in own.model_fields_set} if own else {}
    values = {name: getattr(common, name) for name in kind.model_fields}
    return kind(**(values | changes))


def _core_values(section: Section) -> dict[str, Any]:
    """Field values as the core names them: durations become milliseconds, with ``_ms``."""
    values: dict[str, Any] = {}
    for name, value in section:
        if isinstance(value, timedelta):
            values[f"{name}_ms"] = milliseconds(value)
        else:
            values[name] = value
    return values
