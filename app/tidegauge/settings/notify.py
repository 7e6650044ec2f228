"""Who is told of alerts, and how hard it is tried."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from tidegauge.settings.duration import PositiveDuration, text
from tidegauge.settings.section import CommaList, Section, contradiction

WEB_ADDRESS = "web_address"
"""Type of the errors about an address; what was given may hold a login, and is not shown."""
_WEB_ADDRESS = re.compile(r"https?://[^/?#@\s]+(/[^@\s]*)?", re.ASCII)


def _web_address(value: str) -> str:
    if _WEB_ADDRESS.fullmatch(value) is None:
        raise PydanticCustomError(
            WEB_ADDRESS,
            "must be http://... or https://... without a login; an address with a secret in it "
            "belongs in the environment (url_env) or in a file (url_file)",
        )
    return value


Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]


class TargetSettings(Section):
    """One receiver of alerts."""

    type: Literal["alertmanager", "webhook", "apprise"]
    """`alertmanager`: the API of a Prometheus Alertmanager, which groups, silences and routes;
    `webhook`: a POST of each event as JSON; `apprise`: chat, mail and many more."""
    url: Annotated[str, AfterValidator(_web_address)] | None = None
    """Where to, if nobody needs to keep it secret: `http://alertmanager:9093`. One of `url`,
    `url_env` and `url_file` is needed; `apprise` has secrets in its addresses, and takes only the
    last two."""
    url_env: Variable | None = None
    """Name of the environment variable that holds the address, such as `SLACK_URL`; no name that
    begins with TIDEGAUGE_."""
    url_file: Path | None = None
    """File that holds the address."""
    authorization_env: Variable | None = None
    """Name of the environment variable that holds the value of the header Authorization, such as
    `Bearer ...`; not for `apprise`."""
    authorization_file: Path | None = None
    """File that holds it."""
    min_severity: Literal["info", "warning", "critical"] = "info"
    """Alerts that are less severe are not told here."""
    models: Annotated[CommaList[str], Field(max_length=1000)] | None = None
    """Only alerts of these models; `*` stands for any characters: `fraud, credit-*`. Unset: of
    all."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        given = [n for n in ("url", "url_env", "url_file") if getattr(self, n) is not None]
        if len(given) != 1:
            raise PydanticCustomError("target", "needs exactly one of url, url_env and url_file")
        secret = self.authorization_env, self.authorization_file
        if self.type == "apprise" and given == ["url"]:
            raise PydanticCustomError(
                "target", "is of type apprise, whose address is a secret: use url_env or url_file"
            )
        if self.type == "apprise" and any(secret):
            raise PydanticCustomError("target", "is of type apprise: its login is in its address")
        if all(secret):
            raise PydanticCustomError(
                "target", "has both authorization_env and authorization_file; one is enough"
            )
        return self


TargetName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")]


class NotifySettings(Section):
    """What `tidegauge notify` does."""

    targets: dict[TargetName, TargetSettings] = Field(default_factory=dict, max_length=50)
    """Receivers of alerts, by a name of your choice."""
    group: Annotated[str, StringConstraints(min_length=1, max_length=120)] = "tidegauge-notify"
    """Each target has a consumer group of its own, called so, a dot, and its name."""
    start: Literal["latest", "earliest"] = "latest"
    """Where a target begins that was never told anything: with what comes, or with all that the
    topic keeps."""
    timeout: PositiveDuration = timedelta(seconds=10)
    """How long a target may take to answer."""
    retry_min: PositiveDuration = timedelta(seconds=1)
    """Pause after a first failure; it doubles with each further one."""
    retry_max: PositiveDuration = timedelta(minutes=5)
    """Longest pause. It is tried until it works."""
    repeat: PositiveDuration = timedelta(minutes=1)
    """How often alerts that fire are posted again to Alertmanager. It takes one for resolved that
    has not been for four times as long."""
    link: Annotated[str, AfterValidator(_web_address)] | None = None
    """Address that messages point to, such as a dashboard's; `{model}` and `{fingerprint}` in it
    are replaced."""
    host: Annotated[str, StringConstraints(min_length=1, max_length=255)] = "127.0.0.1"
    """Address on which `/metrics`, `/live`, `/ready` and `/health` are served."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 9465
    """Their port; 0: any free one, which the log then names."""

    @model_validator(mode="after")
    def _pauses_fit(self) -> Self:
        if self.retry_min > self.retry_max:
            raise contradiction(
                f"notify.retry_min is {text(self.retry_min)}; allowed: at most "
                f"{text(self.retry_max)}, notify.retry_max"
            )
        return self
