"""What is chosen on a dashboard when it is opened."""

import re
from collections.abc import Mapping
from typing import Any

from tidegauge.dashboards.preview.prometheus import Prometheus

Json = dict[str, Any]
ALL = "$__all"
SCRAPE_SECONDS = 5
"""How often the Prometheus of this project scrapes; Grafana reckons rates from it."""


def chosen(board: Json, server: Prometheus, wanted: Mapping[str, str]) -> dict[str, str]:
    """The value of each variable: what is wanted, else its default, else the first there is.

    Args:
        board: The dashboard.
        server: Tells which values there are.
        wanted: Values by name of the variable.
    """
    found: dict[str, str] = {}
    for variable in board["templating"]["list"]:
        if variable["type"] != "query":
            continue
        name = variable["name"]
        default = variable.get("current", {}).get("value", "")
        default = default[0] if isinstance(default, list) else default
        offered = _offered(variable["query"]["query"], found, server)
        if wanted.get(name) in offered:
            found[name] = wanted[name]
        elif default == ALL:
            found[name] = variable["allValue"]
        else:
            found[name] = default if default in offered else (offered or [""])[0]
    return found


def put_in(text: str, values: Mapping[str, str], server: Prometheus, step: float) -> str:
    """A query or a title with what is chosen, as Grafana sends it.

    Args:
        text: With ``$name`` or ``${name}``.
        values: What is chosen.
        server: Tells the range of time.
        step: Between the points of the answer, in seconds.
    """
    rate = max(4 * SCRAPE_SECONDS, step + SCRAPE_SECONDS)
    built_in = {
        "__rate_interval": f"{rate:.0f}s",
        "__range": f"{server.end - server.start:.0f}s",
        "__interval": f"{step:.0f}s",
    }
    known = {**values, **built_in}
    return re.sub(r"\$\{?(\w+)\}?", lambda found: known.get(found[1], found[0]), text)


def _offered(query: str, values: Mapping[str, str], server: Prometheus) -> list[str]:
    asked = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
    if asked is None:
        raise ValueError(f"a variable asks {query!r}, and only label_values(...) is known here")
    return server.label_values(asked[2], put_in(asked[1], values, server, SCRAPE_SECONDS))
