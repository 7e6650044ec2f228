"""The live view as a person uses it: keys in, screens out."""

import asyncio
import os
import signal

import pytest
from msgspec.structs import replace
from rich.text import Text
from textual.widgets import Input, Static

from tidegauge.core.config import ModelKind
from tidegauge.core.records import ClassStats, FeatureStats, Quality
from tidegauge.live.board import Arrival
from tidegauge.live.source import Connected, HistoryRead, Read, Trouble
from tidegauge.top.screens import AlertScreen, HelpScreen, ModelsScreen, ScopeScreen
from tidegauge.top.table import ListingTable

SMALL = (80, 24)
WIDE = (160, 40)
HOSTILE = "[red]x[/] [@click=app.quit]y\x1b[2J\x07\u202e\n" + "z" * 150


def use(app, story, size=SMALL):
    """Run a story of keys against the program; whatever fails in either fails here."""

    async def run():
        async with app.run_test(size=size) as pilot:
            app.look()
            await pilot.pause()
            await story(pilot)

    asyncio.run(run())
    return app


def table(app):
    return app.screen.query_one(ListingTable)


def column(app, number):
    return [text.plain for text in table(app).get_column_at(number)]


def heads(app):
    return [str(c.label).rstrip("▲▼") for c in table(app).ordered_columns]


def said(app, part):
    widget = app.screen.query_one(part, Static)
    content = widget.content
    assert isinstance(content, Text)
    return content.plain if widget.display else ""


@pytest.fixture
def records(window, alert, ledger):
    """Three models: one in trouble, of two versions and a segment, and two that are well."""
    segment = {"segment_field": "origin", "segment_value": "LGA"}
    return [
        *(window(n) for n in range(4)),
        window(3, version="4", predictions=5),
        *(window(n, **segment) for n in range(4)),
        *(window(n, model="ads", quality=Quality(accuracy=0.6)) for n in range(2)),
        *(window(n, model="zoo", quality=Quality(accuracy=0.9)) for n in range(2)),
        window(0, end_ms=window(0).start_ms + 6 * 3_600_000),
        alert(),
        ledger(),
    ]


def test_the_model_in_trouble_is_first_and_explained_at_once(live, records):
    async def story(pilot):
        assert column(pilot.app, 1) == ["delay", "ads", "zoo"]
        assert column(pilot.app, 0) == ["CRIT 1", "ok", "ok"]
        assert "1 alert in 1 of 3 models · lag 12 · windows 1h" in said(pilot.app, "#head")
        why = said(pilot.app, "#why")
        assert "FeatureDrift wind since 2013-02-08 16:00" in why
        assert "↳ errors of LGA rose" in why
        await pilot.press("down")
        assert said(pilot.app, "#why").startswith("ads > version 3\nalerts   none fires")

    use(live(*records)[0], story)


def test_a_person_goes_down_to_the_causes_and_back(live, records):
    async def story(pilot):
        app = pilot.app
        await pilot.press("enter")
        assert isinstance(app.screen, ScopeScreen)
        assert said(app, "#about").startswith("delay > version 3\nquality  accuracy")
        assert column(app, 0) == ["CRIT"]
        await pilot.press("enter")
        assert isinstance(app.screen, AlertScreen)
        assert said(app, "#about").startswith("CRIT  FeatureDrift wind\nwind moved")
        assert column(app, 0) == ["segment origin=LGA"]
        assert said(app, "#why") == "errors of LGA rose"
        await pilot.press("enter", "escape")
        assert isinstance(app.screen, ScopeScreen)
        await pilot.press("escape")
        assert isinstance(app.screen, ModelsScreen)
        await pilot.press("escape")
        assert isinstance(app.screen, ModelsScreen), "there is nothing above"

    use(live(*records)[0], story)


def test_a_model_is_seen_from_all_sides(live, records):
    async def story(pilot):
        app = pilot.app
        await pilot.press("enter", "tab")
        assert column(app, 0) == ["origin=LGA"]
        await pilot.press("right")
        assert column(app, 0) == ["wind"]
        await pilot.press("4")
        assert column(app, 0)[0] == "2013-02-08 17:00"
        await pilot.press("shift+tab", "left", "left", "left")
        assert column(app, 0) == ["3", "4"]
        await pilot.press("enter")
        assert said(app, "#about").startswith("delay > version 3"), "it is this one already"
        await pilot.press("down", "enter")
        assert said(app, "#about").startswith("delay > version 4")
        await pilot.press("escape", "2", "enter")
        assert said(app, "#about").startswith("delay > version 3 > origin=LGA")
        assert "1 windows" in said(app, "#tabs")
        await pilot.press("5", "2")
        assert column(app, 0) == ["wind"]

    use(live(*records)[0], story)


def test_only_a_multiclass_model_is_seen_by_class(live, window):
    multiclass = window(0, kind=ModelKind.MULTICLASS, classes={"late": ClassStats(support=3)})

    async def story(pilot):
        app = pilot.app
        await pilot.press("enter", "6")
        assert column(app, 0) == [], "alerts are shown: a binary model has no sixth side"
        assert "classes" not in said(app, "#tabs")
        await pilot.press("escape", "down", "enter", "6")
        assert column(app, 0) == ["late"]
        await pilot.press("tab", "shift+tab")
        assert column(app, 0) == ["late"]

    use(live(window(0), replace(multiclass, model="several"))[0], story)


def test_the_cursor_stays_on_its_row_while_the_order_changes(live, records, alert):
    app, script = live(*records)

    async def story(pilot):
        await pilot.press("down", "down")
        assert table(app).chosen == "zoo"
        worse = alert(model="zoo", fingerprint="f" * 16, starts_at_ms=0)
        more = alert(model="zoo", fingerprint="e" * 16, starts_at_ms=0)
        script.messages.append(Read([Arrival(90, 0, worse), Arrival(91, 0, more)]))
        app.look()
        await pilot.pause()
        assert column(app, 1) == ["zoo", "delay", "ads"]
        assert (table(app).chosen, table(app).cursor_row) == ("zoo", 0)
        assert said(app, "#why").startswith("zoo >")

    use(app, story)


def test_rows_are_sorted_by_key_and_by_click(live, records):
    async def story(pilot):
        app = pilot.app
        await pilot.press("s", "s")
        assert str(table(app).ordered_columns[1].label) == "model▲"
        assert column(app, 1) == ["ads", "delay", "zoo"]
        await pilot.press("S")
        assert str(table(app).ordered_columns[1].label) == "model▼"
        assert column(app, 1) == ["zoo", "delay", "ads"]
        for _ in heads(app):
            await pilot.press("s")
        assert column(app, 1) == ["delay", "ads", "zoo"], "after the last column by none"
        quality = heads(app).index("quality")
        place = sum(c.get_render_width(table(app)) for c in table(app).ordered_columns[:quality])
        await pilot.click(ListingTable, offset=(place + 8, 0))
        assert column(app, 1) == ["ads", "delay", "zoo"], "the worst first"
        await pilot.click(ListingTable, offset=(place + 8, 0))
        assert column(app, 1) == ["zoo", "delay", "ads"]

    use(live(*records)[0], story)


def test_rows_are_filtered_by_words(live, records):
    async def story(pilot):
        app = pilot.app
        await pilot.press("slash", *"q ok")
        assert said(app, "#empty").startswith("no row has all these words")
        for _ in range(4):
            await pilot.press("backspace")
        await pilot.press(*"OK z", "enter")
        assert column(app, 1) == ["zoo"]
        assert app.focused is table(app)
        await pilot.press("enter")
        assert isinstance(app.screen, ScopeScreen)
        await pilot.press("escape")
        assert column(app, 1) == ["zoo"], "the filter is kept"
        await pilot.press("escape")
        assert len(column(app, 1)) == 3
        assert not app.screen.query_one("#filter", Input).display

    use(live(*records)[0], story)


def test_each_side_keeps_its_order_and_drops_its_filter(live, records):
    async def story(pilot):
        app = pilot.app
        await pilot.press("enter", "5", "s", "S")
        assert column(app, 0) == ["4", "3"]
        await pilot.press("slash", "4", "enter")
        app.look()
        await pilot.pause()
        assert column(app, 0) == ["4"]
        await pilot.press("4", "5")
        app.look()
        await pilot.pause()
        assert column(app, 0) == ["4", "3"]

    use(live(*records)[0], story)


def test_what_fits_is_shown_and_more_after_a_resize(live, records):
    async def story(pilot):
        app = pilot.app
        narrow = heads(app)
        assert narrow[:5] == ["state", "model", "since", "quality", "change"]
        await pilot.resize_terminal(*WIDE)
        await pilot.pause()
        assert set(narrow) < set(heads(app))
        assert {"trend", "p99", "version"} <= set(heads(app))
        await pilot.resize_terminal(20, 6)
        await pilot.pause()
        assert heads(app)[0] == "state"

    use(live(*records)[0], story)


def test_other_sizes_of_windows_are_chosen(live, records):
    async def story(pilot):
        await pilot.press("w")
        assert "windows 6h" in said(pilot.app, "#head")
        await pilot.press("W")
        assert "windows 1h" in said(pilot.app, "#head")

    use(live(*records)[0], story)


def test_help_explains_the_keys(live, records):
    async def story(pilot):
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        lines = pilot.app.screen.query_one("#help", Static)
        assert lines.size.height == str(lines.content).count("\n") + 1, "nothing is cut or wrapped"
        pilot.app.look()
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, ModelsScreen)

    use(live(*records)[0], story)


def test_without_a_broker_it_says_so_and_goes_on(live, window, arrived):
    app, script = live(said=(Trouble("No Kafka broker can be reached [b]"),))

    async def story(pilot):
        assert "NOT CONNECTED  No Kafka broker can be reached [b]" in said(app, "#notice")
        assert said(app, "#empty") == "waiting for the cluster"
        script.messages += [Connected(), Read(arrived(window(0)), unreadable=2)]
        app.look()
        await pilot.pause()
        assert said(app, "#notice") == ""
        assert column(app, 1) == ["delay"]
        assert "reading the past…" in said(app, "#head")
        assert "2 unreadable" in said(app, "#head")

    use(app, story, WIDE)


def test_without_models_it_says_how_to_publish(live):
    app, script = live(said=(Connected(),))

    async def story(pilot):
        assert said(app, "#empty") == "reading"
        script.messages.append(HistoryRead())
        app.look()
        await pilot.pause()
        assert "to the topic x.predictions" in said(app, "#empty")
        assert "tidegauge publish predictions" in said(app, "#empty")
        await pilot.press("enter", "down", "s", "w")

    use(app, story)


def test_names_from_events_are_shown_not_carried_out(live, window, alert):
    hostile = {
        "model": HOSTILE,
        "version": HOSTILE,
        "features": {HOSTILE: FeatureStats(count=1, psi=1.0)},
    }
    segment = {"segment_field": HOSTILE, "segment_value": HOSTILE}
    labels = {"alertname": HOSTILE, "model": HOSTILE, "feature": HOSTILE, HOSTILE: HOSTILE}
    fired = alert(
        model=HOSTILE, labels=labels, annotations={"summary": HOSTILE, "description": HOSTILE}
    )
    app, script = live(window(0, **hostile), window(0, **hostile, **segment), fired)
    script.messages.append(Trouble(HOSTILE))

    async def story(pilot):
        for keys in ((), ("enter",), ("enter",), ("escape", "2"), ("3",), ("4",), ("5",)):
            await pilot.press(*keys)
            await pilot.pause()
            picture = app.export_screenshot()
            assert "[red]x[/]" in picture.replace("&#160;", " ")
            assert not {"\x1b", "\x07", "\u202e"} & set(picture)
            spans = [s for row in table(app).rows for c in table(app).get_row(row) for s in c.spans]
            assert not spans, "no markup was read from a name"

    use(app, story, WIDE)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_a_key_ends_it(live, records, key):
    app, script = live(*records)

    async def story(pilot):
        assert script.running
        await pilot.press(key)

    use(app, story)
    assert app.return_code == 0
    assert not script.running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(live, records, number):
    app, script = live(*records)

    async def story(pilot):
        os.kill(os.getpid(), number)
        await pilot.pause()

    use(app, story)
    assert app.return_code == 0
    assert not script.running


def test_ctrl_c_ends_it_also_while_a_filter_is_typed(live, records):
    async def story(pilot):
        await pilot.press("slash", "a", "ctrl+c")

    assert use(live(*records)[0], story).return_code == 0


def test_a_bug_of_the_source_ends_it(live, records):
    app, script = live(*records)

    def fail():
        raise ZeroDivisionError

    async def story(pilot):
        script.take = fail
        pilot.app.look()

    with pytest.raises(ZeroDivisionError):
        use(app, story)
