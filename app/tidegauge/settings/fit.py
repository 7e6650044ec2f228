"""Do the rules fit each other? What does not is named by its settings, before anything starts."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from tidegauge.core.config import CoreConfig, ModelConfig, PaneLevel
from tidegauge.settings.duration import text


def first_misfit(config: CoreConfig, max_segment_fields: int, retention_ms: int) -> str | None:
    """Say which settings contradict each other.

    Args:
        config: what the core would be told.
        max_segment_fields: `limits.segment_fields`.
        retention_ms: how long the input topics keep their records.

    Returns:
        One sentence that names the settings, or None if all fit.
    """
    return next(_misfits(config, max_segment_fields, retention_ms), None)


def _misfits(config: CoreConfig, max_segment_fields: int, retention_ms: int) -> Iterator[str]:
    yield from _panes(config.panes)
    yield from _windows(config)
    if config.segment_fields is not None and len(config.segment_fields) > max_segment_fields:
        yield (
            f"segments.fields names {len(config.segment_fields)} fields; "
            f"allowed: at most {max_segment_fields}, limits.segment_fields"
        )
    span = config.panes[-1].span_ms
    yield from _model("", config.default, span, retention_ms)
    for name, model in config.overrides.items():
        yield from _model(f"models.{name}.", model, span, retention_ms)


def _panes(levels: tuple[PaneLevel, ...]) -> Iterator[str]:
    for finer, coarser in pairwise(levels):
        if coarser.width_ms <= finer.width_ms or coarser.width_ms % finer.width_ms:
            yield (
                f"windows.panes: a pane of {_text(coarser.width_ms)} is not a multiple of "
                f"the finer one of {_text(finer.width_ms)}"
            )
        if coarser.span_ms <= finer.span_ms:
            yield (
                f"windows.panes: the level of {_text(coarser.width_ms)} spans "
                f"{_text(coarser.span_ms)}, which must be longer than the "
                f"{_text(finer.span_ms)} of the level before"
            )
    for level in levels:
        if level.span_ms < level.width_ms:
            yield (
                f"windows.panes: the level of {_text(level.width_ms)} spans only "
                f"{_text(level.span_ms)}, less than one pane"
            )


def _windows(config: CoreConfig) -> Iterator[str]:
    base = config.panes[0].width_ms
    for size in config.windows_ms:
        if size % base:
            yield (
                f"windows.sizes: {_text(size)} is not a multiple of the first pane's width, "
                f"{_text(base)}"
            )
        if config.windows_ms.count(size) > 1:
            yield f"windows.sizes: {_text(size)} is listed twice"


def _model(prefix: str, model: ModelConfig, span_ms: int, retention_ms: int) -> Iterator[str]:
    if model.lateness_ms < model.out_of_orderness_ms:
        yield (
            f"{prefix}time.lateness is {_text(model.lateness_ms)}; allowed: at least "
            f"{_text(model.out_of_orderness_ms)}, {prefix}time.out_of_orderness"
        )
    for name in ("label_horizon", "correction_horizon", "orphan_horizon"):
        value = getattr(model, f"{name}_ms")
        if value > span_ms:
            yield (
                f"{prefix}join.{name} is {_text(value)}; allowed: at most {_text(span_ms)}, "
                "the span of the last level of windows.panes"
            )
    costs = model.costs
    for wrong, right in (("positive", "negative"), ("negative", "positive")):
        most, least = getattr(costs, f"false_{wrong}"), getattr(costs, f"true_{right}")
        if most <= least:
            yield (
                f"{prefix}costs.false_{wrong} is {most:g}; allowed: more than {least:g}, "
                f"{prefix}costs.true_{right}, or the wrong answer would be the better one"
            )
    if model.retention_ms > retention_ms:
        yield (
            f"topics.retention is {_text(retention_ms)}; allowed: at least "
            f"{_text(model.retention_ms)}, which {prefix}join.label_horizon, "
            f"{prefix}join.correction_horizon and {prefix}time.lateness need"
        )


def _text(milliseconds: int) -> str:
    return text(timedelta(milliseconds=milliseconds))
