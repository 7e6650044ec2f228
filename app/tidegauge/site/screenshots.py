"""Takes the pictures of the console that the documentation shows, from one that runs.

``tidegauge demo --fault broken-feature@2013-01-25`` in one terminal, some minutes later
``python -m tidegauge.site.screenshots http://127.0.0.1:9466 docs`` in another; needs Chromium.
"""

import shutil
import sys
from pathlib import Path
from typing import Final, Literal, NamedTuple

from playwright.sync_api import sync_playwright

from tidegauge.console.shell import READING

LARGEST: Final = 300_000
"""Bytes of a picture."""
_DRAWN_MS: Final = 1_500
_READ_MS: Final = 60_000


class Shot(NamedTuple):
    """One picture.

    Attributes:
        file: Its name.
        path: What is opened.
        scheme: Light or dark.
        size: Width and height in pixels.
        part: What is to be in view.
    """

    file: str
    path: str
    scheme: Literal["light", "dark"]
    size: tuple[int, int]
    part: str = "h1"


SHOTS: Final = (
    Shot("console.png", "/", "light", (1440, 900)),
    Shot("console-dark.png", "/model/flight-delay?side=features", "dark", (1440, 900), "h3"),
)


def take(address: str, folder: Path) -> None:
    """Write all pictures to a folder.

    Raises:
        ValueError: A picture is too large.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for file, path, scheme, (width, height), part in SHOTS:
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            page.goto(address.rstrip("/") + path)
            page.locator("#content > *").first.wait_for()
            page.get_by_text(READING).wait_for(state="detached", timeout=_READ_MS)
            page.wait_for_timeout(_DRAWN_MS)
            page.locator(part).first.evaluate("e => e.scrollIntoView({block: 'center'})")
            picture = page.screenshot(path=folder / file)
            page.close()
            if len(picture) > LARGEST:
                raise ValueError(f"{file} has {len(picture):,} bytes; allowed: {LARGEST:,}")
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1], Path(sys.argv[2]))
