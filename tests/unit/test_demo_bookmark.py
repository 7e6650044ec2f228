"""Whether and where a run goes on with the data of the last one, without processes."""

from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from tidegauge.demo.bookmark import Bookmark, Course, course_of, obstacle, terms_of
from tidegauge.demo.configuration import Configuration
from tidegauge.demo.faults import Faults, parse_fault
from tidegauge.demo.flights import load_flights
from tidegauge.demo.folder import DemoFolder
from tidegauge.demo.plan import Plan
from tidegauge.demo.progress import NOTHING, Progress
from tidegauge.demo.replay import replay
from tidegauge.demo.tasks import ModelName
from tidegauge.settings.duration import milliseconds

PLAN = Plan(
    start=date(2013, 1, 1),
    end=date(2013, 3, 1),
    speed=21_600.0,
    models=tuple(ModelName),
    faults=(parse_fault("bad-version@2013-01-05"),),
    workers=1,
    folder=Path("demo"),
    stay=True,
)
SETTINGS = Configuration({}).settings
SEEN = Progress(PLAN.paced_from_ms, 10, 5, 2, {"predictions/0": 10, "feedback/0": 5})


@pytest.fixture
def folder(tmp_path: Path) -> DemoFolder:
    folder = DemoFolder(tmp_path)
    (folder.broker / "kafka").mkdir(parents=True)
    return folder


def test_a_run_goes_on_where_the_last_one_has_stopped(folder: DemoFolder) -> None:
    course, why = course_of(folder, PLAN, SETTINGS)
    assert (course.goes_on, course.progress, why) == (False, NOTHING, "")
    course.keep(replace(SEEN, predictions=9))
    course.keep(SEEN)
    course, why = course_of(folder, replace(PLAN, workers=2, console=False), SETTINGS)
    assert (course.goes_on, course.progress, why) == (True, SEEN, "")
    assert 0 <= course.age_ms < 60_000


def test_ports_differ_from_run_to_run(folder: DemoFolder) -> None:
    course_of(folder, PLAN, SETTINGS)[0].keep(SEEN)
    ports = {"kafka.bootstrap": "127.0.0.1:1", "http.port": "0", "console.port": "0"}
    assert course_of(folder, PLAN, Configuration(ports).settings)[0].goes_on


@pytest.mark.parametrize("missing", ["bookmark", "data", "wish", "sense"])
def test_a_run_begins_anew_where_there_is_nothing_to_go_on_with(
    folder: DemoFolder, missing: str
) -> None:
    course_of(folder, PLAN, SETTINGS)[0].keep(SEEN)
    if missing == "bookmark":
        folder.bookmark.unlink()
    elif missing == "data":
        (folder.broker / "kafka").rmdir()
    elif missing == "sense":
        folder.bookmark.write_text("{}")
    course, why = course_of(folder, replace(PLAN, fresh=missing == "wish"), SETTINGS)
    assert (course.goes_on, why) == (False, "")
    assert not folder.bookmark.exists()


@pytest.mark.parametrize(
    ("changes", "flags", "said"),
    [
        ({"start": date(2013, 1, 2)}, {}, "began on another day"),
        ({"end": date(2013, 2, 1)}, {}, "was to end on another day"),
        ({"speed": 3_600.0}, {}, "had another speed"),
        ({"models": (ModelName.FLIGHT_DELAY,)}, {}, "had other models"),
        ({"faults": ()}, {}, "had other faults"),
        ({}, {"join.label_horizon": "1d"}, "had other settings"),
    ],
)
def test_a_run_with_other_options_begins_anew_and_says_so(
    folder: DemoFolder, changes: dict[str, object], flags: dict[str, str], said: str
) -> None:
    course_of(folder, PLAN, SETTINGS)[0].keep(SEEN)
    plan: Plan = replace(PLAN, **changes)  # type: ignore[arg-type]
    course, why = course_of(folder, plan, Configuration(flags).settings)
    assert (course.goes_on, why) == (False, f"the last run {said}")


def test_what_is_over_too_early_or_too_old_is_not_gone_on_with() -> None:
    terms = terms_of(PLAN, SETTINGS)
    last = Bookmark(terms, SEEN, 0)

    def why(last: Bookmark, age_ms: int = 0) -> str:
        return obstacle(last, terms, PLAN.paced_from_ms, age_ms, SETTINGS)

    assert why(last) == ""
    assert "come to its end" in why(Bookmark(terms, SEEN, 0, finished=True))
    early = replace(SEEN, time_ms=PLAN.paced_from_ms - 1)
    assert "not come to what there is to see" in why(Bookmark(terms, early, 0))
    assert "too old" in why(last, milliseconds(SETTINGS.topics.retention) + 1)
    assert "version of Tidegauge" in why(Bookmark(terms | {"version": "0"}, SEEN, 0))


def test_in_a_cluster_that_somebody_named_no_bookmark_is_kept(folder: DemoFolder) -> None:
    Course(folder).keep(SEEN)
    assert not folder.bookmark.exists()


def test_what_is_left_of_a_replay_is_the_same_events() -> None:
    flights = load_flights(date(2013, 1, 5), date(2013, 1, 6))[:60]
    faults = Faults(PLAN.faults)
    whole = list(replay(flights, faults=faults))
    for stop in (1, 17, len(whole) // 2, len(whole)):
        progress = NOTHING
        for replayed in whole[:stop]:
            is_prediction = hasattr(replayed.event, "version")
            progress = progress.counting(replayed.time_ms, is_prediction=is_prediction)
        rest = replay(flights, faults=faults, from_ms=progress.time_ms or 0)
        left = list(islice(rest, progress.at_time, None))
        assert [e.time_ms for e in left] == [e.time_ms for e in whole[stop:]]
        assert [e.event.request_id for e in left] == [e.event.request_id for e in whole[stop:]]
        assert progress.predictions + progress.feedback == stop
