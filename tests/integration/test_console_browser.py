"""The console in a real Chromium: every page, keys, light and dark, many models, hostile names."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from consoleserver import HOSTILE
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tidegauge.broker.ports import free_port

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
MODELS = 200
FIRING = MODELS // 10
_PATIENCE_MS = 30_000


Served: TypeAlias = "tuple[str, subprocess.Popen[str]]"
"""Address and process of the program under test."""


class Console:
    """The program under test, and its page."""

    def __init__(self, url: str, process: "subprocess.Popen[str]", page: Page) -> None:
        self.url = url
        self.page = page
        self.problems: list[str] = []
        self._process = process
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._requested)

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)
        expect(self.page.locator("#content > *").first).to_be_visible()

    def _requested(self, request: object) -> None:
        address = str(getattr(request, "url", ""))
        if not re.match(rf"({re.escape(self.url)}|data:|blob:|ws://127\.0\.0\.1)", address):
            self.problems.append(f"asked for {address}")


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    port = free_port(0, "127.0.0.1")
    log = tmp_path_factory.mktemp("console") / "log"
    script = Path(__file__).with_name("consoleserver.py")
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(script), str(port), str(MODELS)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT / "app")},
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process, log)
        yield url, process
    finally:
        process.terminate()
        code = process.wait(20)
        if process.stdin is not None:
            process.stdin.close()
    assert code == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def _wait_for(url: str, process: "subprocess.Popen[str]", log: Path) -> None:
    while process.poll() is None:
        try:
            urlopen(url, timeout=5).close()  # noqa: S310 - http, here
        except URLError:
            continue
        return
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def console(server: Served, chromium: Browser) -> Iterator[Callable[..., Console]]:
    opened: list[Console] = []

    def new(**options: object) -> Console:
        page = chromium.new_page(**options)  # type: ignore[arg-type]
        page.set_default_timeout(_PATIENCE_MS)
        expect.set_options(timeout=_PATIENCE_MS)
        opened.append(Console(*server, page))
        return opened[-1]

    yield new
    for one in opened:
        assert not one.problems
        assert one.page.title() != "owned"
        one.page.close()


def test_every_page_by_clicking_through(console: Callable[..., Console]):
    it = console(viewport={"width": 1440, "height": 900})
    page = it.page
    it.open("/")
    expect(page.locator("h1")).to_have_text(
        f"{FIRING} alerts firing in {FIRING} of {MODELS} models"
    )
    expect(page.locator(".troubles .card")).to_have_count(4)
    # the hostile name is text, here and everywhere
    expect(page.locator("article h3", has_text=HOSTILE)).to_be_visible()
    assert page.locator("#content img").count() == 0

    page.locator("article h3 a", has_text=HOSTILE).click()
    expect(page.locator("h1")).to_have_text(HOSTILE)
    page.locator(".tabs a", has_text="features").click()
    expect(page.locator("tbody a.row")).to_have_text(HOSTILE)
    page.locator("figure canvas").first.hover()
    assert page.locator("#content img").count() == 0
    page.go_back()
    page.go_back()

    page.locator("article h3 a", has_text="model-010").click()
    expect(page).to_have_url(f"{it.url}/model/model-010")
    expect(page.locator("h1")).to_have_text("model-010")
    expect(page.locator("figure canvas").first).to_be_visible()
    for side in ("segments", "features", "right and wrong", "windows", "alerts"):
        page.locator(".tabs a", has_text=side).click()
        expect(page.locator(".tabs a[aria-current]")).to_contain_text(side)
    page.locator(".tabs + div a.row").first.click()
    expect(page).to_have_url(re.compile("/alert/000000000000000a$"))
    for heading in ("Life", "Why", "Incident", "Examples", "Events"):
        expect(page.locator("h2", has_text=heading)).to_be_visible()
    page.locator("#content a", has_text=HOSTILE).last.click()
    expect(page).to_have_url(re.compile("/request"))
    expect(page.locator("#content h2").first).to_contain_text("version 3")
    assert page.locator("#content img").count() == 0

    for title, expected in (
        ("Alerts", f"{FIRING} alerts firing"),
        ("Dead letters", "1 event refused"),
        ("Ledgers", f"{MODELS} ledgers, all in balance"),
    ):
        page.locator(".main a", has_text=title).click()
        expect(page.locator("h1")).to_have_text(expected)
        assert page.locator("#content img").count() == 0
    page.go_back()
    expect(page.locator("h1")).to_have_text("1 event refused")


def test_two_hundred_models_are_paged_sorted_and_filtered(console: Callable[..., Console]):
    it = console(viewport={"width": 1440, "height": 900})
    page, rows = it.page, it.page.locator("tbody tr")
    it.open("/")
    expect(rows).to_have_count(50)
    page.locator(".pages a", has_text="next").click()
    expect(page.locator(".pages")).to_contain_text("page 2 of 4")
    expect(page).to_have_url(f"{it.url}/?page=1")
    page.locator("th a", has_text="model").click()
    expect(page.locator("th", has_text="model")).to_have_attribute("aria-sort", "ascending")
    page.locator("#filter").fill("model-19")
    expect(rows).to_have_count(10)
    expect(page).to_have_url(re.compile(r"q=model-19"))
    # what is typed stays, whatever comes meanwhile
    page.locator("#filter").press_sequentially("7")
    expect(rows).to_have_count(1)
    assert page.locator("#filter").input_value() == "model-197"
    page.reload()
    expect(rows).to_have_count(1)


def test_what_changes_is_shown_without_losing_the_focus(console: Callable[..., Console]):
    it = console(viewport={"width": 1440, "height": 900})
    page = it.page
    it.open("/?q=model-055")
    row = page.locator("a.row", has_text="model-055")
    row.focus()
    it.tell("alert model-055")
    expect(page.locator("tbody tr")).to_contain_text("CRIT 1")
    expect(row).to_be_focused()
    it.tell("lost")
    expect(page.locator(".notice")).to_contain_text(f"Not connected. no broker answers {HOSTILE}")
    it.tell("found")
    expect(page.locator(".notice")).to_have_count(0)
    expect(page.locator("tbody tr")).to_contain_text("ok")


def test_everything_is_reached_by_keys(console: Callable[..., Console]):
    it = console(viewport={"width": 1440, "height": 900})
    page = it.page
    it.open("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("a.row").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".tabs")).to_be_visible()
    page.keyboard.press("3")
    expect(page.locator(".tabs a[aria-current]")).to_contain_text("features")
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{it.url}/")
    expect(page.locator(".tabs")).to_have_count(0)  # the address changes before the page does
    page.keyboard.press("/")
    expect(page.locator("#filter")).to_be_focused()
    page.keyboard.type("zebra")
    expect(page.get_by_text("No row has all these words.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("tbody tr")).to_have_count(50)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("l")
    expect(page).to_have_url(f"{it.url}/ledgers")


_CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (element) => { for (let e = element; e; e = e.parentElement) {
    const colour = rgb(getComputedStyle(e).backgroundColor); if (colour[3] === 255) return colour; }
    return [255, 255, 255]; };
  const bad = [];
  for (const element of document.querySelectorAll(".console *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility()) continue;
    if (element.closest(".unseen, .off, .skip, svg")) continue;
    const a = light(rgb(getComputedStyle(element).color)), b = light(behind(element));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${element.className}: ${element.textContent} ${ratio.toFixed(2)}`);
  }
  return bad;
}"""
"""Texts whose contrast is below WCAG 2.2's AA, 4.5 to 1."""


_SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
_OPENS = """(address) => new Promise((say) => {
  const socket = new WebSocket(address);
  socket.onopen = () => say("open");
  socket.onerror = () => say("closed");
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_follow_the_system_and_can_be_read(
    console: Callable[..., Console], scheme: str
):
    it = console(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    page = it.page
    colour = "() => getComputedStyle(document.body).backgroundColor"
    for path in ("/", "/model/model-010?side=right+and+wrong", "/alert/000000000000000a"):
        it.open(path)
        assert page.evaluate(_CONTRAST) == []
    before = page.evaluate(colour)
    assert (before == "rgb(245, 246, 248)") is (scheme == "light")
    page.keyboard.press("t")  # light
    page.keyboard.press("t")  # dark
    assert page.evaluate(colour) == "rgb(14, 19, 24)"
    page.reload()
    expect(page.locator("#content > *").first).to_be_visible()
    assert page.evaluate(colour) == "rgb(14, 19, 24)"


def test_it_fits_on_a_phone(console: Callable[..., Console]):
    it = console(viewport={"width": 390, "height": 844})
    for path in ("/", "/model/model-010", "/alerts", "/alert/000000000000000a", "/ledgers"):
        it.open(path)
        assert it.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_who_asks_under_another_name_or_from_another_site_is_refused(
    console: Callable[..., Console], chromium: Browser
):
    """A browser is told that the name is here, as by a DNS server that rebinds it."""
    it = console(viewport={"width": 1440, "height": 900})
    port = it.url.rpartition(":")[2]
    rules = "--host-resolver-rules=MAP rebound.example.org 127.0.0.1"
    elsewhere = chromium.browser_type.launch(
        executable_path=shutil.which("chromium"), args=["--no-sandbox", rules]
    )
    page = elsewhere.new_page()
    answer = page.goto(f"http://rebound.example.org:{port}/")
    assert answer is not None
    assert answer.status == 421
    assert f"asked for 'rebound.example.org:{port}'" in answer.text()
    assert "console.hosts" in answer.text()
    # to the right name, from the wrong site
    opened = page.evaluate(_OPENS, f"ws://127.0.0.1:{port}{_SOCKET}")
    assert opened == "closed"
    elsewhere.close()
    it.open("/")
    assert it.page.evaluate(_OPENS, f"ws://127.0.0.1:{port}{_SOCKET}") == "open"


def test_without_any_event_it_says_what_to_do(console: Callable[..., Console]):
    it = console(viewport={"width": 1440, "height": 900})
    it.open("/")
    it.tell("clear")
    expect(it.page.locator("h1")).to_have_text("No event yet")
    expect(it.page.locator("#content")).to_contain_text("tidegauge publish predictions FILE")
    it.tell("found")
    expect(it.page.locator("h1")).to_contain_text(f"in {FIRING} of {MODELS} models")
