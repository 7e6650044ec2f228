"""What Java keeps of a start: recorded once, kept in one step, used from then on."""

from pathlib import Path

from tidegauge.broker.startcache import StartCache


def runtime(folder: Path, release: str = "25") -> Path:
    java = folder / f"runtime-{release}" / "bin" / "java"
    java.parent.mkdir(parents=True, exist_ok=True)
    (java.parents[1] / "release").write_text(release)
    return java


def test_what_one_start_records_the_next_begins_with(tmp_path: Path):
    made = tmp_path / "made.aot"
    cache = StartCache(tmp_path, made, runtime(tmp_path), "kafka.jar")
    assert cache.options() == []
    assert cache.recording()[0] == f"-XX:AOTCacheOutput={made}"
    made.write_bytes(b"classes")
    cache.keep()
    assert cache.recording() == []
    kept = Path(cache.options()[0].partition("=")[2])
    assert kept.read_bytes() == b"classes"
    assert not made.exists()
    assert [path for path in tmp_path.iterdir() if path.is_file()] == [kept]


def test_a_broker_that_recorded_nothing_leaves_what_is_kept(tmp_path: Path):
    cache = StartCache(tmp_path, tmp_path / "made.aot", runtime(tmp_path), "kafka.jar")
    cache.keep()
    assert cache.options() == []


def test_another_runtime_and_other_jars_have_caches_of_their_own(tmp_path: Path):
    made = tmp_path / "made.aot"
    bound = [(runtime(tmp_path), "a"), (runtime(tmp_path), "b"), (runtime(tmp_path, "26"), "a")]
    names = set()
    for java, class_path in bound:
        made.write_bytes(b"classes")
        cache = StartCache(tmp_path, made, java, class_path)
        cache.keep()
        names.add(cache.options()[0])
    assert len(names) == len(bound)
