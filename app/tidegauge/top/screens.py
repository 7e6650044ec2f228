"""The screens: models; a version or segment; an alert; the keys."""

from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from tidegauge.core.config import ModelKind
from tidegauge.core.records import MetricRecord
from tidegauge.live.alerts import alerts_listing, causes_listing
from tidegauge.live.board import Scope
from tidegauge.live.compare import compare, trouble_since
from tidegauge.live.listing import Arrangement, Listing
from tidegauge.live.models import ModelView, model_view, models_listing
from tidegauge.live.scope import (
    attributions_listing,
    classes_listing,
    features_listing,
    scope_of,
    segments_listing,
    versions_listing,
    windows_listing,
)
from tidegauge.live.state import State
from tidegauge.live.trouble import reason
from tidegauge.top.screen import ListScreen
from tidegauge.top.summary import (
    alert_lines,
    model_lines,
    quality_lines,
    scope_title,
    traffic_lines,
)
from tidegauge.wire.plain import plain

_HIGH: Final = 30
"""From so many lines on, there is room for more alerts."""


class ModelsScreen(ListScreen):
    """The models, the ones in trouble first, and why the chosen one is.

    Args:
        state: What is shown.
        welcome: What is said to a person who has no model yet.
    """

    def __init__(self, state: State, welcome: str) -> None:
        super().__init__(state)
        self._welcome = welcome

    def show(self) -> None:
        """See `ListScreen.show`."""
        state = self.state
        self.table.present(models_listing(state.board, state.size_ms, state.clock()))
        self.explain()
        super().show()

    def opened(self, key: str) -> None:
        """Go down to a model."""
        view = model_view(self.state.board, key, self.state.size_ms)
        if view is not None:
            self.app.push_screen(ScopeScreen(self.state, key, view.scope))

    def explain(self) -> None:
        """Say what is wrong with the chosen model, since when and why."""
        view = self._chosen()
        if view is None:
            self.tell("#why", [])
            return
        alerts = 4 if self.size.height >= _HIGH else 2
        title = Text(scope_title(view.board.name, view.scope), style="bold")
        self.tell("#why", [title, *model_lines(view, alerts)])

    def _chosen(self) -> ModelView | None:
        name = self.table.chosen
        return model_view(self.state.board, name, self.state.size_ms) if name else None

    def _empty(self) -> str:
        if not self.state.connected:
            return "waiting for the cluster"
        if self.state.loading:
            return "reading"
        return self._welcome


_TABS: Final = (
    *("alerts", "segments", "features", "windows", "versions"),
    *("attributions", "classes"),
)
_SEGMENT_TABS: Final = ("windows", "features", "classes")


class ScopeScreen(ListScreen):
    """A version of a model, or a segment of it, from several sides.

    Args:
        state: What is shown.
        model: The model's name.
        scope: The version or segment.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("shift+tab", "turn(-1)", show=False, priority=True),
        Binding("tab", "turn(1)", "next", key_display="tab", priority=True),
        *(Binding(str(n), f"tab({n - 1})", show=False) for n in range(1, len(_TABS) + 1)),
    ]

    def __init__(self, state: State, model: str, scope: Scope) -> None:
        super().__init__(state)
        self._model = model
        self._scope = scope
        self._tab = self._tabs[0]
        self._arrangements: dict[str, Arrangement] = {}

    def show(self) -> None:
        """See `ListScreen.show`."""
        state = self.state
        comparison = compare(self._windows(), trouble_since(state.board.firing(self._model)))
        title = Text(scope_title(self._model, self._scope), style="bold")
        lines = [*quality_lines(comparison), *traffic_lines(comparison)]
        self.tell("#about", [title, *lines])
        self.tell("#tabs", [self._bar()])
        self.table.present(self._listing())
        super().show()

    @property
    def _tabs(self) -> tuple[str, ...]:
        """The sides to look from; only some models have attributions, or classes."""
        tabs = _TABS if self._scope.whole else _SEGMENT_TABS
        windows = self._windows()
        newest = compare(windows, None).newest
        absent = set()
        if not any(w.kind is ModelKind.MULTICLASS for w in windows[-1:]):
            absent.add("classes")
        if newest is None or newest.attributions is None:
            absent.add("attributions")
        return tuple(tab for tab in tabs if tab not in absent)

    def opened(self, key: str) -> None:
        """Go down to an alert, a segment or a version."""
        if self._tab == "alerts":
            self.app.push_screen(AlertScreen(self.state, key))
        elif self._tab in {"segments", "versions"} and scope_of(key) != self._scope:
            self.app.push_screen(ScopeScreen(self.state, self._model, scope_of(key)))

    def action_turn(self, step: int) -> None:
        """Look from the next side."""
        tabs = self._tabs
        place = tabs.index(self._tab) if self._tab in tabs else 0
        self._turn_to((place + step) % len(tabs))

    def action_tab(self, number: int) -> None:
        """Look from the side of that number."""
        if number < len(self._tabs):
            self._turn_to(number)

    def _turn_to(self, number: int) -> None:
        self.clear_filter()
        self._arrangements[self._tab] = self.table.arrangement
        self._tab = self._tabs[number]
        wish = self._arrangements.get(self._tab, Arrangement())
        self.table.present(self._listing(), arrangement=wish)
        self.show()
        self.table.move_cursor(row=0)

    def _windows(self) -> list[MetricRecord]:
        model = self.state.board.models.get(self._model)
        return model.windows(self._scope, self.state.size_ms) if model is not None else []

    def _listing(self) -> Listing:
        state, scope = self.state, self._scope
        firing = state.board.firing(self._model)
        model = state.board.models.get(self._model)
        if self._tab == "alerts" or model is None:
            return alerts_listing(state.board.alerts(self._model))
        windows = self._windows()
        match self._tab:
            case "classes":
                return classes_listing(compare(windows, None).judged)
            case "segments":
                return segments_listing(model, scope.version, state.size_ms, firing)
            case "features" | "attributions" as tab:
                listing = features_listing if tab == "features" else attributions_listing
                return listing(compare(windows, None).newest)
            case "windows":
                return windows_listing(
                    windows, state.board.alerts(self._model), model.deployments()
                )
            case _:
                return versions_listing(model, scope.version, state.size_ms, firing)

    def _bar(self) -> Text:
        bar = Text()
        for number, name in enumerate(self._tabs, start=1):
            style = "bold reverse" if name == self._tab else ""
            bar.append(f" {number} {name} ", style)
            bar.append(" ")
        return bar


class AlertScreen(ListScreen):
    """One alert: what, since when, on what evidence, and its causes.

    Args:
        state: What is shown.
        fingerprint: The alert.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "back")]

    def __init__(self, state: State, fingerprint: str) -> None:
        super().__init__(state)
        self._fingerprint = fingerprint

    def on_mount(self) -> None:
        """Sentences are wrapped here, and there is nothing below."""
        super().on_mount()
        self.table.openable = False
        self.query_one("#about").add_class("wrapped")

    def show(self) -> None:
        """See `ListScreen.show`."""
        alert = self.state.board.alert(self._fingerprint)
        if alert is not None:
            self.tell("#about", alert_lines(alert))
            self.table.present(causes_listing(alert))
        super().show()
        self.explain()

    def explain(self) -> None:
        """Say the chosen cause as a sentence, unless the alert says it already."""
        alert = self.state.board.alert(self._fingerprint)
        chosen = self.table.chosen
        if alert is not None and chosen is not None and int(chosen) < len(alert.causes):
            told = reason(alert.causes[int(chosen)])
            known = told in alert.annotations.get("summary", "")
            self.tell("#why", [] if known else [Text(plain(told))])


_HELP: Final = """\
Keys
  ↑ ↓ j k  choose a row               enter  open it
  esc      back; all rows again       /      only rows with these words
  s  S     sort by the next column; the other way (or click a head)
  w  W     larger windows; smaller ones
  tab 1-7  alerts, segments, features, windows, versions, attributions,
           classes
  ?  q     these keys; quit
Figures
  quality  of the newest closed window that has at least half its labels
  change   against the median of up to 24 windows before (new: none);
           while an alert fires, of those before the first alert began
  paired   one version less another, on requests that both answered;
           in colour where the 95 % interval leaves out zero
  labels   share of the predictions whose label has come
  drift    population stability index against the reference, of what is
           farthest from it; 0.25 and more is marked with !
  lag      events that were published and no worker has read yet
  read     how long ago Kafka took the newest figures of the model
Times are event time, UTC. A window is open until the watermark passes,
provisional while labels may still come, then final.
"""


class HelpScreen(ModalScreen[None]):
    """What the keys do and what the figures mean."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,enter,space", "dismiss", "back", show=False)
    ]

    def compose(self) -> ComposeResult:
        """One text."""
        text = Text(_HELP)
        text.highlight_regex(r"(?m)^[A-Z]\w+$", "bold")
        yield Static(text, id="help")
