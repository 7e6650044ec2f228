"""``tidegauge explain``: the command."""

import json
import time
from typing import Annotated

import typer
from rich.text import Text

from tidegauge.cli import console
from tidegauge.cli.cluster import require_topic
from tidegauge.cli.exits import CommandError
from tidegauge.cli.explain.told import answer_lines, answer_object
from tidegauge.cli.options import AsJson, moment
from tidegauge.cli.session import session_of
from tidegauge.lookup.logs import Searched
from tidegauge.lookup.request import UnknownRequest, look_up
from tidegauge.wire.public import rfc3339

HELP = """Print all that is known of one request.

That is the prediction and its labels as they were published, how unusual each feature is against \
the reference, how often predictions like it were wrong while the error detectors learned what is \
normal, what moved the answer beside what usually does, and the alerts that were open at its time.

Where the records lie is looked up in the state of the workers, which keeps a request as long as \
labels may come for it. An older one, or one that no worker has read yet, is searched in the \
topics, from the newest record on. Where these are huge, say by --at when it was published: then \
an hour around that time is searched for the prediction.

\b
Examples:
  tidegauge explain 2013-01-03-B6-104-JFK
  tidegauge explain 2013-01-03-B6-104-JFK --at 2026-02-01T12:00:00Z
  tidegauge explain 2013-01-03-B6-104-JFK --json | jq .features
"""


_PATIENCE_SECONDS = 3.0
"""After which it is told how far a search has come, and again."""


class Telling:
    """Says how far a long search has come."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, searched: Searched) -> None:
        """A search has come so far."""
        now = time.monotonic()
        if now - self._last >= _PATIENCE_SECONDS:
            self._last = now
            console.note(
                f"searched {searched.share:.0%} of {searched.topic}[{searched.partition}], "
                f"back to {rfc3339(searched.back_to_ms)}"
            )


def explain(
    context: typer.Context,
    request_id: Annotated[str, typer.Argument(help="The request id.")],
    *,
    at: Annotated[
        int | None,
        moment("--at", "Search the topics near this time only."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain one request."""
    session = session_of(context)
    require_topic(session.connection, session.settings.kafka.topic_names.collect_state)
    try:
        story = look_up(session.settings, request_id, at, Telling())
    except UnknownRequest as problem:
        raise CommandError(str(problem)) from None
    for gone in story.gone:
        console.note(f"{gone} is gone: the topic's retention has passed; the rest is shown")
    if not story.answers:
        for label in story.labels:
            console.output().print(f"label {label.label} at {label.timestamp.isoformat()}")
        raise CommandError(f"the prediction of request {request_id!r} can't be read any more")
    for number, answer in enumerate(story.answers):
        if as_json:
            console.output().print(json.dumps(answer_object(answer), ensure_ascii=False))
        else:
            console.output().print(
                Text("\n" * bool(number)) + Text("\n").join(answer_lines(answer))
            )
