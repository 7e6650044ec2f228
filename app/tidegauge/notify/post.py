"""One HTTP request, and what its answer means."""

import http.client
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tidegauge import __version__
from tidegauge.notify.channel import Delivered, Failed, Outcome, Refused
from tidegauge.notify.secrets import Address

_REFUSALS = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""The answers that are about the message itself; all others may be about the receiver's state or
about the settings, which somebody can put right."""
_ANSWER_BYTES = 300


class _NoRedirects(HTTPRedirectHandler):
    """urllib would follow a redirect with GET, and take the page for a success."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = build_opener(_NoRedirects)


def post(
    address: Address, url: str, body: bytes, headers: Mapping[str, str], timeout: float
) -> Outcome:
    """Post ``body`` to ``url``, with the login of ``address``, and wait ``timeout`` seconds."""
    all_headers = {"User-Agent": f"tidegauge/{__version__}", **headers}
    if address.authorization is not None:
        all_headers["Authorization"] = address.authorization
    try:
        request = Request(url, body, all_headers, method="POST")  # noqa: S310 - http or https
        with _OPENER.open(request, timeout=timeout) as answer:
            answer.read(_ANSWER_BYTES)
            return Delivered()
    except HTTPError as error:
        with error:
            return _refused(address, error)
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        return Failed(address.redacted(str(reason) or type(error).__name__))


def _refused(address: Address, error: HTTPError) -> Outcome:
    try:
        said = error.read(_ANSWER_BYTES).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException):
        said = ""
    reason = address.redacted(" ".join(f"HTTP {error.code} {error.reason}: {said}".split()))
    if error.code in _REFUSALS:
        return Refused(reason)
    return Failed(reason, _pause(error.headers.get("Retry-After")))


def _pause(wanted: str | None) -> float:
    """The seconds that a Retry-After header asks for (RFC 9110, section 10.2.3)."""
    if wanted is None:
        return 0.0
    if wanted.strip().isdigit():
        return float(wanted)
    try:
        until = parsedate_to_datetime(wanted)
    except ValueError:
        return 0.0
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())
