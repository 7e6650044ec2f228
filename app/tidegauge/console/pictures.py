"""The pages as they are now, drawn once for all browsers that look at the same."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from tidegauge.console.address import Address
from tidegauge.console.lookups import Lookups
from tidegauge.console.nodes import encode
from tidegauge.console.pages.alerts import alert, alerts
from tidegauge.console.pages.ledgers import ledgers
from tidegauge.console.pages.model import model
from tidegauge.console.pages.overview import overview
from tidegauge.console.pages.refused import dead_letters
from tidegauge.console.pages.request import request
from tidegauge.console.shell import Block, help_block, shell
from tidegauge.live.source import Message
from tidegauge.live.state import State
from tidegauge.settings import Settings

KEPT_PAGES: Final = 64
"""Drawn pages that are kept until something changes."""
_RENEWED_MS: Final = 5_000
"""How long ago something was is told anew this often, also where nothing comes."""
_LOADING_MS: Final = 2_000
"""While the past is read, all changes all the time: pages are drawn anew this often at most."""

Page: TypeAlias = Callable[[Address], list[Block]]


class Pictures:
    """Draws pages and remembers them until something has changed.

    Args:
        state: What is known.
        settings: The names of the topics.
        lookups: Where requests are looked up.
    """

    def __init__(self, state: State, settings: Settings, lookups: Lookups) -> None:
        self._state = state
        self._lookups = lookups
        topics, retention = settings.kafka.topic_names, settings.topics.retention
        self._pages: Mapping[str, Page] = {
            "": lambda address: overview(state, address, topics),
            "model": lambda address: model(state, address),
            "alerts": lambda address: alerts(state, address),
            "alert": lambda address: alert(state, address),
            "dead-letters": lambda address: dead_letters(state, address, retention),
            "ledgers": lambda address: ledgers(state, address),
            "request": lambda address: request(address, lookups),
        }
        self._drawn: OrderedDict[Address, dict[str, str]] = OrderedDict()
        self._changed = False
        self._drawn_ms = 0

    def take(self, messages: Iterable[Message]) -> None:
        """Take what the source says; what was drawn before is drawn anew when it is asked for."""
        news = self._state.take(messages)
        self._changed |= self._lookups.news() or news
        pause_ms = _LOADING_MS if self._state.loading and self._state.connected else 0
        since_ms = self._state.clock() - self._drawn_ms
        if (self._changed and since_ms >= pause_ms) or since_ms >= _RENEWED_MS:
            self.forget()

    def close(self) -> None:
        """End what looks for requests."""
        self._lookups.close()

    def forget(self) -> None:
        """Draw all pages anew when they are asked for."""
        self._drawn.clear()
        self._changed = False
        self._drawn_ms = self._state.clock()

    def blocks(self, address: Address) -> dict[str, str]:
        """The blocks of a page as JSON, by their keys, in order; the same object if unchanged."""
        known = self._drawn.get(address)
        if known is None:
            draw = self._pages.get(address.page, self._pages[""])
            found = [*shell(self._state, address), *draw(address), help_block()]
            known = {block.key: encode(block.node).decode() for block in found}
            self._drawn[address] = known
            if len(self._drawn) > KEPT_PAGES:
                self._drawn.popitem(last=False)
        return known
