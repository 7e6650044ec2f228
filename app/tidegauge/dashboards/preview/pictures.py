"""Takes the pictures of previews that the documentation shows; needs Chromium.

``python -m tidegauge.dashboards.preview.pictures FOLDER docs/grafana``, where ``FOLDER`` has the
pages that ``python -m tidegauge.dashboards.preview`` wrote.
"""

import io
import shutil
import sys
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import sync_playwright

from tidegauge.dashboards.preview.page import WIDTH

PAGES: Final = {
    "overview": "tidegauge-overview",
    "model": "tidegauge-model-binary",
    "drift": "tidegauge-drift",
}
"""Names of pictures, and the pages that they are of."""
LARGEST: Final = 250_000
"""Bytes of a picture."""
_COLORS: Final = 256
"""Enough for lines and letters, and for colours that are rare but tell something, such as red."""
_HIGHEST: Final = 2400
"""Pixels of a picture; what is below is left out."""


def take(pages: Path, target: Path) -> None:
    """Write a light and a dark picture of each page.

    Raises:
        ValueError: A picture is too large.
    """
    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, page_name in PAGES.items():
            for theme in ("light", "dark"):
                page = browser.new_page(viewport={"width": WIDTH, "height": 900})
                page.goto(f"{(pages / page_name).resolve().as_uri()}.html#{theme}")
                small = smaller(page.screenshot(full_page=True))
                page.close()
                (target / f"{name}-{theme}.png").write_bytes(small)
        browser.close()


def smaller(picture: bytes) -> bytes:
    """The top of a picture with few colours, so that its file is small.

    Raises:
        ValueError: It has more than `LARGEST` bytes all the same.
    """
    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    top = whole.crop((0, 0, whole.width, min(whole.height, _HIGHEST)))
    few = top.quantize(_COLORS, dither=Image.Dither.NONE)
    found = io.BytesIO()
    few.save(found, "PNG", optimize=True)
    if len(found.getvalue()) > LARGEST:
        raise ValueError(f"the picture has {len(found.getvalue()):,} bytes, not {LARGEST:,}")
    return found.getvalue()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
