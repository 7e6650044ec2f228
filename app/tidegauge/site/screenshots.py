"""Takes the pictures of console and live view that the documentation shows, of a demo that runs.

``tidegauge demo`` in one terminal, some minutes later
``python -m tidegauge.site.screenshots http://127.0.0.1:9466 127.0.0.1:9092 docs``, the addresses of
its console and its Kafka, in another; needs Chromium. The page of features is of
``tidegauge demo --fault broken-feature@2013-01-25``, once there is a reference.
"""

import asyncio
import re
import shutil
import sys
from pathlib import Path
from typing import Final, Literal, NamedTuple

from playwright.sync_api import sync_playwright

from tidegauge.console.shell import READING
from tidegauge.core.config import DAY
from tidegauge.live.reader import Reader
from tidegauge.live.state import State
from tidegauge.settings.kafka import KafkaSettings
from tidegauge.top.app import TopApp, now_ms

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


TOP_SIZE: Final = (116, 30)
"""Columns and lines of the live view."""
_TOP_READ_SECONDS: Final = 10.0
_FONTS: Final = "Menlo, Consolas, DejaVu Sans Mono"


async def live_view(bootstrap: str) -> str:
    """A picture of the live view of a cluster, as SVG."""
    kafka = KafkaSettings(bootstrap=bootstrap)
    app = TopApp(Reader(kafka, None), State(bootstrap, now_ms, DAY), kafka.topic_names)
    async with app.run_test(size=TOP_SIZE) as pilot:
        await pilot.pause(_TOP_READ_SECONDS)
        picture = app.export_screenshot(title="tidegauge top --window 1d")
    # Textual's pictures fetch a font
    return re.sub(r"@font-face {.*?}", "", picture, flags=re.DOTALL).replace("Fira Code", _FONTS)


def take(address: str, folder: Path) -> None:
    """Write all pictures of the console to a folder.

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
    console_address, bootstrap_servers, docs = sys.argv[1:]
    take(console_address, Path(docs))
    picture = asyncio.run(live_view(bootstrap_servers))
    (Path(docs) / "top.svg").write_text(picture, encoding="utf-8")
