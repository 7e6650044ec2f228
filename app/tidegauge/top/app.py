"""The program of the live view: starts the source, passes on what it says, ends cleanly."""

import asyncio
import signal
import time
from datetime import timedelta
from typing import ClassVar, Final

from textual.app import App
from textual.binding import Binding, BindingType

from tidegauge.live.reader import Reader
from tidegauge.live.source import Source
from tidegauge.live.state import State
from tidegauge.settings.kafka import KafkaSettings, TopicNames
from tidegauge.top.screen import ListScreen
from tidegauge.top.screens import HelpScreen, ModelsScreen
from tidegauge.top.theme import CSS as THE_CSS
from tidegauge.top.theme import TERMINAL

_LOOK_SECONDS: Final = 0.5
_WELCOME: Final = """\
No model has published yet.

Send predictions as JSON to the topic {predictions}, and later the truth to
{feedback}; nothing is registered first. To try it:

  tidegauge schema prediction           what an event looks like
  tidegauge publish predictions FILE    send JSON lines
  tidegauge worker                      reads them; then figures appear here
  tidegauge demo                        a whole example, with real flights
"""


def run(kafka: KafkaSettings, size_ms: int, since: timedelta | None) -> int:
    """Show the live view until it is ended.

    Args:
        kafka: The cluster.
        size_ms: The size of the windows to begin with.
        since: How far back to read, by the time of writing; None: as far as is kept, within the
            limit of `tidegauge.live.past`.

    Returns:
        The exit code.
    """
    app = TopApp(Reader(kafka, since), State(kafka.bootstrap, now_ms, size_ms), kafka.topic_names)
    app.run()
    return app.return_code or 0


def now_ms() -> int:
    """The time of day in ms."""
    return time.time_ns() // 1_000_000


class TopApp(App[None]):
    """The live view.

    Args:
        source: Where records come from.
        state: What is shown.
        topics: The full names of the topics, for a person who has no model yet.
    """

    TITLE = "tidegauge top"
    CSS = THE_CSS
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("q", "quit", "quit"),
        Binding("ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(self, source: Source, state: State, topics: TopicNames) -> None:
        super().__init__()
        self._source = source
        self._state = state
        welcome = _WELCOME.format(predictions=topics.predictions, feedback=topics.feedback)
        self._first = ModelsScreen(state, welcome)

    def on_mount(self) -> None:
        """Begin."""
        self.register_theme(TERMINAL)
        self.theme = TERMINAL.name
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.exit)
        self.push_screen(self._first)
        self._source.start()
        self.set_interval(_LOOK_SECONDS, self.look)

    def on_unmount(self) -> None:
        """End."""
        self._source.stop()

    def look(self) -> None:
        """Take what has come, and show it: also how long ago it came, so each time."""
        self._state.take(self._source.take())
        for screen in reversed(self.screen_stack):
            if isinstance(screen, ListScreen):
                screen.renew()
                break

    def action_help(self) -> None:
        """Explain the keys and figures."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())
