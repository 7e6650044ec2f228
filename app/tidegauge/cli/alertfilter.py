"""Which alert events a command prints."""

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple, Self

import typer

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Severity

_MATCHER = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(=~|!~|!=|=)(.*)", re.DOTALL)
_SEVERITIES = list(Severity)
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "=": lambda value, wanted: value == wanted,
    "!=": lambda value, wanted: value != wanted,
    "=~": lambda value, wanted: re.fullmatch(wanted, value) is not None,
    "!~": lambda value, wanted: re.fullmatch(wanted, value) is None,
}


class Matcher(NamedTuple):
    """A label of an alert, as Alertmanager writes it; a label that is missing is empty."""

    label: str
    operator: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``label=value``, also with ``!=``, ``=~`` or ``!~``.

        Raises:
            typer.BadParameter: The text is none, or its expression can't be read.
        """
        match = _MATCHER.fullmatch(text)
        if match is None:
            raise typer.BadParameter(
                f"'{text}' is not LABEL=VALUE; there are also !=, =~ and !~, as in feature=~wind.*"
            )
        label, operator, value = match.groups()
        if operator.endswith("~"):
            try:
                re.compile(value)
            except re.error as error:
                raise typer.BadParameter(f"'{value}' is no regular expression: {error}") from None
        return cls(label, operator, value)

    def __call__(self, alert: AlertRecord) -> bool:
        """Whether the alert has such a label."""
        return _COMPARE[self.operator](alert.labels.get(self.label, ""), self.value)


class AlertFilter(NamedTuple):
    """What is asked for; each part that is empty lets everything through."""

    models: Iterable[str] = ()
    """Names; ``*`` stands for any characters."""
    severity: Severity = Severity.INFO
    """The least."""
    statuses: Iterable[AlertStatus] = ()
    matchers: Iterable[Matcher] = ()

    def __call__(self, alert: AlertRecord) -> bool:
        """Whether the event is printed."""
        models, statuses = tuple(self.models), tuple(self.statuses)
        return (
            (not models or any(fnmatchcase(alert.model, model) for model in models))
            and _SEVERITIES.index(alert.severity) >= _SEVERITIES.index(self.severity)
            and (not statuses or alert.status in statuses)
            and all(matches(alert) for matches in self.matchers)
        )
